"""A program that calls an AudioCodes bot, on either clock, over the bot's own server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection, serve

from support_twilio import AUDIO, Notebook, local_agent
from turnspec.adapters.base import LineRefused
from turnspec.call import Identity
from turnspec.call.events import (
    AgentHungUp,
    AgentMessaged,
    CallerHeard,
    FunctionCalled,
    ListeningPaused,
    ListeningResumed,
)
from turnspec.clients import CallOver, MockAudioCodesClient, NoReply, Reply, run_virtually
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot
from turnspec.run.errors import ForeignWork

FAR_AWAY = "http://cdn.example/welcome.wav"
CALLER = AUDIO / "caller"
ROVER = (AUDIO.parent / "agents" / "rover.yaml").read_text()
WORDS = {path: path.with_suffix(".txt").read_text().strip() for path in CALLER.glob("*.flac")}


@asynccontextmanager
async def rover() -> AsyncIterator[tuple[str, Notebook]]:
    """The example project's rover behind a socket that wants a token, and what it reports."""
    notebook = Notebook()
    script = ROVER.replace("../audio/", "")
    bot = await serve_audiocodes_bot(
        lambda: (local_agent(script, WORDS), notebook, Identity("bot")), token="T"
    )
    async with aclosing(bot):
        yield bot.url, notebook


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"barge_in": False, "chunk": "20 ms"},
        {"formats": ["raw/mulaw"]},
        {"formats": ["raw/lpcm16_8", "raw/mulaw"], "start_order": "stream_first"},
        {"formats": ["wav/lpcm16", "wav/mulaw"], "start_order": "after_greeting"},
        {"formats": ["raw/lpcm16_24"], "send_events": ["playFinished"]},
    ],
    ids=str,
)
def test_a_conversation_step_by_step(options: dict[str, Any]) -> None:
    """Whatever the options: recordings are understood, keys are taken, and the agent's hang-up shows."""

    async def program() -> tuple[list[Reply], Notebook, MockAudioCodesClient]:
        async with (
            rover() as (url, notebook),
            MockAudioCodesClient(url, token="T", options=options) as client,
        ):
            replies = [await client.wait_for_reply()]
            await client.say(CALLER / "vague.flac")
            replies.append(await client.wait_for_reply())
            await client.say(CALLER / "forward.flac")
            replies.append(await client.wait_for_reply())
            await client.press("1")
            replies.append(await client.wait_for_reply())
            with pytest.raises(CallOver, match="by the agent"):
                await client.wait_for_reply()
        return replies, notebook, client

    replies, notebook, client = run_virtually(program())

    heard = [WORDS[CALLER / "vague.flac"], WORDS[CALLER / "forward.flac"], "1"]
    assert [event.text for event in notebook.of(CallerHeard)] == heard
    assert [event.name for event in notebook.of(FunctionCalled)] == ["move"]
    assert all(one.ended_us < other.began_us for one, other in pairwise(replies))
    assert all(reply.audio.duration_us > 1_000_000 for reply in replies)
    assert len([event for event in client.events if isinstance(event, AgentMessaged)]) >= len(replies)
    assert sum(isinstance(event, AgentHungUp) for event in client.events) == 1
    kinds = [type(event) for event in client.events]
    paused, resumed = kinds.count(ListeningPaused), kinds.count(ListeningResumed)
    assert (paused > 2 and resumed > 2) is (options.get("barge_in") is False)


