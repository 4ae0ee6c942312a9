"""Frames of plain PCM over a WebSocket, without I/O.

Binary messages are audio, either way: 16 bits a sample, little-endian, mono, of any length. Text messages are
JSON objects with a `type`: `start`, `dtmf`, `mark` and `stop` to the agent, `mark` and `clear` from it.
"""

from __future__ import annotations

import json
from typing import Any

from turnspec.call import AudioFormat
from turnspec.call.events import AgentAudio, Event, FlushAsked, MarkSet, ProtocolFault


def message(kind: str, **fields: Any) -> str:
    """A text message."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False)


def received(frame: str | bytes, audio: AudioFormat, at_us: int) -> Event:
    """What a message of the agent means; a wrong one is a fault, and otherwise ignored."""
    if isinstance(frame, bytes):
        return _audio(frame, audio, at_us)
    try:
        said = json.loads(frame)
    except (ValueError, RecursionError):
        return _fault("not-json", "a text message is a JSON object", frame, at_us)
    match said:
        case {"type": "mark", "name": str(name)}:
            return MarkSet(at_us=at_us, name=name)
        case {"type": "clear"}:
            return FlushAsked(at_us=at_us)
        case _:
            return _fault(
                "unknown-message", "an agent sends audio, mark (with a name) and clear", frame, at_us
            )


def _audio(data: bytes, audio: AudioFormat, at_us: int) -> Event:
    if not data or len(data) % audio.sample_bytes:
        detail = f"{len(data)} bytes are no whole number of 16-bit samples"
        return _fault("half-sample", detail, data.hex(), at_us)
    return AgentAudio(at_us=at_us, format=audio, size=len(data), data=data)


def _fault(rule: str, detail: str, frame: str, at_us: int) -> ProtocolFault:
    return ProtocolFault(at_us=at_us, rule=rule, detail=detail, frame=frame[:200])
