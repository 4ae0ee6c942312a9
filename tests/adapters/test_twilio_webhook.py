"""Requests to a bot's web server: their forms and signatures, and where the addresses in TwiML lead."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from support_examples_drawn import EXAMPLES
from turnspec.adapters.http import HttpResponse
from turnspec.adapters.twilio.signature import signature, signed_headers, upgrade_url
from turnspec.adapters.twilio.twiml import Stream, TwimlError
from turnspec.adapters.twilio.webhook import (
    NotAWebhook,
    Party,
    Signer,
    StreamAddress,
    call_parameters,
    callback_url,
    signed_request,
    stream_address,
    stream_parameters,
    twiml_in,
    webhook_base,
)

PARTY = Party("AC" + "0" * 32, "CA" + "1" * 32, "+15550001", "+15550002")
TOKEN = "12345"
LOCAL = webhook_base("http://127.0.0.1:8000/voice")


class TestForms:
    """What is told of a call and of its streams."""

    def test_of_a_call(self) -> None:
        """The documented parameters of an inbound call; more of them are added, or replace one."""
        assert call_parameters(PARTY, "ringing", {"FromCity": "Ulm", "Direction": "outbound-api"}) == {
            "CallSid": PARTY.call_sid,
            "AccountSid": PARTY.account_sid,
            "From": "+15550001",
            "To": "+15550002",
            "Caller": "+15550001",
            "Called": "+15550002",
            "CallStatus": "ringing",
            "Direction": "outbound-api",
            "ApiVersion": "2010-04-01",
            "FromCity": "Ulm",
        }

    def test_of_a_stream(self) -> None:
        """A stream goes by its name or else its id; the time is the call's own; an error is told."""
        told = stream_parameters(PARTY, "MZ1", Stream("/s"), "stream-error", 1_234_567, "HTTP 404")
        assert told == {
            "AccountSid": PARTY.account_sid,
            "CallSid": PARTY.call_sid,
            "StreamSid": "MZ1",
            "StreamName": "MZ1",
            "StreamEvent": "stream-error",
            "StreamError": "HTTP 404",
            "Timestamp": "2026-01-01T00:00:01.234+00:00",
        }
        named = stream_parameters(PARTY, "MZ1", Stream("/s", "main"), "stream-started", 0)
        assert named["StreamName"] == "main"
        assert "StreamError" not in named


