"""The adapter against the double in virtual time: both ends unmodified, every delay exact."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import numpy as np
import pytest

from support_realtime import (
    IDENTITY,
    ListWitness,
    LiteralAgent,
    call_of,
    frames,
    judged,
    quiet,
    speech,
    tone,
)
from turnspec.adapters.base import Call, Dial, Function, LineRefused, NothingListens
from turnspec.adapters.realtime import ADAPTER, RealtimeOptions
from turnspec.audio.samples import Samples
from turnspec.call import PCM_24K
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    AgentSaid,
    AgentTruncated,
    CallUp,
    Event,
    FlushAsked,
    FunctionCalled,
    HarnessFailed,
    LineBroke,
    ProtocolFault,
    ResponseEnded,
    Side,
    TextBegan,
)
from turnspec.doubles.agent import AgentScriptError
from turnspec.doubles.agent.reply import Heard, Reply
from turnspec.doubles.realtime import serve_realtime
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")
Talk = Callable[[Call, "LineWitness"], Awaitable[None]]


class LineWitness(ListWitness):
    """Stamps with the running loop's time and can wait for an event."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def now_us(self) -> int:
        """Microseconds of the loop."""
        return round(asyncio.get_running_loop().time() * 1_000_000)

    def happened(self, event: Event) -> None:
        """Keep it, and wake who waits."""
        super().happened(event)
        self._news.set()

    async def until(self, kind: type[Any], count: int = 1) -> Any:
        """The event of this class that makes `count`."""
        while len(self.of(kind)) < count:
            self._news.clear()
            await self._news.wait()
        return self.of(kind)[count - 1]


def virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time."""
    return run_on(VirtualLoop, coroutine)


def held(agent: LiteralAgent, talk: Talk, **options: Any) -> tuple[LineWitness, LineWitness]:
    """A call with this agent: what the line saw, and what the double reported."""

    async def main() -> tuple[LineWitness, LineWitness]:
        line, double = LineWitness(), LineWitness()
        running = await serve_realtime(lambda: (agent, double, IDENTITY), side=Side.AGENT)
        tool = Function("save", "Save it.", {"type": "object"})
        settings = RealtimeOptions.model_validate(options)
        call = await ADAPTER.dial(
            Dial(url=running.url, options=settings, identity=IDENTITY, witness=line, functions=(tool,))
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(call.listen())
            await talk(call, line)
            await call.hang_up()
        await running.aclose()
        return line, double

    return virtually(main())


async def speak(call: Call, samples: Samples) -> None:
    """Send 20 ms each 20 ms, each frame when it ends."""
    for frame in frames(samples, PCM_24K):
        await asyncio.sleep(0.02)
        call.send_audio(frame)


def test_a_text_turn() -> None:
    """Up, asked, answered: no time passes, as nothing takes any."""

    async def talk(call: Call, line: LineWitness) -> None:
        call.send_text("Hello")
        await line.until(ResponseEnded)

    line, double = held(LiteralAgent([Reply("r", text="Hi there.")]), talk, modality="text")

    assert isinstance(line.events[0], CallUp)
    assert line.of(AgentSaid)[0].text == "Hi there."
    assert line.of(TextBegan)[0].side is Side.MODEL
    assert double.of(AgentSaid)[0].side is Side.AGENT
    assert not line.of(ProtocolFault)
    assert not double.of(ProtocolFault)
    judged(text for _, direction, text in double.frames if direction == "out")


@pytest.mark.parametrize("delay_ms", [250, 300, 800])
def test_the_reply_starts_exactly_after_the_true_end_of_speech(delay_ms: int) -> None:
    """300 ms after the last voiced sample is 300 ms after it, also through both ends and real audio."""
    reply = Reply("r", text="Yes.", audio=speech(400_000), first_audio_us=delay_ms * 1000)

    async def talk(call: Call, line: LineWitness) -> None:
        await speak(call, np.concatenate([quiet(500_000), tone(1_000_000), quiet(1_000_000)]))
        await line.until(ResponseEnded)

    line, _ = held(LiteralAgent([reply]), talk)

    began_us = line.of(AgentAudio)[0].at_us
    assert began_us == 1_500_000 + delay_ms * 1000
    assert sum(event.size for event in line.of(AgentAudio)) == PCM_24K.size_of(400_000)


def test_the_greeting_is_asked_for() -> None:
    """`request_reply` gets the greeting, after the delay that the script gives it."""
    greeting = Reply("greeting", text="Welcome.", audio=speech(300_000), first_audio_us=120_000)

    async def talk(call: Call, line: LineWitness) -> None:
        call.request_reply()
        await line.until(ResponseEnded)

    line, _ = held(LiteralAgent(greeting=greeting), talk)

    assert line.of(AgentAudio)[0].at_us == 120_000
    assert line.of(AgentSaid)[0].audio_us == 300_000


def test_functions_are_answered_by_the_engine() -> None:
    """Call, output, continuation: the words depend on what came back."""
    agent = LiteralAgent(
        [Reply("r", calls=(call_of("save", text="a line"),))], following=Reply("r", text="Saved.")
    )

    async def talk(call: Call, line: LineWitness) -> None:
        call.send_text("Save this")
        made = await line.until(FunctionCalled)
        await asyncio.sleep(0.04)
        call.return_function(made.call_id, '{"status":"saved"}')
        await line.until(AgentSaid)

    line, double = held(agent, talk, modality="text")

    assert agent.results == [{"save": '{"status":"saved"}'}]
    assert agent.offered == [frozenset({"save"})]
    assert line.of(AgentSaid)[0].at_us == 40_000
    assert not double.of(ProtocolFault)


def test_barge_in() -> None:
    """Speech over the reply flushes playback and truncates what was not heard."""
    agent = LiteralAgent(
        [
            Reply("long", text="A long story.", audio=speech(4_000_000)),
            Reply("short", text="Yes?", audio=speech(200_000)),
        ]
    )

    async def talk(call: Call, line: LineWitness) -> None:
        call.send_text("Tell me a story")
        audio = await line.until(AgentAudio)
        await speak(call, np.concatenate([quiet(600_000), tone(500_000), quiet(500_000)]))
        flushed = await line.until(FlushAsked)
        call.playback_flushed(audio.stream, flushed.at_us - audio.at_us)
        await line.until(AgentTruncated)
        await line.until(ResponseEnded, 2)

    line, double = held(agent, talk)

    (truncated,) = line.of(AgentTruncated)
    assert truncated.heard_us == line.of(FlushAsked)[0].at_us // 1000 * 1000
    assert 600_000 < truncated.heard_us < 700_000
    assert double.of(AgentTruncated)[0].heard_us == truncated.heard_us
    assert not double.of(ProtocolFault)
    judged(text for _, direction, text in double.frames if direction == "out")


def test_the_agent_hangs_up() -> None:
    """The session closes when the last words were played; the line sees it."""
    goodbye = Reply("bye", text="Goodbye.", audio=speech(700_000), hang_up=True)

    async def talk(call: Call, line: LineWitness) -> None:
        call.send_text("Bye")
        await line.until(AgentHungUp)
        call.send_text("Still there?")
        call.send_audio(bytes(960))

    line, _ = held(LiteralAgent([goodbye]), talk)

    assert line.of(AgentHungUp)[0].at_us == 700_000


class BrokenAgent(LiteralAgent):
    """Its script cannot go on."""

    def answer(self, heard: Heard, functions: frozenset[str]) -> Reply:
        """Fail, as a template without its variable does."""
        raise AgentScriptError(f"bank.yaml: block: no variable for {heard.text} ({len(functions)} functions)")


def test_a_script_that_cannot_go_on_is_the_harness_own_trouble() -> None:
    """The record says what is wrong with the script; the line breaks with 1011."""

    async def talk(call: Call, line: LineWitness) -> None:
        call.send_text("Hello")
        await line.until(LineBroke)

    line, double = held(BrokenAgent(), talk)

    assert line.of(LineBroke)[0].code == 1011
    assert double.of(HarnessFailed)[0].reason == "bank.yaml: block: no variable for Hello (1 functions)"


def test_two_runs_are_equal() -> None:
    """The same call twice: the same events and the same frames, stamps and ids included."""

    async def talk(call: Call, line: LineWitness) -> None:
        await speak(call, np.concatenate([quiet(300_000), tone(700_000), quiet(600_000)]))
        await line.until(ResponseEnded)

    runs = []
    for _ in range(2):
        line, double = held(LiteralAgent([Reply("r", text="Yes.", audio=speech(400_000), fast=False)]), talk)
        runs.append((line.events, line.frames, double.events, double.frames))

    assert runs[0] == runs[1]


def dialled(url: str, timeout_us: int = 1_000_000, **auth: str) -> Coroutine[Any, Any, Call]:
    """Dial an address."""
    return ADAPTER.dial(
        Dial(
            url=url,
            options=RealtimeOptions(),
            identity=IDENTITY,
            witness=LineWitness(),
            auth=auth,
            timeout_us=timeout_us,
        )
    )


def test_a_wrong_key_is_a_refusal() -> None:
    """The reason is what the server said, the code its close code."""

    async def main() -> None:
        running = await serve_realtime(lambda: None, api_key="right")
        try:
            await dialled(running.url, bearer="wrong")
        finally:
            await running.aclose()

    with pytest.raises(LineRefused, match="Incorrect API key") as refused:
        virtually(main())
    assert refused.value.code == 3000


def test_nothing_listens() -> None:
    """An address without a server is the harness's trouble."""
    with pytest.raises(NothingListens, match=r"nothing listens at ws://127\.0\.0\.1:9/v1/realtime"):
        virtually(dialled("ws://127.0.0.1:9/v1"))


def test_a_server_that_says_nothing() -> None:
    """A session that does not come within the time limit is no answer."""

    async def main() -> None:
        from websockets.asyncio.server import ServerConnection, serve

        async def silent(connection: ServerConnection) -> None:
            await connection.wait_closed()

        async with serve(silent, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            await dialled(f"ws://127.0.0.1:{port}/v1", timeout_us=700_000)

    with pytest.raises(NothingListens, match=r"no session from .* within 0\.7 s"):
        virtually(main())
