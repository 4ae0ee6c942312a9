"""The Twilio adapter calls the Twilio double: over memory in virtual time, and over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect

from support_served_bots import TWILIO, session
from support_twilio import Notebook
from turnspec.adapters.twilio import ADAPTER
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.call import Identity
from turnspec.call.events import AgentHungUp, CallerHeard, HarnessFailed, LineBroke, MarkSet
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

SCRIPT = """
agent: A
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  bye: {when: {pattern: '^7$'}, say: Bye., hangup: true}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
BOTH_CLOCKS = pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])


@BOTH_CLOCKS
def test_the_agent_hangs_up_after_its_last_mark(loop: type[asyncio.AbstractEventLoop]) -> None:
    """It closes in order once its goodbye was heard; the caller sees a hang-up, not a broken line."""
    notebook = Notebook()

    async def scene() -> None:
        async with TWILIO.call(SCRIPT, notebook) as line:
            line.send_digit("7")
            line.send_digit("#")
            while not notebook.of(MarkSet):
                await TWILIO.paced(line, b"", 1)
            assert notebook.of(AgentHungUp) == []
            line.mark_reached(notebook.of(MarkSet)[0].name)
            while not notebook.of(AgentHungUp):
                await TWILIO.paced(line, b"", 1)

    run_on(loop, scene())
    assert notebook.of(LineBroke) == []


@BOTH_CLOCKS
def test_closing_the_bot_ends_its_calls(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A server that closes leaves no call and no task behind."""
    notebook = Notebook()

    async def scene() -> None:
        bot = await serve_twilio_bot(lambda: session(SCRIPT, notebook))
        line = await ADAPTER.dial(TWILIO.dial(bot.url, notebook))
        listening = asyncio.ensure_future(line.listen())
        await TWILIO.paced(line, b"", 3)
        await bot.aclose()
        await listening
        await line.hang_up()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_on(loop, scene())
    assert len(notebook.of(AgentHungUp)) == 1


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
            bot = await serve_twilio_bot(lambda: session(SCRIPT, notebook))
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
            bot = await serve_twilio_bot(lambda: session(SCRIPT, notebook))
            end = CallerEnd(Identity("test"), {}, 0)
            async with connect(bot.url, compression=None) as caller:
                for message in (*end.opening(), b"\x00\x01", end.dtmf("4"), end.dtmf("#")):
                    await caller.send(message)
                await caller.recv()
            await bot.aclose()
            assert "binary frame" in next(iter(notebook.of(HarnessFailed))).reason
            assert [event.text for event in notebook.of(CallerHeard)] == ["4"]

        run_on(VirtualLoop, scene())
