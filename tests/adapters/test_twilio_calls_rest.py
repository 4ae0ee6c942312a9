"""What a platform tells of a call, and is asked of it: status callbacks and REST requests."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import replace

import pytest
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from support_twilio import Notebook
from support_twilio_calls import ACCOUNT, FRAME, TOKEN, bot, close, connect, rules, twiml
from support_twilio_web import Line, dial, held
from turnspec.adapters.base import Call, LineRefused
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.twilio import ADAPTER
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.call import Identity
from turnspec.call.events import AgentHungUp, AgentMessaged, AgentTransferred, FlushAsked, ProtocolFault
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


class TestStatusCallbacks:
    """A bot is told of its streams where its TwiML asks for it."""

    def test_started_and_stopped(self) -> None:
        """Both arrive, signed, in order, on the webhook's host."""
        agent = bot(
            connect('name="main" statusCallback="https://public.example/cb?x=1"'), close, cb=HttpResponse(200)
        )
        notebook = held(agent)

        started, stopped = agent.forms("/cb")
        assert (started["StreamEvent"], stopped["StreamEvent"]) == ("stream-started", "stream-stopped")
        assert started["StreamSid"] == agent.lines[0].sid
        assert started["StreamName"] == "main"
        request = agent.asked[1][1]
        sign = request.header("X-Twilio-Signature")
        url = f"http://{agent.host}/cb?x=1"
        assert RequestValidator("12345").validate(url, ImmutableMultiDict(started), sign)
        assert rules(notebook) == []

    def test_by_get(self) -> None:
        """If the bot wants that, in the query."""
        agent = bot(connect('statusCallback="/cb" statusCallbackMethod="GET"'), close, cb=HttpResponse(200))
        held(agent)
        request = agent.asked[1][1]
        assert (request.method, "StreamEvent=stream-started" in request.target) == ("GET", True)

    @pytest.mark.parametrize(
        ("to", "said"), [("/nowhere", "HTTP 404"), ("ftp://h/cb", "is not an address of the web")]
    )
    def test_not_taken(self, to: str, said: str) -> None:
        """A callback that fails is a finding each time, and the call goes on."""
        notebook = held(bot(connect(f'statusCallback="{to}"'), close))
        assert rules(notebook) == ["status-callback"] * 2
        assert said in notebook.of(ProtocolFault)[0].detail


async def rest(platform: TwilioPlatform, call: str, body: str) -> tuple[int, dict[str, object]]:
    """Ask the REST API as a bot does."""
    url = f"{platform.api_url}/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}.json"
    auth = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = (("Authorization", f"Basic {auth}"),)
    target = url.removeprefix(platform.api_url)
    response = await fetch(url, HttpRequest("POST", target, headers, body.encode()), 2.0)
    return response.status, json.loads(response.body)


def call_of(line: Line) -> str:
    """The id of the call of a stream."""
    start = line.start["start"]
    assert isinstance(start, dict)
    return str(start["callSid"])


