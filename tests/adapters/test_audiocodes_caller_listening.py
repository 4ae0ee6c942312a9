"""How the caller is streamed to the bot, and how a line that is lost is taken up again."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from support_audiocodes import PCM, PlatformEnd, up
from turnspec.adapters.audiocodes.caller import Stage
from turnspec.call.events import CallerGuessed, CallerHeard, LineBroke, LineResumed, ProtocolFault


class TestListening:
    """The caller's stream."""

    def test_chunks(self) -> None:
        """Frames of 20 ms leave as chunks of 100 ms, silence included."""
        chunks = up().hears(200)

        assert [len(b64decode(chunk["audioChunk"])) for chunk in chunks] == [3_200, 3_200]
        assert set(chunks[0]) == {"type", "conversationId", "audioChunk"}

    @pytest.mark.parametrize(
        ("chunk", "sizes"), [("20 ms", [640] * 10), ("60 ms", [1_920] * 3), ("200 ms", [6_400])]
    )
    def test_length(self, chunk: str, sizes: list[int]) -> None:
        """The length of a chunk is an option."""
        chunks = up(chunk=chunk).hears(200)

        assert [len(b64decode(each["audioChunk"])) for each in chunks] == sizes

    def test_only_once_started(self) -> None:
        """Nothing is streamed before the bot has said that it takes it."""
        line = PlatformEnd()
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        assert line.hears(500) == []
        line.bot("userStream.started")

        assert len(line.hears(500)) == 5

    def test_never_for_bots_that_get_words(self) -> None:
        """Without `direct_stt` there is no stream, even for a bot that asks for it."""
        line = up(direct_stt=False)

        assert line.hears(500) == []

    def test_with_barge_in_it_never_stops(self) -> None:
        """A turn of the bot leaves the stream open."""
        line = up()
        line.bot("userStream.speech.committed")
        line.bot("userStream.speech.recognition", alternatives=[{"text": "yes"}])
        line.plays()
        line.played_out()

        assert line.types == []
        assert len(line.hears(100)) == 1

    @pytest.mark.parametrize(
        "signal",
        [
            ("userStream.speech.recognition", {"alternatives": [{"text": "yes"}]}),
            ("userStream.speech.committed", {}),
            ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
        ],
    )
    def test_without_barge_in_it_stops_for_the_bot(self, signal: tuple[str, dict[str, Any]]) -> None:
        """Recognition, commit and a play stream each stop the stream, once."""
        line = up(barge_in=False)
        line.bot(signal[0], **signal[1])

        assert line.types == ["userStream.stop"]
        assert line.hears(500) == []
        assert "listening-paused" in line.kinds
        line.bot("userStream.speech.committed")
        assert line.types == []

    def test_and_starts_again_when_all_was_heard(self) -> None:
        """Stop, reply, played out, start: chunks flow again after `userStream.started`."""
        line = up(barge_in=False)
        line.bot("userStream.speech.committed")
        line.bot("userStream.stopped")
        line.plays()
        assert line.types == ["userStream.stop"]
        line.played_out()
        assert line.types == ["userStream.start"]
        assert line.kinds[-1] == "listening-resumed"
        assert line.hears(100) == []
        line.bot("userStream.started")

        assert len(line.hears(100)) == 1

    def test_nothing_of_it_is_in_the_next_stream(self) -> None:
        """Not even what the conversion to another rate holds back."""
        line = PlatformEnd(barge_in=False, formats=["raw/lpcm16", "raw/lpcm16_24"], chunk="20 ms")
        line.bot("session.accepted", mediaFormat="raw/lpcm16_24")
        line.bot("userStream.started")
        for _ in range(10):
            line.end.audio(b"\x00\x40" * 320)
        line.plays()
        line.played_out()
        line.bot("userStream.started")

        heard = b"".join(b64decode(chunk["audioChunk"]) for chunk in line.hears(200))
        assert len(heard) > 0
        assert not any(heard)

    def test_what_is_not_a_chunk_when_it_stops_is_never_sent(self) -> None:
        """The next chunk begins with what is said after the pause."""
        line = up(barge_in=False)
        assert line.hears(60) == []
        line.bot("userStream.speech.committed")
        line.plays()
        line.played_out()
        line.bot("userStream.started")

        assert line.hears(80) == []
        assert len(line.hears(20)) == 1

    def test_not_before_the_stream_has_ended(self) -> None:
        """An underrun is no end: the stream is still open."""
        line = up(barge_in=False)
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.played_out()
        assert line.types == ["userStream.stop"]
        line.bot("playStream.stop", streamId="1")

        assert line.types == ["userStream.start"]

    def test_a_silent_bot(self) -> None:
        """A bot that stays silent after a turn hears the caller again after ten seconds."""
        line = up(barge_in=False)
        line.wait_until(1_000)
        line.bot("userStream.speech.committed")
        line.wait_until(10_999)
        assert line.types == ["userStream.stop"]
        line.wait_until(11_000)

        assert line.types == ["userStream.start"]
        assert line.end.wake_us is None

    def test_a_reply_ends_the_wait(self) -> None:
        """Once the bot speaks, it is waited for until it is done, however long that takes."""
        line = up(barge_in=False)
        line.bot("userStream.speech.committed")
        line.plays()
        line.wait_until(60_000)

        assert line.types == ["userStream.stop"]

    def test_a_text_is_a_reply(self) -> None:
        """Words that the platform speaks itself take no time here."""
        line = up(barge_in=False, direct_tts=False)
        line.bot("userStream.speech.committed")
        line.says("Hello.")

        assert line.types == ["userStream.stop", "userStream.start"]

    def test_what_was_understood(self) -> None:
        """Hypotheses and recognitions are evidence, the best alternative of each."""
        line = up()
        line.bot("userStream.speech.hypothesis", alternatives=[{"text": "ye"}, {"text": "yo"}])
        line.bot(
            "userStream.speech.recognition", alternatives=[{"text": "yes", "confidence": 0.9}, {"text": "no"}]
        )
        line.bot("userStream.speech.recognition")

        assert [event for event in line.events if not isinstance(event, ProtocolFault)] == [
            CallerGuessed(at_us=0, text="ye"),
            CallerHeard(at_us=0, text="yes", source="protocol", score=0.9),
            CallerHeard(at_us=0, text=None, source="protocol"),
        ]


