"""The platform's end of an AudioCodes call: every order of messages, by literal frames."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_audiocodes import MS, PlatformEnd, audio_of, up
from support_examples_drawn import EXAMPLES
from turnspec.adapters.audiocodes.caller import Stage
from turnspec.adapters.audiocodes.wav import streamed_header
from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    AgentMessaged,
    AgentPressed,
    AgentTransferred,
    CallerGuessed,
    CallerHeard,
    LineBroke,
    LineResumed,
    ProtocolFault,
    StreamBegan,
    StreamEnded,
)

PCM = b64encode(bytes(range(8))).decode()


class TestStart:
    """The start of a call, in the orders that can be chosen."""

    def test_initiate(self) -> None:
        """The first message names the call, the bot and the formats, preferred ones first."""
        line = PlatformEnd(bot_name="bank", formats=["raw/mulaw", "raw/lpcm16"])

        (initiate,) = line.sent
        assert initiate == {
            "type": "session.initiate",
            "conversationId": line.end.conversation_id,
            "botName": "bank",
            "caller": "+1555",
            "expectAudioMessages": True,
            "supportedMediaFormats": ["raw/mulaw", "raw/lpcm16"],
        }
        assert line.end.stage is Stage.WAITING
        assert line.events == []

    def test_up_once_accepted(self) -> None:
        """Acceptance brings the call up: `start` with the call's parameters, then the wish to stream."""
        line = PlatformEnd(parameters={"X-Tenant": "a"})
        assert line.types == ["session.initiate"]
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        activities, stream = line.sent
        (start,) = activities["activities"]

        assert line.kinds == ["call-up"]
        assert stream == {"type": "userStream.start", "conversationId": line.end.conversation_id}
        assert activities["conversationId"] == line.end.conversation_id
        assert (start["type"], start["name"], start["language"]) == ("event", "start", "en-US")
        assert start["timestamp"] == "2026-01-01T00:00:00.000Z"
        assert start["parameters"] == {
            "vaigConversationId": line.end.conversation_id,
            "caller": "+1555",
            "callee": "+1666",
            "callerHost": "127.0.0.1",
            "calleeHost": "127.0.0.1",
            "locale": "en-US",
            "X-Tenant": "a",
        }

    @pytest.mark.parametrize(
        ("options", "sent"),
        [
            ({}, ["[start]", "userStream.start"]),
            ({"start_order": "stream_first"}, ["userStream.start", "[start]"]),
            ({"start_order": "after_greeting"}, ["[start]"]),
            ({"start": False}, ["userStream.start"]),
            ({"start_message": "hello"}, ["[hello]", "userStream.start"]),
            ({"direct_stt": False}, ["[start]"]),
            ({"direct_tts": False}, ["[start]", "userStream.start"]),
        ],
    )
    def test_orders(self, options: dict[str, Any], sent: list[str]) -> None:
        """What follows acceptance, as the options have it."""
        line = PlatformEnd(**options)
        assert line.types == ["session.initiate"]
        line.bot("session.accepted", mediaFormat="raw/lpcm16")

        assert line.types == sent

    def test_expects_messages(self) -> None:
        """Where the platform speaks for the bot, it says so."""
        (initiate,) = PlatformEnd(direct_tts=False).sent

        assert initiate["expectAudioMessages"] is False

    def test_after_the_greeting(self) -> None:
        """The caller is streamed once the greeting was heard."""
        line = PlatformEnd(start_order="after_greeting")
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        line.plays()
        assert line.types == ["session.initiate", "[start]"]
        line.played_out()

        assert line.types == ["userStream.start"]

    def test_no_greeting(self) -> None:
        """Without a greeting the caller is streamed after as long as any silent bot gets."""
        line = PlatformEnd(start_order="after_greeting", resume_recognition="3 s")
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        line.wait_until(2_999)
        assert line.types == ["session.initiate", "[start]"]
        line.wait_until(3_000)

        assert line.types == ["userStream.start"]

    def test_what_comes_before_acceptance_waits_for_it(self) -> None:
        """The vendor's SDK may open a stream before it accepts: it is played once the call is up."""
        line = PlatformEnd()
        line.plays()
        assert line.kinds == []
        line.now_ms = 500
        line.bot("session.accepted", mediaFormat="raw/lpcm16")
        events = line.events

        assert [event.kind for event in events] == [
            "call-up",
            "stream-began",
            "agent-audio",
            "stream-ended",
        ]
        assert {event.at_us for event in events} == {500 * MS}

    def test_ids_depend_on_the_seed_alone(self) -> None:
        """Two ends of one seed say the same, and every activity has an id of its own."""
        lines = [up(), up()]
        for line in lines:
            line.do(line.end.digit("1", 0))
            line.do(line.end.digit("1", 0))
        first, second = (line.sent for line in lines)

        assert first == second
        assert first[0]["activities"][0]["id"] != first[1]["activities"][0]["id"]


