"""What every adapter must do, as tests that an adapter's own test suite runs.

    from turnspec.testing.adapter_conformance import AdapterConformance

    class TestPager(AdapterConformance):
        adapter = ADAPTER
        peer = staticmethod(pager_peer)          # an agent of yours, in the hand of the tests
        refusing_peer = staticmethod(no_pager)   # one that declines every call

Each check runs on the wall clock over loopback and in virtual time over memory. What an adapter says that it
cannot do (`Capabilities.can`) is not asked of it. pytest is needed to run them, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

import pytest
from pydantic import BaseModel

from turnspec.adapters.base import Adapter, Call, Dial, LineRefused, NothingListens
from turnspec.call import Capabilities, Capability, Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    CallUp,
    Event,
    LineBroke,
    ProtocolFault,
)
from turnspec.run.clock import CallClock
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop
from turnspec.testing.witness import RecordingWitness

WITHIN_S: Final = 10.0
FRAME_US: Final = 20_000
FRAMES: Final = 50
SPOKEN_US: Final = 400_000
CLOCKS: Final = {"wall": WallLoop, "virtual": VirtualLoop}
ENDINGS: Final = (AgentHungUp, LineBroke)


class Nonconforming(AssertionError):  # noqa: N818 - named after the fact
    """An adapter does not keep what the engine relies on; the message says what, and what to do."""


class Peer(Protocol):
    """An agent that answers one call, in the hand of a test.

    It listens on loopback with the running loop's own means, so that it works in virtual time too.
    """

    @property
    def url(self) -> str:
        """Where it is called."""
        ...

    async def answered(self) -> None:
        """Return once a call is up, as the agent sees it."""
        ...

    async def heard(self, size: int) -> bytes:
        """The first `size` bytes of the caller's audio, in the format that the adapter declares."""
        ...

    async def pressed(self, count: int) -> str:
        """The first `count` keys that the caller pressed."""
        ...

    async def speak(self, duration_us: int) -> None:
        """Send the caller so much audio, all at once."""
        ...

    async def garble(self) -> None:
        """Send something that the protocol does not allow, and that need not end the call."""
        ...

    async def hang_up(self) -> None:
        """End the call as agents do over this protocol."""
        ...

    async def break_off(self) -> None:
        """End the line without a word."""
        ...

    async def left(self) -> None:
        """Return once the caller has ended the call, as callers do over this protocol."""
        ...


Peers = Callable[[], AbstractAsyncContextManager[Peer]]


@dataclass(frozen=True, slots=True)
class Subject:
    """The adapter that is looked at, and how it is called."""

    adapter: Adapter
    peer: Peers
    refusing_peer: Peers
    options: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)

    @property
    def capabilities(self) -> Capabilities:
        """What it says that it can do."""
        return self.adapter.capabilities(self.options)

    def can(self, capability: Capability) -> bool:
        """Whether it says that it can do this."""
        return capability in self.capabilities.can

    def dial(self, url: str, witness: RecordingWitness) -> Dial:
        """A request for one call."""
        return Dial(
            url=url,
            options=self.options,
            identity=Identity("conformance"),
            witness=witness,
            headers=self.headers,
            auth=self.auth,
            timeout_us=5_000_000,
        )


class NewsWitness(RecordingWitness):
    """A witness that can be waited for: `news` is set by every event."""

    def __init__(self) -> None:
        super().__init__(clock=CallClock(asyncio.get_running_loop()).now_us)
        self.news = asyncio.Event()

    def happened(self, event: Event) -> None:
        """Keep an event, and wake whoever waits."""
        super().happened(event)
        self.news.set()


@dataclass(frozen=True, slots=True)
class Held:
    """One call that is up: its two ends, and what was reported of it."""

    call: Call
    peer: Peer
    witness: NewsWitness
    listening: asyncio.Task[None]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for events until something holds; the check's own time limit ends what never comes."""
        while not holds():
            self.witness.news.clear()
            await self.witness.news.wait()

    def events(self, *kinds: type[Event]) -> list[Event]:
        """What was reported, of these kinds."""
        return [event for event in self.witness.events if isinstance(event, kinds)]

    async def over(self) -> None:
        """Wait until `listen` has returned."""
        await asyncio.wait({self.listening})
        self.listening.result()


@asynccontextmanager
async def held(subject: Subject) -> AsyncIterator[Held]:
    """A call that is up at both ends, hung up when the block is left."""
    async with subject.peer() as peer:
        witness = NewsWitness()
        call = await subject.adapter.dial(subject.dial(peer.url, witness))
        listening = asyncio.get_running_loop().create_task(call.listen(), name="listen")
        try:
            await peer.answered()
            yield Held(call, peer, witness, listening)
        finally:
            await call.hang_up()
            await asyncio.wait({listening})