class TestSignatures:
    """Twilio's own validator takes what is right, and nothing else."""

    def test_vectors(self) -> None:
        """Two signatures that were computed elsewhere."""
        form = {"To": "+15550002", "CallSid": "CA1", "From": "+15550001"}
        assert signature(TOKEN, "https://h.example/voice", form) == "Ussr0eeAMDlF96G0L532smnFT58="
        assert signature(TOKEN, "wss://h.example/media-stream") == "HOADvfWDwyUZjkszEi8cNQPqUDg="

    def test_a_post(self) -> None:
        """The form is signed, and the form that is sent is the one that was signed."""
        form = {"CallSid": "CA1", "Empty": "", "Name": "  Ä & Ö  "}
        url, request = signed_request(
            "http://h:8/voice?a=1", "POST", form, Signer("right", TOKEN), {"X-A": "b"}
        )

        assert (url, request.target) == ("http://h:8/voice?a=1", "/voice?a=1")
        assert request.header("Content-Type") == "application/x-www-form-urlencoded"
        assert (request.header("User-Agent"), request.header("X-A")) == ("TwilioProxy/1.1", "b")
        sent = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        assert sent == form
        sign = request.header("X-Twilio-Signature")
        assert RequestValidator(TOKEN).validate(url, sent, sign)
        assert not RequestValidator(TOKEN).validate(url, {**sent, "CallSid": "CA2"}, sign)

    def test_a_get(self) -> None:
        """A GET carries the form in its query, which is signed with the address."""
        signer = Signer("right", TOKEN)
        url, request = signed_request("http://h/voice?a=1", "GET", {"From": "+1 5"}, signer, {})

        assert url == "http://h/voice?a=1&From=%2B1+5"
        assert (request.target, request.body) == ("/voice?a=1&From=%2B1+5", b"")
        assert RequestValidator(TOKEN).validate(url, {}, request.header("X-Twilio-Signature"))

    def test_another_address(self) -> None:
        """Where the bot believes in another address, that one is signed."""
        _, request = signed_request(
            "http://127.0.0.1:8/v", "POST", {"a": "1"}, Signer("right", TOKEN), {}, signed_url="https://h/v"
        )
        sign = request.header("X-Twilio-Signature")
        assert RequestValidator(TOKEN).validate("https://h/v", {"a": "1"}, sign)

    def test_names_that_repeat(self) -> None:
        """Of a name that repeats each distinct value counts, in order, as in the official helper."""
        pairs = [("b", "2"), ("a", "z"), ("a", "y"), ("a", "z")]
        ours = signature(TOKEN, "https://h/v", pairs)
        assert ours == signature(TOKEN, "https://h/v", [("a", "y"), ("a", "z"), ("b", "2")])
        assert RequestValidator(TOKEN).validate("https://h/v", ImmutableMultiDict(pairs), ours)

    def test_wrong_and_none(self) -> None:
        """A wrong signature looks like one and is none; without a token nothing can be signed."""
        (wrong,) = signed_headers("wrong", TOKEN, "wss://h/s").values()
        assert len(wrong) == 28
        assert not RequestValidator(TOKEN).validate("wss://h/s", {}, wrong)
        assert signed_headers("none", TOKEN, "wss://h/s") == {}
        assert signed_headers("right", None, "wss://h/s") == {}

    def test_an_upgrade(self) -> None:
        """A plain WebSocket is signed as wss."""
        sign = signed_headers("right", TOKEN, upgrade_url("ws://h.example/media-stream"))
        assert sign == {"X-Twilio-Signature": "HOADvfWDwyUZjkszEi8cNQPqUDg="}


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=6))
def test_signatures_agree_with_the_official_helper(pairs: list[tuple[str, str]]) -> None:
    """Any form is signed as Twilio's own helper signs it."""
    official = RequestValidator(TOKEN).compute_signature("https://h/v", ImmutableMultiDict(pairs))
    assert signature(TOKEN, "https://h/v", pairs) == official


class TestAnswers:
    """What a webhook must answer."""

    @pytest.mark.parametrize("kind", ["text/xml", "application/xml; charset=utf-8", "Text/HTML"])
    def test_twiml(self, kind: str) -> None:
        """Each type that works, works."""
        assert twiml_in(HttpResponse(200, (("content-type", kind),), b"<Response/>")) == b"<Response/>"

    @pytest.mark.parametrize(
        ("status", "kind", "said"),
        [
            (500, "text/xml", "HTTP 500, which is Twilio's error 11200"),
            (307, "text/xml", "redirects are not followed"),
            (200, "application/json", 'content type "application/json", which is Twilio\'s error 12300'),
            (200, "", "no content type"),
        ],
    )
    def test_something_else(self, status: int, kind: str, said: str) -> None:
        """Anything else is refused, with Twilio's number for it."""
        with pytest.raises(TwimlError) as refused:
            twiml_in(HttpResponse(status, (("content-type", kind),)))
        assert said in str(refused.value)