class TestNegotiation:
    """The format that a bot accepts."""

    def test_converted(self) -> None:
        """A bot that takes mu-law gets it, whatever the caller's audio comes in."""
        line = PlatformEnd()
        line.bot("session.accepted", mediaFormat="raw/mulaw")
        line.bot("userStream.started")
        sizes = {len(b64decode(chunk["audioChunk"])) for chunk in line.hears(2_000)}

        assert line.kinds == ["call-up"]
        assert sizes == {800}

    def test_not_offered(self) -> None:
        """A format that was not offered is told, and served if it can be: the vendor's SDK never looks."""
        line = PlatformEnd(formats=["raw/mulaw"])
        line.bot("session.accepted", mediaFormat="raw/lpcm16")

        assert line.kinds == ["format-not-offered", "call-up"]

    def test_not_known(self) -> None:
        """A format that does not exist makes no call."""
        line = PlatformEnd()
        line.bot("session.accepted", mediaFormat="raw/opus")

        assert line.kinds == ["format-not-offered"]
        assert line.end.stage is Stage.OVER
        assert '"raw/opus"' in line.end.refusal

    def test_missing(self) -> None:
        """Without a format the first one offered is taken, and that is told."""
        line = PlatformEnd()
        line.bot("session.accepted")

        assert line.kinds == ["missing-field", "call-up"]

    def test_declined(self) -> None:
        """`session.error` makes no call, and says why."""
        line = PlatformEnd()
        line.bot("session.error", reason="no common format")

        assert (line.end.stage, line.end.refusal) == (Stage.OVER, "session.error: no common format")
        assert line.events == []

    def test_error_in_the_call(self) -> None:
        """The same once the call is up breaks the line."""
        line = up()
        line.bot("session.error", reason="out of memory")

        assert line.events == [LineBroke(at_us=0, reason="session.error: out of memory")]
        assert line.end.stage is Stage.OVER

    def test_with_header(self) -> None:
        """A bot that wants a WAV file gets its header with the first chunk of each stream, and then none."""
        line = PlatformEnd(formats=["wav/lpcm16"], barge_in=False)
        line.bot("session.accepted", mediaFormat="wav/lpcm16")
        line.bot("userStream.started")
        first, second = (b64decode(chunk["audioChunk"]) for chunk in line.hears(200))
        line.bot("userStream.speech.committed")
        line.plays()
        line.played_out()
        line.bot("userStream.started")
        again = b64decode(line.hears(100)[0]["audioChunk"])

        assert first == again == streamed_header(PCM_16K) + bytes(3_200)
        assert second == bytes(3_200)


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


