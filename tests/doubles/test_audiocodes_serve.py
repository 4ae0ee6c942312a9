"""The AudioCodes adapter calls the AudioCodes double: over memory in virtual time, and over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from support_audiocodes_bot import CONVERSATION, activity, initiate, stream
from support_served_bots import AUDIOCODES, session
from support_twilio import Notebook
from turnspec.adapters.audiocodes import ADAPTER
from turnspec.adapters.base import LineRefused
from turnspec.call.events import AgentHungUp, AgentPressed, AgentTransferred, LineBroke, ProtocolFault
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

SCRIPT = """
agent: A
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  bye: {when: {pattern: '^7$'}, hangup: true}
  tones: {when: {pattern: '^5$'}, dtmf: "12#"}
  desk:
    when: {pattern: '^9$'}
    transfer: {target: "tel:+15550100", reason: asked, headers: {X-Desk: "4"}}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
BOTH_CLOCKS = pytest.mark.parametrize("loop", [VirtualLoop, WallLoop])


@BOTH_CLOCKS
def test_the_agent_hangs_up(loop: type[asyncio.AbstractEventLoop]) -> None:
    """It asks for the end, the platform ends the session, and the line closes in order."""
    notebook = Notebook()

    async def scene() -> None:
        async with AUDIOCODES.call(SCRIPT, notebook) as line:
            line.send_digit("7")
            line.send_digit("#")
            while not notebook.of(AgentHungUp):
                await AUDIOCODES.paced(line, b"", 1)

    run_on(loop, scene())
    assert notebook.of(LineBroke) == []
    assert notebook.of(ProtocolFault) == []


def test_the_agent_gives_the_call_away() -> None:
    """The platform is told to whom and why, and ends the session."""
    notebook = Notebook()

    async def scene() -> None:
        async with AUDIOCODES.call(SCRIPT, notebook) as line:
            line.send_digit("9")
            line.send_digit("#")
            while not notebook.of(AgentTransferred):
                await AUDIOCODES.paced(line, b"", 1)

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
        async with AUDIOCODES.call(SCRIPT, notebook) as line:
            line.send_digit("5")
            line.send_digit("#")
            while not notebook.of(AgentPressed):
                await AUDIOCODES.paced(line, b"", 1)

    run_on(VirtualLoop, scene())
    assert [pressed.digits for pressed in notebook.of(AgentPressed)] == ["12#"]


@BOTH_CLOCKS
def test_the_token_is_checked_before_the_upgrade(loop: type[asyncio.AbstractEventLoop]) -> None:
    """A wrong token, and none, get status 401; the right one gets a call."""

    async def scene() -> None:
        notebook = Notebook()
        bot = await serve_audiocodes_bot(lambda: session(SCRIPT, notebook), token="secret")
        for auth in ({}, {"bearer": "guess"}):
            with pytest.raises(LineRefused) as refused:
                await ADAPTER.dial(AUDIOCODES.dial(bot.url, notebook, **auth))
            assert refused.value.code == 401
        line = await ADAPTER.dial(AUDIOCODES.dial(bot.url, notebook, bearer="secret"))
        listening = asyncio.ensure_future(line.listen())
        await line.hang_up()
        await listening
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
        bot = await serve_audiocodes_bot(lambda: session(SCRIPT, notebook))
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
        bot = await serve_audiocodes_bot(lambda: session(SCRIPT, notebook))
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
        bot = await serve_audiocodes_bot(lambda: session(SCRIPT, notebook))
        async with connect(bot.url, compression=None) as line:
            await told(line, initiate())
            await bot.aclose()
            await line.wait_closed()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_on(loop, scene())
