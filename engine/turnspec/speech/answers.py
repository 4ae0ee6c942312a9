"""What an OpenAI-compatible API answers, read without trust: an answer, or why there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

LARGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of an answer; a thousand embeddings are three million."""

_SHOWN: Final = 160
_GZIP: Final = b"\x1f\x8b"


class NoAnswer(Exception):  # noqa: N818 # named after the fact
    """There is no answer; `refused` when the model would not give one."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """A response as it came."""

    status: int
    content_type: str
    body: bytes


def address(url: str, path: str) -> str:
    """Where a call of the API goes: `url` may end before its path or with it, and may have a query."""
    parts = urlsplit(url)
    base = parts.path.rstrip("/")
    whole = base if base.endswith(path) else base + path
    return urlunsplit((parts.scheme, parts.netloc, whole, parts.query, ""))


def document_of(answer: ApiAnswer) -> dict[str, Any]:
    """The JSON object of a successful answer.

    Raises:
        NoAnswer: It reports an error, or it is no JSON object.
    """
    if answer.status != 200:
        raise NoAnswer(f"the endpoint answered {answer.status}{told(answer)}")
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer(f"the endpoint answered {_what_else(answer)}, not JSON") from error
    if not isinstance(document, dict):
        raise NoAnswer("the endpoint answered JSON, but no object")
    return document


def told(answer: ApiAnswer) -> str:
    """What an error answer says for itself, as `: text`; empty if nothing."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    error = document.get("error") if isinstance(document, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    return f": {short(text)}" if isinstance(text, str) and text.strip() else ""


def short(text: str) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def _what_else(answer: ApiAnswer) -> str:
    if not answer.body.strip():
        return "nothing"
    if answer.body.startswith(_GZIP):
        return "compressed data, which was not asked for"
    kind = answer.content_type.partition(";")[0].strip()
    return "HTML" if b"<html" in answer.body[:2_000].lower() else kind or "something"
