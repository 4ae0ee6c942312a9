"""Twilio's end of a stream, frame by frame."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnspec.adapters.twilio.bot import BotEnd
from turnspec.adapters.twilio.caller import CallerEnd
from turnspec.adapters.twilio.messages import BotClear, BotMark, BotMedia, Mark, Start
from turnspec.adapters.twilio.signature import signature, upgrade_url
from turnspec.adapters.twilio.wire import encode
from turnspec.call import MULAW_8K, Identity
from turnspec.call.events import (
    AgentAudio,
    AgentHungUp,
    FlushAsked,
    LineBroke,
    MarkSet,
    ProtocolFault,
)

FRAME = b"\xff" * 160


def caller(offset_ms: int = 102) -> CallerEnd:
    """A stream that has not begun."""
    return CallerEnd(Identity("seed"), {"tier": "gold"}, offset_ms)


def read(*frames: str) -> list[dict[str, Any]]:
    """Frames as any JSON reader sees them."""
    return [json.loads(frame) for frame in frames]


class TestSending:
    """Counters, ids and media time are those of a real stream."""

    def test_opening(self) -> None:
        """`connected` comes first and has no number, `start` is number 1 and carries the parameters."""
        connected, start = read(*caller().opening())
        assert connected["event"] == "connected"
        assert "sequenceNumber" not in connected
        assert start["sequenceNumber"] == "1"
        assert start["start"]["customParameters"] == {"tier": "gold"}

    def test_ids_have_twilio_form_and_depend_on_the_identity(self) -> None:
        """Stream, account and call ids are prefix and 32 hex digits, the same for the same identity."""
        one, same = caller(), caller()
        other = CallerEnd(Identity("other"), {}, 0)
        for sid, prefix in ((one.stream_sid, "MZ"), (one.account_sid, "AC"), (one.call_sid, "CA")):
            assert sid.startswith(prefix)
            assert len(sid) == 34
            assert set(sid[2:]) <= set("0123456789abcdef")
        assert one.stream_sid == same.stream_sid
        assert one.stream_sid != other.stream_sid

    def test_every_message_is_numbered_and_chunks_count_media_only(self) -> None:
        """Marks, keys and stop take a number too; chunks do not notice them."""
        end = caller()
        end.opening()
        frames = read(end.media(FRAME), end.mark("a"), end.dtmf("5"), end.media(FRAME), end.stop())
        assert [frame["sequenceNumber"] for frame in frames] == ["2", "3", "4", "5", "6"]
        assert [frame["media"]["chunk"] for frame in frames if "media" in frame] == ["1", "2"]

    def test_timestamps_are_media_time_from_an_offset(self) -> None:
        """The first frame of a live call is not at 0; each frame advances by what it plays."""
        end = caller(offset_ms=102)
        stamps = [
            frame["media"]["timestamp"]
            for frame in read(end.media(FRAME), end.media(FRAME), end.media(FRAME))
        ]
        assert stamps == ["102", "122", "142"]

    def test_what_it_sends_a_bot_reads(self) -> None:
        """A bot that checks strictly finds nothing wrong in a whole stream."""
        end, bot = caller(), BotEnd()
        frames = [*end.opening(), end.media(FRAME), end.dtmf("#"), end.mark("a"), end.stop()]
        decoded = [bot.receive(frame) for frame in frames]
        assert [one.faults for one in decoded] == [()] * 6
        assert isinstance(decoded[1].message, Start)
        assert isinstance(decoded[4].message, Mark)
        assert bot.started is not None
        assert bot.started.stream_sid == end.stream_sid


class TestReceiving:
    """What a bot sends becomes events of the call."""

    def test_media_mark_clear(self) -> None:
        """Audio, marks and clears are reported as such, stamped as they came."""
        end = caller()
        sid = end.stream_sid
        frames = [encode(BotMedia(sid, FRAME)), encode(BotMark(sid, "end")), encode(BotClear(sid))]
        events = [event for at_us, frame in enumerate(frames) for event in end.receive(frame, at_us)]
        assert events == [
            AgentAudio(at_us=0, format=MULAW_8K, size=160, data=FRAME),
            MarkSet(at_us=1, name="end"),
            FlushAsked(at_us=2),
        ]
        assert isinstance(events[0], AgentAudio)
        assert events[0].data == FRAME

    def test_a_fault_comes_before_what_could_still_be_taken(self) -> None:
        """A frame with a field too many is a fault, and its audio is taken all the same."""
        end = caller()
        frame = json.dumps(
            {"event": "media", "streamSid": end.stream_sid, "media": {"payload": "////", "track": "outbound"}}
        )
        fault, audio = end.receive(frame, 7)
        assert isinstance(fault, ProtocolFault)
        assert (fault.rule, fault.detail) == ("extra-field", "media.track does not belong here")
        assert isinstance(audio, AgentAudio)

    def test_a_binary_frame_is_no_end(self) -> None:
        """Bytes are a fault that is not fatal."""
        (fault,) = caller().receive(b"RIFF", 0)
        assert isinstance(fault, ProtocolFault)
        assert not fault.fatal

    @pytest.mark.parametrize("code", [1000, 1001, 1005])
    def test_an_orderly_close_is_a_hang_up(self, code: int) -> None:
        """Normal, going away and no code at all mean that the bot hung up."""
        assert isinstance(caller().closed(code, "", 9), AgentHungUp)

    @pytest.mark.parametrize("code", [1002, 1006, 1008, 1011, 4000])
    def test_any_other_close_breaks_the_line(self, code: int) -> None:
        """An error code, or none because there was no close frame, is a broken line that keeps the code."""
        event = caller().closed(code, "why", 9)
        assert isinstance(event, LineBroke)
        assert event.code == code
        assert event.reason.endswith(": why")


class TestBotEnd:
    """A bot cannot speak before it knows the stream."""

    def test_silent_before_start(self) -> None:
        """Sending before `start` is a mistake of the program."""
        with pytest.raises(RuntimeError, match="before `start`"):
            BotEnd().media(FRAME)


class TestSignature:
    """Signatures equal those of Twilio's own helper library."""

    def test_webhook(self) -> None:
        """Form parameters follow the URL in order of name."""
        given = {"To": "+15550002", "CallSid": "CA1", "From": "+15550001"}
        assert signature("12345", "https://h.example/voice", given) == "Ussr0eeAMDlF96G0L532smnFT58="

    def test_upgrade(self) -> None:
        """An upgrade is signed over the wss address alone."""
        assert signature("12345", "wss://h.example/media-stream") == "HOADvfWDwyUZjkszEi8cNQPqUDg="

    def test_upgrade_address_is_always_secure(self) -> None:
        """A plain loopback address is signed as Twilio would have called it."""
        assert upgrade_url("ws://127.0.0.1:9000/x") == "wss://127.0.0.1:9000/x"
        assert upgrade_url("wss://h/x") == "wss://h/x"
