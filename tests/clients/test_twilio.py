"""A program that calls a Twilio bot, on either clock, over the bot's own server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from support_twilio import AUDIO, Notebook, local_agent
from turnspec.adapters.base import LineRefused, NothingListens
from turnspec.call import Identity
from turnspec.call.events import AgentHungUp, CallerHeard, FunctionCalled
from turnspec.clients import CallOver, MockTwilioClient, Reply, run_virtually
from turnspec.doubles.twilio.serve import serve_twilio_bot

AGENTS = AUDIO.parent / "agents"
CALLER = AUDIO / "caller"
ROVER = (AGENTS / "rover.yaml").read_text()
WORDS = {path: path.with_suffix(".txt").read_text().strip() for path in CALLER.glob("*.flac")}


@asynccontextmanager
async def rover() -> AsyncIterator[tuple[str, Notebook]]:
    """The example project's rover behind a socket, and what it reports."""
    notebook = Notebook()
    script = ROVER.replace("../audio/", "")
    bot = await serve_twilio_bot(lambda: (local_agent(script, WORDS), notebook, Identity("bot")))
    async with aclosing(bot):
        yield bot.url, notebook


def test_a_conversation_step_by_step() -> None:
    """Recordings are understood, keys are taken, functions are called, and the agent's hang-up shows."""

    async def program() -> tuple[list[Reply], Notebook, tuple[Any, ...]]:
        async with rover() as (url, notebook), MockTwilioClient(url) as client:
            replies = [await client.wait_for_reply()]
            await client.say(CALLER / "vague.flac")
            replies.append(await client.wait_for_reply())
            await client.say(CALLER / "forward.flac")
            replies.append(await client.wait_for_reply())
            await client.press("1")
            replies.append(await client.wait_for_reply())
            with pytest.raises(CallOver, match="by the agent"):
                await client.wait_for_reply()
        return replies, notebook, client.events

    replies, notebook, events = run_virtually(program())

    assert [event.text for event in notebook.of(CallerHeard)] == [
        WORDS[CALLER / "vague.flac"],
        WORDS[CALLER / "forward.flac"],
        "1",
    ]
    assert [event.name for event in notebook.of(FunctionCalled)] == ["move"]
    assert all(one.ended_us < other.began_us for one, other in pairwise(replies))
    assert all(reply.audio.duration_us > 1_000_000 for reply in replies)
    assert any(isinstance(event, AgentHungUp) for event in events)


def test_the_same_program_on_the_wall_clock() -> None:
    """Over real sockets the greeting takes as long as it takes in virtual time."""

    async def program() -> Reply:
        async with rover() as (url, _), MockTwilioClient(url) as client:
            return await client.wait_for_reply()

    virtual, wall = run_virtually(program()), asyncio.run(program())

    assert abs(wall.audio.duration_us - virtual.audio.duration_us) <= 10_000


def test_two_virtual_conversations_are_the_same() -> None:
    """Every event has the same microsecond in every run."""

    async def program() -> tuple[Any, ...]:
        async with rover() as (url, _), MockTwilioClient(url, seed="7") as client:
            await client.wait_for_reply()
            await client.say(CALLER / "vague.flac")
            await client.wait_for_reply()
        return client.events

    assert run_virtually(program()) == run_virtually(program())


def test_parameters_ids_and_signature_reach_the_bot() -> None:
    """`start` carries the program's parameters and ids that follow from its seed; a token signs."""
    starts: list[dict[str, Any]] = []
    signatures: list[str] = []

    async def answered(connection: ServerConnection) -> None:
        assert connection.request is not None
        signatures.append(connection.request.headers["X-Twilio-Signature"])
        async for frame in connection:
            message = json.loads(frame)
            if message["event"] == "start":
                starts.append(message["start"])

    async def program() -> None:
        async with serve(answered, "127.0.0.1", 9_000):
            for seed in ("1", "1", "2"):
                client = MockTwilioClient(
                    "ws://127.0.0.1:9000/", parameters={"plan": "gold"}, auth_token="secret", seed=seed
                )
                async with client:
                    await asyncio.sleep(0.1)

    run_virtually(program())

    assert [start["customParameters"] for start in starts] == [{"plan": "gold"}] * 3
    assert starts[0] == starts[1]
    assert starts[0]["streamSid"] != starts[2]["streamSid"]
    assert all(len(signature) == 28 for signature in signatures)


def test_a_refusal_and_nobody_at_all() -> None:
    """Declined and not answered are two things."""

    async def program() -> None:
        bot = await serve_twilio_bot(lambda: None)
        async with aclosing(bot):
            with pytest.raises(LineRefused, match="HTTP 503"):
                await MockTwilioClient(bot.url).connect()
        with pytest.raises(NothingListens, match="nothing listens at"):
            await MockTwilioClient("ws://127.0.0.1:9/").connect()

    run_virtually(program())
