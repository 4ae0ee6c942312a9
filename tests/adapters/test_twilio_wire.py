"""Twilio frames: what leaves is what Twilio sends, and nothing that arrives is an exception."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_examples_drawn import EXAMPLES
from turnspec.adapters.twilio.excerpts import elided
from turnspec.adapters.twilio.messages import (
    BotClear,
    BotMark,
    BotMedia,
    Connected,
    Dtmf,
    Mark,
    Media,
    Message,
    Start,
    Stop,
)
from turnspec.adapters.twilio.wire import decode_bot, decode_platform, encode

SID = "MZ" + "0" * 32

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(0, 10**17)
audio = st.binary(min_size=1, max_size=400).filter(lambda data: data[:4] not in {b"RIFF", b"OggS", b"fLaC"})
bot_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(BotMedia, st.just(SID), audio),
    st.builds(BotMark, st.just(SID), texts),
    st.builds(BotClear, st.just(SID)),
)
platform_messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Connected, texts, texts),
    st.builds(
        Start,
        numbers,
        st.just(SID),
        texts,
        texts,
        st.lists(texts).map(tuple),
        st.dictionaries(texts, texts, max_size=4),
        texts,
        numbers,
        numbers,
    ),
    st.builds(
        Media, numbers, st.just(SID), numbers, numbers, audio, st.sampled_from(["inbound", "outbound"])
    ),
    st.builds(Dtmf, numbers, st.just(SID), st.sampled_from("0123456789*#")),
    st.builds(Mark, numbers, st.just(SID), texts),
    st.builds(Stop, numbers, st.just(SID), texts, texts),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


class TestRoundTrip:
    """Every message survives the wire."""

    @given(bot_messages)
    def test_bot_to_platform(self, message: Message) -> None:
        """What a bot says is read back as it was, without complaint."""
        decoded = decode_bot(encode(message), SID)
        assert decoded.message == message
        assert decoded.faults == ()

    @given(platform_messages)
    def test_platform_to_bot(self, message: Message) -> None:
        """What the platform says is read back as it was, without complaint."""
        decoded = decode_platform(encode(message), SID)
        assert decoded.message == message
        assert decoded.faults == ()


class TestTwilioSpelling:
    """Frames have the fields and types of Twilio's documentation."""

    def test_start(self) -> None:
        """Envelope numbers are strings, those of the media format numbers; the stream is named twice."""
        assert json.loads(encode(Start(1, SID, "AC1", "CA1", parameters={"tier": "gold"}))) == {
            "event": "start",
            "sequenceNumber": "1",
            "start": {
                "accountSid": "AC1",
                "streamSid": SID,
                "callSid": "CA1",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"tier": "gold"},
            },
            "streamSid": SID,
        }

    def test_media(self) -> None:
        """Twenty milliseconds are 216 characters of base64, and every number is a string."""
        document = json.loads(encode(Media(4, SID, 2, 122, b"\xff" * 160)))
        payload = document["media"].pop("payload")
        assert len(payload) == 216
        assert document == {
            "event": "media",
            "sequenceNumber": "4",
            "media": {"track": "inbound", "chunk": "2", "timestamp": "122"},
            "streamSid": SID,
        }

    def test_dtmf_names_its_track_otherwise(self) -> None:
        """A key is pressed on `inbound_track`, though audio comes on `inbound`."""
        document = json.loads(encode(Dtmf(5, SID, "7")))
        assert document["dtmf"] == {"track": "inbound_track", "digit": "7"}

    def test_connected_has_no_number(self) -> None:
        """The first message has neither stream nor number."""
        assert json.loads(encode(Connected())) == {
            "event": "connected",
            "protocol": "Call",
            "version": "1.0.0",
        }


def media(payload: str, **extra: object) -> str:
    """A bot's media frame, written by hand."""
    return json.dumps({"event": "media", "streamSid": SID, "media": {"payload": payload, **extra}})


WAV = b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()

