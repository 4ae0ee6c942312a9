"""TwiML: documents to verbs, what is wrong with them, and anything at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml import voice_response as official  # type: ignore[import-untyped]  # it ships no types

from support_examples_drawn import EXAMPLES
from turnspec.adapters.twilio.twiml import (
    LARGEST_DOCUMENT,
    Connect,
    Hangup,
    Pause,
    Play,
    Reject,
    Say,
    Start,
    Stop,
    Stream,
    Transfer,
    Twiml,
    TwimlError,
    Unsupported,
    Verb,
    Walk,
    read_twiml,
)


def verbs(inside: str) -> tuple[Verb, ...]:
    """The verbs of a document with `inside` in it, of which nothing is wrong."""
    document = read_twiml(f"<Response>{inside}</Response>".encode())
    assert document.faults == ()
    return document.verbs


def wrong(inside: str) -> tuple[tuple[Verb, ...], list[str]]:
    """The verbs of a document, and what is wrong with it."""
    document = read_twiml(f"<Response>{inside}</Response>".encode())
    assert {fault.rule for fault in document.faults} <= {"twiml"}
    return document.verbs, [fault.detail for fault in document.faults]


class TestVerbs:
    """Each verb by its own text."""

    @pytest.mark.parametrize(
        ("written", "verb"),
        [
            ("<Say>Hello\n  there</Say>", Say("Hello there")),
            ('<Say>Your <emphasis>last</emphasis><break time="1s"/></Say>', Say("Your last")),
            ("<Play>https://h.example/a.mp3</Play>", Play("https://h.example/a.mp3")),
            ('<Play digits="1w2"/>', Play("1w2")),
            ("<Pause/>", Pause(1_000_000)),
            ('<Pause length="3"/>', Pause(3_000_000)),
            ("<Hangup/>", Hangup()),
            ('<Reject reason="busy"/>', Reject("busy")),
            ("<Reject/>", Reject("rejected")),
            ("<Dial>+15550001</Dial>", Transfer("Dial", "+15550001")),
            ("<Dial><Sip>sip:a@h.example</Sip></Dial>", Transfer("Dial", "sip:a@h.example")),
            ("<Refer><Sip>sip:b@h.example</Sip></Refer>", Transfer("Refer", "sip:b@h.example")),
            ("<Gather/>", Unsupported("Gather")),
            ("<Redirect>/other</Redirect>", Unsupported("Redirect")),
            ("<say>hi</say>", Unsupported("say")),
            ('<Stop><Stream name="a"/></Stop>', Stop("a")),
            (f"<{'n' * 99}/>", Unsupported("n" * 60 + "…")),
            ("<Connect><ConversationRelay/></Connect>", Unsupported("Connect with ConversationRelay")),
            ("<Start><Recording/></Start>", Unsupported("Start with Recording")),
        ],
    )
    def test_one(self, written: str, verb: Verb) -> None:
        """A verb becomes its value; names are taken as written."""
        assert verbs(written) == (verb,)

    def test_a_stream_both_ways(self) -> None:
        """All that a Stream may say is kept."""
        (verb,) = verbs(
            '<Connect><Stream url=" wss://h/s " name="n" statusCallback="/cb" statusCallbackMethod="get">'
            '<Parameter name="a" value="1"/><Parameter name="b" value=""/></Stream></Connect>'
        )
        assert verb == Connect(Stream("wss://h/s", "n", "inbound_track", {"a": "1", "b": ""}, "/cb", "GET"))

    def test_a_copy_of_both_tracks(self) -> None:
        """A one-way stream may have both tracks."""
        assert verbs('<Start><Stream url="/s" track="both_tracks"/></Start>') == (
            Start(Stream("/s", track="both_tracks")),
        )

    def test_an_action(self) -> None:
        """An action after Connect, which would replace the rest, is named where it would be followed."""
        found = verbs('<Connect action="/next"><Stream url="/s"/></Connect><Hangup/>')
        assert found == (Connect(Stream("/s")), Unsupported("Connect with an action"), Hangup())

    def test_how_long_is_spoken(self) -> None:
        """A text takes as long as it has characters."""
        assert Say("0123456789").duration_us == 650_000


class TestFaults:
    """What Twilio's schema does not allow is told, and the rest is followed."""

    @pytest.mark.parametrize(
        ("written", "left", "said"),
        [
            ('<Pause length="soon"/>', (Pause(1_000_000),), "the length of a Pause is a number of seconds"),
            ("<Connect/>", (), "Connect is empty"),
            ("<Connect><Stream/></Connect>", (), "Stream has no url"),
            ("<Stop><Stream/></Stop>", (), "needs the name of the one to stop"),
            (
                '<Connect><Stream url="/a"/><Stream url="/b"/></Connect>',
                (Connect(Stream("/a")),),
                "Connect holds one noun, and this one holds 2",
            ),
            (
                '<Connect><Stream url="/s" track="both_tracks"/></Connect>',
                (Connect(Stream("/s")),),
                'is "both_tracks"; possible is inbound_track',
            ),
            (
                '<Connect><Stream url="/s" colour="red"/></Connect>',
                (Connect(Stream("/s")),),
                'Stream has no attribute "colour"',
            ),
            (
                '<Connect><Stream url="/s"><Parameter name="a"/></Stream></Connect>',
                (Connect(Stream("/s")),),
                "each with a name and a value",
            ),
        ],
    )
    def test_one(self, written: str, left: tuple[Verb, ...], said: str) -> None:
        """One thing wrong is one fault, and what can be followed is."""
        found, faults = wrong(written)
        assert found == left
        assert len(faults) == 1
        assert said in faults[0]

    def test_a_parameter_that_is_too_long(self) -> None:
        """499 characters of name and value pass, one more is told and kept."""
        stream = '<Connect><Stream url="/s"><Parameter name="n" value="{}"/></Stream></Connect>'
        assert wrong(stream.format("v" * 498))[1] == []
        (verb,), faults = wrong(stream.format("v" * 499))
        assert isinstance(verb, Connect)
        assert verb.stream.parameters == {"n": "v" * 499}
        assert "500 characters" in faults[0]


