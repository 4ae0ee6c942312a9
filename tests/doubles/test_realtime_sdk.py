"""The Realtime double over real sockets, used by the official `openai` SDK."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import openai
import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support_realtime import (
    IDENTITY,
    ListWitness,
    LiteralAgent,
    call_of,
    check_shape,
    frames,
    quiet,
    speech,
    tone,
)
from support_realtime_order import SequenceJudge
from turnspec.call import PCM_24K
from turnspec.call.events import ResponseEnded
from turnspec.doubles.agent.reply import Reply
from turnspec.doubles.realtime import RunningDouble, serve_realtime

PATIENCE_S = 60


class WallWitness(ListWitness):
    """Stamps with the running loop's time."""

    def __init__(self) -> None:
        super().__init__()
        self._began_s = asyncio.get_running_loop().time()

    def now_us(self) -> int:
        """Microseconds since it was made."""
        return round((asyncio.get_running_loop().time() - self._began_s) * 1_000_000)


@asynccontextmanager
async def double(agent: LiteralAgent | None) -> AsyncIterator[tuple[RunningDouble, WallWitness]]:
    """The double with this agent in a call; None: no call is in progress."""
    witness = WallWitness()
    running = await serve_realtime(lambda: (agent, witness, IDENTITY) if agent else None)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield running, witness
    finally:
        await running.aclose()


class Recorder:
    """Reads a session through the SDK, and judges every frame."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.judge = SequenceJudge()

    async def until(self, kind: str) -> list[Any]:
        """Every event up to the first of this type."""
        events: list[Any] = []
        while not events or events[-1].type != kind:
            frame = await self.connection.recv_bytes()
            text = frame.decode()
            check_shape(text)
            event = self.connection.parse_event(frame)
            self.judge.take(event.to_dict())
            events.append(event)
        return events


@asynccontextmanager
async def session(running: RunningDouble) -> AsyncIterator[Recorder]:
    """A session of the SDK, its first event read."""
    async with (
        openai.AsyncOpenAI(api_key="sk-test", base_url=running.url.replace("ws://", "http://")) as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        recorder = Recorder(connection)
        await recorder.until("session.created")
        yield recorder


async def test_a_text_turn() -> None:
    """The SDK updates the session, says something and gets the words."""
    agent = LiteralAgent([Reply("r", text="Hello from the double.")])
    async with double(agent) as (running, _), session(running) as recorder:
        connection = recorder.connection
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        (updated,) = await recorder.until("session.updated")
        assert updated.session.output_modalities == ["text"]
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
        )
        await connection.response.create()
        events = await recorder.until("rate_limits.updated")

    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == (
        "Hello from the double."
    )
    recorder.judge.over()


async def speak(connection: AsyncRealtimeConnection, duration_us: int, silence_us: int) -> None:
    """Append speech and silence as fast as it goes."""
    for frame in frames(np.concatenate([tone(duration_us), quiet(silence_us)]), PCM_24K, 100_000):
        await connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())


async def test_a_spoken_turn_with_server_vad() -> None:
    """Appended speech is heard, committed and answered in audio without being asked."""
    agent = LiteralAgent([Reply("r", text="I heard you.", audio=speech(500_000))])
    async with double(agent) as (running, _), session(running) as recorder:
        await speak(recorder.connection, 600_000, 600_000)
        events = await recorder.until("rate_limits.updated")

    kinds = [event.type for event in events]
    assert kinds[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    audio = [base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta"]
    assert sum(map(len, audio)) == 500 * 48
    recorder.judge.over()


async def test_a_function_call() -> None:
    """The SDK's user runs the function and asks for what follows."""
    agent = LiteralAgent(
        [Reply("r", calls=(call_of("get_weather", city="Oslo"),))], following=Reply("r", text="It rains.")
    )
    async with double(agent) as (running, _), session(running) as recorder:
        connection = recorder.connection
        await connection.session.update(
            session={
                "type": "realtime",
                "output_modalities": ["text"],
                "tools": [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}],
            }
        )
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Rain?"}]}
        )
        await connection.response.create()
        events = await recorder.until("rate_limits.updated")
        done = next(event for event in events if event.type == "response.function_call_arguments.done")
        assert (done.name, done.arguments) == ("get_weather", '{"city":"Oslo"}')
        await connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": done.call_id, "output": '{"rain": true}'}
        )
        await connection.response.create()
        events = await recorder.until("rate_limits.updated")

    assert agent.results == [{"get_weather": '{"rain": true}'}]
    assert any(event.type == "response.output_text.done" and event.text == "It rains." for event in events)


