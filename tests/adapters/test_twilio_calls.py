"""Calls that begin at a voice webhook, and webhooks that refuse them."""

from __future__ import annotations

import asyncio
import re

import pytest
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types
from twilio.twiml import voice_response as official  # type: ignore[import-untyped]  # as above

from support_twilio import Notebook
from support_twilio_calls import bot, close, connect, refusal, twiml
from support_twilio_web import Bot, Line, dial, held
from turnspec.adapters.base import LineRefused, NothingListens
from turnspec.adapters.http import HttpResponse
from turnspec.adapters.twilio import ADAPTER
from turnspec.call.events import AgentHungUp, AgentMessaged, CallUp
from turnspec.run.loops import WallLoop, run_on
from turnspec.run.virtual import VirtualLoop


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
