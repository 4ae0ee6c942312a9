"""Whole Twilio calls in virtual time: from the voice webhook on, through TwiML, and by REST."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from dataclasses import replace

import pytest
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types
from twilio.twiml import voice_response as official  # type: ignore[import-untyped]  # as above

from support_twilio import Notebook
from support_twilio_web import Bot, Line, Talk, dial, held
from turnspec.adapters.base import Call, LineError, LineRefused, NothingListens
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.twilio import ADAPTER
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.call import Identity
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    AgentMessaged,
    AgentTransferred,
    CallUp,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
)
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop

FRAME = b"\xff" * 160


def twiml(inside: str) -> bytes:
    """A document."""
    return f"<Response>{inside}</Response>".encode()


def connect(more: str = "", inside: str = "") -> str:
    """A stream both ways, as bots write it: wss, and their host without a port."""
    return f'<Connect><Stream url="wss://127.0.0.1/media-stream" {more}>{inside}</Stream></Connect>'


def bot(inside: str, *talks: Talk, **pages: bytes | HttpResponse) -> Bot:
    """A bot whose webhook answers a document."""
    return Bot({"/voice": twiml(inside), **{f"/{name}": page for name, page in pages.items()}}, list(talks))


async def close(line: Line) -> None:
    """Say nothing, and hang up on the socket."""
    await line.connection.close()


def refusal(of: Bot, **options: object) -> LineError:
    """How a call to a bot fails."""
    with pytest.raises(LineError) as refused:
        held(of, **options)  # type: ignore[arg-type]
    return refused.value


def rules(notebook: Notebook) -> list[str]:
    """The rules that were broken, in order."""
    return [fault.rule for fault in notebook.of(ProtocolFault)]


class TestWebhook:
    """A call begins as Twilio begins one."""

    def test_the_request(self) -> None:
        """The documented form, signed so that Twilio's own validator takes it."""
        agent = bot(connect(), close)
        held(agent, parameters={"FromCity": "Ulm"})

        ((path, request),) = agent.asked
        (form,) = agent.forms("/voice")
        assert (path, request.method) == ("/voice", "POST")
        assert (form["CallStatus"], form["Direction"], form["FromCity"]) == ("ringing", "inbound", "Ulm")
        assert form["From"] == form["Caller"] == "+15550100001"
        sign = request.header("X-Twilio-Signature")
        assert RequestValidator("12345").validate(
            f"http://{agent.host}/voice", ImmutableMultiDict(form), sign
        )

    def test_by_get(self) -> None:
        """The webhook may be asked by GET."""
        agent = bot(connect(), close)
        held(agent, webhook_method="GET")

        ((_, request),) = agent.asked
        assert (request.method, request.body) == ("GET", b"")
        url = f"http://{agent.host}{request.target}"
        assert RequestValidator("12345").validate(url, {}, request.header("X-Twilio-Signature"))

    def test_the_upgrade(self) -> None:
        """The stream is opened at the webhook's place under the bot's own name, and signed for that."""
        agent = bot(connect(), close)
        held(agent)

        (upgrade,) = agent.upgrades
        assert (upgrade["path"], upgrade["Host"]) == ("/media-stream", "127.0.0.1")
        assert upgrade["User-Agent"] == "Twilio.TmeWs/1.0"
        sign = upgrade["X-Twilio-Signature"]
        assert RequestValidator("12345").validate("wss://127.0.0.1/media-stream", {}, sign)

    def test_parameters_of_the_stream(self) -> None:
        """<Parameter>s arrive as texts; the call's id is the same everywhere."""
        agent = bot(connect(inside='<Parameter name="tier" value="gold"/>'), close)
        held(agent)

        start = agent.lines[0].start["start"]
        assert isinstance(start, dict)
        assert start["customParameters"] == {"tier": "gold"}
        assert (start["callSid"], start["accountSid"]) == (
            agent.forms("/voice")[0]["CallSid"],
            agent.forms("/voice")[0]["AccountSid"],
        )

    @pytest.mark.parametrize("signing", ["wrong", "none"])
    def test_badly_signed(self, signing: str) -> None:
        """A wrong signature is one that the official validator refuses; none is none."""
        agent = bot(connect(), close)
        held(agent, signature=signing)

        sign = agent.asked[0][1].header("X-Twilio-Signature")
        assert agent.upgrades[0].get("X-Twilio-Signature") is None or signing == "wrong"
        if signing == "none":
            assert sign is None
        else:
            form = agent.forms("/voice")[0]
            assert sign is not None
            assert not RequestValidator("12345").validate(f"http://{agent.host}/voice", form, sign)

    def test_a_document_of_the_official_builder(self) -> None:
        """What Twilio's own library writes is followed."""
        response = official.VoiceResponse()
        response.say("Please wait while we connect your call")
        response.pause(length=1)
        verb = official.Connect()
        verb.stream(url="wss://127.0.0.1/media-stream")
        response.append(verb)
        agent = Bot({"/voice": str(response).encode()}, [close])

        notebook = held(agent)

        assert [event.text for event in notebook.of(AgentMessaged)] == [
            "Please wait while we connect your call"
        ]
        assert [type(event) for event in notebook.events] == [AgentMessaged, CallUp, AgentHungUp]