class TestPrompts:
    """`playUrl`."""

    def test_data(self) -> None:
        """A WAV file in the address is heard, in the format that it has; its audio is not recorded twice."""
        line = up()
        data = b64encode(streamed_header(PCM_8K) + bytes(range(8))).decode()
        params = {"playUrlUrl": f"data:audio/wav;base64,{data}", "playUrlAltText": "Beep"}
        line.acts("playUrl", params)
        activity, began, text, heard, ended = line.events

        assert isinstance(activity, AgentActivity)
        assert activity.payload["activityParams"]["playUrlUrl"] == "data:audio/wav;base64,<72 characters>"
        assert (began, ended) == (
            StreamBegan(at_us=0, stream="playUrl"),
            StreamEnded(at_us=0, stream="playUrl"),
        )
        assert text == AgentMessaged(at_us=0, text="Beep", stream="playUrl")
        assert isinstance(heard, AgentAudio)
        assert (heard.format, heard.data) == (PCM_8K, bytes(range(8)))

    def test_raw_data(self) -> None:
        """Data without a header is what the activity says, percent-encoded if it likes."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "data:,%FF%7F", "playUrlMediaFormat": "raw/mulaw"})

        assert audio_of(line.events) == b"\xff\x7f"

    @pytest.mark.parametrize(
        "params",
        [
            {"playUrlUrl": "data:audio/wav;base64,*"},
            {"playUrlUrl": "data:audio/wav;base64"},
            {"playUrlUrl": "data:audio/mpeg;base64,SUQz"},
            {"playUrlUrl": "data:,ab", "playUrlMediaFormat": "raw/opus"},
            {"playUrlUrl": "data:,", "playUrlMediaFormat": "raw/mulaw"},
            {"playUrlUrl": "data:,RIFF", "playUrlMediaFormat": "wav/mulaw"},
        ],
    )
    def test_unplayable(self, params: dict[str, Any]) -> None:
        """A prompt that cannot be played is a fault, of which a bot hears that asked to."""
        line = up(send_events=["playUrlFailed"])
        line.acts("playUrl", params)
        assert line.kinds == ["agent-activity", "bad-prompt"]
        (message,) = line.sent
        (activity,) = message["activities"]

        assert activity["name"] == "playUrlFailed"
        assert activity["value"]["playUrlUrl"] == params["playUrlUrl"]
        assert activity["value"]["selfGenerated"] is False
        assert activity["value"]["reason"]

    def test_fetched(self) -> None:
        """Other addresses are for somebody else to fetch; a hang-up waits for that."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "http://x/a.wav"})
        line.acts("hangup")
        (prompt,) = line.end.prompts_to_fetch()
        assert (prompt.url, line.end.prompts_to_fetch()) == ("http://x/a.wav", [])
        assert line.types == []
        line.do(line.end.fetched(prompt, streamed_header(PCM_8K) + bytes(2), 0))
        assert line.types == []
        line.played_out()

        assert line.types == ["session.end"]

    def test_aborted_while_it_is_fetched(self) -> None:
        """It is not played, and nobody waits for it."""
        line = up()
        for _ in range(2):
            line.acts("playUrl", {"playUrlUrl": "http://x/a.wav", "playUrlMediaFormat": "raw/lpcm16"})
        (prompt, _) = line.end.prompts_to_fetch()
        line.acts("playUrl", {"playUrlUrl": "http://x/b.wav"})
        line.acts("abortPrompts")
        assert line.end.prompts_to_fetch() == []
        line.do(line.end.fetched(prompt, bytes(8), 0))
        line.do(line.end.not_fetched(prompt, "HTTP 404", 0))
        assert [event.kind for event in line.events] == ["agent-activity"] * 4
        line.acts("hangup")

        assert line.types == ["session.end"]

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"playUrlFailureHandling": "notify-bot"}, ["[playUrlFailed]"]),
            ({"playUrlFailureHandling": "disconnect"}, []),
            ({"playUrlFailureHandling": None}, []),
        ],
    )
    def test_failures_are_told_as_the_bot_asks(self, settings: dict[str, Any], told: list[str]) -> None:
        """Which is a setting of its own, whatever other events the bot asks for."""
        line = up()
        line.acts("config", sessionParams=settings)
        line.acts("config", sessionParams={"sendEventsToBot": ["playFinished"]})
        line.acts("playUrl", {"playUrlUrl": "data:,"})

        assert line.types == told

    def test_not_fetched(self) -> None:
        """What cannot be had is a fault, and no reason to wait."""
        line = up()
        line.acts("playUrl", {"playUrlUrl": "http://x/a.wav"})
        line.acts("hangup")
        (prompt,) = line.end.prompts_to_fetch()
        line.do(line.end.not_fetched(prompt, "HTTP 404", 0))

        assert line.kinds == ["agent-activity", "bad-prompt", "agent-hung-up"]


