"""The line: how it comes up and ends, and what goes wrong on it."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.call.events.base import Closer, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Event):
    """The engine began to open the line."""

    kind = "dialled"
    url: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUp(Event):
    """The call is up as its protocol defines it: Twilio `start` sent, AudioCodes `session.accepted`."""

    kind = "call-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(Event):
    """Somebody answered and declined: an HTTP status, or a close code before the call was up."""

    kind = "call-refused"
    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHungUp(Event):
    """The agent's side ended the call in its protocol's orderly way."""

    kind = "agent-hung-up"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHungUp(Event):
    """The caller ended the call."""

    kind = "caller-hung-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBroke(Event):
    """The line ended out of order: reset, no close frame, an error close code."""

    kind = "line-broke"
    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The last event of every call: nothing is sent or heard after it."""

    kind = "call-ended"
    by: Closer
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolFault(Event):
    """The agent sent something its protocol does not allow; the call went on where it could.

    `rule` is the adapter's stable name of the rule; `frame` an excerpt of what arrived.
    """

    kind = "protocol-fault"
    rule: str
    detail: str
    frame: str = ""
    fatal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """We did something wrong on purpose; `side` is the end that did it: line, model or agent.

    `fault` is its word in the language (`drop`, `malformed`), `detail` what was done, in words.
    """

    kind = "fault-injected"
    fault: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessFailed(Event):
    """The engine, the line's set-up or the target's process failed: nobody's finding."""

    kind = "harness-failed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResumed(Event):
    """The agent's side closed without hanging up; connection number `attempt` after it took the call on."""

    kind = "line-resumed"
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPaused(Event):
    """The line stopped streaming the caller to the agent (AudioCodes `userStream.stop`)."""

    kind = "listening-paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningResumed(Event):
    """The line asked to stream the caller to the agent again (AudioCodes `userStream.start`)."""

    kind = "listening-resumed"
