"""A Twilio bot's own webhook: TwiML that leads to it, for those who sign."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from support_twilio import Notebook, local_agent
from turnspec.adapters.base import Dial, LineRefused
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.http_shell import fetch
from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.adapters.twilio.signature import signature
from turnspec.adapters.twilio.twiml import Connect, Stream, read_twiml
from turnspec.call import Identity
from turnspec.call.events import CallerHeard, CallUp
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.doubles.twilio.voice import VoiceWebhook
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

AGENT = "agent: Bot\notherwise: {say: What?}\n"


def call(
    *, bot_token: str | None = None, caller_token: str | None = None, **options: object
) -> tuple[Notebook, Notebook]:
    """A call from the webhook on, in which a key is pressed: the caller's and the bot's notebook."""
    caller, callee = Notebook(), Notebook()

    async def scene() -> None:
        server = await serve_twilio_bot(
            lambda: (local_agent(AGENT), callee, Identity("bot")), auth_token=bot_token
        )
        try:
            request = Dial(
                url=server.voice_url,
                options=TwilioOptions.model_validate({"start_at": "webhook", **options}),
                identity=Identity("t"),
                witness=caller,
                auth={"auth_token": caller_token} if caller_token else {},
            )
            made = await ADAPTER.dial(request)
            listening = asyncio.ensure_future(made.listen())
            made.send_digit("7")
            await asyncio.sleep(1)
            await made.hang_up()
            await listening
        finally:
            await server.aclose()

    run_on(VirtualLoop, scene())
    return caller, callee


class TestAnswer:
    """What it answers to requests."""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_twiml(self, method: str) -> None:
        """A stream on the host that was asked, whatever it is called."""
        response = VoiceWebhook().answer(HttpRequest(method, "/any", (("host", 'h"&<.example:8'),)))
        assert (response.status, response.header("content-type")) == (200, "text/xml")
        assert read_twiml(response.body).verbs == (Connect(Stream('wss://h"&<.example:8/')),)

    def test_another_method(self) -> None:
        """Nothing else is a webhook."""
        assert VoiceWebhook().answer(HttpRequest("PUT", "/", (("host", "h"),))).status == 405

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_signed(self, scheme: str) -> None:
        """With a token only what it signed is answered, under either scheme."""
        form = {"CallSid": "CA1", "From": "+1"}
        sign = signature("12345", f"{scheme}://h/voice", form)

        def answer(body: bytes, given: str) -> HttpResponse:
            headers = (("host", "h"), ("x-twilio-signature", given))
            return VoiceWebhook("12345").answer(HttpRequest("POST", "/voice", headers, body))

        assert answer(b"CallSid=CA1&From=%2B1", sign).status == 200
        for body, given in [
            (b"CallSid=CA2&From=%2B1", sign),
            (b"CallSid=CA1&From=%2B1", "ä"),
            (b"\xff", sign),
        ]:
            assert answer(body, given).status == 403


class TestCalls:
    """Whole calls to it."""

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_from_the_webhook(self, method: str) -> None:
        """One port serves the webhook and the stream that it names."""
        caller, callee = call(webhook_method=method)
        assert len(caller.of(CallUp)) == 1
        assert [event.text for event in callee.of(CallerHeard)] == ["7"]

    def test_signed(self) -> None:
        """Webhook and upgrade are signed rightly, and taken."""
        caller, _ = call(bot_token="12345", caller_token="12345")
        assert len(caller.of(CallUp)) == 1

    @pytest.mark.parametrize(
        ("token", "options"), [(None, {}), ("other", {}), ("12345", {"signature": "wrong"})]
    )
    def test_refused(self, token: str | None, options: dict[str, object]) -> None:
        """No signature, another's, or a wrong one is 403."""
        with pytest.raises(LineRefused) as refused:
            call(bot_token="12345", caller_token=token, **options)
        assert refused.value.code == 403

    def test_an_upgrade_that_is_not_signed(self) -> None:
        """The stream itself is refused too, not only the webhook."""

        async def scene() -> None:
            server = await serve_twilio_bot(
                lambda: (local_agent(AGENT), Notebook(), Identity("bot")), auth_token="12345"
            )
            request = Dial(server.url, TwilioOptions(), Identity("t"), Notebook())
            with pytest.raises(LineRefused) as refused:
                await ADAPTER.dial(request)
            assert refused.value.code == 403
            await server.aclose()

        run_on(VirtualLoop, scene())


class TestDoor:
    """Whoever knocks at the port."""

    def test_no_http(self) -> None:
        """Bytes that are no HTTP are answered with 400, and those that never end do not hold the server."""

        async def scene() -> None:
            server = await serve_twilio_bot(lambda: None)
            port = int(server.url.rpartition(":")[2].strip("/"))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()
            _, idle = await asyncio.open_connection("127.0.0.1", port)
            idle.write(b"GET / HTTP")
            await asyncio.sleep(1)
            await server.aclose()
            idle.close()

        run_on(VirtualLoop, scene())

    def test_a_body_in_pieces(self) -> None:
        """A form may come later than its head."""

        async def scene() -> None:
            server = await serve_twilio_bot(lambda: None)
            port = int(server.url.rpartition(":")[2].strip("/"))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in (b"POST /voice HTTP/1.1\r\nHost: h\r\nContent-", b"Length: 3\r\n\r\n", b"a", b"=1"):
                writer.write(piece)
                await asyncio.sleep(0.1)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
            await server.aclose()

        run_on(VirtualLoop, scene())

    def test_clients_that_wait_to_be_told_to_go_on(self) -> None:
        """They are, by the bot's webhook and by the REST API alike."""
        head = b"POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

        async def asked(port: int) -> tuple[bytes, bytes]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            told = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"a=1")
            answered = await reader.readline()
            writer.close()
            return told, answered

        async def scene() -> None:
            bot, platform = await serve_twilio_bot(lambda: None), TwilioPlatform("AC" + "0" * 32, "t")
            await platform.open()
            go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
            assert await asked(urlsplit(bot.url).port or 0) == (go_on, b"HTTP/1.1 200 OK\r\n")
            assert await asked(urlsplit(platform.api_url).port or 0) == (
                go_on,
                b"HTTP/1.1 401 Unauthorized\r\n",
            )
            await bot.aclose()
            await platform.aclose()

        run_on(VirtualLoop, scene())

    def test_no_call_expected(self) -> None:
        """A webhook is answered even then; the stream is what is refused."""

        async def scene() -> int:
            server = await serve_twilio_bot(lambda: None)
            response = await fetch(server.voice_url, HttpRequest("POST", "/voice"), 1.0)
            await server.aclose()
            return response.status

        assert run_on(VirtualLoop, scene()) == 200