class TestRefused:
    """What is no TwiML says what it is."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"", "not XML: no element found"),
            (b"<Response>", "not XML"),
            (b"<Response/><Response/>", "not XML"),
            (b"{}", "not XML"),
            (b"<html/>", "not with <html>"),
            (b'<!DOCTYPE a [<!ENTITY b "c">]><Response/>', "declares a document type"),
            (b'<!DOCTYPE Response SYSTEM "file:///etc/passwd"><Response/>', "declares a document type"),
            (b"<Response>&unknown;</Response>", "not XML: undefined entity"),
            (b'<?xml version="1.0" encoding="utf-7"?><Response/>', "not XML"),
            (b'<?xml version="1.0" encoding="no-such"?><Response/>', "not XML"),
            (b"<a>" * 17 + b"</a>" * 17, "16 of them in one another"),
            (b"<Response>" + b"<Hangup/>" * 2_000 + b"</Response>", "more than 2,000 elements"),
            (b"<Response>" + b" " * LARGEST_DOCUMENT + b"</Response>", "at most 65,536 are read"),
        ],
        ids=lambda value: value[:30].decode() if isinstance(value, bytes) else None,
    )
    def test_one(self, body: bytes, said: str) -> None:
        """The document is refused with its reason, and nothing in it is fetched or expanded."""
        with pytest.raises(TwimlError, match=said):
            read_twiml(body)


class TestOfficialBuilder:
    """Documents that Twilio's own helper library writes."""

    def test_a_bot(self) -> None:
        """A greeting, a pause, and a stream with its parameters."""
        response = official.VoiceResponse()
        response.say("Please wait & hold", voice="Polly.Joanna")
        response.pause(length=1)
        connect = official.Connect()
        stream = connect.stream(
            url="wss://h.example/media-stream",
            name="main",
            status_callback="https://h.example/cb",
            status_callback_method="POST",
        )
        stream.parameter(name="tier", value="gold")
        response.append(connect)
        response.say("Good bye")
        response.hangup()

        document = read_twiml(str(response).encode())
        assert document.faults == ()
        assert document.verbs == (
            Say("Please wait & hold"),
            Pause(1_000_000),
            Connect(
                Stream(
                    "wss://h.example/media-stream",
                    "main",
                    parameters={"tier": "gold"},
                    status_callback="https://h.example/cb",
                )
            ),
            Say("Good bye"),
            Hangup(),
        )

    def test_a_copy(self) -> None:
        """A one-way stream, then a transfer."""
        response = official.VoiceResponse()
        start = official.Start()
        start.stream(url="wss://h.example/s", track="both_tracks", name="log")
        response.append(start)
        response.dial("+15550001")

        assert read_twiml(str(response).encode()).verbs == (
            Start(Stream("wss://h.example/s", "log", "both_tracks")),
            Transfer("Dial", "+15550001"),
        )


