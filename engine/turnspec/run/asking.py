"""Asking an OpenAI-compatible API over HTTP: patiently where that helps, and never for long."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from turnspec.run.masking import masker
from turnspec.speech.answers import LARGEST_ANSWER, ApiAnswer, NoAnswer, address, told

if TYPE_CHECKING:  # what asks is loaded once somebody is asked
    from turnspec.adapters.http import HttpRequest, HttpResponse

TRIES: Final = 3
PAUSES_S: Final = (0.5, 2.0)
"""How long to wait before the second and the third try, where the server does not say."""

LONGEST_PAUSE_S: Final = 30.0
SILENT_AFTER: Final = 3
"""After so many questions in a row that came to nothing an endpoint is not asked any more."""

SHORTEST_KEY: Final = 12
"""Shorter ones are words ("none", "ollama") that JSON itself may have: they stay in answers."""

AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked; the key is a secret."""

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 20.0


class Api:
    """One endpoint for the length of a run; `pause` waits for so many seconds."""

    def __init__(self, endpoint: Endpoint, pause: Callable[[float], object] | None = None) -> None:
        self.endpoint = endpoint
        self._pause = pause or threading.Event().wait
        self._silent = 0
        key = endpoint.key or ""
        self._mask = masker([key] if len(key) >= SHORTEST_KEY else ())

    def post(self, path: str, body: Mapping[str, Any]) -> ApiAnswer:
        """What the endpoint answers, whatever its status; busy servers are asked again.

        Raises:
            NoAnswer: Nothing came, or more than anybody would read.
        """
        return self.send(path, "application/json", json.dumps(body).encode())

    def send(self, path: str, kind: str, body: bytes) -> ApiAnswer:
        """The same with a body of this content type.

        Raises:
            NoAnswer: Nothing came, or more than anybody would read.
        """
        if self._silent >= SILENT_AFTER:
            raise NoAnswer(f"the endpoint is not asked any more: {SILENT_AFTER} requests had no answer")
        try:
            answer = self._answered(path, kind, body)
        except NoAnswer:
            self._silent += 1
            raise
        self._silent = 0
        return answer

    def _answered(self, path: str, kind: str, body: bytes) -> ApiAnswer:
        for number in range(TRIES):
            answer = self._once(path, kind, body)
            if answer.status not in AGAIN:
                return self._plain(answer)
            if number + 1 < TRIES:
                self._pause(_pause_s(answer, PAUSES_S[number]))
        plain = self._plain(answer)
        raise NoAnswer(f"the endpoint answered {plain.status} {TRIES} times{told(plain)}")

    def _once(self, path: str, kind: str, body: bytes) -> HttpResponse:
        import asyncio

        from turnspec.adapters.http import HttpError
        from turnspec.adapters.http_shell import fetch

        within = self.endpoint.timeout_s
        try:
            url = address(self.endpoint.url, path)
            return asyncio.run(fetch(url, self._request(url, kind, body), within, LARGEST_ANSWER))
        except TimeoutError as error:
            raise NoAnswer(f"the endpoint did not answer within {within:g} s") from error
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise NoAnswer(f"the endpoint cannot be reached: {reason}") from error
        except HttpError as error:
            raise NoAnswer(f"the endpoint's answer cannot be read: {error.reason}") from error
        except ValueError as error:
            raise NoAnswer(f"the endpoint cannot be asked at this address: {error}") from error

    def _request(self, url: str, kind: str, body: bytes) -> HttpRequest:
        from turnspec.adapters.http import HttpRequest

        parts = urlsplit(url)
        headers = [("Content-Type", kind), ("Accept", "application/json")]
        headers.append(("Accept-Encoding", "identity"))
        if key := (self.endpoint.key or "").strip():  # a file of a secret ends in a line break
            if not (key.isascii() and key.isprintable()):
                raise NoAnswer("the key has a character that no HTTP header can carry")
            headers.append(("Authorization", f"Bearer {key}"))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return HttpRequest("POST", target, tuple(headers), body)

    def _plain(self, answer: HttpResponse) -> ApiAnswer:
        """The answer without our key, which error pages repeat: texts are cut before a call is masked."""
        body = answer.body
        if self._mask is not None:
            body = self._mask(body.decode("latin-1")).encode("latin-1")
        return ApiAnswer(answer.status, answer.header("content-type") or "", body)


def _pause_s(answer: HttpResponse, otherwise: float) -> float:
    """How long to wait, as the server says (`Retry-After`); one that wants too long is not waited for.

    Raises:
        NoAnswer: It wants longer than anybody waits.
    """
    asked = answer.header("retry-after")
    wanted = otherwise if asked is None else _seconds(asked, answer.header("date"), otherwise)
    if wanted > LONGEST_PAUSE_S:
        raise NoAnswer(f"the endpoint answered {answer.status} and asks to wait for {wanted:.0f} s")
    return max(0.0, wanted)


def _seconds(asked: str, now: str | None, otherwise: float) -> float:
    """A pause in seconds, or until a date of which the server itself says what time it is now."""
    if asked.strip().isascii() and asked.strip().isdigit():
        return float(asked)
    try:
        return (parsedate_to_datetime(asked) - parsedate_to_datetime(now or "")).total_seconds()
    except (ValueError, TypeError):  # no date, or one with a zone and one without
        return otherwise
