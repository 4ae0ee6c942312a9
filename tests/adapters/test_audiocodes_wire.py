"""Bot API frames: what leaves is what both ends send, and nothing that arrives is an exception."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from turnspec.adapters.audiocodes.formats import MEDIA_FORMATS, audio_format, has_header
from turnspec.adapters.audiocodes.messages import (
    Activities,
    Activity,
    Alternative,
    BotMessage,
    ConnectionValidate,
    ConnectionValidated,
    NewerMessage,
    PlatformMessage,
    PlayStreamChunk,
    PlayStreamStart,
    PlayStreamStop,
    SessionAccepted,
    SessionEnd,
    SessionError,
    SessionInitiate,
    SessionResume,
    SpeechCommitted,
    SpeechHypothesis,
    SpeechRecognition,
    SpeechStarted,
    SpeechStopped,
    UserStreamChunk,
    UserStreamStart,
    UserStreamStarted,
    UserStreamStop,
    UserStreamStopped,
)
from turnspec.adapters.audiocodes.wav import WavError, read_header, streamed_header
from turnspec.adapters.audiocodes.wire import decode_bot, decode_platform, encode
from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat, Encoding

CONVERSATION = "c0ffee00-0000-4000-8000-000000000000"
OFFER = ("raw/lpcm16", "raw/mulaw")
SILENCE = b64encode(bytes(6)).decode()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
nobody = st.none() | names
objects = st.dictionaries(names, st.none() | st.booleans() | texts | st.integers(-9, 9), max_size=3)
audio = st.binary(max_size=200)
sent_activities = st.one_of(
    st.builds(
        Activity,
        st.just("event"),
        names.filter(lambda name: name.casefold() not in {"hangup", "transfer", "config", "playurl"}),
        params=objects,
        session_params=objects,
        parameters=objects,
        id=texts,
        language=texts,
        timestamp=texts,
    ),
    st.builds(Activity, st.just("message"), text=texts, params=objects),
)
platform_messages: st.SearchStrategy[PlatformMessage] = st.one_of(
    st.just(ConnectionValidate()),
    st.builds(SessionInitiate, names, texts, texts, st.booleans(), st.lists(names, max_size=3).map(tuple)),
    st.builds(SessionResume, names),
    st.builds(UserStreamStart, names, nobody),
    st.builds(UserStreamChunk, names, audio, nobody),
    st.builds(UserStreamStop, names, nobody),
    st.builds(SessionEnd, names, texts, texts),
    st.builds(Activities, st.lists(sent_activities, max_size=3).map(tuple), names),
    st.builds(NewerMessage, st.just("playStream.mark.reached"), st.just({"name": "m"})),
)
bot_messages: st.SearchStrategy[BotMessage] = st.one_of(
    st.builds(ConnectionValidated, st.booleans()),
    st.builds(SessionAccepted, nobody),
    st.builds(SessionError, texts),
    st.builds(UserStreamStarted, nobody),
    st.builds(UserStreamStopped, nobody),
    st.builds(SpeechStarted, nobody),
    st.builds(SpeechStopped, nobody),
    st.builds(SpeechCommitted, nobody),
    st.builds(SpeechHypothesis, st.lists(texts, min_size=1, max_size=3).map(tuple), nobody),
    st.builds(
        SpeechRecognition,
        st.lists(st.builds(Alternative, texts, st.none() | st.just(0.5)), min_size=1, max_size=3).map(tuple),
        nobody,
    ),
    st.builds(PlayStreamStart, names, names, nobody, objects, nobody),
    st.builds(PlayStreamChunk, names, audio),
    st.builds(PlayStreamStop, names),
    st.builds(NewerMessage, st.just("playStream.mark.set"), st.just({"name": "m"})),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class TestRoundTrip:
    """Every message survives the wire."""

    @given(platform_messages)
    def test_platform_to_bot(self, message: PlatformMessage) -> None:
        """What the platform says is read back as it was, without complaint."""
        assert decode_platform(encode(message)) == (message, ())

    @given(bot_messages)
    def test_bot_to_platform(self, message: BotMessage) -> None:
        """What a bot says is read back as it was, without complaint."""
        assert decode_bot(encode(message)) == (message, ())


class TestSpelling:
    """Frames have the names and types of the protocol."""

    @pytest.mark.parametrize(
        ("message", "document"),
        [
            (ConnectionValidate(), {"type": "connection.validate"}),
            (
                SessionInitiate(CONVERSATION, "bot", "+1555", expect_audio=True, formats=OFFER),
                {
                    "type": "session.initiate",
                    "conversationId": CONVERSATION,
                    "botName": "bot",
                    "caller": "+1555",
                    "expectAudioMessages": True,
                    "supportedMediaFormats": ["raw/lpcm16", "raw/mulaw"],
                },
            ),
            (SessionResume(CONVERSATION), {"type": "session.resume", "conversationId": CONVERSATION}),
            (UserStreamStart(CONVERSATION), {"type": "userStream.start", "conversationId": CONVERSATION}),
            (
                UserStreamStop(CONVERSATION, "callee"),
                {"type": "userStream.stop", "conversationId": CONVERSATION, "participant": "callee"},
            ),
            (
                UserStreamChunk(CONVERSATION, bytes(6)),
                {"type": "userStream.chunk", "conversationId": CONVERSATION, "audioChunk": SILENCE},
            ),
            (
                SessionEnd(CONVERSATION, "client-disconnected", "Client Side"),
                {
                    "type": "session.end",
                    "conversationId": CONVERSATION,
                    "reasonCode": "client-disconnected",
                    "reason": "Client Side",
                },
            ),
            (
                Activities((Activity("event", "DTMF", value="5"),), CONVERSATION),
                {
                    "type": "activities",
                    "conversationId": CONVERSATION,
                    "activities": [{"type": "event", "name": "DTMF", "value": "5"}],
                },
            ),
            (SessionAccepted("raw/mulaw"), {"type": "session.accepted", "mediaFormat": "raw/mulaw"}),
            (SessionAccepted(None), {"type": "session.accepted"}),
            (
                SpeechRecognition((Alternative("hello", 0.9),)),
                {
                    "type": "userStream.speech.recognition",
                    "alternatives": [{"text": "hello", "confidence": 0.9}],
                },
            ),
            (
                PlayStreamStart("play-0", "raw/lpcm16", "Hello"),
                {
                    "type": "playStream.start",
                    "streamId": "play-0",
                    "mediaFormat": "raw/lpcm16",
                    "altText": "Hello",
                },
            ),
            (
                PlayStreamChunk("play-0", bytes(6)),
                {"type": "playStream.chunk", "streamId": "play-0", "audioChunk": SILENCE},
            ),
            (
                Activities((Activity("event", "hangup", params={"hangupReason": "bye"}),)),
                {
                    "type": "activities",
                    "activities": [
                        {"type": "event", "name": "hangup", "activityParams": {"hangupReason": "bye"}}
                    ],
                },
            ),
        ],
        ids=lambda value: value.get("type") if isinstance(value, dict) else "",
    )
    def test_frames(self, message: Any, document: dict[str, Any]) -> None:
        """A frame is this object, with nothing that is absent."""
        assert json.loads(encode(message)) == document

    def test_ids_are_quoted_in_media(self) -> None:
        """The template of chunks writes any id as JSON has it."""
        frame = encode(PlayStreamChunk('play "0"\n', b"\x01\x02"))

        assert json.loads(frame)["streamId"] == 'play "0"\n'


def bot(type_: str, **fields: Any) -> str:
    """A frame of a bot, written by hand."""
    return json.dumps({"type": type_, **fields})


def acts(*activities: Any) -> str:
    """An `activities` frame of a bot."""
    return bot("activities", activities=list(activities))


WRONG = [
    (b"\x00\xff", "binary-frame", False),
    (b'{"type":"session.accepted","mediaFormat":"raw/mulaw"}', "binary-frame", True),
    ("hello", "not-json", False),
    ("[1]", "not-json", False),
    ("[" * 60_000, "not-json", False),
    ('{"type": NaN}', "not-json", False),
    ('{"type":"session.error","reason":1e999}', "not-json", False),
    ('{"type":"activities","x":' + "[" * 60 + "]" * 60 + "}", "too-deep", False),
    ('{"type":"session.error","reason":"\\ud800"}', "not-unicode", False),
    ("{}", "missing-field", False),
    ('{"type": 7}', "wrong-type", False),
    (bot("session.resumed"), "unknown-type", False),
    (bot("Session.Accepted"), "unknown-type", False),
    (bot("userStream.start", conversationId="c"), "unknown-type", False),
    (bot("connection.validated"), "missing-field", False),
    (bot("connection.validated", success="yes"), "wrong-type", False),
    (bot("session.accepted", mediaFormat=16), "wrong-type", True),
    (bot("playStream.start", streamId="1"), "missing-field", False),
    (bot("playStream.start", streamId=1, mediaFormat="raw/mulaw"), "wrong-type", False),
    (bot("playStream.start", streamId="1", mediaFormat=None), "missing-field", False),
    (bot("playStream.start", streamId="1", mediaFormat="raw/mulaw", activityParams=[]), "wrong-type", True),
    (bot("playStream.chunk", streamId="1"), "missing-field", False),
    (bot("playStream.chunk", streamId="1", audioChunk="*"), "bad-base64", False),
    (bot("playStream.chunk", streamId="1", audioChunk="AAA"), "bad-base64", False),
    (bot("playStream.chunk", streamId="1", audioChunk="AA\nAA"), "bad-base64", False),
    (bot("playStream.chunk", streamId="1", audioChunk="ÄÖÜß"), "bad-base64", False),
    (bot("userStream.speech.hypothesis"), "missing-alternatives", True),
    (bot("userStream.speech.hypothesis", alternatives=[]), "missing-alternatives", True),
    (bot("userStream.speech.hypothesis", alternatives="hello"), "missing-alternatives", True),
    (bot("userStream.speech.recognition", text="hi", confidence=1), "missing-alternatives", True),
    (bot("userStream.speech.recognition", alternatives=[{"confidence": 1}]), "missing-alternatives", True),
    (bot("activities"), "missing-field", False),
    (bot("activities", activities={}), "wrong-type", False),
    (acts("hangup"), "wrong-type", True),
    (acts({"name": "hangup"}), "missing-field", True),
    (acts({"type": "event"}), "missing-field", True),
    (acts({"type": "message", "text": 5}), "wrong-type", True),
    (acts({"type": "typing"}), "wrong-type", True),
    (acts({"type": "event", "name": "hangup", "activityParams": "bye"}), "wrong-type", True),
    (acts({"type": "Event", "name": "hangup"}), "odd-case", True),
    (acts({"type": "event", "name": "hangUp"}), "odd-case", True),
]


class TestWrongFrames:
    """What a bot must not send is a fault by name."""

    @pytest.mark.parametrize(("frame", "rule", "taken"), WRONG)
    def test_rules(self, frame: str | bytes, rule: str, taken: bool) -> None:  # noqa: FBT001 # a parameter
        """Each wrong frame has one fault of its rule, and says whether something could be made of it."""
        message, faults = decode_bot(frame)

        assert [fault.rule for fault in faults] == [rule]
        assert faults[0].detail
        assert faults[0].frame
        assert (message is not None) is taken

    def test_a_wrong_activity_leaves_the_others(self) -> None:
        """One bad entry is told by its place, and the rest is obeyed."""
        message, faults = decode_bot(acts({"type": "message"}, {"type": "event", "name": "hangup"}))

        assert message == Activities((Activity("event", "hangup"),))
        assert [fault.detail for fault in faults] == ["activities[0].text is missing"]

    def test_odd_case_is_understood(self) -> None:
        """The vendor's own mock writes `Event` once: names and types count whatever their case."""
        message, faults = decode_bot(acts({"type": "EVENT", "name": "PLAYURL"}))

        assert message == Activities((Activity("event", "playUrl"),))
        assert [fault.rule for fault in faults] == ["odd-case", "odd-case"]

    def test_the_platform_s_names_stay(self) -> None:
        """A key's event is as it was sent to a bot, `dtmf` too, which some bots want."""
        frame = encode(Activities((Activity("event", "dtmf", value="5"),), CONVERSATION))
        message, faults = decode_platform(frame)

        assert message == Activities((Activity("event", "dtmf", value="5"),), CONVERSATION)
        assert faults == ()