class TestRefusals:
    """A webhook that brings no stream about refuses the call, and says how."""

    @pytest.mark.parametrize(
        ("page", "code", "said"),
        [
            (HttpResponse(500), 500, "the webhook answered with HTTP 500, which is Twilio's error 11200"),
            (HttpResponse(403), 403, "HTTP 403"),
            (HttpResponse(302, (("Location", "/x"),)), 302, "redirects are not followed"),
            (HttpResponse(200, (("Content-Type", "application/json"),), b"{}"), None, "error 12300"),
            (b"hello", None, "not XML"),
            (b'<!DOCTYPE Response [<!ENTITY a "b">]><Response/>', None, "document type"),
            (twiml(""), None, "before a stream was open: its TwiML came to its end"),
            (twiml("<Say>We are closed</Say><Hangup/>"), None, "its TwiML hung up"),
            (twiml('<Reject reason="busy"/>'), None, "rejected the call (busy)"),
            (twiml("<Gather/>"), None, "its TwiML goes on with <Gather>, which is not followed here"),
            (twiml("<Dial>+15550009</Dial>"), None, "gave the call to +15550009 by <Dial>"),
            (
                b" " * 2_000_000,
                None,
                "the webhook's answer is too large: a body of more than 1,048,576 bytes",
            ),
            (twiml(f"<Dial>{'9' * 99}</Dial>"), None, f"gave the call to {'9' * 60}… by <Dial>"),
            (
                twiml(connect().replace("wss", "no")),
                None,
                "the Stream at no://127.0.0.1/media-stream: the url",
            ),
            (
                twiml('<Connect><Stream url="https://h/s"/></Connect>'),
                None,
                "is not the address of a wss WebSocket",
            ),
        ],
    )
    def test_by_the_webhook(self, page: bytes | HttpResponse, code: int | None, said: str) -> None:
        """The reason names what was answered."""
        refused = refusal(Bot({"/voice": page}))
        assert isinstance(refused, LineRefused)
        assert refused.code == code
        assert said in refused.reason

    def test_no_http(self) -> None:
        """Somebody answered, but not in HTTP."""

        class Mail(asyncio.Protocol):
            """Greets like a mail server."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                """Say something that is not HTTP."""
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(b"220 mail.example ESMTP\r\n\r\n")

        async def scene() -> None:
            server = await asyncio.get_running_loop().create_server(Mail, "127.0.0.1", 4025)
            with pytest.raises(LineRefused, match="the webhook's answer is no HTTP"):
                await ADAPTER.dial(dial("http://127.0.0.1:4025/", Notebook()))
            server.close()

        run_on(VirtualLoop, scene())

    def test_nobody_there(self) -> None:
        """A port without a listener is nobody's refusal, nor is one that never answers."""

        async def scene() -> None:
            loop = asyncio.get_running_loop()
            with pytest.raises(NothingListens, match="nothing listens at http://127"):
                await ADAPTER.dial(dial("http://127.0.0.1:4025/", Notebook()))
            server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 4026)
            with pytest.raises(NothingListens, match=r"no answer from http://127\.0\.0\.1:4026/ within 5 s"):
                await ADAPTER.dial(dial("http://127.0.0.1:4026/", Notebook()))
            assert loop.time() == 5
            server.close()

        run_on(VirtualLoop, scene())

    @pytest.mark.parametrize("start_at", ["webhook", "socket"])
    @pytest.mark.parametrize("host", ["x..example", "a" * 70 + ".example", "[::1"])
    def test_a_name_that_no_host_can_have(self, host: str, start_at: str) -> None:
        """It is told as an address at which nobody is."""
        scheme = {"webhook": "http", "socket": "ws"}[start_at]

        async def scene() -> None:
            with pytest.raises(NothingListens, match=re.escape(host)):
                await ADAPTER.dial(dial(f"{scheme}://{host}/", Notebook(), start_at=start_at))

        run_on(WallLoop, scene())

    def test_no_webhook(self) -> None:
        """The address of a WebSocket is none of a webhook."""

        async def scene() -> None:
            with pytest.raises(NothingListens, match="is not the address of a webhook"):
                await ADAPTER.dial(dial("ws://127.0.0.1:1/", Notebook()))

        run_on(VirtualLoop, scene())

    def test_no_stream_there(self) -> None:
        """A stream that is not taken refuses the call with its status, and the callback is told."""
        agent = bot(connect('statusCallback="/cb"'), cb=HttpResponse(204))

        async def decline(line: Line) -> None:
            raise AssertionError(line)

        agent.talks = [decline]
        agent.pages["/voice"] = twiml('<Connect><Stream url="wss://[::1" statusCallback="/cb"/></Connect>')
        refused = refusal(agent)
        assert "the Stream at wss://[::1" in refused.reason
        assert [form["StreamEvent"] for form in agent.forms("/cb")] == ["stream-error"]
        assert "wss WebSocket" in agent.forms("/cb")[0]["StreamError"]