def test_a_walk_ends() -> None:
    """Verbs come once, in order; after the last there is none."""
    walk = Walk(Twiml((Say("a"), Hangup())))
    assert [walk.next(), walk.next(), walk.done, walk.next(), walk.next()] == [
        Say("a"),
        Hangup(),
        True,
        None,
        None,
    ]


ELEMENTS = [
    *["Response", "Say", "Play", "Pause", "Connect", "Start", "Stop", "Stream", "Parameter", "Dial"],
    *["Sip", "Hangup", "Reject", "Gather", "x"],
]
ATTRIBUTES = [
    *["", 'url="/s"', 'url=""', 'url="wss://h/s?q"', 'name="n"', 'name="n" value="v"', 'track="both_tracks"'],
    *['track="x"', 'length="5"', 'length="-1"', 'length="99999999999"', 'length="\u0663"', 'action="/a"'],
]
TOKENS = [("<", f"{name} {given}") for name in ELEMENTS for given in ATTRIBUTES]
PIECES = st.lists(
    st.one_of(st.sampled_from(TOKENS), st.sampled_from([(">", "")] * 3 + [("", "words"), ("", "\u00e9 ")])),
    max_size=24,
)


def document(pieces: list[tuple[str, str]]) -> str:
    """A document of these pieces: `<` opens an element, `>` closes the last, the rest is text."""
    parts, still_open = ["<Response>"], ["Response"]
    for sign, piece in pieces:
        if sign == "<":
            still_open.append(piece.split()[0])
            parts.append(f"<{piece}>")
        elif not sign:
            parts.append(piece)
        elif len(still_open) > 1:
            parts.append(f"</{still_open.pop()}>")
    return "".join([*parts, *(f"</{name}>" for name in reversed(still_open))])


def read(body: bytes) -> Twiml | str:
    """The document, or why it is none."""
    try:
        return read_twiml(body)
    except TwimlError as error:
        return str(error)


@settings(max_examples=EXAMPLES, deadline=None)
@given(PIECES)
def test_any_document_can_be_walked(pieces: list[tuple[str, str]]) -> None:
    """Whatever elements stand where: verbs and faults come of it, or a TwimlError, and the walk ends."""
    found = read(document(pieces).encode())
    assert isinstance(found, Twiml) or "in one another" in found
    if isinstance(found, str):
        return
    walk = Walk(found)
    count = 0
    while (verb := walk.next()) is not None:
        count += 1
        if isinstance(verb, Say | Play | Pause):
            assert 0 <= verb.duration_us <= 4 * 3600 * 1_000_000
    assert count == len(found.verbs)
    assert {fault.rule for fault in found.faults} <= {"twiml"}


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(st.characters(codec="utf-8"), max_size=80).map(lambda text: f"<Response>{text}".encode()),
    )
)
def test_any_bytes_are_twiml_or_not(body: bytes) -> None:
    """Whatever a webhook answers, it is TwiML or a TwimlError says why not."""
    assert read(body)