def require(holds: bool, what: str) -> None:  # noqa: FBT001 # it reads as a sentence: require(this, "that")
    """Check one promise.

    Raises:
        Nonconforming: It does not hold.
    """
    if not holds:
        raise Nonconforming(what)


# --- the checks -------------------------------------------------------------------------------


async def nothing_listens(subject: Subject) -> None:
    """An address at which nobody listens is the harness's trouble, and is named."""
    async with subject.peer() as peer:
        url = peer.url
    try:
        await subject.adapter.dial(subject.dial(url, RecordingWitness.on_loop()))
    except NothingListens as nothing:
        require(bool(nothing.reason), "NothingListens must say in words what was tried and what happened")
        return
    raise Nonconforming("dial() of an address where nobody listens must raise NothingListens")


async def refusal(subject: Subject) -> None:
    """An agent that declines is a finding about it, with a reason."""
    async with subject.refusing_peer() as peer:
        try:
            await subject.adapter.dial(subject.dial(peer.url, RecordingWitness.on_loop()))
        except LineRefused as refused:
            require(bool(refused.reason), "LineRefused must give the agent's reason, or how it declined")
            return
    raise Nonconforming("dial() of an agent that declines must raise LineRefused, not return a call")


async def call_up_once(subject: Subject) -> None:
    """`dial` returns once the call is up, and says so exactly once, before anything else of the agent."""
    async with held(subject) as call:
        up = call.events(CallUp)
        require(len(up) == 1, f"CallUp must be reported once before dial() returns; it was, {len(up)} times")
        first = next(event for event in call.witness.events)
        require(isinstance(first, CallUp), f"CallUp must come first; {type(first).__name__} did")


async def caller_audio(subject: Subject) -> None:
    """Every frame of the caller arrives, whole and in order."""
    line = subject.capabilities.caller_format
    if not subject.can(Capability.AUDIO):
        require(line is None, "caller_format must be None where Capability.AUDIO is not declared")
        return
    if line is None:
        raise Nonconforming("Capability.AUDIO needs a caller_format: the engine sends frames in it")
    size = line.size_of(FRAME_US)
    frames = [bytes((number * 7 + index) % 251 for index in range(size)) for number in range(FRAMES)]
    async with held(subject) as call:
        for frame in frames:
            call.call.send_audio(frame)
        heard = await call.peer.heard(size * FRAMES)
        require(heard == b"".join(frames), "the caller's audio must arrive as it was given to send_audio()")
        require(call.call.backlog == 0, "backlog must be 0 once the agent has read everything")


async def agent_audio(subject: Subject) -> None:
    """All audio of the agent is reported, with its format, its size and the time of its arrival."""
    async with held(subject) as call:
        await call.peer.speak(SPOKEN_US)
        await call.until(lambda: _length_us(call) >= SPOKEN_US)
        length_us = _length_us(call)
        require(length_us == SPOKEN_US, f"{SPOKEN_US} us of audio were sent, {length_us} us reported")
        for event in call.events(AgentAudio):
            assert isinstance(event, AgentAudio)
            require(event.size == len(event.data), "AgentAudio.size must be the number of bytes in data")


async def stamps(subject: Subject) -> None:
    """Events are stamped on arrival by the witness's clock, so they never go back in time."""
    async with held(subject) as call:
        await call.peer.speak(SPOKEN_US)
        await call.until(lambda: _length_us(call) >= SPOKEN_US)
        times = [event.at_us for event in call.witness.events]
        require(times == sorted(times), f"events must be stamped in the order they are reported: {times}")
        now_us = call.witness.now_us()
        require(all(0 <= time <= now_us for time in times), f"a stamp lies outside the call: {times}")


async def keys(subject: Subject) -> None:
    """Keys arrive in the order in which they were pressed."""
    if not subject.can(Capability.DTMF):
        return
    async with held(subject) as call:
        for key in "1#A":
            call.call.send_digit(key)
        pressed = await call.peer.pressed(3)
        require(pressed == "1#A", f"the keys 1, # and A were pressed; the agent was told {pressed!r}")


async def broken_rule(subject: Subject) -> None:
    """What the protocol does not allow is a ProtocolFault with a rule's name, and the call goes on."""
    async with held(subject) as call:
        await call.peer.garble()
        await call.until(lambda: bool(call.events(ProtocolFault)))
        fault = call.events(ProtocolFault)[0]
        assert isinstance(fault, ProtocolFault)
        named = bool(fault.rule) and fault.rule == fault.rule.casefold() and " " not in fault.rule
        require(
            named, f"a rule has a stable name in small letters, as bad-base64; this one is {fault.rule!r}"
        )
        require(bool(fault.detail), "a ProtocolFault must say in words what is wrong")
        await call.peer.speak(SPOKEN_US)
        await call.until(lambda: _length_us(call) >= SPOKEN_US)