class TestWalking:
    """One verb after another."""

    def test_prompts_cost_no_time(self) -> None:
        """By default the stream opens at once, and what was said is in the record."""
        agent = bot(f"<Say>Hello</Say><Play>/a.mp3</Play><Pause length='9'/>{connect()}", close)
        notebook = held(agent)

        assert [event.at_us for event in notebook.of(CallUp)] == [0]
        assert [event.text for event in notebook.of(AgentMessaged)] == ["Hello"]
        assert [(event.name, event.payload) for event in notebook.of(AgentActivity)] == [
            ("Play", {"what": "/a.mp3"})
        ]

    def test_prompts_take_their_time(self) -> None:
        """If asked for, a text takes as long as its characters, a pause as long as it says."""
        agent = bot(f"<Say>0123456789</Say><Pause length='9'/>{connect()}", close)
        notebook = held(agent, prompts="spend")

        assert [event.at_us for event in notebook.of(CallUp)] == [9_650_000]

    def test_what_follows_a_stream(self) -> None:
        """When the bot closes the stream the verbs after it run; another stream is the same call."""

        async def talk(line: Line) -> None:
            await line.play(100)
            await line.say("mark", mark={"name": "one"})
            await line.connection.close()

        agent = bot(f"{connect()}<Say>Once more</Say>{connect()}<Hangup/>", talk, close)
        notebook = held(agent)

        kinds = [type(event) for event in notebook.events]
        assert kinds == [CallUp, AgentAudio, MarkSet, FlushAsked, AgentMessaged, FlushAsked, AgentHungUp]
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML hung up"]
        first, second = (line.start["start"] for line in agent.lines)
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert first["callSid"] == second["callSid"]
        assert first["streamSid"] != second["streamSid"]

    def test_the_last_stream(self) -> None:
        """With nothing left to do, closing the stream hangs up."""
        notebook = held(bot(connect(), close))
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["closed the stream (1000)"]

    def test_a_stream_that_breaks(self) -> None:
        """A broken stream is a broken line, whatever would follow."""

        async def drop(line: Line) -> None:
            line.connection.transport.abort()

        notebook = held(bot(f"{connect()}<Say>Bye</Say>", drop))
        assert [event.code for event in notebook.of(LineBroke)] == [1006]
        assert notebook.of(AgentHungUp) == []

    def test_a_verb_that_is_not_followed(self) -> None:
        """After a stream it is a finding with its name, and the end."""
        notebook = held(bot(f"{connect()}<Gather/>", close))
        assert rules(notebook) == ["unsupported-verb"]
        assert "<Gather>" in notebook.of(AgentHungUp)[0].reason

    def test_a_transfer(self) -> None:
        """Dial after a stream gives the call away."""
        notebook = held(bot(f"{connect()}<Dial><Sip>sip:desk@h</Sip></Dial>", close))
        (event,) = notebook.of(AgentTransferred)
        assert (event.target, event.details) == ("sip:desk@h", {"verb": "Dial"})
        assert len(notebook.of(AgentHungUp)) == 1

    def test_a_later_stream_that_is_not_taken(self) -> None:
        """Its failure is a finding, and the next verb runs."""
        agent = bot(f'{connect()}<Connect><Stream url="https://h/s"/></Connect><Say>Bye</Say>', close)
        notebook = held(agent)
        assert rules(notebook) == ["stream-refused"]
        assert [event.text for event in notebook.of(AgentMessaged)] == ["Bye"]

    def test_a_query_string(self) -> None:
        """It is dropped, and told."""
        agent = bot('<Connect><Stream url="wss://h.example/s?token=1"/></Connect>', close)
        notebook = held(agent)
        assert rules(notebook) == ["stream-url-query"]
        assert agent.upgrades[0]["path"] == "/s"

    def test_the_caller_hangs_up(self) -> None:
        """`stop`, then the end, whatever TwiML is left."""
        agent = bot(f"{connect()}<Say>Bye</Say>", Line.listen)

        async def caller(call: Call) -> None:
            call.send_audio(FRAME)
            call.send_digit("5")
            await asyncio.sleep(1)

        notebook = held(agent, caller)
        assert [message["event"] for message in agent.lines[0].heard] == ["media", "dtmf", "stop"]
        assert notebook.of(AgentMessaged) == []


