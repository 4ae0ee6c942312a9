"""The AudioCodes adapter calls the AudioCodes double: over memory in virtual time, and over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from support_audiocodes_bot import CONVERSATION, activity, caller_audio, initiate, stream
from support_twilio import AUDIO, Notebook, local_agent
from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions
from turnspec.adapters.base import Call, Dial, LineRefused
from turnspec.audio.codecs import decode
from turnspec.audio.edges import voiced_span
from turnspec.call import PCM_16K, Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    AgentPressed,
    AgentSaid,
    AgentTransferred,
    CallerHeard,
    HarnessFailed,
    LineBroke,
    ProtocolFault,
)
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

SCRIPT = """
agent: A
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  bye: {when: {pattern: '^7$'}, hangup: true}
  broken: {when: {pattern: '^8$'}, say: "{{ nobody }}"}
  tones: {when: {pattern: '^5$'}, dtmf: "12#"}
  desk:
    when: {pattern: '^9$'}
    transfer: {target: "tel:+15550100", reason: asked, headers: {X-Desk: "4"}}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
CLIPS = {AUDIO / "caller" / "ten-of-clubs.flac": "ten of clubs"}
FRAME = PCM_16K.size_of(20_000)
Scene = Callable[[], Coroutine[Any, Any, None]]
BOTH_CLOCKS = pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])


def dial(url: str, witness: Notebook, **auth: str) -> Dial:
    """A call to a bot, with nothing special about it."""
    return Dial(url=url, options=AudioCodesOptions(), identity=Identity("test"), witness=witness, auth=auth)


@asynccontextmanager
async def call(notebook: Notebook) -> AsyncIterator[Call]:
    """A call to a local agent that is up and listened to; both ends write in one notebook."""
    bot = await serve_audiocodes_bot(lambda: (local_agent(SCRIPT, CLIPS), notebook, Identity("bot")))
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
        frame = data[number * FRAME : (number + 1) * FRAME]
        call.send_audio(frame + bytes(FRAME - len(frame)))
    return begin


def true_end_us(data: bytes) -> int:
    """Where speech ends in audio as it goes over the line."""
    span = voiced_span(decode(data, PCM_16K), 16_000)
    assert span is not None
    return span[1]


def test_a_reply_is_exactly_on_time_in_virtual_time() -> None:
    """Over memory links and unmodified sockets code, 300 ms are 300,000 microseconds."""
    notebook = Notebook()
    data = caller_audio("ten-of-clubs")

    async def scene() -> None:
        async with call(notebook) as line:
            begin = await paced(line, data, 200)
            began_us = round((begin - (notebook.began or 0.0)) * 1_000_000)
            assert notebook.of(AgentAudio)[0].at_us == began_us + true_end_us(data) + 300_000

    run_on(VirtualLoop, scene())
    assert [said.text for said in notebook.of(AgentSaid)] == ["Ten."]
    assert [(heard.text, heard.source) for heard in notebook.of(CallerHeard)] == [
        ("ten of clubs", "known clip"),
        ("ten of clubs", "protocol"),
    ]
    assert notebook.of(ProtocolFault) == []


def test_a_reply_is_on_time_over_real_sockets() -> None:
    """On the wall clock it is late by what a busy machine costs, and never early."""
    notebook = Notebook()
    data = caller_audio("ten-of-clubs")

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
                line.send_digit("4")
                await paced(line, caller_audio("ten-of-clubs"), 150)

        run_on(VirtualLoop, scene())
        return notebook

    one, other = record(), record()
    assert one.events == other.events
    assert one.frames == other.frames


@BOTH_CLOCKS
def test_the_agent_hangs_up(loop: type[asyncio.AbstractEventLoop]) -> None:
    """It asks for the end, the platform ends the session, and the line closes in order."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("7")
            line.send_digit("#")
            while not notebook.of(AgentHungUp):
                await paced(line, b"", 1)

    run_on(loop, scene())
    assert notebook.of(LineBroke) == []
    assert notebook.of(ProtocolFault) == []


def test_the_agent_gives_the_call_away() -> None:
    """The platform is told to whom and why, and ends the session."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("9")
            line.send_digit("#")
            while not notebook.of(AgentTransferred):
                await paced(line, b"", 1)

    run_on(VirtualLoop, scene())
    (transferred,) = notebook.of(AgentTransferred)
    assert transferred.target == "tel:+15550100"
    assert transferred.details["handoverReason"] == "asked"
    assert transferred.details["transferSipHeaders"] == [{"name": "X-Desk", "value": "4"}]
    assert notebook.of(ProtocolFault) == []


