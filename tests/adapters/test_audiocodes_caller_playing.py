"""How the bot's play streams are taken, and how the caller interrupts them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from support_audiocodes import PCM, audio_of, up
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentMessaged,
    ProtocolFault,
    StreamBegan,
    StreamEnded,
)


class TestPlaying:
    """Play streams."""

    def test_each_in_its_own_format(self) -> None:
        """The caller's format says nothing about the bot's; `altText` is what is heard."""
        line = up()
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16_24", altText="Hello")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("playStream.stop", streamId="1")
        line.plays("2", form="raw/mulaw", audio="/w==")
        events = line.events

        assert events[:2] == [
            StreamBegan(at_us=0, stream="1"),
            AgentMessaged(at_us=0, text="Hello", stream="1"),
        ]
        assert [(e.format, e.size, e.stream) for e in events if isinstance(e, AgentAudio)] == [
            (PCM_24K, 8, "1"),
            (MULAW_8K, 1, "2"),
        ]
        assert events[-1] == StreamEnded(at_us=0, stream="2")

    def test_an_id_may_be_used_again(self) -> None:
        """Each use of an id is a stream of its own in the record."""
        line = up()
        line.plays("s")
        line.plays("s")

        assert [e.stream for e in line.events if isinstance(e, StreamBegan)] == ["s", "s#2"]

    @pytest.mark.parametrize(
        ("frames", "rules"),
        [
            ([("playStream.chunk", {"streamId": "1", "audioChunk": PCM})], ["chunk-before-start"]),
            ([("playStream.stop", {"streamId": "1"})], ["unknown-stream"]),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.chunk", {"streamId": "2", "audioChunk": PCM}),
                ],
                ["unknown-stream"],
            ),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.stop", {"streamId": "1"}),
                    ("playStream.chunk", {"streamId": "1", "audioChunk": PCM}),
                    ("playStream.stop", {"streamId": "1"}),
                ],
                ["unknown-stream", "unknown-stream"],
            ),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.start", {"streamId": "2", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.stop", {"streamId": "1"}),
                    ("playStream.stop", {"streamId": "2"}),
                ],
                ["second-stream"],
            ),
            (
                [("playStream.start", {"streamId": "1", "mediaFormat": "wav/mulaw"})],
                ["format-not-offered"],
            ),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/opus"}),
                    ("playStream.chunk", {"streamId": "1", "audioChunk": PCM}),
                ],
                ["format-not-offered"],
            ),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.chunk", {"streamId": "1", "audioChunk": "AAAA"}),
                ],
                ["odd-length"],
            ),
            (
                [
                    ("playStream.start", {"streamId": "1", "mediaFormat": "raw/lpcm16"}),
                    ("playStream.chunk", {"streamId": "1", "audioChunk": "UklGRgAA"}),
                    ("playStream.chunk", {"streamId": "1", "audioChunk": "UklGRgAA"}),
                ],
                ["file-header"],
            ),
            ([("session.end", {"reasonCode": "normal"})], ["bot-session-end"]),
            ([("userStream.speech.recognition", {"text": "hi"})], ["missing-alternatives"]),
            ([("playStream.mark.set", {"name": "m"})], []),
            ([("session.accepted", {"mediaFormat": "raw/lpcm16"})], []),
            ([("userStream.stopped", {}), ("userStream.started", {})], []),
        ],
    )
    def test_rules(self, frames: list[tuple[str, dict[str, Any]]], rules: list[str]) -> None:
        """Each wrong order is a fault of its own name; what nobody has written down is none."""
        line = up()
        for type_, fields in frames:
            line.bot(type_, **fields)

        assert [event.rule for event in line.events if isinstance(event, ProtocolFault)] == rules

    def test_the_same_stream_twice(self) -> None:
        """A stream that is opened again while it is open begins anew: the earlier one is over."""
        line = up()
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.plays("1")

        assert line.kinds == [
            "stream-began",
            "second-stream",
            "stream-ended",
            "stream-began",
            "agent-audio",
            "stream-ended",
        ]

    def test_half_samples_are_dropped(self) -> None:
        """What is whole of an odd chunk is heard."""
        line = up()
        line.plays(audio=b64encode(b"\x01\x02\x03").decode())

        assert audio_of(line.events) == b"\x01\x02"

    def test_empty_chunks(self) -> None:
        """A chunk without audio is neither heard nor wrong."""
        line = up(send_events=["playFinished"])
        line.plays(audio="")

        assert line.kinds == ["stream-began", "stream-ended"]
        assert line.types == []

    def test_a_header_is_no_audio(self) -> None:
        """A `wav/*` stream begins with a header, in however many pieces, and it gives the rate."""
        line = up(formats=["raw/lpcm16", "wav/lpcm16"])
        data = streamed_header(PCM_8K) + bytes(range(8))
        line.bot("playStream.start", streamId="1", mediaFormat="wav/lpcm16")
        for piece in (data[:3], data[3:30], data[30:]):
            line.bot("playStream.chunk", streamId="1", audioChunk=b64encode(piece).decode())
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        heard = [event for event in line.events if isinstance(event, AgentAudio)]

        assert [event.data for event in heard] == [bytes(range(8))] * 2
        assert {event.format for event in heard} == {PCM_8K}

    def test_a_file_without_a_header(self) -> None:
        """A `wav/*` stream that has none is what its name says."""
        line = up(formats=["raw/lpcm16", "wav/lpcm16"])
        line.plays(form="wav/lpcm16", audio=PCM)

        assert audio_of(line.events) == bytes(range(8))

    def test_a_file_that_cannot_be_played(self) -> None:
        """A stereo file is told once, and not heard."""
        line = up(formats=["raw/lpcm16", "wav/lpcm16"])
        header = bytearray(streamed_header(PCM_16K))
        header[22] = 2
        line.bot("playStream.start", streamId="1", mediaFormat="wav/lpcm16")
        for _ in range(2):
            line.bot("playStream.chunk", streamId="1", audioChunk=b64encode(bytes(header)).decode())

        assert line.kinds == ["stream-began", "bad-wav"]

    def test_finished(self) -> None:
        """A bot that asked is told when all was heard: once, and not at an underrun."""
        line = up(send_events=["playFinished"])
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.played_out()
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("playStream.stop", streamId="1")
        assert line.types == []
        line.played_out()

        assert line.types == ["[playFinished]"]

    def test_finished_late(self) -> None:
        """Where the stop comes after the audio was heard, the stop is the end."""
        line = up(send_events=["playFinished"])
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.played_out()
        line.bot("playStream.stop", streamId="1")

        assert line.types == ["[playFinished]"]

    def test_nobody_asked(self) -> None:
        """Without `send_events` nothing is said."""
        line = up()
        line.plays()
        line.played_out()

        assert line.types == []


class TestInterrupting:
    """The caller speaks while the bot does."""

    @pytest.mark.parametrize(
        "signal",
        [
            ("userStream.speech.started", {}),
            ("userStream.speech.hypothesis", {"alternatives": [{"text": "wait"}]}),
            ("activities", {"activities": [{"type": "event", "name": "abortPrompts"}]}),
        ],
    )
    def test_signals(self, signal: tuple[str, dict[str, Any]]) -> None:
        """Each of these drops what is queued, if the caller may interrupt."""
        line, other = up(), up(barge_in=False)
        for each in (line, other):
            each.plays()
            each.bot(signal[0], **signal[1])

        assert "flush-asked" in line.kinds
        assert "flush-asked" not in other.kinds

    @pytest.mark.parametrize("signal", ["userStream.speech.stopped", "userStream.speech.committed"])
    def test_no_signals(self, signal: str) -> None:
        """The end of speech interrupts nothing; nor does the stop of a stream."""
        line = up()
        line.plays()
        line.bot(signal)

        assert "flush-asked" not in line.kinds

    def test_nothing_to_drop(self) -> None:
        """While nothing plays there is nothing to flush."""
        line = up()
        line.bot("userStream.speech.started")

        assert line.events == []

    def test_the_rest_of_the_stream_is_dropped(self) -> None:
        """What is still to come of it is not heard, and its stop is in order; the next one is heard."""
        line = up(send_events=["playFinished"])
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("userStream.speech.started")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("playStream.stop", streamId="1")
        line.plays("2")

        assert line.kinds == [
            "stream-began",
            "agent-audio",
            "flush-asked",
            "stream-ended",
            "stream-began",
            "agent-audio",
            "stream-ended",
        ]
        assert line.types == []

    def test_a_bot_need_not_stop_what_was_interrupted(self) -> None:
        """Its next stream is no second one, and there is no more to flush if the stop comes late or never."""
        line = up(send_events=["playFinished"])
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("userStream.speech.started")
        line.bot("userStream.speech.started")
        line.plays("2")
        line.bot("playStream.stop", streamId="1")
        line.played_out()

        assert line.kinds == [
            "stream-began",
            "agent-audio",
            "flush-asked",
            "stream-began",
            "agent-audio",
            "stream-ended",
            "stream-ended",
        ]
        assert line.types == ["[playFinished]"]

    def test_a_silent_bot_that_did_not_stop_what_was_interrupted(self) -> None:
        """It hears the caller again all the same."""
        line = up(barge_in=False)
        allowed = {"bargeIn": True}
        line.bot("playStream.start", streamId="1", mediaFormat="raw/lpcm16", activityParams=allowed)
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("userStream.speech.started")
        line.bot("userStream.speech.committed")
        line.wait_until(10_000)

        assert line.types == ["userStream.stop", "userStream.start"]

    def test_a_prompt_that_may_be_talked_over(self) -> None:
        """The caller's stream, stopped for the bot's turn, starts again as soon as such a prompt does."""
        line = up(barge_in=False)
        line.bot("userStream.speech.committed")
        line.plays("1", params={"bargeIn": True})
        assert line.types == ["userStream.stop", "userStream.start"]
        line.bot("userStream.speech.started")

        assert line.kinds[-1] == "flush-asked"

    def test_a_setting_of_the_call(self) -> None:
        """The bot may change it for the rest of the call."""
        line = up()
        line.acts("config", sessionParams={"bargeIn": False})
        line.plays()
        line.bot("userStream.speech.started")

        assert line.types == ["userStream.stop"]
        assert line.events[0] == AgentActivity(
            at_us=0, name="config", payload={"sessionParams": {"bargeIn": False}}
        )
        line.played_out()
        line.acts("config", sessionParams={"bargeIn": "true"})
        line.plays("2")
        line.bot("userStream.speech.started")
        assert "flush-asked" in line.kinds

    def test_a_setting_of_a_prompt(self) -> None:
        """A stream may say that nobody is to talk over it, and only it."""
        line = up()
        line.bot(
            "playStream.start", streamId="1", mediaFormat="raw/lpcm16", activityParams={"bargeIn": False}
        )
        line.bot("playStream.chunk", streamId="1", audioChunk=PCM)
        line.bot("userStream.speech.started")
        line.bot("playStream.stop", streamId="1")
        line.played_out()
        line.plays("2")
        line.bot("userStream.speech.started")

        assert line.types == ["userStream.stop", "userStream.start"]
        assert line.kinds.count("flush-asked") == 1

    def test_words_interrupt_too(self) -> None:
        """Where the platform understands the caller itself, it hears when to stop."""
        line = up(direct_stt=False)
        line.plays()
        line.do(line.end.text("wait", 0))

        assert line.types == ["[wait]"]
        assert line.kinds[-1] == "flush-asked"

    def test_other_settings(self) -> None:
        """Events may be asked for in the call, and the patience with a silent bot changed."""
        line = up(barge_in=False)
        line.acts(
            "config", sessionParams={"sendEventsToBot": ["playFinished"], "resumeRecognitionTimeoutMS": 500}
        )
        line.plays()
        line.played_out()
        assert line.types == ["userStream.stop", "[playFinished]", "userStream.start"]
        line.bot("userStream.speech.committed")
        line.wait_until(500)

        assert line.types == ["userStream.stop", "userStream.start"]