class TestStreams:
    """The path of a stream is the bot's, its place the webhook's."""

    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("wss://127.0.0.1/media-stream", "ws://127.0.0.1/media-stream"),
            ("wss://bot.example:8443/a/b", "ws://bot.example:8443/a/b"),
            ("ws://localhost:8000/s", "ws://localhost:8000/s"),
            ("/media", "ws://127.0.0.1:8000/media"),
            ("media", "ws://127.0.0.1:8000/media"),
            ("wss://user:secret@bot.example", "ws://bot.example/"),
        ],
    )
    def test_on_the_webhooks_host(self, written: str, url: str) -> None:
        """The bot is told the host that it wrote, and reached where its webhook is."""
        assert stream_address(written, LOCAL, "webhook") == (StreamAddress(url, ("127.0.0.1", 8000)), ())

    def test_over_tls(self) -> None:
        """A webhook behind TLS has its streams behind TLS."""
        webhook = webhook_base("https://bot.example/voice")
        address, _ = stream_address("wss://bot.example/s", webhook, "webhook")
        assert address == StreamAddress("wss://bot.example/s", ("bot.example", 443))

    def test_as_written(self) -> None:
        """On this machine a stream may have a server of its own."""
        address, faults = stream_address("ws://127.0.0.1:9000/s", LOCAL, "written")
        assert (address, faults) == (StreamAddress("ws://127.0.0.1:9000/s", ("127.0.0.1", 9000)), ())

    @pytest.mark.parametrize(
        ("written", "rule", "url"),
        [
            ("wss://h/s?token=1", "stream-url-query", "ws://h/s"),
            ("ws://bot.example/s", "stream-url-scheme", "ws://bot.example/s"),
        ],
    )
    def test_what_twilio_does_not_like(self, written: str, rule: str, url: str) -> None:
        """A query string is dropped, a ws address taken, and both are told."""
        address, faults = stream_address(written, LOCAL, "webhook")
        assert (address.url, [fault.rule for fault in faults]) == (url, [rule])

    @pytest.mark.parametrize(
        "written", ["https://h/s", "mailto:a", "wss://[", "wss://h:x/", "wss://ä/", "wss://"]
    )
    def test_no_address(self, written: str) -> None:
        """What is no WebSocket refuses the stream."""
        with pytest.raises(TwimlError, match="is not the address of a wss WebSocket"):
            stream_address(written, LOCAL, "webhook")

    @pytest.mark.parametrize("host", ["bot.example", "127.bot.example", "127.0.0.1.bot.example", "0.0.0.0"])
    def test_outside(self, host: str) -> None:
        """Nothing is opened outside of this machine because TwiML says so, however a name begins."""
        with pytest.raises(TwimlError, match=f"its Stream is at {host},"):
            stream_address(f"wss://{host}/s", LOCAL, "written")

    def test_callbacks(self) -> None:
        """A callback keeps its path and query, on the webhook's host."""
        assert callback_url("https://bot.example/cb?x=1#y", LOCAL) == "http://127.0.0.1:8000/cb?x=1"
        assert callback_url("cb", LOCAL) == "http://127.0.0.1:8000/cb"
        with pytest.raises(TwimlError, match="not an address of the web"):
            callback_url("ftp://h/cb", LOCAL)

    @pytest.mark.parametrize(
        "url", ["ws://h/voice", "h/voice", "http:///voice", "http://h:99999/", "http://ä/"]
    )
    def test_no_webhook(self, url: str) -> None:
        """An address that no webhook can have is refused before anything is sent."""
        with pytest.raises(NotAWebhook, match="start_at: socket"):
            webhook_base(url)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(st.text(max_size=20), st.text("wshtp:/[]@?#.%1aä ", max_size=20)),
    st.sampled_from(["webhook", "written"]),
)
def test_any_address_leads_somewhere_or_nowhere(written: str, routing: str) -> None:
    """Whatever a bot writes: an address of this machine, or a TwimlError."""
    try:
        address, _ = stream_address(written, LOCAL, routing)  # type: ignore[arg-type]
    except TwimlError:
        return
    assert address.url.isascii()
    assert address.place is not None
    assert address.place[0] == "localhost" or ip_address(address.place[0]).is_loopback
    assert urlsplit(address.url).scheme in ("ws", "wss")