@pytest.mark.parametrize(
    "options", [{"direct_tts": False}, {"direct_tts": False, "barge_in": False}], ids=str
)
def test_a_bot_that_answers_in_text(options: dict[str, Any]) -> None:
    """What it says is a reply with words and without sound, over 300 ms after the last of them; each once."""

    async def program() -> tuple[list[Reply], int]:
        async with rover() as (url, _), MockAudioCodesClient(url, token="T", options=options) as client:
            replies = [await client.wait_for_reply()]
            waited_us = client.events[-1].at_us - replies[0].ended_us
            await client.say(CALLER / "forward.flac")
            replies.append(await client.wait_for_reply())
            with pytest.raises(NoReply):
                await client.wait_for_reply(patience_s=2)
        return replies, waited_us

    (greeting, reply), waited_us = run_virtually(program())

    assert greeting.text is not None
    assert greeting.text.startswith("Hello")
    assert reply.text is not None
    assert (greeting.audio.duration_us, reply.audio.duration_us) == (0, 0)
    assert greeting.began_us == greeting.ended_us < reply.began_us
    assert waited_us <= 300_000


@pytest.mark.parametrize("heard", [True, False])
def test_a_bot_that_gets_words(heard: bool) -> None:  # noqa: FBT001 # a parameter
    """What is written is understood as it stands, whether the answer is audio or text."""
    options = {"direct_stt": False, "direct_tts": heard}

    async def program() -> tuple[Reply, Notebook]:
        async with (
            rover() as (url, notebook),
            MockAudioCodesClient(url, token="T", options=options) as client,
        ):
            await client.wait_for_reply()
            await client.write(WORDS[CALLER / "forward.flac"])
            reply = await client.wait_for_reply()
            with pytest.raises(ValueError, match="carries no audio of the caller: write"):
                await client.say(CALLER / "forward.flac")
        return reply, notebook

    reply, notebook = run_virtually(program())

    assert [event.text for event in notebook.of(CallerHeard)] == [WORDS[CALLER / "forward.flac"]]
    assert [event.name for event in notebook.of(FunctionCalled)] == ["move"]
    assert reply.text is not None
    assert (reply.audio.duration_us > 0) is heard


def test_a_bot_that_gets_audio_gets_no_words() -> None:
    """Writing to it is refused by name."""

    async def program() -> None:
        async with rover() as (url, _), MockAudioCodesClient(url, token="T") as client:
            with pytest.raises(ValueError, match="carries no text of the caller: say"):
                await client.write("forward")

    run_virtually(program())


def test_a_prompt_from_elsewhere_in_virtual_time() -> None:
    """An address that virtual time cannot reach is named, and nothing is taken for the bot's fault."""

    async def asks(line: ServerConnection) -> None:
        async for frame in line:
            if json.loads(frame)["type"] == "session.initiate":
                await line.send(json.dumps({"type": "session.accepted", "mediaFormat": "raw/lpcm16"}))
                prompt = {"type": "event", "name": "playUrl", "activityParams": {"playUrlUrl": FAR_AWAY}}
                await line.send(json.dumps({"type": "activities", "activities": [prompt]}))

    async def program() -> None:
        async with serve(asks, "127.0.0.1", 7000), MockAudioCodesClient("ws://127.0.0.1:7000/") as client:
            await client.wait_for_reply()

    with pytest.raises(ForeignWork, match=r"a connection to cdn\.example:80"):
        run_virtually(program())


def test_the_same_program_on_the_wall_clock() -> None:
    """Over real sockets the greeting takes as long as it takes in virtual time."""

    async def program() -> Reply:
        async with rover() as (url, _), MockAudioCodesClient(url, token="T") as client:
            return await client.wait_for_reply()

    virtual, wall = run_virtually(program()), asyncio.run(program())

    assert abs(wall.audio.duration_us - virtual.audio.duration_us) <= 10_000


def test_a_wrong_token_is_a_refusal() -> None:
    """The bot's 401 says so."""

    async def program() -> None:
        async with rover() as (url, _):
            with pytest.raises(LineRefused, match="HTTP 401"):
                await MockAudioCodesClient(url, token="U").connect()

    run_virtually(program())


def test_options_are_those_of_a_target() -> None:
    """A key that is none is refused before anything is called."""
    with pytest.raises(ValidationError, match="barge_inn"):
        MockAudioCodesClient("ws://x/", options={"barge_inn": True})
