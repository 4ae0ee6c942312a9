"""What a scripted call expects of the engine, and what it lets happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from turnspec.call.events import Event


@dataclass(frozen=True, slots=True)
class Speech:
    """The caller said something and has been quiet for a moment."""


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Text:
    """The caller said something in text."""

    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """The caller sent a message of the protocol as it was written."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """The engine asked for a reply that nothing prompted."""


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """The engine gave back what a function returned."""

    call_id: str
    output: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The engine returned a mark: what was queued before it was played or dropped."""

    name: str


@dataclass(frozen=True, slots=True)
class Flush:
    """The engine said that playback of a stream was cut after so much of it."""

    stream: str
    heard_us: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The engine ended the call, which was still up."""


Send: TypeAlias = Speech | Digit | Text | Message | ReplyRequest | FunctionOutput | Mark | Flush | HangUp


@dataclass(frozen=True, slots=True)
class Fails:
    """Listening raises `error` at `at_us`."""

    at_us: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Expect:
    """The next thing that the engine sends, and what happens because of it.

    The `at_us` of what is in `then` counts from the send; after a `Speech`, from its last sound.
    """

    send: Send
    then: tuple[Event | Fails, ...] = ()


Step: TypeAlias = Event | Fails | Expect


class ScriptMismatch(AssertionError):  # noqa: N818 # a failed assertion, named after the fact
    """The engine sent what the script does not have, or left something of it undone."""
