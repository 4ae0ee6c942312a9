"""Frames as they go into the wire log: audio payloads and keys left out."""

from __future__ import annotations

import re
from typing import Final

# A long run of base64, some of it as JSON may escape it, under one of the two keys that carry audio.
_PAYLOAD: Final = re.compile(r'("(?:audio|delta)"\s*:\s*")([A-Za-z0-9+/\\]{64,}={0,2}(?:\\[rn])*)(")')
_KEY: Final = re.compile(r'"(?:input_audio_buffer\.append|response\.(?:output_)?audio\.delta)"')
_ESCAPED: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|(/)|.)")
# What lets the model into somebody's MCP server: the tool's own key, and a header of that name.
_SECRET: Final = re.compile(r'("authorization"\s*:\s*")(?:[^"\\]|\\.)+(?=")', re.IGNORECASE)
_MASK: Final = "***"


def elided(frame: str | bytes) -> str:
    """The frame with each audio payload replaced by its length, and without keys."""
    if not isinstance(frame, str):
        return f"<binary frame of {len(frame)} bytes>"
    if '"audio"' in frame or _KEY.search(frame, 0, 200):
        frame = _PAYLOAD.sub(_length, frame)
    return _SECRET.sub(rf"\1{_MASK}", frame) if "uthorization" in frame else frame


def _length(match: re.Match[str]) -> str:
    payload = match[2]
    if "\\" in payload:
        payload = _ESCAPED.sub(_unescaped, payload)
    size = len(payload) * 3 // 4 - payload.count("=")
    return f"{match[1]}<{size} bytes>{match[3]}"


def _unescaped(match: re.Match[str]) -> str:
    # Only the length counts: any one letter, or none for what is no letter of base64.
    return "/" if match[1] or match[0][1] == "u" else ""
