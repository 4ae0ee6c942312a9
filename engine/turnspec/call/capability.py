"""What an adapter can do, and which facts a target gives; the compiler refuses what is lacking."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from turnspec.call.events import Side
from turnspec.call.formats import AudioFormat


class Capability(StrEnum):
    """One thing that a call over some adapter can do."""

    AUDIO = "audio"  # the caller can be heard
    TEXT = "text"  # the caller can send text
    DTMF = "dtmf"
    INTERRUPT = "interrupt"  # the caller can be heard while the agent speaks
    HANGUP_SEEN = "hangup seen"  # the agent can end the call, and it shows
    FUNCTIONS = "functions"  # the engine answers the agent's function calls
    TRANSFER_SEEN = "transfer seen"  # the agent can give the call away, and it shows
    KEYS_SEEN = "keys seen"  # the agent can press keys, and it shows
    ACTIVITIES_SEEN = "activities seen"  # named messages without a word of their own show


class Source(StrEnum):
    """One kind of fact that checks need and not every target gives."""

    WORDS = "words"  # what the agent said
    CALLS = "calls"  # functions called and what came back
    HEARD = "heard"  # what the agent heard the caller say


class ReplyEnd(StrEnum):
    """By what a reply is known to be over, beside its playback having drained."""

    SILENCE = "silence"  # so much agent silence as heard (Twilio: 0.8 s)
    STREAM_STOP = "stream stop"  # the play stream ended and no new one came (AudioCodes: 300 ms)
    RESPONSE_DONE = "response done"  # the protocol says so (Realtime)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What calls over one adapter, with its options, can do.

    `reply_ends_after_us` is how long `reply_end` must hold before a reply counts as over. `told_by` is
    the side of the events that tell what it `gives`: a Realtime session is the model, a telephone
    protocol is the line.
    """

    can: frozenset[Capability]
    gives: frozenset[Source] = field(default_factory=frozenset)
    told_by: Side = Side.MODEL
    reply_end: ReplyEnd = ReplyEnd.SILENCE
    reply_ends_after_us: int = 800_000
    caller_format: AudioFormat | None = None  # None: this call carries no caller audio
    greets: bool = False  # the agent must be asked for its greeting (Realtime)
