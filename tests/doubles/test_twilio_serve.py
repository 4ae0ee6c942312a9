"""The Twilio adapter calls the Twilio double: over memory in virtual time, and over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect

from support_twilio import AUDIO, SILENCE, Notebook, caller_clip, local_agent
from turnspec.adapters.base import Call, Dial, LineRefused
from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.audio.codecs import decode
from turnspec.audio.edges import voiced_span
from turnspec.call import MULAW_8K, Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    AgentSaid,
    CallerHeard,
    CallUp,
    HarnessFailed,
    LineBroke,
    MarkSet,
)
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

SCRIPT = """
agent: A
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  bye: {when: {pattern: '^7$'}, say: Bye., hangup: true}
  broken: {when: {pattern: '^8$'}, say: "{{ nobody }}"}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
CLIPS = {AUDIO / "caller" / "ten-of-clubs.flac": "ten of clubs"}
Scene = Callable[[], Coroutine[Any, Any, None]]
BOTH_CLOCKS = pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])


def dial(url: str, witness: Notebook) -> Dial:
    """A call to a bot, with nothing special about it."""
    return Dial(url=url, options=TwilioOptions(), identity=Identity("test"), witness=witness)


@asynccontextmanager
async def call(notebook: Notebook) -> AsyncIterator[Call]:
    """A call to a local agent that is up and listened to; both ends write in one notebook."""
    bot = await serve_twilio_bot(lambda: (local_agent(SCRIPT, CLIPS), notebook, Identity("bot")))
    connected = await ADAPTER.dial(dial(bot.url, notebook))
    listening = asyncio.ensure_future(connected.listen())
    try:
        yield connected
        await connected.hang_up()
        await listening
    finally:
        await bot.aclose()


async def paced(call: Call, data: bytes, frames: int) -> float:
    """Send audio, then silence, 20 ms at a time on absolute deadlines; when the first sample was spoken."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(frames):
        over = asyncio.Event()
        loop.call_at(begin + (number + 1) * 0.02, over.set)
        await over.wait()
        frame = data[number * 160 : (number + 1) * 160]
        call.send_audio(frame + SILENCE[len(frame) :])
    return begin


def true_end_us(data: bytes) -> int:
    """Where speech ends in audio as it goes over the line."""
    span = voiced_span(decode(data, MULAW_8K), 8_000)
    assert span is not None
    return span[1]


def test_a_reply_is_exactly_on_time_in_virtual_time() -> None:
    """Over memory links and unmodified sockets code, 300 ms are 300,000 microseconds."""
    notebook = Notebook()
    data = caller_clip("ten-of-clubs")

    async def scene() -> None:
        async with call(notebook) as line:
            begin = await paced(line, data, 200)
            began_us = round((begin - (notebook.began or 0.0)) * 1_000_000)
            first = notebook.of(AgentAudio)[0]
            assert first.at_us == began_us + true_end_us(data) + 300_000

    run_on(VirtualLoop, scene())
    assert [said.text for said in notebook.of(AgentSaid)] == ["Ten."]
    assert len(notebook.of(MarkSet)) == 1


def test_a_reply_is_on_time_over_real_sockets() -> None:
    """On the wall clock it is late by what a busy machine costs, and never early."""
    notebook = Notebook()
    data = caller_clip("ten-of-clubs")

    async def scene() -> None:
        async with call(notebook) as line:
            begin = await paced(line, data, 90)
            began_us = round((begin - (notebook.began or 0.0)) * 1_000_000)
            late_us = notebook.of(AgentAudio)[0].at_us - (began_us + true_end_us(data) + 300_000)
            assert -2_000 <= late_us <= 200_000

    run_on(WallLoop, scene())


def test_two_virtual_calls_are_alike() -> None:
    """The same call twice has the same events and the same frames at the same times."""

    def record() -> Notebook:
        notebook = Notebook()

        async def scene() -> None:
            async with call(notebook) as line:
                line.send_digit("7")
                await paced(line, caller_clip("ten-of-clubs"), 150)

        run_on(VirtualLoop, scene())
        return notebook

    one, other = record(), record()
    assert one.events == other.events
    assert one.frames == other.frames


@BOTH_CLOCKS
def test_the_agent_hangs_up_after_its_last_mark(loop: type[asyncio.AbstractEventLoop]) -> None:
    """It closes in order once its goodbye was heard; the caller sees a hang-up, not a broken line."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("7")
            line.send_digit("#")
            while not notebook.of(MarkSet):
                await paced(line, b"", 1)
            assert notebook.of(AgentHungUp) == []
            line.mark_reached(notebook.of(MarkSet)[0].name)
            while not notebook.of(AgentHungUp):
                await paced(line, b"", 1)

    run_on(loop, scene())
    assert notebook.of(LineBroke) == []