def test_the_agent_presses_keys() -> None:
    """Keys of the agent arrive as one."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("5")
            line.send_digit("#")
            while not notebook.of(AgentPressed):
                await paced(line, b"", 1)

    run_on(VirtualLoop, scene())
    assert [pressed.digits for pressed in notebook.of(AgentPressed)] == ["12#"]


def test_a_script_that_fails_is_not_the_agents_fault() -> None:
    """A template that cannot be filled in is told as the harness's failure, and the line closes for good."""
    notebook = Notebook()

    async def scene() -> None:
        async with call(notebook) as line:
            line.send_digit("8")
            line.send_digit("#")
            while not notebook.of(LineBroke):
                await paced(line, b"", 1)

    run_on(VirtualLoop, scene())
    assert "nobody" in notebook.of(HarnessFailed)[0].reason


@BOTH_CLOCKS
def test_the_token_is_checked_before_the_upgrade(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A wrong token, and none, get status 401; the right one gets a call."""

    async def scene() -> None:
        notebook = Notebook()
        bot = await serve_audiocodes_bot(
            lambda: (local_agent(SCRIPT), notebook, Identity("bot")), token="secret"
        )
        for auth in ({}, {"bearer": "guess"}):
            with pytest.raises(LineRefused) as refused:
                await ADAPTER.dial(dial(bot.url, notebook, **auth))
            assert refused.value.code == 401
        line = await ADAPTER.dial(dial(bot.url, notebook, bearer="secret"))
        listening = asyncio.ensure_future(line.listen())
        await line.hang_up()
        await listening
        await bot.aclose()

    run_on(loop, scene())


@BOTH_CLOCKS
def test_no_call_expected(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A bot that expects nobody declines the upgrade."""

    async def scene() -> None:
        bot = await serve_audiocodes_bot(lambda: None)
        with pytest.raises(InvalidStatus) as refused:
            await connect(bot.url)
        assert refused.value.response.status_code == 503
        await bot.aclose()

    run_on(loop, scene())


async def told(line: ClientConnection, *messages: dict[str, Any]) -> dict[str, Any]:
    """Send messages; the next answer."""
    for message in messages:
        await line.send(json.dumps(message))
    answer: dict[str, Any] = json.loads(await line.recv())
    return answer


@BOTH_CLOCKS
def test_a_lost_call_is_taken_up_again(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A connection that breaks is not the end: the next one goes on with the same agent, but only once."""

    async def scene() -> None:
        notebook = Notebook()
        bot = await serve_audiocodes_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
        first = await connect(bot.url, compression=None)
        await told(first, initiate())
        first.transport.abort()
        await first.wait_closed()
        resume = {"type": "session.resume", "conversationId": CONVERSATION}
        async with connect(bot.url, compression=None) as second:
            assert await told(second, resume) == {"type": "session.accepted", "mediaFormat": "raw/lpcm16"}
            assert (await told(second, activity(name="DTMF", value="12")))["altText"] == "What?"
            async with connect(bot.url, compression=None) as third:
                assert (await told(third, resume))["type"] == "session.error"
        await bot.aclose()

    run_on(loop, scene())


def test_a_long_message() -> None:
    """What the platform may take, the bot takes too: 100 s of audio in one chunk are heard."""

    async def scene() -> None:
        notebook = Notebook()
        bot = await serve_audiocodes_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
        async with connect(bot.url, compression=None) as line:
            await told(line, initiate())
            assert await told(line, stream("start")) == {"type": "userStream.started"}
            audio = base64.b64encode(bytes(100 * 32_000)).decode()
            await line.send(json.dumps(stream("chunk", audioChunk=audio)))
            assert await told(line, stream("stop")) == {"type": "userStream.stopped"}
        await bot.aclose()

    run_on(VirtualLoop, scene())


@BOTH_CLOCKS
def test_closing_the_bot_ends_its_calls(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A server that closes leaves no call and no task behind."""

    async def scene() -> None:
        notebook = Notebook()
        bot = await serve_audiocodes_bot(lambda: (local_agent(SCRIPT), notebook, Identity("bot")))
        async with connect(bot.url, compression=None) as line:
            await told(line, initiate())
            await bot.aclose()
            await line.wait_closed()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_on(loop, scene())


def test_a_bug_in_a_call_is_told_when_closing() -> None:
    """What a call fails with is raised by `aclose`, not lost in a log."""

    class BuggyError(Exception):
        """Stands for any mistake."""

    class Buggy(Notebook):
        """A witness that cannot write."""

        def happened(self, event: object) -> None:
            """Fail."""
            raise BuggyError(event)

    async def scene() -> None:
        bot = await serve_audiocodes_bot(lambda: (local_agent(SCRIPT), Buggy(), Identity("bot")))
        async with connect(bot.url, compression=None) as line:
            await line.send("nonsense")
            await line.wait_closed()
        with pytest.raises(BuggyError):
            await bot.aclose()

    run_on(VirtualLoop, scene())
