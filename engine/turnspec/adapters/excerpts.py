"""Frames as people are shown them: shortened, their audio left out."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

EXCERPT: Final = 200


def elided(frame: str, key: str) -> str:
    """The frame for the wire log: the audio under `key` replaced by how much of it there was."""
    usual, any_spelling = _spellings(key)
    begin = frame.find(usual) + len(usual)
    end = frame.find('"', begin)
    if begin < len(usual) or end < 0:
        found = any_spelling.search(frame)
        if found is None:
            return frame
        begin, end = found.span(1)
    return f"{frame[:begin]}<{end - begin} base64 characters>{frame[end:]}"


@lru_cache(maxsize=16)
def _spellings(key: str) -> tuple[str, re.Pattern[str]]:
    return f'"{key}":"', re.compile(rf'"{re.escape(key)}"\s*:\s*"([^"]*)"')


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
