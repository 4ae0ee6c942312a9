"""Frames as people are shown them: shortened, their audio left out."""

from __future__ import annotations

import json
import re
from typing import Any, Final

EXCERPT: Final = 200
MOST_ELIDED: Final = 2_000_000
_PAYLOAD: Final = '"payload":"'
_LONG_PAYLOAD = re.compile(r'"payload"\s*:\s*"([^"]{0,2000000})"')


def elided(frame: str) -> str:
    """The frame for the wire log: its audio replaced by how much of it there was."""
    begin = frame.find(_PAYLOAD) + len(_PAYLOAD)
    end = frame.find('"', begin, begin + MOST_ELIDED)
    if begin < len(_PAYLOAD) or end < 0:
        found = _LONG_PAYLOAD.search(frame)
        if found is None:
            return frame
        begin, end = found.span(1)
    return f"{frame[:begin]}<{end - begin} base64 characters>{frame[end:]}"


def excerpt(frame: str | bytes) -> str:
    """Enough of a frame to recognise it by; bytes in hexadecimal."""
    shown = frame if isinstance(frame, str) else bytes(frame[: EXCERPT // 2]).hex(" ")
    return shown if len(shown) <= EXCERPT else shown[:EXCERPT] + "…"


def short(value: Any, *, quote: bool = True) -> str:
    """A value as JSON, cut to some sixty characters; a text without its quotes unless `quote`."""
    shown = json.dumps(value) if quote else json.dumps(value)[1:-1]
    return shown if len(shown) <= 60 else shown[:60] + "…"


def kind(value: Any) -> str:
    """What a value of JSON is, for a sentence."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {short(value)}"
        case str():
            return f"the text {short(value)}"
        case list():
            return "a list"
        case _:
            return "an object"
