"""A program that calls an AudioCodes bot, on either clock, over the bot's own server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

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
from turnspec.clients import CallOver, MockAudioCodesClient, Reply, run_virtually
from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot

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