@BOTH_CLOCKS
def test_a_script_that_fails_is_not_the_agents_fault(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A template that cannot be filled in is told as the harness's failure, and the line closes."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("8")
            line.send_digit("#")
            while not notebook.of(LineBroke):
                await paced(line, b"", 1)

    run_on(loop, scene())
    assert "nobody" in notebook.of(HarnessFailed)[0].reason
    assert notebook.of(LineBroke)[0].code == 1011


@BOTH_CLOCKS
def test_no_call_expected(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A bot that expects nobody declines the upgrade."""
    notebook = Notebook()

    async def scene() -> None:
        bot = await serve_twilio_bot(lambda: None)
        with pytest.raises(LineRefused) as refused:
            await ADAPTER.dial(dial(bot.url, notebook))
        assert refused.value.code == 503
        await bot.aclose()

    run_on(loop, scene())
    assert notebook.of(CallUp) == []


@BOTH_CLOCKS
def test_closing_the_bot_ends_its_calls(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A server that closes leaves no call and no task behind."""
    notebook = Notebook()

    async def scene() -> None:
        bot = await serve_twilio_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
        line = await ADAPTER.dial(dial(bot.url, notebook))
        listening = asyncio.ensure_future(line.listen())
        await paced(line, b"", 3)
        await bot.aclose()
        await listening
        await line.hang_up()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_on(loop, scene())
    assert len(notebook.of(AgentHungUp)) == 1


def test_a_bug_in_a_call_is_told_when_closing() -> None:
    """What a call fails with is raised by `aclose`, not lost in a log."""

    class BuggyError(Exception):
        """Stands for any mistake."""

    class Buggy(Notebook):
        """A witness that cannot write."""

        def happened(self, event: object) -> None:
            """Fail."""
            raise BuggyError(event)

    notebook = Notebook()

    async def scene() -> None:
        bot = await serve_twilio_bot(lambda: (local_agent(SCRIPT), Buggy(), Identity("bot")))
        line = await ADAPTER.dial(dial(bot.url, notebook))
        listening = asyncio.ensure_future(line.listen())
        line.send_digit("#")
        await listening
        await line.hang_up()
        with pytest.raises(BuggyError):
            await bot.aclose()

    run_on(VirtualLoop, scene())


class TestFrames:
    """How frames reach the bot, whatever shape they come in."""

    @pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])
    @pytest.mark.parametrize("split", [(), (0,), (1,), (0, 1), (2,)], ids=str)
    def test_fragments_keep_their_place(
        self, loop: Callable[[], asyncio.AbstractEventLoop], split: tuple[int, ...]
    ) -> None:
        """A message in pieces is answered in its turn, with whole ones before and after it."""

        async def scene() -> None:
            notebook = Notebook()
            bot = await serve_twilio_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
            end = CallerEnd(Identity("test"), {}, 0)
            messages = [*end.opening(), end.dtmf("4"), end.dtmf("2"), end.dtmf("#")]
            async with connect(bot.url, compression=None) as caller:
                for number, message in enumerate(messages):
                    half = len(message) // 2
                    pieces = [message[:half], message[half:]]
                    await caller.send(pieces if number in split else message)
                await caller.recv()
                await caller.send(end.stop())
            await bot.aclose()
            assert [event.text for event in notebook.of(CallerHeard)] == ["42"]

        run_on(loop, scene())

    def test_a_binary_message_is_the_callers_fault_and_no_end(self) -> None:
        """It is reported, and what comes after it is still taken."""

        async def scene() -> None:
            notebook = Notebook()
            bot = await serve_twilio_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
            end = CallerEnd(Identity("test"), {}, 0)
            async with connect(bot.url, compression=None) as caller:
                for message in (*end.opening(), b"\x00\x01", end.dtmf("4"), end.dtmf("#")):
                    await caller.send(message)
                await caller.recv()
            await bot.aclose()
            assert "binary frame" in next(iter(notebook.of(HarnessFailed))).reason
            assert [event.text for event in notebook.of(CallerHeard)] == ["4"]

        run_on(VirtualLoop, scene())