async def test_barge_in() -> None:
    """Speaking over a paced reply cancels it; the SDK's user then truncates what was not heard."""
    paced = Reply("r", text="A long story that goes on.", audio=speech(5_000_000), fast=False)
    agent = LiteralAgent([paced, Reply("after", text="Yes?", audio=speech(100_000))])
    async with double(agent) as (running, witness), session(running) as recorder:
        await speak(recorder.connection, 600_000, 600_000)
        events = await recorder.until("response.output_audio.delta")
        await speak(recorder.connection, 300_000, 500_000)
        events = await recorder.until("response.done")
        response = events[-1].response
        assert response.status_details.reason == "turn_detected"
        await recorder.connection.conversation.item.truncate(
            item_id=response.output[0].id, content_index=0, audio_end_ms=50
        )
        events = await recorder.until("conversation.item.truncated")

    assert events[-1].audio_end_ms == 50
    assert witness.of(ResponseEnded)[0].status == "cancelled"


async def closed_with(url: str, **headers: str) -> tuple[str, int, str]:
    """The error code, close code and close reason of a connection that is declined."""
    async with connect(url, additional_headers=headers, compression=None) as connection:
        frame = str(await connection.recv())
        check_shape(frame)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    return json.loads(frame)["error"]["code"], closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ("?model=m", {}, ("invalid_api_key", 3000, "invalid_request_error.invalid_api_key")),
        ("", {"Authorization": "Bearer k"}, ("missing_model", 4000, "invalid_request_error.missing_model")),
        (
            "?model=m",
            {"Authorization": "Bearer k", "OpenAI-Beta": "realtime=v1"},
            ("beta_api_shape_disabled", 4000, "invalid_request_error.beta_api_shape_disabled"),
        ),
    ],
    ids=["no key", "no model", "beta header"],
)
async def test_who_may_not_connect(
    query: str, headers: dict[str, str], expected: tuple[str, int, str]
) -> None:
    """As live servers do: 101, an error, then a close code that says what was wrong."""
    async with double(LiteralAgent()) as (running, _):
        assert await closed_with(f"{running.url}/realtime{query}", **headers) == expected


async def test_no_call_in_progress() -> None:
    """A connection outside a call is declined."""
    async with double(None) as (running, _):
        declined = await closed_with(f"{running.url}/realtime?model=m", Authorization="Bearer k")

    assert declined == ("no_call_in_progress", 1013, "server_error.no_call_in_progress")


async def test_other_paths_are_not_there() -> None:
    """Only `/v1/realtime` is served."""
    async with double(LiteralAgent()) as (running, _):
        with pytest.raises(InvalidStatus, match="404"):
            await connect(f"{running.url}/other", compression=None)


async def test_browsers_connect_by_subprotocol() -> None:
    """A browser offers its key as a subprotocol and needs `realtime` selected."""
    async with double(LiteralAgent()) as (running, _):
        offered = ["realtime", "openai-insecure-api-key.k"]
        async with connect(f"{running.url}/realtime?model=m", subprotocols=offered) as connection:  # type: ignore[arg-type] # plain strings are what a browser gives
            assert connection.subprotocol == "realtime"
            check_shape(str(await connection.recv()))


async def test_the_end_of_the_double_ends_its_sessions() -> None:
    """After `aclose` the client is told, and no task is left."""
    before = asyncio.all_tasks()
    running = await serve_realtime(lambda: (LiteralAgent(), WallWitness(), IDENTITY))
    client = await connect(
        f"{running.url}/realtime?model=m", additional_headers={"Authorization": "Bearer k"}
    )
    await client.recv()
    await running.aclose()
    with pytest.raises(ConnectionClosed):
        await client.recv()
    await client.wait_closed()

    assert asyncio.all_tasks() == before
