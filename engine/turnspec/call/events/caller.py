"""What the caller does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from turnspec.call.events.base import Event, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpoke(Event):
    """The caller's clip started at `at_us`; its voiced part is `speech_start_us`..`speech_end_us`.

    The edges are on the call's clock, by energy on the samples as sent, never by file length.
    """

    kind = "caller-spoke"
    turn: int
    text: str | None
    origin: Origin
    speech_start_us: int
    speech_end_us: int
    clip: str | None = None
    interrupts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSlipped(Event):
    """The clock of a person's `device` is not ours: sound was left out, or silence put in."""

    kind = "device-slipped"
    device: str
    dropped_us: int
    inserted_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerLost(Event):
    """The loudspeaker `device` was taken away: nobody hears the call from now on."""

    kind = "speaker-lost"
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTexted(Event):
    """The caller sent text."""

    kind = "caller-texted"
    turn: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPressed(Event):
    """The caller's digit was sent; `in_band` as a tone, which ends at this moment."""

    kind = "caller-pressed"
    turn: int
    digit: str
    in_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSent(Event):
    """The caller sent a message of the protocol as it was written: an activity, a client event."""

    kind = "caller-sent"
    turn: int
    name: str
    document: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerWaited(Event):
    """The caller stayed silent on purpose from `at_us` to `until_us`."""

    kind = "caller-waited"
    turn: int
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRequested(Event):
    """The agent was asked for a reply that nothing prompted: its greeting."""

    kind = "reply-requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone(Event):
    """The caller's running action is over; `end_us` is where budgets count from."""

    kind = "action-done"
    turn: int
    end_us: int
