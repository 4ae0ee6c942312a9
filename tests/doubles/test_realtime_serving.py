"""The Realtime double's port: ephemeral keys over HTTP, the beta, ageing, and lines that go dead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import openai
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from support_realtime import IDENTITY, ListWitness, LiteralAgent, call_of, speech
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.realtime.server import Policy
from turnspec.call.events import ProtocolFault, ResponseEnded
from turnspec.doubles.agent import AgentScriptError
from turnspec.doubles.agent.reply import Reply
from turnspec.doubles.agent.session import SessionWishes
from turnspec.doubles.realtime import RunningDouble, serve_realtime
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")
PATIENCE_S = 60
KEY = "sk-right"
BEARER = {"Authorization": f"Bearer {KEY}"}
FOREVER_S = 30.0


class LoopWitness(ListWitness):
    """Stamps with the running loop's time."""

    def __init__(self) -> None:
        super().__init__()
        self._began_s = asyncio.get_running_loop().time()

    def now_us(self) -> int:
        """Microseconds since it was made."""
        return round((asyncio.get_running_loop().time() - self._began_s) * 1_000_000)


def virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time."""
    return run_on(VirtualLoop, coroutine)


@asynccontextmanager
async def double(
    agent: LiteralAgent | None = None, policy: Policy | None = None
) -> AsyncIterator[tuple[RunningDouble, LoopWitness]]:
    """The double with this agent; it takes one key."""
    witness = LoopWitness()
    session = (agent or LiteralAgent(), witness, IDENTITY)
    running = await serve_realtime(lambda: session, api_key=KEY, policy=policy or Policy())
    try:
        yield running, witness
    finally:
        await running.aclose()


async def ask(
    running: RunningDouble, body: Any, *, key: str = KEY, path: str = "client_secrets"
) -> HttpResponse:
    """Post something to the double."""
    url = running.url.replace("ws://", "http://")
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"))
    return await fetch(url, HttpRequest("POST", f"/v1/realtime/{path}", headers, sent), 5.0)


def opened(running: RunningDouble, query: str = "?model=gpt-realtime", **headers: str) -> connect:
    """A connection to the double."""
    return connect(f"{running.url}/realtime{query}", additional_headers=headers, compression=None)


async def first(connection: ClientConnection) -> dict[str, Any]:
    """The next event."""
    event: dict[str, Any] = json.loads(await connection.recv())
    return event


async def _read_all(connection: ClientConnection) -> None:
    while True:
        await connection.recv()


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """Read to the end; how it was closed."""
    with pytest.raises(ConnectionClosed) as end:
        await _read_all(connection)
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def test_the_sdk_makes_a_key_and_connects_with_it() -> None:
    """The official client gets a secret; a session begun with it has the settings that it was made with."""
    async with asyncio.timeout(PATIENCE_S), double() as (running, _):
        base = running.url.replace("ws://", "http://")
        async with openai.AsyncOpenAI(api_key=KEY, base_url=base) as client:
            secret = await client.realtime.client_secrets.create(
                expires_after={"anchor": "created_at", "seconds": 60},
                session={"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be brief."},
            )
        assert secret.value.startswith("ek_")
        assert secret.session.type == "realtime"
        assert secret.session.id.startswith("sess_")
        async with (
            openai.AsyncOpenAI(api_key=secret.value, base_url=base) as client,
            client.realtime.connect(model="gpt-realtime-mini") as connection,
        ):
            created: Any = await connection.recv()

    assert (created.session.model, created.session.instructions) == ("gpt-realtime-mini", "Be brief.")


def test_a_key_ends_when_it_says() -> None:
    """Sessions begin until `expires_at`, to the second, and go on after it."""

    async def main() -> tuple[dict[str, Any], list[tuple[int, str]], int]:
        async with double() as (running, _):
            secret = json.loads((await ask(running, {"expires_after": {"seconds": 10}})).body)
            browser = {"Authorization": f"Bearer {secret['value']}"}
            await asyncio.sleep(9.9)
            async with opened(running, **browser) as held:
                begun = await first(held)
                await asyncio.sleep(0.2)
                async with opened(running, **browser) as late:
                    error = await first(late)
                    how = await closed(late)
                await held.send('{"type":"session.update","session":{"type":"realtime"}}')
                updated = await first(held)
            ends = [how]
            assert (begun["type"], error["error"]["code"]) == ("session.created", "invalid_api_key")
            assert updated["type"] == "session.updated"
            return secret, ends, begun["session"]["expires_at"]

    secret, ends, session_ends = virtually(main())

    assert ends == [(3000, "invalid_request_error.invalid_api_key")]
    assert session_ends - secret["expires_at"] == 3_600 - 10 + 9


def test_a_key_made_for_a_browser() -> None:
    """It is offered as a subprotocol beside others, and brings the model with it."""

    async def main() -> tuple[str | None, dict[str, Any]]:
        async with double() as (running, _):
            secret = json.loads(
                (await ask(running, {"session": {"type": "realtime", "model": "gpt-realtime-2"}})).body
            )
            offered = [
                "realtime",
                f"openai-insecure-api-key.{secret['value']}",
                "openai-organization.org-1",
                "openai-project.proj_1",
                "openai-agents-sdk.0.24.0",
            ]
            url = f"{running.url}/realtime"
            async with connect(url, subprotocols=offered, compression=None) as connection:  # type: ignore[arg-type] # plain strings are what a browser gives
                return connection.subprotocol, await first(connection)

    subprotocol, created = virtually(main())

    assert subprotocol == "realtime"
    assert created["session"]["model"] == "gpt-realtime-2"
    assert created["session"]["reasoning"] == {"effort": "low"}


def test_a_key_for_another_model() -> None:
    """Settings that the model of the URL does not take end the connection as a wrong model does."""

    async def main() -> tuple[str, tuple[int, str]]:
        async with double() as (running, _):
            session = {"type": "realtime", "model": "gpt-realtime-2", "reasoning": {"effort": "high"}}
            secret = json.loads((await ask(running, {"session": session})).body)
            headers = {"Authorization": f"Bearer {secret['value']}"}
            async with opened(running, "?model=gpt-realtime", **headers) as connection:
                error = await first(connection)
                return error["error"]["code"], await closed(connection)

    assert virtually(main()) == (
        "unsupported_parameter",
        (4000, "invalid_request_error.unsupported_parameter"),
    )


REQUESTS: list[tuple[Any, dict[str, str], int, str, str | None]] = [
    ({}, {"key": "sk-wrong"}, 401, "invalid_api_key", None),
    ({}, {"key": "ek_0123"}, 401, "invalid_api_key", None),
    (b"{", {}, 400, "invalid_json", None),
    (b"[]", {}, 400, "invalid_json", None),
    (b"\xff", {}, 400, "invalid_json", None),
    (b'{"session":' + b'{"a":' * 600 + b"1" + b"}" * 601, {}, 400, "invalid_json", None),
    (rb'{"session":{"type":"realtime","instructions":"\ud800"}}', {}, 400, "invalid_json", None),
    ({"expires_after": {"seconds": 9}}, {}, 400, "integer_below_min_value", "expires_after.seconds"),
    ({"expires_after": {"seconds": 7201}}, {}, 400, "integer_above_max_value", "expires_after.seconds"),
    ({"session": {}}, {}, 400, "missing_required_parameter", "session.type"),
    ({"session": {"type": "transcription"}}, {}, 400, "invalid_value", "session.type"),
    ({"session": {"type": "realtime", "voice": "ash"}}, {}, 400, "unknown_parameter", "session.voice"),
    ({}, {"path": "sessions"}, 404, "unknown_url", None),
    ({}, {"path": "calls"}, 404, "unknown_url", None),
]


@pytest.mark.parametrize(("body", "how", "status", "code", "param"), REQUESTS, ids=range(len(REQUESTS)))
def test_wrong_requests_for_keys(
    body: Any, how: dict[str, str], status: int, code: str, param: str | None
) -> None:
    """Each mistake has its HTTP status and the API's form of an error."""

    async def main() -> HttpResponse:
        async with double() as (running, _):
            return await ask(running, body, **how)

    response = virtually(main())

    assert response.status == status
    error = json.loads(response.body)["error"]
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)


