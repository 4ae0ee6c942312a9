"""The one vocabulary of what the engine tells the caller's end of a call to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Speak:
    """Send an utterance prepared under `utterance` (an index into the plan's utterances).

    `parts`: the texts and pauses that it consists of, where they were not known before the call.
    """

    turn: int
    utterance: int
    interrupts: bool = False
    parts: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class SendText:
    """Send text, where the protocol carries it."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Tones:
    """How a key sounds: for so long, both of its tones at this RMS of 16-bit samples."""

    duration_us: int
    level: float


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send keypad digits `0-9*#A-D`, one every `every_us`; `w` waits half a second.

    With `tones` they are sent as sound, without as events of the protocol.
    """

    turn: int
    digits: str
    every_us: int
    tones: Tones | None = None


@dataclass(frozen=True, slots=True)
class StaySilent:
    """Send silence for `duration_us`."""

    turn: int
    duration_us: int


@dataclass(frozen=True, slots=True)
class TakeMicrophone:
    """Send what a person says: until they were silent for so long, or (None) for `duration_us`.

    Nobody heard within `patience_us` is an error of the harness.
    """

    turn: int
    until_silence_us: int | None
    duration_us: int | None
    patience_us: int


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send a message of the protocol as it is written, where the protocol takes such."""

    turn: int
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestReply:
    """Ask the agent for a reply that nothing prompted (Realtime greeting)."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call from the caller's side; `reason` is `caller`, `finished` or `call-limit`."""

    reason: str


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Tell the conductor when the call's clock reaches `at_us`."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Decide:
    """Ask the checks a question about the call so far: choose, until, condition or filler."""

    turn: int
    question: str


@dataclass(frozen=True, slots=True)
class BeginTurn:
    """Record that a turn begins: what the agent does from `at_us` belongs to it."""

    turn: int
    at_us: int


@dataclass(frozen=True, slots=True)
class EndTurn:
    """Record that a turn is over, take its captures and, if asked, judge it now."""

    turn: int
    how: str
    judge: bool = False


Action: TypeAlias = (
    Speak
    | SendText
    | SendDigits
    | StaySilent
    | TakeMicrophone
    | SendMessage
    | RequestReply
    | HangUp
    | WakeAt
    | Decide
    | BeginTurn
    | EndTurn
)