class TestOneWay:
    """A copy of the call, for a bot that only listens."""

    DOCUMENT = (
        '<Start><Stream url="/s" name="copy" track="{track}" statusCallback="/cb">'
        '<Parameter name="a" value="b"/></Stream></Start><Pause length="1"/>{more}'
    )

    def heard(self, track: str, more: str = "") -> tuple[Bot, Notebook]:
        """A call with such a copy, ten frames long."""
        agent = bot(self.DOCUMENT.format(track=track, more=more), Line.listen, cb=HttpResponse(204))
        notebook = Notebook()

        async def scene() -> None:
            async with agent.serving() as host:
                call = await ADAPTER.dial(dial(f"http://{host}/voice", notebook))
                listening = asyncio.ensure_future(call.listen())
                for _ in range(3):
                    call.send_audio(b"\x10" * 160)
                    call.send_digit("1")
                    await asyncio.sleep(0.02)
                await listening
                await call.hang_up()

        run_on(VirtualLoop, scene())
        return agent, notebook

    def test_the_caller(self) -> None:
        """The call is up, lasts as long as its TwiML, carries no keys, and ends with `stop`."""
        agent, notebook = self.heard("inbound_track")

        (line,) = agent.lines
        start = line.start["start"]
        assert isinstance(start, dict)
        assert (start["tracks"], start["customParameters"]) == (["inbound"], {"a": "b"})
        assert [message["event"] for message in line.heard] == ["media"] * 3 + ["stop"]
        assert [type(event) for event in notebook.events] == [CallUp, AgentHungUp]
        assert notebook.of(AgentHungUp)[0].at_us == 1_000_000

    def test_both_tracks(self) -> None:
        """Frames of one instant have one timestamp; counters are common."""
        agent, _ = self.heard("both_tracks")

        (line,) = agent.lines
        start = line.start["start"]
        assert isinstance(start, dict)
        assert start["tracks"] == ["inbound", "outbound"]
        media = [message["media"] for message in line.heard[:4]]
        assert [(m["track"], m["chunk"], m["timestamp"]) for m in media if isinstance(m, dict)] == [
            ("outbound", "1", "102"),
            ("inbound", "2", "102"),
            ("outbound", "3", "122"),
            ("inbound", "4", "122"),
        ]
        assert [message["sequenceNumber"] for message in line.heard[:4]] == ["2", "3", "4", "5"]

    def test_stopped_by_name(self) -> None:
        """<Stop> ends it while the call goes on; the callback is told of both."""
        agent, notebook = self.heard("inbound_track", '<Stop><Stream name="copy"/></Stop><Hangup/>')

        assert [form["StreamEvent"] for form in agent.forms("/cb")] == ["stream-started", "stream-stopped"]
        assert {form["StreamName"] for form in agent.forms("/cb")} == {"copy"}
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML hung up"]

    def test_nothing_may_be_sent(self) -> None:
        """Whatever a bot sends on it is a finding, each time; the call goes on."""

        async def babble(line: Line) -> None:
            await line.play(20)
            await line.say("mark", mark={"name": "a"})
            await line.connection.send(b"\x00")
            await line.listen()

        notebook = held(bot('<Start><Stream url="/s"/></Start><Pause length="1"/>', babble))
        assert rules(notebook) == ["one-way-send"] * 3
        assert notebook.of(AgentAudio) == []

    def test_beside_a_stream_both_ways(self) -> None:
        """Both get the caller; only one is answered."""

        async def answer(line: Line) -> None:
            await line.play(20)
            await asyncio.sleep(0.1)
            await line.connection.close()

        agent = bot(f'<Start><Stream url="/copy"/></Start>{connect()}', Line.listen, answer)

        async def caller(call: Call) -> None:
            await asyncio.sleep(0.05)
            call.send_audio(FRAME)
            assert call.backlog == 0
            await asyncio.sleep(0.1)

        notebook = held(agent, caller)
        assert [upgrade["path"] for upgrade in agent.upgrades] == ["/copy", "/media-stream"]
        assert len(notebook.of(AgentAudio)) == 1
        assert len(notebook.of(CallUp)) == 1
        assert "media" in [message["event"] for message in agent.lines[0].heard]

    def test_too_many(self) -> None:
        """A call has four tracks for copies: what goes beyond is told, and not opened."""
        copies = '<Start><Stream url="/a" track="both_tracks"/></Start><Start><Stream url="/b"/></Start>'
        copies += '<Start><Stream url="/c" track="both_tracks"/></Start><Start><Stream url="/d"/></Start>'
        agent = bot(copies + '<Start><Stream url="/e"/></Start><Pause length="1"/>')
        notebook = held(agent)

        assert [upgrade["path"] for upgrade in agent.upgrades] == ["/a", "/b", "/d"]
        assert rules(notebook) == ["stream-refused"] * 2
        told = "a Stream of its TwiML: with it 5 tracks would be copied, and a call has 4 for copies"
        assert notebook.of(ProtocolFault)[0].detail == told

    def test_two_of_one_name(self) -> None:
        """A name is one stream's: it is told, and both are opened."""
        agent = bot('<Start><Stream url="/a" name="n"/></Start>' * 2 + '<Pause length="1"/>')
        notebook = held(agent)

        assert len(agent.upgrades) == 2
        assert [fault.detail for fault in notebook.of(ProtocolFault)] == [
            'another Stream of this call is named "n", too: <Stop> cannot tell them apart'
        ]

    def test_one_that_breaks(self) -> None:
        """A copy that is cut is a finding, not the end of the call."""

        async def drop(line: Line) -> None:
            line.connection.transport.abort()

        notebook = held(bot('<Start><Stream url="/s"/></Start><Pause length="1"/>', drop))
        assert rules(notebook) == ["stream-broke"]
        assert [event.reason for event in notebook.of(AgentHungUp)] == ["its TwiML came to its end"]


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


ACCOUNT, TOKEN = "AC" + "a" * 32, "secret"


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
