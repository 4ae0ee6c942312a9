"""What holds for bots of every platform: over memory in virtual time, and over real sockets."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect

from support_served_bots import AUDIOCODES, TWILIO, Platform, session
from support_twilio import Notebook
from turnspec.adapters.base import LineRefused
from turnspec.call.events import (
    AgentAudio,
    AgentSaid,
    CallerHeard,
    CallUp,
    HarnessFailed,
    LineBroke,
    MarkSet,
    ProtocolFault,
)
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

SCRIPT = """
agent: A
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  broken: {when: {pattern: '^8$'}, say: "{{ nobody }}"}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
REPLIED_US = 300_000
BOTH_CLOCKS = pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])
EACH = pytest.mark.parametrize("platform", [TWILIO, AUDIOCODES], ids=lambda platform: platform.name)


async def late_us(platform: Platform, notebook: Notebook, frames: int) -> int:
    """By how much the reply to a known recording comes later than the script says."""
    data = platform.caller_audio("ten-of-clubs")
    async with platform.call(SCRIPT, notebook) as line:
        begin = await platform.paced(line, data, frames)
        began_us = round((begin - (notebook.began or 0.0)) * 1_000_000)
        due_us = began_us + platform.true_end_us(data) + REPLIED_US
        return notebook.of(AgentAudio)[0].at_us - due_us


@pytest.mark.parametrize(
    ("platform", "marks", "sources"),
    [(TWILIO, 1, ["known clip"]), (AUDIOCODES, 0, ["known clip", "protocol"])],
    ids=["twilio", "audiocodes"],
)
def test_a_reply_is_exactly_on_time_in_virtual_time(
    platform: Platform, marks: int, sources: list[str]
) -> None:
    """Over memory links and unmodified sockets code, 300 ms are 300,000 microseconds."""
    notebook = Notebook()

    assert run_on(VirtualLoop, late_us(platform, notebook, 200)) == 0
    assert [said.text for said in notebook.of(AgentSaid)] == ["Ten."]
    assert [(heard.text, heard.source) for heard in notebook.of(CallerHeard)] == [
        ("ten of clubs", source) for source in sources
    ]
    assert len(notebook.of(MarkSet)) == marks
    assert notebook.of(ProtocolFault) == []


@EACH
def test_a_reply_is_on_time_over_real_sockets(platform: Platform) -> None:
    """On the wall clock it is late by what a busy machine costs, and never early."""
    assert -2_000 <= run_on(WallLoop, late_us(platform, Notebook(), 90)) <= 200_000


@EACH
def test_two_virtual_calls_are_alike(platform: Platform) -> None:
    """The same call twice has the same events and the same frames at the same times."""

    def record() -> Notebook:
        notebook = Notebook()

        async def scene() -> None:
            async with platform.call(SCRIPT, notebook) as line:
                line.send_digit("4")
                await platform.paced(line, platform.caller_audio("ten-of-clubs"), 150)

        run_on(VirtualLoop, scene())
        return notebook

    one, other = record(), record()
    assert one.of(AgentSaid) != []
    assert one.events == other.events
    assert one.frames == other.frames


@pytest.mark.parametrize(
    ("platform", "code"), [(TWILIO, 1011), (AUDIOCODES, None)], ids=["twilio", "audiocodes"]
)
@BOTH_CLOCKS
def test_a_script_that_fails_is_not_the_agents_fault(
    platform: Platform, code: int | None, loop: type[asyncio.AbstractEventLoop]
) -> None:
    """A template that cannot be filled in is told as the harness's failure, and the line closes for good."""
    notebook = Notebook()

    async def scene() -> None:
        async with platform.call(SCRIPT, notebook) as line:
            line.send_digit("8")
            line.send_digit("#")
            while not notebook.of(LineBroke):
                await platform.paced(line, b"", 1)

    run_on(loop, scene())
    assert "nobody" in notebook.of(HarnessFailed)[0].reason
    assert notebook.of(LineBroke)[0].code == code


@EACH
@BOTH_CLOCKS
def test_no_call_expected(platform: Platform, loop: type[asyncio.AbstractEventLoop]) -> None:
    """A bot that expects nobody declines the upgrade."""
    notebook = Notebook()

    async def scene() -> None:
        bot = await platform.serve(lambda: None)
        with pytest.raises(LineRefused) as refused:
            await platform.adapter.dial(platform.dial(bot.url, notebook))
        assert refused.value.code == 503
        await bot.aclose()

    run_on(loop, scene())
    assert notebook.of(CallUp) == []


@EACH
def test_a_bug_in_a_call_is_told_when_closing(platform: Platform) -> None:
    """What a call fails with is raised by `aclose`, not lost in a log."""

    class BuggyError(Exception):
        """Stands for any mistake."""

    class Buggy(Notebook):
        """A witness that cannot write."""

        def happened(self, event: object) -> None:
            """Fail."""
            raise BuggyError(event)

    async def scene() -> None:
        bot = await platform.serve(lambda: session(SCRIPT, Buggy()))
        async with connect(bot.url, compression=None) as line:
            await line.send("nonsense")
            await line.wait_closed()
        with pytest.raises(BuggyError):
            await bot.aclose()

    run_on(VirtualLoop, scene())