WRONG = [
    (b"\x00\x01", "binary-frame", False),
    ("not json", "not-json", False),
    ("[" * 60_000, "not-json", False),
    ('{"event": NaN}', "not-json", False),
    ("[1, 2]", "not-json", False),
    ('{"streamSid": "x"}', "missing-field", False),
    ('{"event": "hangup"}', "unknown-event", False),
    ('{"event": 5}', "unknown-event", False),
    ('{"event": "connected", "protocol": "Call", "version": "1.0.0"}', "unknown-event", False),
    ('{"event": "clear"}', "missing-field", False),
    ('{"event": "clear", "streamSid": "MZother"}', "wrong-stream-sid", False),
    ('{"event": "clear", "streamSid": 7}', "wrong-type", False),
    (f'{{"event": "mark", "streamSid": "{SID}", "mark": "a"}}', "wrong-type", False),
    (f'{{"event": "mark", "streamSid": "{SID}", "mark": {{"name": "\\ud800"}}}}', "wrong-type", False),
    (f'{{"event": "mark", "streamSid": "{SID}", "mark": {{}}}}', "missing-field", False),
    (media("@@@@"), "bad-base64", False),
    (media("////x"), "bad-base64", False),
    (media("abc"), "bad-base64", False),
    (media("é"), "bad-base64", False),
    (media(""), "empty-payload", False),
    (media(WAV), "file-header", True),
    (media("////", track="outbound"), "extra-field", True),
    (media("/" * 65_536), "large-message", True),
]


class TestWrongFrames:
    """What Twilio would warn about has a name each, and is ignored where it cannot be made out."""

    @pytest.mark.parametrize(
        ("frame", "rule", "taken"), WRONG, ids=[f"{w[1]}-{n}" for n, w in enumerate(WRONG)]
    )
    def test_has_a_rule(self, frame: str | bytes, rule: str, taken: bool) -> None:  # noqa: FBT001 # a table's column
        """Each wrong frame breaks exactly one rule, and shows itself in the fault."""
        decoded = decode_bot(frame, SID)
        assert [fault.rule for fault in decoded.faults] == [rule]
        assert (decoded.message is not None) == taken
        assert decoded.faults[0].frame
        assert len(decoded.faults[0].frame) <= 301

    def test_names_the_place(self) -> None:
        """The path of a wrong field is in the detail, with what was found there."""
        frame = f'{{"event": "mark", "streamSid": "{SID}", "mark": {{"name": 3}}}}'
        assert decode_bot(frame, SID).faults[0].detail == "mark.name must be a text, not the number 3"

    def test_half_a_character(self) -> None:
        """A text that no file can hold is told apart from what is no text."""
        frame = f'{{"event": "mark", "streamSid": "{SID}", "mark": {{"name": "\\ud800"}}}}'
        (fault,) = decode_bot(frame, SID).faults
        assert fault.detail == 'mark.name must be a text without halves of characters, not the text "\\ud800"'

    def test_many_extra_fields_do_not_flood(self) -> None:
        """A frame of a thousand unknown keys is a handful of faults."""
        frame = json.dumps({"event": "clear", "streamSid": SID, **{f"k{n}": n for n in range(1000)}})
        assert len(decode_bot(frame, SID).faults) == 5

    @given(st.text() | st.binary())
    @settings(max_examples=EXAMPLES, deadline=None)
    def test_junk_is_a_fault(self, frame: str | bytes) -> None:
        """No frame whatever raises, in either direction, and none passes unnoticed."""
        assert decode_bot(frame, SID).faults
        assert decode_platform(frame, None).faults

    @given(
        st.sampled_from(["media", "mark", "clear", "start", "dtmf", "stop", "connected"]),
        json_values,
        json_values,
    )
    def test_json_junk_never_raises(self, event: str, body: object, stream: object) -> None:
        """Any JSON under the right keys is either a message or a fault."""
        frame = json.dumps({"event": event, "streamSid": stream, event: body, "sequenceNumber": "1"})
        for decoded in (decode_bot(frame, SID), decode_platform(frame, None)):
            assert decoded.message is not None or decoded.faults


class TestElided:
    """The wire log holds no audio."""

    def test_audio_is_counted(self) -> None:
        """The payload is replaced by its length; the rest of the frame stays."""
        assert elided(encode(BotMedia(SID, b"\x7f" * 160))) == (
            f'{{"event":"media","streamSid":"{SID}","media":{{"payload":"<216 base64 characters>"}}}}'
        )

    def test_other_frames_stay(self) -> None:
        """A frame without audio is logged as it is."""
        assert elided(encode(BotMark(SID, "end"))) == encode(BotMark(SID, "end"))
