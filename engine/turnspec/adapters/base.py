"""What every protocol adapter is: a way to dial, and a call that can be driven and listened to.

An adapter's `dial` opens the line and returns when the call is up. From then on the engine pushes
the caller's side with the plain, non-blocking methods of `Call`, and the call reports what arrives
to its `Witness` as events, in the task that runs `Call.listen`. Playback (what the caller has heard
so far) belongs to the engine: it tells the call when a mark was reached or playback was flushed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from turnspec.adapters.faults import CallFaults
from turnspec.call import Capabilities, Identity
from turnspec.call.events import Event, Side


class Witness(Protocol):
    """Where the two ends of a line report what they see."""

    def now_us(self) -> int:
        """Microseconds since the call began."""
        ...

    def happened(self, event: Event) -> None:
        """Take one event, stamped with `now_us()` when it arrived."""
        ...

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep one frame for the wire log, with audio payloads already left out."""
        ...


class LineError(Exception):
    """The line could not be opened; `code` is an HTTP status or a close code."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class LineRefused(LineError):  # noqa: N818 - named after the fact
    """Somebody answered and declined: a finding about the agent."""


class NothingListens(LineError):  # noqa: N818 - named after the fact
    """Nobody answered at that address: the harness's trouble, not the agent's."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the engine offers to a model (Realtime) with its JSON Schema of parameters."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Platform(Protocol):
    """What the calls of one target share while a run lasts, such as an API that the target asks."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What the target is told of it: `name` is `{{ PROTOCOL.name }}` in its `start:`."""
        ...

    @property
    def auth(self) -> Mapping[str, str]:
        """The keys that calls show to the target, as in `Dial`; made up where the target names none."""
        ...

    async def aclose(self) -> None:
        """Let go of it, after the last call."""
        ...


@runtime_checkable
class HasPlatform(Protocol):
    """An adapter whose targets, where turnspec starts them, need more than a caller."""

    async def open_platform(self, options: BaseModel, auth: Mapping[str, str]) -> Platform:
        """Open it on loopback, on the running loop; `auth` is as in `Dial`."""
        ...


@dataclass(frozen=True, slots=True)
class Dial:
    """Everything that opening one call needs; `options` is the adapter's own validated model."""

    url: str
    options: BaseModel
    identity: Identity
    witness: Witness
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)  # {"bearer": token} or {"auth_token": token}
    caller_number: str = "+15550100001"
    callee_number: str = "+15550100002"
    functions: tuple[Function, ...] = ()
    timeout_us: int = 10_000_000
    faults: CallFaults | None = None  # what the caller's end is to do wrong
    platform: Platform | None = None  # what the adapter's own `open_platform` gave for this target


class Call(Protocol):
    """One call that is up. The `send_` methods never block and never raise on a closed line."""

    @property
    def backlog(self) -> int:
        """Bytes written but not yet taken by the peer's socket."""
        ...

    async def listen(self) -> None:
        """Report what arrives until the line is closed; returns after the closing event."""
        ...

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the caller, in the format of `Capabilities.caller_format`."""
        ...

    def send_digit(self, digit: str) -> None:
        """Press one key."""
        ...

    def send_text(self, text: str) -> None:
        """Say something in text, and ask for the reply."""
        ...

    def request_reply(self) -> None:
        """Ask for a reply that nothing prompted."""
        ...

    def return_function(self, call_id: str, output: str) -> None:
        """Give back the output of one function call."""
        ...

    def mark_reached(self, name: str) -> None:
        """Everything before this mark was played or dropped."""
        ...

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Playback of `stream` was cut after `heard_us` of its audio."""
        ...

    def played_out(self) -> None:
        """All agent audio that arrived so far has been heard."""
        ...

    async def hang_up(self) -> None:
        """End the call as a caller does, and close the line; safe to call twice."""
        ...


@runtime_checkable
class TakesTurns(Protocol):
    """A call whose far end may not listen for the caller's speech, so that it has to be told of it.

    A call with these methods is told of every turn in which the caller speaks.
    """

    def caller_began(self) -> None:
        """The caller's voice begins in the next frame; told again when it goes on after a pause."""
        ...

    def caller_finished(self) -> None:
        """The caller has done all that it does in its turn, and waits for the reply."""
        ...


def turn_taker(call: object) -> TakesTurns | None:
    """The call itself, if it is one that is told of turns."""
    return call if isinstance(call, TakesTurns) else None


@runtime_checkable
class TakesMessages(Protocol):
    """A call over which the caller can send messages of the protocol as they are written.

    Its adapter says so by `Capability.ACTIVITIES` or `Capability.EVENTS`, as testers call them.
    """

    def send_message(self, document: Mapping[str, Any]) -> None:
        """Send this message; what it must carry to be one, and lacks, is added."""
        ...


def message_taker(call: object) -> TakesMessages | None:
    """The call itself, if it is one that such messages can be sent over."""
    return call if isinstance(call, TakesMessages) else None


@runtime_checkable
class Adapter(Protocol):
    """A protocol that turnspec speaks as the caller."""

    @property
    def name(self) -> str:
        """The word for `protocol:` in a target."""
        ...

    @property
    def options_model(self) -> type[BaseModel]:
        """The frozen pydantic model of a target's `options:`, unknown keys forbidden."""
        ...

    def capabilities(self, options: BaseModel) -> Capabilities:
        """What calls with these options can do."""
        ...

    async def dial(self, request: Dial) -> Call:
        """Open a call and return it once it is up.

        Raises:
            LineRefused: The agent's side declined.
            NothingListens: No connection, or no answer within `request.timeout_us`.
        """
        ...
