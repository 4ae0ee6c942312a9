"""Local models and bots that a program's own code connects to."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import openai
import pytest
from websockets.asyncio.client import ClientConnection, connect

from support_twilio import AUDIO
from turnspec.adapters import LineRefused, audiocodes
from turnspec.call.events import AgentSaid, CallerHeard, Event, FunctionCalled, ResponseChosen
from turnspec.clients import (
    MockTwilioClient,
    Phone,
    WrongScript,
    local_audiocodes_bot,
    local_realtime,
    local_twilio_bot,
    run_virtually,
)
from turnspec.run.loops import WallLoop, run_on

AGENTS = AUDIO.parent / "agents"
TEXT_ONLY = {"type": "response.create", "response": {"output_modalities": ["text"]}}


def user(text: str) -> dict[str, Any]:
    """A user's message as the API takes it."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"type": "conversation.item.create", "item": item}


def connected(url: str) -> connect:
    """A connection as a client without an SDK makes it; any key will do."""
    headers = {"Authorization": "Bearer any"}
    return connect(f"{url}/realtime?model=local", compression=None, additional_headers=headers)


async def asked(connection: ClientConnection, *messages: dict[str, Any]) -> dict[str, Any]:
    """The response to these messages."""
    for message in messages:
        await connection.send(json.dumps(message))
    async for frame in connection:
        event: dict[str, Any] = json.loads(frame)
        if event["type"] == "response.done":
            return dict(event["response"])
    raise AssertionError("the connection ended")


def spoken(response: dict[str, Any]) -> list[str]:
    """The texts of a response."""
    return [part["text"] for item in response["output"] for part in item.get("content", [])]


def test_each_connection_gets_the_script_anew() -> None:
    """Two clients hold conversations of their own, and each has its own record."""

    async def program() -> tuple[list[list[str]], list[list[str]]]:
        async with local_realtime(AGENTS / "editor.yaml") as server:
            said = []
            for text in ("what messages are there", "mumble"):
                async with connected(server.url) as connection:
                    said.append(spoken(await asked(connection, user(text), TEXT_ONLY)))
        chosen = [
            [event.name for event in call.events if isinstance(event, ResponseChosen)]
            for call in server.calls
        ]
        return said, chosen

    said, chosen = run_virtually(program())

    sorry = "I'm sorry, I did not understand your response. Please try again."
    assert said == [["No more messages."], [sorry]]
    assert chosen == [["list"], ["otherwise"]]


def test_its_record_says_what_was_heard_and_called() -> None:
    """A program's test reads from the server what its own code made the model do."""

    async def program() -> tuple[Any, ...]:
        tool = {"type": "function", "name": "delete_line", "parameters": {"type": "object"}}
        session = {"type": "session.update", "session": {"type": "realtime", "tools": [tool]}}
        async with local_realtime(AGENTS / "editor.yaml") as server:
            async with connected(server.url) as connection:
                await asked(connection, session, user("delete the last line"), TEXT_ONLY)
            return server.calls[0].events

    events = run_virtually(program())

    assert [event.text for event in events if isinstance(event, CallerHeard)] == ["delete the last line"]
    (call,) = (event for event in events if isinstance(event, FunctionCalled))
    assert (call.name, json.loads(call.arguments)) == ("delete_line", {"which": "last"})


def test_it_serves_the_official_client_on_the_wall_clock() -> None:
    """The SDK that programs use takes `url` as its base URL."""

    async def program() -> str:
        async with asyncio.timeout(60), local_realtime(AGENTS / "editor.yaml") as server:
            client = openai.AsyncOpenAI(api_key="any", websocket_base_url=server.url)
            async with client.realtime.connect(model="local") as connection:
                await connection.conversation.item.create(item=user("any messages")["item"])
                await connection.response.create(response={"output_modalities": ["text"]})
                async for event in connection:
                    if event.type == "response.output_text.done":
                        return event.text
        raise AssertionError("no text came")

    assert "did not understand" in run_on(WallLoop, program())


def test_the_port_is_free_again() -> None:
    """After the block nothing listens there any more."""

    async def program() -> None:
        async with local_realtime(AGENTS / "editor.yaml", port=9_100) as server:
            assert server.url == "ws://127.0.0.1:9100/v1"
        async with local_realtime(AGENTS / "editor.yaml", port=9_100):
            pass
        with pytest.raises(ConnectionRefusedError):
            await connect("ws://127.0.0.1:9100/v1/realtime")

    run_virtually(program())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agent: A\notherwize: {say: Yes.}\n", "did you mean 'otherwise'"),
        ("agent: A\notherwise: {say: Yes., audio: gone.wav}\n", "there is no file 'gone.wav'"),
        ("agent: A\notherwise: {say: Yes., timing: {first_audio: 1 ms}}\n", "cannot know yet"),
        ("intents: {}\n", "is not an agent script"),
    ],
)
def test_a_wrong_script_is_refused_before_anything_listens(tmp_path: Path, text: str, told: str) -> None:
    """Every problem comes out as the command line shows it."""
    path = tmp_path / "agent.yaml"
    path.write_text(text)

    async def program() -> None:
        async with local_realtime(path):
            raise AssertionError("it listens")

    with pytest.raises(WrongScript, match=told):
        run_virtually(program())


