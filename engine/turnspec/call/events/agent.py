"""The agent as it arrives at the line, and what it asks of the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from turnspec.call.events.base import Event
from turnspec.call.formats import AudioFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAudio(Event):
    """`size` bytes of agent audio arrived; `data` is left out of the record, which has recordings.

    `plays_at_us` is when its first sample plays by the playback clock (set by the line).
    """

    kind = "agent-audio"
    format: AudioFormat
    size: int
    data: bytes = field(default=b"", repr=False, compare=False)
    stream: str = ""
    plays_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBegan(Event):
    """The agent said that audio of `stream` will come (AudioCodes `playStream.start`)."""

    kind = "stream-began"
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEnded(Event):
    """The agent said that no more audio of `stream` will come (AudioCodes `playStream.stop`)."""

    kind = "stream-ended"
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSet(Event):
    """The agent asked to be told when everything before this has played."""

    kind = "mark-set"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReturned(Event):
    """A mark went back to the agent because the audio before it played, or was cleared."""

    kind = "mark-returned"
    name: str
    cleared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushAsked(Event):
    """The agent asked to drop what has not been played (Twilio `clear`, Realtime truncate)."""

    kind = "flush-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFlushed(Event):
    """Audio was dropped unheard: `unplayed_us` of it, from `at_us` on; `silent`: no speech was in it."""

    kind = "playback-flushed"
    unplayed_us: int
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackDrained(Event):
    """Everything the agent sent so far has been heard."""

    kind = "playback-drained"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechBegan(Event):
    """Agent speech as heard began at `began_us` (noticed a little later, at `at_us`)."""

    kind = "agent-speech-began"
    began_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechEnded(Event):
    """Agent speech as heard ended at `ended_us` (noticed later, at `at_us`)."""

    kind = "agent-speech-ended"
    ended_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTransferred(Event):
    """The agent gave the call to somebody else, `target` as it wrote it."""

    kind = "agent-transferred"
    target: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPressed(Event):
    """The agent sent keypad digits; `in_band` as tones, which were heard in its audio."""

    kind = "agent-pressed"
    digits: str
    in_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentActivity(Event):
    """The agent's side sent a named message that has no event of its own."""

    kind = "agent-activity"
    name: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArrived(Event):
    """A message of the agent's side as it came, only where a turn asks for such; audio is left out of it.

    `housekeeping`: it says nothing of what the agent does. `cut`: it was too long to keep, but its name.
    """

    kind = "message-arrived"
    name: str
    document: dict[str, Any] = field(default_factory=dict)
    housekeeping: bool = False
    cut: bool = False
