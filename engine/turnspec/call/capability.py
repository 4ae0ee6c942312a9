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
    ACTIVITIES = "activities"  # the caller can send activities as they are written
    EVENTS = "events"  # the caller can send events of the protocol as they are written
    EVENTS_SEEN = "events seen"  # the protocol's own messages show


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
class Messages:
    """How the messages of the agent's side are told apart, which are JSON objects named by `key`.

    Those with `audio` are heard, and kept nowhere else. `housekeeping` are the names of those that come
    whatever the agent does: marks, settings, and what only acknowledges what the caller did. `parts` is the
    key of a list whose items are messages themselves.
    """

    key: str = "type"
    audio: frozenset[str] = frozenset()
    housekeeping: frozenset[str] = frozenset()
    parts: str = ""


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
    messages: Messages | None = None  # None: what arrives are no JSON objects, or nobody is to see them