DESK = """
agent: Desk
greeting: {say: No more messages., audio: no-more.flac}
otherwise: {say: Message deleted., audio: deleted.flac}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A bot with recordings."""
    for name in ("no-more.flac", "deleted.flac"):
        shutil.copy(AUDIO / "agent" / name, tmp_path)
    path = tmp_path / "desk.yaml"
    path.write_text(DESK)
    return path


def said(events: tuple[Event, ...]) -> list[str]:
    """The agent's words."""
    return [event.text for event in events if isinstance(event, AgentSaid)]


async def twilio_call(url: str, **options: Any) -> None:
    """Call, hear the greeting, say something, hear the answer."""
    async with MockTwilioClient(url, **options) as phone:
        await phone.wait_for_reply()
        await phone.say(AUDIO / "caller" / "five-five.flac")
        await phone.wait_for_reply()


def test_a_bot_for_telephones(desk: Path) -> None:
    """It takes media streams, each from the beginning, and what it said is on its record."""

    async def program() -> list[list[str]]:
        async with local_twilio_bot(desk) as bot:
            await twilio_call(bot.url)
            await twilio_call(bot.url)
            assert bot.voice_url.endswith("/voice")
            return [said(call.events) for call in bot.calls]

    assert run_virtually(program()) == [["No more messages.", "Message deleted."]] * 2


def test_a_bot_that_wants_signatures(desk: Path) -> None:
    """With an auth token only what it signed is let in."""

    async def program() -> None:
        async with local_twilio_bot(desk, auth_token="t0ken") as bot:
            await twilio_call(bot.url, auth_token="t0ken")
            with pytest.raises(LineRefused):
                await twilio_call(bot.url, auth_token="another")
            assert len(bot.calls) == 1

    run_virtually(program())


def test_a_bot_of_the_bot_api(desk: Path) -> None:
    """The same script answers AudioCodes' platform; a wrong token is refused."""

    async def call(url: str, token: str) -> None:
        auth = {"bearer": token}
        async with Phone(url, audiocodes.ADAPTER, audiocodes.AudioCodesOptions(), auth=auth) as phone:
            await phone.wait_for_reply()
            await phone.say(AUDIO / "caller" / "five-five.flac")
            await phone.wait_for_reply()

    async def program() -> list[str]:
        async with local_audiocodes_bot(desk, token="t0ken") as bot:
            await call(bot.url, "t0ken")
            with pytest.raises(LineRefused):
                await call(bot.url, "another")
            return said(bot.calls[0].events)

    assert run_virtually(program()) == ["No more messages.", "Message deleted."]


async def closed_with(url: str, key: str) -> int:
    """The close code that ends a session of somebody who only listens."""
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(f"{url}/realtime?model=m", additional_headers=headers) as connection:
        await connection.wait_closed()
        assert connection.close_code is not None
        return connection.close_code


def test_a_model_with_a_key_and_an_age() -> None:
    """Another key is refused, and a session ends when it is as old as one may grow."""

    async def program() -> tuple[int, int, int]:
        loop = asyncio.get_running_loop()
        async with local_realtime(AGENTS / "editor.yaml", api_key="right", max_age_s=5) as server:
            refused = await closed_with(server.url, "wrong")
            began_s = loop.time()
            return refused, await closed_with(server.url, "right"), round(loop.time() - began_s)

    assert run_virtually(program()) == (3000, 1001, 5)


def test_a_model_that_speaks_the_beta() -> None:
    """With the header and the dialect of old, a text round goes through under the old names."""

    async def program() -> str:
        async with local_realtime(AGENTS / "editor.yaml", dialect="beta") as server:
            headers = {"Authorization": "Bearer any", "OpenAI-Beta": "realtime=v1"}
            async with connect(f"{server.url}/realtime?model=m", additional_headers=headers) as connection:
                await connection.send(json.dumps(user("what messages are there")))
                response = {"modalities": ["text"]}
                await connection.send(json.dumps({"type": "response.create", "response": response}))
                async for frame in connection:
                    event = json.loads(frame)
                    if event["type"] == "response.text.done":
                        return str(event["text"])
        raise AssertionError("no text came")

    assert run_virtually(program()) == "No more messages."