def test_what_is_no_http_is_told_so() -> None:
    """Bytes that are neither a WebSocket nor a request get status 400, in as many pieces as they come."""

    async def main() -> bytes:
        async with double() as (running, _):
            port = int(running.url.rsplit(":", 1)[1].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in (b"P", b"OST /v1 HT", b"TP/9\r\n\r\n"):
                writer.write(piece)
                await asyncio.sleep(0.01)
            answer = await reader.read()
            writer.close()
            return answer

    assert virtually(main()).startswith(b"HTTP/1.1 400 ")


def test_a_handshake_may_come_in_pieces() -> None:
    """The first bytes decide what a connection is, however few of them come at once."""

    async def main() -> bytes:
        async with double() as (running, _):
            port = int(running.url.rsplit(":", 1)[1].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            lines = [
                f"GET /v1/realtime?model=m HTTP/1.1\r\nHost: 127.0.0.1:{port}",
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
                f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {KEY}\r\n\r\n",
            ]
            for byte in "\r\n".join(lines).encode():
                writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            answer = await reader.readline()
            writer.close()
            return answer

    assert virtually(main()) == b"HTTP/1.1 101 Switching Protocols\r\n"


def test_azure_refuses_before_the_upgrade() -> None:
    """Where that is set a bad key is status 401; Azure's path and header are taken."""

    async def main() -> tuple[int, str]:
        async with double(policy=Policy(unauthorized_as_http=True)) as (running, _):
            with pytest.raises(InvalidStatus) as refused:
                await opened(running, Authorization="Bearer sk-wrong")
            azure = running.url.replace("/v1", "/openai/v1/realtime?model=my-deployment")
            async with connect(azure, additional_headers={"api-key": KEY}, compression=None) as connection:
                return refused.value.response.status_code, (await first(connection))["session"]["model"]

    assert virtually(main()) == (401, "my-deployment")


def test_a_refusal_is_part_of_the_record() -> None:
    """A bridge that still asks for the beta is seen to do so."""

    async def main() -> LoopWitness:
        async with double() as (running, witness):
            headers = {**BEARER, "OpenAI-Beta": "realtime=v1"}
            async with opened(running, **headers) as connection:
                assert (await first(connection))["error"]["code"] == "beta_api_shape_disabled"
                assert await closed(connection) == (4000, "invalid_request_error.beta_api_shape_disabled")
            return witness

    (fault,) = virtually(main()).of(ProtocolFault)

    assert fault.rule == "beta_api_shape_disabled"
    assert fault.detail.startswith("The Realtime Beta API is no longer supported.")


def test_a_session_ends_of_age() -> None:
    """At its age to the microsecond: an error, then close code 1001 with the documented words."""

    async def main() -> tuple[float, dict[str, Any], tuple[int, str]]:
        agent = LiteralAgent(session=SessionWishes(lifetime_us=90_000_000))
        async with double(agent) as (running, _), opened(running, **BEARER) as connection:
            created = await first(connection)
            assert created["session"]["expires_at"] - 4_102_444_800 == 90
            error = await first(connection)
            return asyncio.get_running_loop().time(), error, await closed(connection)

    at_s, error, how = virtually(main())

    assert at_s == 90.0
    assert error["error"]["code"] == "session_expired"
    assert how == (1001, "Your session hit the maximum duration of 90 seconds.")


def test_a_line_that_goes_dead_in_a_response() -> None:
    """A client that is gone without a word stops the session: nothing runs on, nothing more is said."""

    async def main() -> tuple[LoopWitness, set[asyncio.Task[Any]]]:
        before = asyncio.all_tasks()
        long = Reply("r", text="On and on.", audio=speech(5_000_000), pace_percent=100)
        async with double(LiteralAgent([long])) as (running, witness):
            connection = await opened(running, **BEARER)
            await first(connection)
            content = [{"type": "input_text", "text": "Hello"}]
            item = {"type": "message", "role": "user", "content": content}
            await connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await connection.send('{"type":"response.create"}')
            await asyncio.sleep(1.05)
            connection.transport.abort()
            await connection.wait_closed()
            await asyncio.sleep(FOREVER_S)
        return witness, asyncio.all_tasks() - before

    witness, tasks = virtually(main())

    assert witness.of(ResponseEnded) == []
    assert tasks == set()
    sent = [json.loads(frame) for _, direction, frame in witness.frames if direction == "out"]
    assert sum(event["type"] == "response.output_audio.delta" for event in sent) == 12  # 1 s, and the lead


def test_frames_after_the_end_are_nobodys() -> None:
    """What crosses the close on the wire is not answered, and is nobody's fault."""

    async def main() -> LoopWitness:
        agent = LiteralAgent([Reply("bye", text="Bye.", hang_up=True)])
        async with double(agent) as (running, witness), opened(running, **BEARER) as connection:
            content = [{"type": "input_text", "text": "Bye"}]
            item = {"type": "message", "role": "user", "content": content}
            await connection.send(json.dumps({"type": "conversation.item.create", "item": item}))
            await connection.send('{"type":"response.create"}')
            await connection.send("nonsense")
            assert await closed(connection) == (1000, "")
            return witness

    assert virtually(main()).of(ProtocolFault) == []


class Lost(LiteralAgent):
    """Its script cannot go on when it is to speak up."""

    def idle(self, silent_us: int, times: int) -> Reply | None:
        """Fail."""
        raise AgentScriptError(f"bank.yaml: idle: after {silent_us} us, {times} times")

    def idle_after_us(self) -> int | None:
        """Two seconds."""
        return 2_000_000


def test_a_script_that_cannot_speak_up() -> None:
    """Wherever a script cannot go on, the connection ends with 1011."""

    async def main() -> tuple[int, str]:
        async with double(Lost()) as (running, _), opened(running, **BEARER) as connection:
            return await closed(connection)

    assert virtually(main()) == (1011, "")


async def test_the_beta_client_of_the_sdk() -> None:
    """The SDK's own beta client holds a turn in text, one aloud and a function call."""
    agent = LiteralAgent(
        [
            Reply("r", text="Hello to you."),
            Reply("r", text="Aloud.", audio=speech(300_000)),
            Reply("r", calls=(call_of("save", n=1),)),
        ],
        following=Reply("r", text="Saved."),
        session=SessionWishes(dialect="beta", voice="ash", instructions="Be brief."),
    )
    kinds: list[str] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        double(agent) as (running, witness),
        openai.AsyncOpenAI(api_key=KEY, websocket_base_url=running.url) as client,
        client.beta.realtime.connect(model="gpt-4o-realtime-preview") as connection,
    ):
        created: Any = await connection.recv()
        assert (created.session.voice, created.session.instructions) == ("ash", "Be brief.")
        for modalities in (["text"], ["audio", "text"], ["text"]):
            await connection.session.update(session={"modalities": modalities})  # type: ignore[typeddict-item] # lists of literals
            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hi"}],
                }
            )
            await connection.response.create()
            done = await until(connection, "response.done", kinds)
        call = done.response.output[0]
        await connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": call.call_id, "output": "{}"}
        )
        await connection.response.create()
        done = await until(connection, "response.done", kinds)

    assert done.response.output[0].content[0].text == "Saved."
    assert {"response.text.delta", "response.audio.delta", "response.audio_transcript.done"} <= set(kinds)
    assert "conversation.item.added" not in kinds
    assert witness.of(ProtocolFault) == []