class TestTolerance:
    """What the protocol leaves open is no fault."""

    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            (
                bot("userStream.started", participant=None, conversationId="c"),
                UserStreamStarted(),
            ),
            (
                bot("playStream.start", streamId="1", mediaFormat="raw/mulaw", altText=None, extra={}),
                PlayStreamStart("1", "raw/mulaw"),
            ),
            (bot("userStream.speech.started", participantId="caller"), SpeechStarted()),
            (
                acts({"type": "event", "name": "hangup", "activityParams": None, "id": None}),
                Activities((Activity("event", "hangup"),)),
            ),
            (acts(), Activities(())),
            (
                acts({"type": "event", "name": "somethingOfTheirOwn"}),
                Activities((Activity("event", "somethingOfTheirOwn"),)),
            ),
            (bot("session.error"), SessionError("")),
        ],
    )
    def test_without_complaint(self, frame: str, message: BotMessage) -> None:
        """Nulls, ids of the conversation and fields that nobody knows are let pass."""
        assert decode_bot(frame) == (message, ())

    def test_optional_fields_of_a_call(self) -> None:
        """A platform that leaves out all that it may is still understood."""
        frame = '{"type":"session.initiate","conversationId":"c"}'

        assert decode_platform(frame) == (SessionInitiate("c", "", "", expect_audio=True, formats=()), ())


