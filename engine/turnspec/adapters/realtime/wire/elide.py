"""Frames as they go into the wire log: audio payloads left out."""

from __future__ import annotations

import re
from typing import Final

# A long run of base64 under one of the two keys that carry audio, or inside a data URI.
_PAYLOAD: Final = re.compile(r'("(?:audio|delta)"\s*:\s*")([A-Za-z0-9+/]{64,}={0,2})(")')
_KEY: Final = re.compile(r'"(?:input_audio_buffer\.append|response\.(?:output_)?audio\.delta)"')


def elided(frame: str | bytes) -> str:
    """The frame with each audio payload replaced by its length."""
    if not isinstance(frame, str):
        return f"<binary frame of {len(frame)} bytes>"
    return _PAYLOAD.sub(_length, frame) if '"audio"' in frame or _KEY.search(frame, 0, 200) else frame


def _length(match: re.Match[str]) -> str:
    payload = match[2]
    size = len(payload) * 3 // 4 - payload.count("=")
    return f"{match[1]}<{size} bytes>{match[3]}"
