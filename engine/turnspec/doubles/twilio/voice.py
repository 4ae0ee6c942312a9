"""The voice webhook of a bot, without I/O: TwiML that leads to the bot itself, for those who may ask."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr  # writes only; nothing is parsed

from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.twilio.signature import HEADER, signature

TWIML: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url={url}/></Connect></Response>'
)
NOT_SIGNED: Final = "the request is not signed by this account (X-Twilio-Signature)"
MOST_FIELDS: Final = 1_000


class VoiceWebhook:
    """Answers a voice webhook at any path; `auth_token` None takes requests that nobody signed."""

    def __init__(self, auth_token: str | None = None) -> None:
        self._auth_token = auth_token

    def answer(self, request: HttpRequest) -> HttpResponse:
        """TwiML that connects the call to a stream on the host that was asked."""
        if request.method not in ("GET", "POST"):
            return _told(HTTPStatus.METHOD_NOT_ALLOWED, "a voice webhook is asked by POST or GET\n")
        host = request.header("Host") or ""
        if not self.admits(("http", "https"), host, request.target, _form(request), request.header(HEADER)):
            return _told(HTTPStatus.FORBIDDEN, f"{NOT_SIGNED}\n")
        body = TWIML.format(url=quoteattr(f"wss://{host}/"))
        return HttpResponse(HTTPStatus.OK, (("Content-Type", "text/xml"),), body.encode())

    def admits(
        self,
        schemes: Iterable[str],
        host: str,
        target: str,
        form: Iterable[tuple[str, str]],
        given: str | None,
    ) -> bool:
        """Whether a request is signed; by which scheme it was called, nobody behind a proxy can know."""
        if self._auth_token is None:
            return True
        pairs = list(form)
        right = [signature(self._auth_token, f"{scheme}://{host}{target}", pairs) for scheme in schemes]
        return any(hmac.compare_digest(one.encode(), (given or "").encode()) for one in right)


def _form(request: HttpRequest) -> list[tuple[str, str]]:
    if request.method == "GET":
        return []
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return []  # what is no form cannot be signed as one


def _told(status: HTTPStatus, text: str) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "text/plain"),), text.encode())
