"""A local agent on the bot's side of a media stream, without I/O.

Theory of operation: frames and due times come in, frames go out, events are reported. What the agent does is
`PhoneAgent`'s; here are its words. It greets when `start` arrives. A reply is sent as audio and a mark: when
the mark is back, the reply was played out. A caller who interrupts has the rest cleared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from turnspec.adapters.twilio.bot import BotEnd
from turnspec.adapters.twilio.messages import Dtmf, Mark, Media, Start, Stop
from turnspec.call.events import Event, HarnessFailed, Side
from turnspec.doubles.agent.phone import PhoneAgent, Port
from turnspec.doubles.agent.reply import Agent, Reply, Transfer

ENDPOINTING_US: Final = 150_000  # after this the end of a known recording has surely been noticed


class TwilioBot(Port):
    """One call of a local agent. `next_wake_us` says when `wake` is due; `closing`: close the socket now."""

    def __init__(self, agent: Agent, report: Callable[[Event], None]) -> None:
        self.closing = False
        self._report = report
        self._end = BotEnd()
        self._agent = PhoneAgent(agent, self, report)
        self._out: list[str] = []

    @property
    def next_wake_us(self) -> int | None:
        """When something is to be done unasked."""
        return self._agent.next_wake_us

    def receive(self, frame: str | bytes, at_us: int) -> list[str]:
        """Take a frame of the platform; the frames to send for it."""
        begun = self._end.started is not None
        decoded = self._end.receive(frame)
        if begun and isinstance(decoded.message, Media):  # as fifty times a second
            self._agent.listen(decoded.message.payload, at_us)
            return self._taken(at_us)
        if decoded.message is None and decoded.faults:
            self._wrong(decoded.faults[0].detail, at_us)
        match decoded.message:
            case Start() if begun:
                self._wrong("`start` came again", at_us)
            case Media() | Dtmf() | Mark() | Stop() if not begun:
                self._wrong(f"{type(decoded.message).__name__.lower()} came before `start`", at_us)
            case Start():
                self._agent.up()
                self._agent.greet(at_us)
            case Dtmf(_, _, digit):
                self._agent.press(digit, at_us)
            case Mark(_, _, name):
                self._agent.played_out(name)
            case Stop():
                self._agent.gone(at_us)
            case _:
                pass
        return self._taken(at_us)

    def wake(self, at_us: int) -> list[str]:
        """Do what is due; the frames to send."""
        self._agent.wake(at_us)
        return self._taken(at_us)

    def gone(self, at_us: int) -> None:
        """The caller has left: nothing is said, called or awaited any more."""
        self._agent.gone(at_us)

    # --- what the agent asks of the line: `Port` --------------------------------------------------

    def audio(self, reply_id: str, data: bytes, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Send the next audio of a reply."""
        self._out.append(self._end.media(data))

    def audio_over(self, reply_id: str, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Ask for a mark back."""
        self._out.append(self._end.mark(reply_id))

    def flush(self, at_us: int, *, by_voice: bool) -> None:  # noqa: ARG002 # as every line does it
        """Clear what has not been played. Marks that come back because of it are no longer waited for."""
        self._out.append(self._end.clear())

    def press(self, reply: Reply, digits: str, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """No bot can."""
        self._fail(f"reply {reply.name!r} presses keys: Twilio lets only the caller do that", at_us)

    def transfer(self, reply: Reply, transfer: Transfer, at_us: int) -> None:
        """No bot can on its media stream."""
        reason = f"reply {reply.name!r} transfers to {transfer.target}: a media stream has no word for that"
        self._fail(reason, at_us)

    def hang_up(self, at_us: int) -> None:  # noqa: ARG002 # as every line does it
        """Close the socket."""
        self.closing = True

    def _wrong(self, detail: str, at_us: int) -> None:
        self._fail(f"the caller's frame is wrong: {detail}", at_us)

    def _fail(self, reason: str, at_us: int) -> None:
        self._report(HarnessFailed(at_us=at_us, side=Side.AGENT, reason=reason))

    def _taken(self, at_us: int) -> list[str]:
        self._agent.settle(at_us)
        frames, self._out = self._out, []
        return frames
