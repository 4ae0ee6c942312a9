"""Replies with something wrong in them, on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from turnspec.adapters.faults import told
from turnspec.audio.samples import position_at
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Reply
from turnspec.doubles.agent.voicing import after
from turnspec.dsl import ReplyFault

SAMPLE_BYTES: Final = 2  # of a track


def spoilt(reply: Reply, faults: Sequence[ReplyFault]) -> Reply:
    """The reply as these faults leave it; one that changes nothing is not told of."""
    for fault in faults:
        changed = _changed(reply, fault)
        if changed != reply:
            reply = replace(changed, injected=(*reply.injected, (fault.word, told(fault))))
    return reply


def _changed(reply: Reply, fault: ReplyFault) -> Reply:
    match fault.word:
        case "truncate_audio" if reply.audio is not None:
            return replace(reply, audio=_first(reply.audio, fault.value.us))
        case "truncate_audio" if reply.making is not None:
            return replace(reply, making=after(reply.making, lambda said: _first(said, fault.value.us)))
        case "slow_first_audio":
            return replace(reply, late_us=reply.late_us + fault.value.us)
        case "error":
            return replace(reply, fails_with=fault.value)
        case _:
            return reply


def _first(audio: Track, length_us: int) -> Track:
    return Track(audio.rate_hz, audio.pcm[: position_at(length_us, audio.rate_hz) * SAMPLE_BYTES])