class TestActivities:
    """What a bot asks for."""

    def test_digits(self) -> None:
        """Digits for whoever is on the telephone are evidence."""
        line = up()
        line.acts("sendDtmf", {"dtmfDigits": "12*#"})

        assert line.events == [AgentPressed(at_us=0, digits="12*#")]

    @pytest.mark.parametrize(
        ("name", "params", "rule"),
        [
            ("sendDtmf", {"dtmf": "1"}, "missing-field"),  # as one vendor's library writes it
            ("sendDtmf", {"dtmfDigits": 1}, "wrong-type"),
            ("sendDtmf", {"dtmfDigits": "1" * 21}, "bad-digits"),
            ("sendDtmf", {"dtmfDigits": ""}, "bad-digits"),
            ("sendDtmf", {"dtmfDigits": "1A"}, "bad-digits"),
            ("transfer", {}, "missing-field"),
            ("transfer", {"transferTarget": 5}, "wrong-type"),
            ("playUrl", {}, "missing-field"),
        ],
    )
    def test_wrong(self, name: str, params: dict[str, Any], rule: str) -> None:
        """What the platform would ignore is ignored, and told."""
        line = up()
        line.acts(name, params)

        assert line.kinds == [rule]
        assert line.end.stage is Stage.UP

    def test_text(self) -> None:
        """A message is what the bot says."""
        line = up(direct_tts=False)
        line.says("Hello.")

        assert line.events == [AgentMessaged(at_us=0, text="Hello.")]

    def test_others(self) -> None:
        """Anything else is evidence as it is."""
        line = up()
        line.acts("sendMetaData", {"a": 1}, value=[2])
        line.bot("playStream.mark.set", name="m")

        assert line.events == [
            AgentActivity(at_us=0, name="sendMetaData", payload={"activityParams": {"a": 1}, "value": [2]}),
            AgentActivity(at_us=0, name="playStream.mark.set", payload={"name": "m"}),
        ]

    @pytest.mark.parametrize("name", ["DTMF", "dtmf"])
    def test_keys(self, name: str) -> None:
        """Each key is one event; its name can be set for bots that want small letters."""
        line = up(dtmf_name=name)
        line.do(line.end.digit("5", 0))
        (activity,) = line.sent[0]["activities"]

        assert (activity["type"], activity["name"], activity["value"]) == ("event", name, "5")

    def test_keys_that_are_not_sent(self) -> None:
        """A platform that sends none sends none, whoever presses them."""
        line = up(dtmf="off")
        line.do(line.end.digit("5", 0))

        assert (line.sent, line.end.wake_us) == ([], None)

    @pytest.mark.parametrize(
        ("options", "keys", "sent"),
        [
            ({}, "12#3", [(40, "12"), (2_060, "3")]),
            ({"dtmf_submit": "*"}, "12*", [(40, "12")]),
            ({"dtmf_submit": ""}, "1#", [(2_020, "1#")]),
            ({"dtmf_most": 2}, "123", [(20, "12"), (2_040, "3")]),
            ({"dtmf_pause": "500 ms"}, "1", [(500, "1")]),
            ({}, "#", []),
        ],
    )
    def test_collected(self, options: dict[str, Any], keys: str, sent: list[tuple[int, str]]) -> None:
        """Collected keys leave together: at the submit key, at the most, or after a pause."""
        line = up(dtmf="collected", **options)
        left = []
        for number, key in enumerate(keys):
            line.wait_until(20 * number)
            line.do(line.end.digit(key, line.now_ms * MS))
            left += [(line.now_ms, message) for message in line.sent]
        while (due_us := line.end.wake_us) is not None:
            line.wait_until(due_us // MS)
            left += [(line.now_ms, message) for message in line.sent]

        assert [(at_ms, message["activities"][0]["value"]) for at_ms, message in left] == sent


class TestEnd:
    """How a call ends."""

    def test_the_caller_hangs_up(self) -> None:
        """`session.end` says whose side it was."""
        line = up()
        line.do(line.end.hang_up())

        assert line.sent == [
            {
                "type": "session.end",
                "conversationId": line.end.conversation_id,
                "reasonCode": "client-disconnected",
                "reason": "Client Side",
            }
        ]
        assert line.end.stage is Stage.OVER
        line.do(line.end.hang_up())
        assert line.sent == []

    def test_other_reasons(self) -> None:
        """The reason code is an option."""
        line = up(hang_up_code="machine-detected")
        line.do(line.end.hang_up())

        assert line.sent[0]["reasonCode"] == "machine-detected"

    def test_the_bot_hangs_up(self) -> None:
        """What was sent is heard first; then the platform ends the session."""
        line = up()
        line.plays()
        line.acts("hangup", {"hangupReason": "done"})
        assert line.types == []
        assert "agent-hung-up" not in line.kinds
        line.now_ms = 900
        line.played_out()

        assert line.events == [AgentHungUp(at_us=900 * MS, reason="done")]
        assert [(m["reasonCode"], m["reason"]) for m in line.sent] == [("bot-disconnected", "done")]

    def test_at_once_where_nothing_plays(self) -> None:
        """A message and a hang-up in one go, as the vendor's samples do: said, then ended."""
        line = up(direct_tts=False)
        line.bot(
            "activities",
            activities=[{"type": "message", "text": "Bye."}, {"type": "event", "name": "hangup"}],
        )

        assert line.kinds == ["agent-messaged", "agent-hung-up"]
        assert line.types == ["session.end"]

    def test_finished_before_the_end(self) -> None:
        """A bot that asked is still told that its last words were heard; nobody listens again."""
        line = up(send_events=["playFinished"], barge_in=False)
        line.plays()
        line.acts("hangup")
        line.played_out()

        assert line.types == ["userStream.stop", "[playFinished]", "session.end"]

    def test_interrupted_farewell(self) -> None:
        """A caller who talks over the last words ends the call sooner."""
        line = up()
        line.plays()
        line.acts("hangup")
        line.bot("userStream.speech.started")

        assert line.types == ["session.end"]

    def test_transfer(self) -> None:
        """A transfer, by either name, takes the bot out of the call."""
        for name in ("transfer", "handover"):
            line = up()
            line.acts(name, {"transferTarget": "tel:+1777", "handoverReason": "human"})

            assert line.events == [
                AgentTransferred(at_us=0, target="tel:+1777", details={"handoverReason": "human"}),
                AgentHungUp(at_us=0, reason="transferred to tel:+1777"),
            ]
            assert [message["reasonCode"] for message in line.sent] == ["transferred"]

    def test_the_bot_says_what_only_the_platform_says(self) -> None:
        """`session.end` from a bot is a fault, and taken as a hang-up so that the call ends."""
        line = up()
        line.bot("session.end", reasonCode="normal", reason="Call completed")

        assert line.kinds == ["bot-session-end", "agent-hung-up"]
        assert line.types == ["session.end"]

    def test_nothing_after_the_end(self) -> None:
        """Whatever a bot still says is not heard."""
        line = up()
        line.acts("hangup")
        assert line.kinds == ["agent-hung-up"]
        assert line.types == ["session.end"]
        line.plays()
        line.raw("nonsense")
        line.played_out()
        line.do(line.end.digit("1", 0))
        line.do(line.end.closed(1005, "", 0))

        assert (line.events, line.types, line.hears()) == ([], [], [])


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


class TestValidation:
    """`connection.validate`, on a connection of its own."""

    def test_answered(self) -> None:
        """The answer is evidence."""
        line = PlatformEnd(start_at="validate")
        assert line.sent == [{"type": "connection.validate"}]
        assert line.kinds == ["call-up"]
        line.bot("connection.validated", success=True)

        assert line.events == [AgentActivity(at_us=0, name="connection.validated", payload={"success": True})]

    def test_unanswered(self) -> None:
        """The vendor's SDK says nothing, and closing is in order."""
        line = PlatformEnd(start_at="validate")
        assert line.kinds == ["call-up"]
        line.do(line.end.closed(1005, "", 0))
        line.do(line.end.hang_up())

        assert line.events == []
        assert line.types == ["connection.validate"]


fields = st.fixed_dictionaries(
    {},
    optional={
        "streamId": st.sampled_from(["1", "2"]),
        "mediaFormat": st.sampled_from(["raw/lpcm16", "raw/mulaw", "wav/lpcm16", "raw/opus"]),
        "audioChunk": st.binary(max_size=60).map(lambda data: b64encode(data).decode()) | st.just("*"),
        "alternatives": st.sampled_from([[], [{"text": "a"}], "x"]),
        "activities": st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["event", "message", "x"]),
                    "name": st.sampled_from(
                        ["hangup", "transfer", "playUrl", "sendDtmf", "abortPrompts", "config", "other"]
                    ),
                    "text": st.just("hello"),
                },
                optional={
                    "activityParams": st.fixed_dictionaries(
                        {},
                        optional={
                            "playUrlUrl": st.sampled_from(
                                ["data:,abc", "http://x/", "data:;base64,UklGRg=="]
                            ),
                            "playUrlMediaFormat": st.sampled_from(["raw/mulaw", "wav/mulaw"]),
                            "dtmfDigits": st.sampled_from(["1", "x", 3]),
                            "transferTarget": st.sampled_from(["tel:1", 3]),
                            "bargeIn": st.sampled_from([True, False, "true", 3]),
                        },
                    ),
                    "sessionParams": st.fixed_dictionaries(
                        {},
                        optional={
                            "bargeIn": st.booleans(),
                            "sendEventsToBot": st.sampled_from([["playFinished"], [3], "x"]),
                            "resumeRecognitionTimeoutMS": st.sampled_from([50, -1, True, "x"]),
                        },
                    ),
                },
            ),
            max_size=2,
        ),
        "reason": st.just("r"),
        "success": st.booleans(),
    },
)
TYPES = [
    "session.accepted",
    "session.accepted",
    "session.error",
    "session.end",
    "connection.validated",
    "userStream.started",
    "userStream.stopped",
    "userStream.speech.started",
    "userStream.speech.committed",
    "userStream.speech.hypothesis",
    "userStream.speech.recognition",
    "playStream.start",
    "playStream.start",
    "playStream.chunk",
    "playStream.chunk",
    "playStream.stop",
    "activities",
    "activities",
    "nonsense",
]
steps = st.lists(
    st.one_of(
        st.builds(lambda type_, rest: json.dumps({"type": type_, **rest}), st.sampled_from(TYPES), fields),
        st.binary(max_size=8),
        st.sampled_from([100, 1_000, 20_000]),  # milliseconds that pass
        st.sampled_from(["drained", "digit", "text", "closed", "resuming", "fetch", "hang up"]).map(
            lambda s: (s,)
        ),
    ),
    max_size=14,
)
all_options = st.fixed_dictionaries(
    {},
    optional={
        "barge_in": st.booleans(),
        "direct_stt": st.booleans(),
        "direct_tts": st.booleans(),
        "start_order": st.sampled_from(["activity_first", "stream_first", "after_greeting"]),
        "dtmf": st.sampled_from(["single", "collected"]),
        "formats": st.sampled_from([["raw/lpcm16"], ["raw/lpcm16", "wav/lpcm16", "raw/mulaw"]]),
        "send_events": st.sampled_from([["playFinished", "playUrlFailed"]]),
        "start_at": st.sampled_from(["call", "call", "call", "validate"]),
    },
)