@settings(max_examples=EXAMPLES)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(st.characters(exclude_categories=()), max_size=60),
        json_values.map(json.dumps),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["activities", "playStream.chunk", "session.initiate", "session.accepted"]
                )
            },
            optional={
                "activities": json_values,
                "streamId": json_values,
                "audioChunk": json_values,
                "conversationId": json_values,
            },
        ).map(json.dumps),
    )
)
def test_any_frame_is_understood_or_faulty(frame: str | bytes) -> None:
    """Whatever arrives on either side is a message or a fault, never an exception and never nothing."""
    for decoded in (decode_bot(frame), decode_platform(frame)):
        assert decoded.message is not None or decoded.faults
        assert all(fault.rule and fault.detail for fault in decoded.faults)


class TestFormats:
    """Media formats by name."""

    def test_all(self) -> None:
        """`raw/lpcm16` is 16 kHz; the others say their rate."""
        formats = {name: audio_format(name) for name in MEDIA_FORMATS}

        assert formats == {
            "raw/mulaw": MULAW_8K,
            "raw/lpcm16_8": PCM_8K,
            "raw/lpcm16": PCM_16K,
            "raw/lpcm16_24": PCM_24K,
            "wav/mulaw": MULAW_8K,
            "wav/lpcm16_8": PCM_8K,
            "wav/lpcm16": PCM_16K,
            "wav/lpcm16_24": PCM_24K,
        }
        assert [name for name in MEDIA_FORMATS if has_header(name)] == list(MEDIA_FORMATS[4:])

    @pytest.mark.parametrize("name", ["", "raw/alaw", "mulaw", "raw/mulaw ", "RAW/MULAW", "raw/"])
    def test_others(self, name: str) -> None:
        """No other name is a format."""
        assert audio_format(name) is None


