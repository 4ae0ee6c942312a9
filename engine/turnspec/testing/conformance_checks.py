"""The promises of an adapter, one check each; the first line of each is the promise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from turnspec.adapters.base import Call, LineRefused, NothingListens
from turnspec.call import Capability
from turnspec.call.events import AgentAudio, AgentHungUp, CallUp, LineBroke, ProtocolFault
from turnspec.testing.conformance_subject import Nonconforming, Subject, held, require
from turnspec.testing.witness import RecordingWitness

FRAME_US: Final = 20_000
FRAMES: Final = 50
SPOKEN_US: Final = 400_000
ENDINGS: Final = (AgentHungUp, LineBroke)


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
        await call.until(lambda: call.spoken_us >= SPOKEN_US)
        told = f"{SPOKEN_US} us of audio were sent, {call.spoken_us} us reported"
        require(call.spoken_us == SPOKEN_US, told)
        for event in call.events(AgentAudio):
            assert isinstance(event, AgentAudio)
            require(event.size == len(event.data), "AgentAudio.size must be the number of bytes in data")


async def stamps(subject: Subject) -> None:
    """Events are stamped on arrival by the witness's clock, so they never go back in time."""
    async with held(subject) as call:
        await call.peer.speak(SPOKEN_US)
        await call.until(lambda: call.spoken_us >= SPOKEN_US)
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
        await call.until(lambda: call.spoken_us >= SPOKEN_US)


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
        await call.until(lambda: call.spoken_us >= SPOKEN_US)
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