def _step(line: PlatformEnd, step: str | bytes | int | tuple[str]) -> None:
    match step:
        case str() | bytes():
            line.raw(step)
        case int():
            line.wait_until(line.now_ms + step)
        case ("drained",):
            line.played_out()
        case ("digit",):
            line.do(line.end.digit("1", line.now_ms * MS))
        case ("text",):
            line.do(line.end.text("hi", line.now_ms * MS))
        case ("closed",):
            line.do(line.end.closed(1006, "", line.now_ms * MS))
        case ("resuming",):
            line.do(line.end.resuming())
        case ("fetch",):
            for prompt in line.end.prompts_to_fetch():
                line.do(line.end.fetched(prompt, b"abcd", line.now_ms * MS))
        case _:
            line.do(line.end.hang_up())


@settings(max_examples=EXAMPLES)
@given(all_options, steps)
def test_any_order_of_anything(options: dict[str, Any], taken: list[Any]) -> None:
    """Whatever comes: no exception, one end, streams that pair up, times that never fall."""
    line = PlatformEnd(**options)
    for step in taken:
        _step(line, step)
        line.hears(100)
    sent, events = line.types, line.events

    stream = [name for name in sent if name in ("userStream.start", "userStream.stop", "session.resume")]
    starts = [name == "userStream.start" for name in stream]
    assert not any(one and following for one, following in pairwise(starts))
    assert sent.count("session.end") <= 1
    assert "session.end" not in sent[:-1]
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)
    assert sum(isinstance(event, AgentHungUp | LineBroke) for event in events) <= 1
    open_streams: set[str] = set()
    for event in events:
        match event:
            case StreamBegan(stream=name):
                assert name not in open_streams
                open_streams.add(name)
            case AgentAudio(stream=name):
                assert name in open_streams
                assert event.size == len(event.data) > 0
                assert event.size % event.format.sample_bytes == 0
            case StreamEnded(stream=name):
                open_streams.remove(name)
            case _:
                pass