async def until(connection: Any, kind: str, kinds: list[str]) -> Any:
    """Read to the first event of this type."""
    while True:
        event = await connection.recv()
        kinds.append(event.type)
        if event.type == kind:
            return event


async def test_the_beta_makes_keys_too() -> None:
    """`POST /v1/realtime/sessions`: a flat session with its secret, which begins one like it."""
    async with asyncio.timeout(PATIENCE_S), double(policy=Policy(dialect="beta")) as (running, _):
        base = running.url.replace("ws://", "http://")
        async with openai.AsyncOpenAI(api_key=KEY, base_url=base) as client:
            made = await client.beta.realtime.sessions.create(
                model="gpt-4o-realtime-preview", voice="sage", modalities=["text"]
            )
        headers = {"Authorization": f"Bearer {made.client_secret.value}", "OpenAI-Beta": "realtime=v1"}
        async with opened(running, "?model=gpt-4o-realtime-preview", **headers) as connection:
            session = (await first(connection))["session"]

    assert (made.voice, session["voice"], session["modalities"]) == ("sage", "sage", ["text"])
    assert made.client_secret.expires_at - session["expires_at"] == 60 - 3_600


def test_without_its_header_the_beta_is_refused() -> None:
    """The header is required."""

    async def main() -> tuple[int, str]:
        beta = Policy(dialect="beta")
        async with double(policy=beta) as (running, _), opened(running, **BEARER) as connection:
            return await closed(connection)

    assert virtually(main()) == (4000, "invalid_request_error.missing_beta_header")
