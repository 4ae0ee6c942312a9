"""The Realtime adapter on a socket: how sessions are refused and how they end, and its upgrade."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from turnspec.adapters.base import Call, Dial, LineRefused
from turnspec.adapters.realtime import ADAPTER, RealtimeOptions
from turnspec.call import Identity
from turnspec.call.events import (
    AgentActivity,
    AgentHungUp,
    CallUp,
    Event,
    LineBroke,
    ProtocolFault,
    ResponseEnded,
)
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop
from turnspec.testing import RecordingWitness

Behaviour = Callable[[ServerConnection], Awaitable[None]]
CREATED = json.dumps({"type": "session.created", "event_id": "e", "session": {"type": "realtime"}})
INVALID_KEY = {
    "type": "invalid_request_error",
    "code": "invalid_api_key",
    "message": "Incorrect API key.",
    "param": None,
}


def error_of(**error: Any) -> str:
    """An error event."""
    return json.dumps({"type": "error", "event_id": "e", "error": {"event_id": None, **error}})


@asynccontextmanager
async def server(
    behaviour: Behaviour, process: Callable[[ServerConnection, Request], Response | None] | None = None
) -> AsyncIterator[str]:
    """A server that does as it is told with each connection."""
    async with serve(behaviour, "127.0.0.1", 0, process_request=process) as running:
        yield f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}/v1"


def dial(url: str, witness: RecordingWitness, **more: Any) -> Dial:
    """A call, some of it changed."""
    return Dial(
        **{"url": url, "options": RealtimeOptions(), "identity": Identity("t"), "witness": witness, **more}
    )


def held(behaviour: Behaviour, caller: Callable[[Call], Awaitable[None]] | None = None) -> tuple[Event, ...]:
    """What happens in a call to such a server, in virtual time, listened to until it ended."""
    witness = RecordingWitness()

    async def program() -> None:
        async with server(behaviour) as url:
            call = await ADAPTER.dial(dial(url, witness))
            listening = asyncio.ensure_future(call.listen())
            if caller is not None:
                await caller(call)
            await listening
            await call.hang_up()

    run_on(VirtualLoop, program())
    return tuple(witness.events)


def refused(behaviour: Behaviour, process: Any = None, **more: Any) -> LineRefused:
    """How a dial to such a server is declined."""

    async def program() -> LineRefused:
        async with server(behaviour, process) as url:
            with pytest.raises(LineRefused) as declined:
                await ADAPTER.dial(dial(url, RecordingWitness(), **more))
            return declined.value

    return run_on(VirtualLoop, program())


def closing(code: int, reason: str, *before: str) -> Behaviour:
    """Send some frames and close with a code."""

    async def behaviour(connection: ServerConnection) -> None:
        for frame in before:
            await connection.send(frame)
        await connection.close(code, reason)

    return behaviour


REFUSALS = [
    (
        3000,
        "invalid_request_error.invalid_api_key",
        [error_of(**INVALID_KEY)],
        "Incorrect API key.; the key was not accepted",
    ),
    (4000, "gone", [], "gone; the request was not accepted: its model, or the retired header OpenAI-Beta"),
    (1013, "", [], "the server is too busy, or has no call in progress"),
]


@pytest.mark.parametrize(("code", "reason", "before", "told"), REFUSALS)
def test_a_close_before_the_session_is_a_refusal(
    code: int, reason: str, before: list[str], told: str
) -> None:
    """With its code, what the server said, and what the code means."""
    declined = refused(closing(code, reason, *before))

    assert (declined.code, declined.reason) == (code, told)


def test_azure_refuses_before_the_upgrade() -> None:
    """A bad key is an HTTP status there."""

    def unauthorized(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(401, "no\n")

    declined = refused(closing(1000, ""), unauthorized, headers={"api-key": "wrong"})

    assert (declined.code, declined.reason) == (401, "the upgrade was answered with HTTP 401")


ENDS = [
    (1001, "Your session hit the maximum duration of 60 minutes.", "; the server went away, or the session"),
    (1011, "", "the server failed"),
    (3000, "", "the key was not accepted"),
]


@pytest.mark.parametrize(("code", "reason", "told"), ENDS)
def test_any_close_but_1000_breaks_the_line(code: int, reason: str, told: str) -> None:
    """In the middle of a session, with the code and what it means."""
    broke = held(closing(code, reason, CREATED))[-1]

    assert isinstance(broke, LineBroke)
    assert broke.code == code
    assert broke.reason.startswith(f"{reason}{told}")


def test_an_error_before_the_end_is_told_as_well() -> None:
    """A session that expires says so before it is closed."""
    expired = error_of(type="invalid_request_error", code="session_expired", message="Too old.", param=None)
    events = held(closing(1001, "Too old.", CREATED, expired))

    assert [type(event) for event in events] == [CallUp, ProtocolFault, LineBroke]
    assert isinstance(events[1], ProtocolFault)
    assert (events[1].rule, events[1].fatal) == ("session_expired", True)


def test_a_close_with_1000_hangs_up() -> None:
    """Only that is orderly."""
    assert isinstance(held(closing(1000, "bye", CREATED))[-1], AgentHungUp)


def test_a_connection_that_goes_without_a_word() -> None:
    """No close frame at all is a broken line."""

    async def behaviour(connection: ServerConnection) -> None:
        await connection.send(CREATED)
        await connection.recv()
        connection.transport.abort()

    broke = held(behaviour)[-1]

    assert isinstance(broke, LineBroke)
    assert (broke.code, broke.reason) == (1006, "the connection went without a closing frame")


def test_the_caller_ends_a_call_without_a_finding() -> None:
    """Hanging up is an ordinary close, and sending after it does nothing."""

    async def behaviour(connection: ServerConnection) -> None:
        await connection.send(CREATED)
        async for _ in connection:
            pass

    async def caller(call: Call) -> None:
        await call.hang_up()
        call.send_audio(bytes(960))
        call.send_text("Hello?")

    assert [type(event) for event in held(behaviour, caller)] == [CallUp]


def test_pings_are_answered() -> None:
    """As live servers send them; a client that does not answer is cut off."""
    answered = []

    async def behaviour(connection: ServerConnection) -> None:
        await connection.send(CREATED)
        answered.append(await (await connection.ping()))
        await connection.close()

    held(behaviour)

    assert len(answered) == 1


def test_what_a_server_sends_beside_the_protocol() -> None:
    """A binary frame is a fault, an unknown event is noted, and the call goes on."""
    done = {"id": "resp_1", "status": "completed", "output": []}

    async def behaviour(connection: ServerConnection) -> None:
        await connection.send(CREATED)
        await connection.send(b"\0\1")
        await connection.send('{"type": "response.mood", "mood": "good"}')
        await connection.send(json.dumps({"type": "response.done", "response": done}))
        await connection.close()

    assert [type(event) for event in held(behaviour)] == [
        CallUp,
        ProtocolFault,
        AgentActivity,
        ResponseEnded,
        AgentHungUp,
    ]


@pytest.mark.parametrize(
    ("options", "more", "expected"),
    [
        ({}, {}, {"authorization": "Bearer local"}),
        ({}, {"auth": {"bearer": "sk"}}, {"authorization": "Bearer sk"}),
        ({}, {"headers": {"api-key": "azure"}}, {"api-key": "azure"}),
        ({"dialect": "beta"}, {}, {"authorization": "Bearer local", "openai-beta": "realtime=v1"}),
    ],
)
def test_the_upgrade(options: dict[str, Any], more: dict[str, Any], expected: dict[str, str]) -> None:
    """The path of the SDK, the key that there is, the beta's header in the beta alone, no subprotocol."""
    seen: list[Request] = []

    def process(_: ServerConnection, request: Request) -> None:
        seen.append(request)

    refused(closing(1013, ""), process, options=RealtimeOptions.model_validate(options), **more)

    (request,) = seen
    names = ("authorization", "api-key", "openai-beta")
    assert request.path == "/v1/realtime?model=gpt-realtime"
    assert {name: request.headers[name] for name in names if name in request.headers} == expected
    assert "sec-websocket-protocol" not in request.headers
    assert "sec-websocket-extensions" not in request.headers