async def caller_hangs_up(subject: Subject) -> None:
    """Hanging up tells the agent, ends `listen`, may be done twice, and nothing is sent after it."""
    async with held(subject) as call:
        await call.call.hang_up()
        await call.call.hang_up()
        await call.over()
        await call.peer.left()
        require(not call.events(*ENDINGS), "the caller hung up: neither AgentHungUp nor LineBroke is true")
        await _everything_is_harmless(subject, call.call)


async def agent_hangs_up(subject: Subject) -> None:
    """An agent that ends the call is reported as AgentHungUp, once, and `listen` returns."""
    if not subject.can(Capability.HANGUP_SEEN):
        return
    async with held(subject) as call:
        await call.peer.hang_up()
        await call.over()
        ended = [type(event).__name__ for event in call.events(*ENDINGS)]
        require(ended == ["AgentHungUp"], f"an orderly end is one AgentHungUp; reported were {ended}")
        await _everything_is_harmless(subject, call.call)


async def line_breaks(subject: Subject) -> None:
    """A line that ends without a word is reported as LineBroke, once, and `listen` returns."""
    async with held(subject) as call:
        await call.peer.break_off()
        await call.over()
        ended = [type(event).__name__ for event in call.events(*ENDINGS)]
        require(ended == ["LineBroke"], f"a line that breaks is one LineBroke; reported were {ended}")
        await _everything_is_harmless(subject, call.call)


async def frames_kept(subject: Subject) -> None:
    """Frames go into the wire log in both directions, without audio, which has recordings."""
    async with held(subject) as call:
        await call.peer.speak(SPOKEN_US)
        await call.until(lambda: _length_us(call) >= SPOKEN_US)
        longest = max((len(frame.text) for frame in call.witness.frames), default=0)
        require(longest > 0, "every frame must be given to witness.frame()")
        require(
            longest < 4_096, f"leave audio out of what witness.frame() gets: one has {longest} characters"
        )


CHECKS: Final[tuple[Callable[[Subject], Awaitable[None]], ...]] = (
    nothing_listens,
    refusal,
    call_up_once,
    caller_audio,
    agent_audio,
    stamps,
    keys,
    broken_rule,
    caller_hangs_up,
    agent_hangs_up,
    line_breaks,
    frames_kept,
)


class AdapterConformance:
    """Subclass it in a test module, with your adapter and agents for it to call."""

    adapter: ClassVar[Any]
    peer: ClassVar[Any]
    refusing_peer: ClassVar[Any]
    options: ClassVar[Mapping[str, Any]] = {}
    headers: ClassVar[Mapping[str, str]] = {}
    auth: ClassVar[Mapping[str, str]] = {}

    @pytest.mark.parametrize("clock", CLOCKS)
    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_adapter(self, check: Callable[[Subject], Awaitable[None]], clock: str) -> None:
        """One promise of an adapter, on one clock."""

        async def within() -> None:
            async with asyncio.timeout(WITHIN_S):
                await check(self._subject())

        try:
            run_on(CLOCKS[clock], within())
        except TimeoutError:
            what = (check.__doc__ or check.__name__).strip()
            raise Nonconforming(f"this did not come to be within {WITHIN_S:g} s: {what}") from None

    def test_declaration(self) -> None:
        """What the adapter says of itself can be used."""
        subject = self._subject()
        model = type(subject.options)
        require(model.model_config.get("frozen") is True, "the options' model must be frozen")
        require(model.model_config.get("extra") == "forbid", "the options' model must forbid unknown keys")
        for name, about in model.model_fields.items():
            require(bool(about.description), f"option {name!r} has no description: docs are made from it")
        ends_us = subject.capabilities.reply_ends_after_us
        require(ends_us >= 0, f"reply_ends_after_us is {ends_us}")

    def _subject(self) -> Subject:
        made = type(self)
        options = made.adapter.options_model.model_validate(dict(made.options))
        return Subject(made.adapter, made.peer, made.refusing_peer, options, made.headers, made.auth)


def _length_us(call: Held) -> int:
    heard = (event for event in call.events(AgentAudio) if isinstance(event, AgentAudio))
    return sum(event.format.duration_us(event.size) for event in heard)


async def _everything_is_harmless(subject: Subject, call: Call) -> None:
    """On a line that has ended nothing is sent, and nothing raises."""
    line = subject.capabilities.caller_format
    if line is not None:
        call.send_audio(bytes(line.size_of(FRAME_US)))
    if subject.can(Capability.DTMF):
        call.send_digit("1")
    if subject.can(Capability.TEXT):
        call.send_text("hello?")
    call.mark_reached("m")
    call.playback_flushed("", 0)
    call.played_out()
    await call.hang_up()