class TestRest:
    """What a bot does to its call by REST."""

    @pytest.mark.parametrize("start_at", ["webhook", "socket"])
    def test_hanging_up(self, start_at: str) -> None:
        """The call ends with `stop` and a close; asking again finds nothing."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)
        answers: list[tuple[int, object]] = []

        async def hang_up(line: Line) -> None:
            await asyncio.sleep(1)
            for _ in range(2):
                status, document = await rest(platform, call_of(line), "Status=completed")
                answers.append((status, document.get("code", document["status"])))
            await line.listen()

        agent = bot(f"{connect()}<Say>Never said</Say>", hang_up)
        notebook = held(agent, platform=platform, start_at=start_at)

        assert answers == [(200, "completed"), (404, 20404)]
        assert [message["event"] for message in agent.lines[0].heard] == ["stop"]
        assert [(event.reason, event.at_us) for event in notebook.of(AgentHungUp)] == [("by REST", 1_000_000)]
        assert notebook.of(AgentMessaged) == []

    def test_after_the_call(self) -> None:
        """A call that the caller ended is not found."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)
        answers: list[int] = []

        async def late(line: Line) -> None:
            await line.listen()
            answers.append((await rest(platform, call_of(line), "Status=completed"))[0])

        async def caller(call: Call) -> None:
            call.send_audio(FRAME)

        held(bot(connect(), late), caller, platform=platform)
        assert answers == [404]

    def test_redirected_to_a_transfer(self) -> None:
        """The stream ends with `stop`, and the call is somebody else's."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)

        async def transfer(line: Line) -> None:
            await line.play(5_000)
            given = "Twiml=%3CResponse%3E%3CDial%3E%2B15550009%3C%2FDial%3E%3C%2FResponse%3E"
            assert (await rest(platform, call_of(line), given))[0] == 200
            await line.listen()

        agent = bot(connect(), transfer)
        notebook = held(agent, platform=platform)

        assert [event.target for event in notebook.of(AgentTransferred)] == ["+15550009"]
        assert [message["event"] for message in agent.lines[0].heard] == ["stop"]
        assert len(notebook.of(FlushAsked)) == 1
        assert len(notebook.of(AgentHungUp)) == 1

    def test_redirected_to_another_stream(self) -> None:
        """The TwiML at a Url is asked for on the webhook's host, and the call goes on there."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)

        async def redirect(line: Line) -> None:
            await rest(platform, call_of(line), "Url=https%3A%2F%2Fpublic.example%2Fnext%3Fa%3D1")
            await line.listen()

        agent = bot(connect(), redirect, close, next=twiml(connect()))
        notebook = held(agent, platform=platform)

        assert [form["CallStatus"] for form in agent.forms("/next")] == ["in-progress"]
        assert len(agent.lines) == 2
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["closed the stream (1000)"]

    @pytest.mark.parametrize("given", ["Twiml=hello", "Url=%2Fnowhere"])
    def test_redirected_to_nothing(self, given: str) -> None:
        """TwiML that cannot be followed is a finding and the end of the call."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)

        async def redirect(line: Line) -> None:
            await rest(platform, call_of(line), given)
            await line.listen()

        notebook = held(bot(connect(), redirect), platform=platform)
        assert rules(notebook) == ["twiml"]
        assert len(notebook.of(AgentHungUp)) == 1

    def test_before_a_stream(self) -> None:
        """A call that is ended while it is still being told something never comes up."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)
        agent = bot(f"<Pause length='60'/>{connect()}")
        notebook = Notebook()

        async def scene() -> None:
            await platform.open()
            async with agent.serving() as host:
                request = dial(f"http://{host}/voice", notebook, platform, prompts="spend")
                dialling = asyncio.ensure_future(ADAPTER.dial(request))
                await asyncio.sleep(1)
                call = agent.forms("/voice")[0]["CallSid"]
                assert (await rest(platform, call, "Status=completed"))[0] == 200
                with pytest.raises(LineRefused, match="before a stream was open: by REST"):
                    await dialling
                assert asyncio.get_running_loop().time() < 2
            await platform.aclose()

        run_on(VirtualLoop, scene())

    def test_several_calls(self) -> None:
        """Each call is ended alone."""
        platform = TwilioPlatform(ACCOUNT, TOKEN)
        notebooks = [Notebook(), Notebook()]

        async def first(line: Line) -> None:
            await rest(platform, call_of(line), "Status=completed")
            await line.listen()

        async def scene() -> None:
            await platform.open()
            agent = bot(connect(), first, Line.listen)
            async with agent.serving() as host:
                calls = []
                for number, notebook in enumerate(notebooks):
                    request = dial(f"http://{host}/voice", notebook, platform)
                    calls.append(await ADAPTER.dial(replace(request, identity=Identity(str(number)))))
                listening = [asyncio.ensure_future(call.listen()) for call in calls]
                await listening[0]
                await asyncio.sleep(1)
                assert not listening[1].done()
                for call in calls:
                    await call.hang_up()
                await listening[1]
            await platform.aclose()

        run_on(VirtualLoop, scene())
        assert [len(notebook.of(AgentHungUp)) for notebook in notebooks] == [1, 0]