class TestLostLine:
    """A bot that closes without a hang-up: the call is not over."""

    def test_resumed(self) -> None:
        """Told; asked again on another connection; what the caller did meanwhile is sent then."""
        line = up()
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.do(line.end.closed(1005, "", 0))
        assert line.kinds == ["stream-began", "closed-without-hangup", "stream-ended"]
        assert line.end.stage is Stage.LOST
        assert line.hears(500) == []
        line.do(line.end.digit("5", 0))
        line.do(line.end.resuming())
        assert line.sent == [{"type": "session.resume", "conversationId": line.end.conversation_id}]
        line.bot("session.accepted")

        assert line.events == [LineResumed(at_us=0, attempt=1)]
        assert line.types == ["[DTMF]", "userStream.start"]
        line.bot("userStream.started")
        assert len(line.hears(100)) == 1

    def test_again(self) -> None:
        """Attempts are counted anew, and nothing is sent twice."""
        line = up()
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.digit("5", 0))
        for _ in range(2):
            line.do(line.end.resuming())
            line.bot("session.accepted")
            line.do(line.end.closed(1006, "", 0))

        assert [event.attempt for event in line.events if isinstance(event, LineResumed)] == [1, 1]
        assert line.types == [
            "session.resume",
            "[DTMF]",
            "userStream.start",
            "session.resume",
            "userStream.start",
        ]

    def test_in_another_format(self) -> None:
        """The bot may choose again."""
        line = up()
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.resuming())
        line.bot("session.accepted", mediaFormat="raw/mulaw")
        line.bot("userStream.started")

        assert {len(b64decode(chunk["audioChunk"])) for chunk in line.hears(1_000)} == {800}

    def test_refused_says_what_was_answered(self) -> None:
        """The reason names the message that the bot declined."""
        line = up()
        line.do(line.end.closed(1000, "", 0))
        line.do(line.end.resuming())
        line.bot("session.error", reason="conversation not found")

        (broke,) = [event for event in line.events if isinstance(event, LineBroke)]
        assert broke.reason == "session.resume was answered with session.error: conversation not found"
        assert not line.end.said_end

    def test_refused(self) -> None:
        """A bot that keeps no state says so: the line is broken."""
        line = up()
        line.do(line.end.closed(1005, "", 0))
        line.do(line.end.resuming())
        line.bot("session.error", reason="conversation not found")

        assert line.kinds == ["closed-without-hangup", "line-broke"]
        assert line.end.stage is Stage.OVER

    def test_given_up(self) -> None:
        """So it is when nobody is there any more."""
        line = up()
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.gave_up("nothing listens", 5))

        assert line.events[-1] == LineBroke(at_us=5, reason="nothing listens")

    def test_attempts_are_counted(self) -> None:
        """A connection that is lost before it is resumed counts, and is no second finding."""
        line = up()
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.resuming())
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.resuming())
        line.bot("session.accepted")

        assert line.kinds == ["closed-without-hangup", "line-resumed"]

    def test_paused(self) -> None:
        """Without barge-in the caller is heard again once what had arrived is over."""
        line = up(barge_in=False)
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.do(line.end.closed(1006, "", 0))
        line.do(line.end.resuming())
        line.bot("session.accepted")
        assert line.types == ["userStream.stop", "session.resume"]
        line.played_out()

        assert line.types == ["userStream.start"]

    def test_after_a_hang_up(self) -> None:
        """A bot that hangs up and closes at once has hung up; its last words are heard."""
        line = up()
        line.plays()
        line.acts("hangup")
        line.do(line.end.closed(1000, "", 0))
        assert "closed-without-hangup" not in line.kinds
        line.played_out()

        assert line.kinds == ["agent-hung-up"]
        assert line.types == []
