"""What the two ends of a Twilio media stream tell each other, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from turnspec.adapters.frames import Fault


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message of every stream."""

    protocol: str = "Call"
    version: str = "1.0.0"


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins: ids, custom parameters and the one media format."""

    sequence: int
    stream_sid: str
    account_sid: str
    call_sid: str
    tracks: tuple[str, ...] = ("inbound",)
    parameters: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "audio/x-mulaw"
    rate_hz: int = 8000
    channels: int = 1


class Media(NamedTuple):
    """A chunk of call audio, stamped in media time.

    A tuple, as `Decoded` is: fifty a second are made of each, and frozen dataclasses take four times as long.
    """

    sequence: int
    stream_sid: str
    chunk: int
    timestamp_ms: int
    payload: bytes
    track: str = "inbound"


@dataclass(frozen=True, slots=True)
class Dtmf:
    """The caller pressed one key."""

    sequence: int
    stream_sid: str
    digit: str
    track: str = "inbound_track"


@dataclass(frozen=True, slots=True)
class Mark:
    """All that the bot queued before its mark of this name has played, or was cleared."""

    sequence: int
    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The call or the stream ended."""

    sequence: int
    stream_sid: str
    account_sid: str
    call_sid: str


@dataclass(frozen=True, slots=True)
class BotMedia:
    """Audio for the caller, queued behind what is there: mu-law at 8 kHz without a header."""

    stream_sid: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BotMark:
    """Ask to be told when everything queued so far has played."""

    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class BotClear:
    """Drop what is queued; marks waiting in the queue come back at once."""

    stream_sid: str


PlatformMessage: TypeAlias = Connected | Start | Media | Dtmf | Mark | Stop
BotMessage: TypeAlias = BotMedia | BotMark | BotClear
Message: TypeAlias = PlatformMessage | BotMessage


class Decoded(NamedTuple):
    """What one frame says, if it can be made out, and all that is wrong with it."""

    message: Message | None = None
    faults: tuple[Fault, ...] = ()
