"""What local agents can do over each protocol: known before any is called."""

from __future__ import annotations

from pydantic import BaseModel

from turnspec.dsl.durations import Duration

REALTIME_ENDPOINTING_US = 200_000  # server VAD's `silence_duration_ms`, which a session may change
AUDIOCODES_CHUNK_US = 100_000


def endpointing_us(protocol: str, options: BaseModel | None = None) -> int:
    """How long after the caller's speech a local agent notices its end; no reply can begin before.

    `options` are those of the call's adapter, which may tell the agent to wait longer.
    """
    if protocol == "twilio":
        from turnspec.doubles.twilio import ENDPOINTING_US

        return ENDPOINTING_US
    if protocol == "audiocodes":
        from turnspec.doubles.audiocodes import after_chunks_of

        chunk: Duration | None = getattr(options, "chunk", None)
        return after_chunks_of(AUDIOCODES_CHUNK_US if chunk is None else chunk.us)
    listens = getattr(options, "turn_detection", None)
    if getattr(listens, "is_off", False):
        return 0  # it is told
    if getattr(listens, "type", None) == "semantic_vad":
        from turnspec.adapters.realtime.wire.effective import EAGERNESS_US

        return EAGERNESS_US[getattr(listens, "eagerness", None) or "auto"]
    silence_ms = getattr(listens, "silence_duration_ms", None)
    return REALTIME_ENDPOINTING_US if silence_ms is None else int(silence_ms) * 1_000


def agents_press_keys(protocol: str) -> bool:
    """Whether an agent can press keys and transfer: media streams and Realtime models have no word for it."""
    return protocol not in ("twilio", "realtime")