class TestWav:
    """Headers of WAV files, as they arrive."""

    @pytest.mark.parametrize("audio", [MULAW_8K, PCM_8K, PCM_16K, PCM_24K])
    def test_streamed(self, audio: AudioFormat) -> None:
        """The header that is written for a stream is read back; until it is whole, nothing is said."""
        header = streamed_header(audio)
        found = read_header(header + b"\x01\x02")

        assert found is not None
        assert (found.format, found.size) == (audio, len(header))
        assert [read_header(header[:length]) for length in range(len(header))] == [None] * len(header)

    def test_other_chunks_are_passed_over(self) -> None:
        """What stands between the format and the audio does not matter."""
        header = streamed_header(PCM_8K)
        extra = b"LIST\x03\x00\x00\x00abc\x00"
        found = read_header(header[:36] + extra + header[36:])

        assert found is not None
        assert found.size == len(header) + len(extra)

    def test_alaw_and_odd_rates(self) -> None:
        """Players take what the header says."""
        header = bytearray(streamed_header(MULAW_8K))
        header[20:22] = (6).to_bytes(2, "little")
        header[24:28] = (11_025).to_bytes(4, "little")
        found = read_header(bytes(header))

        assert found is not None
        assert found.format == AudioFormat(Encoding.ALAW, 11_025)

    @pytest.mark.parametrize(
        ("place", "value"),
        [(22, b"\x02\x00"), (24, b"\x00\x00\x00\x00"), (34, b"\x18\x00"), (20, b"\x03\x00"), (8, b"AVI ")],
    )
    def test_what_cannot_be_played(self, place: int, value: bytes) -> None:
        """Two channels, no rate, 24 bits, floats, no WAV file: refused with a reason."""
        header = bytearray(streamed_header(PCM_16K))
        header[place : place + len(value)] = value

        with pytest.raises(WavError):
            read_header(bytes(header) + bytes(8))

    @settings(max_examples=EXAMPLES)
    @given(st.binary(max_size=80), st.integers(0, 44))
    def test_any_bytes(self, data: bytes, kept: int) -> None:
        """Whatever follows the beginning of a header, it is a header, none yet, or refused."""
        try:
            found = read_header(streamed_header(PCM_16K)[:kept] + data)
        except WavError:
            return
        assert found is None or found.format.rate_hz > 0
