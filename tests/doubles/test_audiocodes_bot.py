"""A local agent behind AudioCodes' Bot API: its sessions, its formats, and what it does with each turn."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from support_audiocodes_bot import CONVERSATION, activity, caller_audio, initiate, stream
from support_desk import CLIPS, call, clip, platform, quiet, true_end
from support_twilio import AUDIO
from turnspec.audio.codecs import encode
from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat
from turnspec.call.events import AgentSaid, CallerHeard, ResponseChosen
from turnspec.doubles.audiocodes import after_chunks_of


class TestOpening:
    """How a session comes up."""

    def test_initiate_is_accepted(self) -> None:
        """The answer names the format of the caller's audio, and nothing is said before `start`."""
        line = platform()

        answer = line.give(
            {
                "type": "session.initiate",
                "conversationId": CONVERSATION,
                "botName": "desk",
                "caller": "+15550100001",
                "expectAudioMessages": True,
                "supportedMediaFormats": ["raw/lpcm16", "raw/mulaw"],
            }
        )

        assert answer == [{"type": "session.accepted", "mediaFormat": "raw/lpcm16"}]

    @pytest.mark.parametrize(
        ("offered", "accepted"),
        [
            (("raw/mulaw", "raw/lpcm16"), "raw/mulaw"),
            (("raw/opus", "raw/lpcm16_24"), "raw/lpcm16_24"),
            (("wav/lpcm16_8",), "wav/lpcm16_8"),
        ],
    )
    def test_the_platforms_order_counts(self, offered: tuple[str, ...], accepted: str) -> None:
        """Of the formats that it knows it takes the one that is offered first."""
        assert platform().give(initiate(offered)) == [{"type": "session.accepted", "mediaFormat": accepted}]

    @pytest.mark.parametrize("offered", [(), ("raw/opus",)])
    def test_no_format_in_common(self, offered: tuple[str, ...]) -> None:
        """Without one the session is declined with a reason."""
        (answer,) = platform().give(initiate(offered))
        assert answer["type"] == "session.error"
        assert answer["reason"].startswith("none of the media formats offered is known here")

    def test_the_greeting_is_a_play_stream(self) -> None:
        """`start` is answered with the greeting's audio in the accepted format, and its words beside it."""
        line = platform()
        line.give(initiate(("raw/mulaw",)))

        answer = line.give(activity(name="start", parameters={}))

        assert answer[0] == {
            "type": "playStream.start",
            "streamId": "play-0",
            "mediaFormat": "raw/mulaw",
            "altText": "Hello there.",
        }
        assert answer[-1] == {"type": "playStream.stop", "streamId": "play-0"}
        assert line.types(since=1) == ["playStream.start", "playStream.chunk", "playStream.stop"]
        assert line.played("play-0") == clip("saved.flac", MULAW_8K)
        assert len(base64.b64decode(answer[1]["audioChunk"])) == 800  # 100 ms: early
        assert [said.began_us for said in line.of(AgentSaid)] == [0]

    def test_it_greets_once(self) -> None:
        """A second `start` is no second call."""
        line = call()
        assert line.give(activity(name="start")) == []

    def test_a_user_stream_before_start(self) -> None:
        """Either order of `start` and `userStream.start` will do."""
        line = platform()
        line.give(initiate())
        assert line.give(stream("start")) == [{"type": "userStream.started"}]
        assert line.give(activity(name="start"))[0]["type"] == "playStream.start"

    def test_the_participant_comes_back(self) -> None:
        """Who is named on the user stream is named in its answers."""
        line = platform()
        line.give(initiate())
        assert line.give(stream("start", participant="caller")) == [
            {"type": "userStream.started", "participant": "caller"}
        ]
        assert line.give(stream("stop", participant="caller")) == [
            {"type": "userStream.stopped", "participant": "caller"}
        ]

    def test_validate(self) -> None:
        """Somebody who presses "Validate" hears that it is one."""
        assert platform().give({"type": "connection.validate"}) == [
            {"type": "connection.validated", "success": True}
        ]

    def test_a_second_session_on_one_connection(self) -> None:
        """There is one conversation at a time on a connection."""
        line = call()
        assert line.give(initiate())[0]["type"] == "session.error"


class TestFormats:
    """The two directions each have a format."""

    @pytest.mark.parametrize(
        ("name", "format"),
        [
            ("raw/mulaw", MULAW_8K),
            ("raw/lpcm16_8", PCM_8K),
            ("raw/lpcm16", PCM_16K),
            ("raw/lpcm16_24", PCM_24K),
        ],
    )
    def test_it_hears_in_each(self, name: str, format: AudioFormat) -> None:  # noqa: A002 - as above
        """A known recording is understood, whatever carries it, and the answer has the same format."""
        line = platform(format=format).opened((name,))
        line.pass_time(3_000_000)
        line.say(caller_audio("ten-of-clubs", format))
        line.pass_time(3_000_000)

        assert [heard.text for heard in line.of(CallerHeard)] == ["ten of clubs"]
        assert line.messages("playStream.start")[-1]["mediaFormat"] == name
        assert line.played("play-1") == clip("saved.flac", format)

    def test_what_it_plays_can_have_another(self) -> None:
        """Each play stream names its own format, which can be set."""
        line = call(plays="raw/lpcm16_24")
        assert line.messages("session.accepted") == [
            {"type": "session.accepted", "mediaFormat": "raw/lpcm16"}
        ]
        assert line.messages("playStream.start")[0]["mediaFormat"] == "raw/lpcm16_24"
        assert line.played("play-0") == clip("saved.flac", PCM_24K)

    def test_wav_has_a_header_each_way(self) -> None:
        """The header before the caller's audio is no sound, and the bot's stream begins with one."""
        line = platform()
        line.give(initiate(("wav/lpcm16",)))
        line.give(activity(name="start"))
        line.pass_time(3_000_000)
        header = bytes.fromhex(
            "52494646ffffffff57415645666d74201000000001000100803e0000007d0000020010006461 7461ffffffff"
        )
        line.start_stream()
        line.streaming = False
        line.say(header + caller_audio("ten-of-clubs"))
        line.streaming = True
        line.pass_time(3_000_000)

        assert [heard.text for heard in line.of(CallerHeard)] == ["ten of clubs"]
        assert line.played("play-0") == header + clip("saved.flac", PCM_16K)


class TestTurns:
    """The caller speaks, the bot tells what it hears and answers."""

    def test_the_order_of_a_turn(self) -> None:
        """Speech, its end, what was said, then the answer."""
        line = quiet()
        before = len(line.sent)
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)

        assert line.types(since=before) == [
            "userStream.speech.started",
            "userStream.speech.hypothesis",
            "userStream.speech.stopped",
            "userStream.speech.committed",
            "userStream.speech.recognition",
            "playStream.start",
            "playStream.chunk",
            "playStream.stop",
        ]
        assert line.messages("userStream.speech.hypothesis") == [
            {"type": "userStream.speech.hypothesis", "alternatives": [{"text": "ten of clubs"}]}
        ]
        (recognised,) = line.messages("userStream.speech.recognition")
        assert recognised["alternatives"][0]["text"] == "ten of clubs"
        assert 0.5 < recognised["alternatives"][0]["confidence"] <= 1

    def test_unknown_speech_has_no_words(self) -> None:
        """What it does not understand is committed, and never made up."""
        line = quiet()
        hum = (np.sin(np.arange(16_000) * 0.35) * 8_000).astype(np.int16)
        line.say(encode(hum, PCM_16K))
        line.pass_time(3_000_000)

        assert len(line.messages("userStream.speech.committed")) == 1
        assert line.messages("userStream.speech.recognition") == []
        assert line.messages("userStream.speech.hypothesis") == []
        assert line.of(ResponseChosen)[-1].name == "otherwise"

    def test_first_audio_is_exact(self) -> None:
        """The first chunk leaves exactly 300 ms after the caller's last sound."""
        line = quiet()
        begin = line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)
        first = next(at_us for at_us in line.times("playStream.chunk") if at_us > begin)
        assert first == begin + true_end("ten-of-clubs") + 300_000

    @pytest.mark.parametrize("name", sorted(path.stem for path in CLIPS))
    def test_every_known_recording_is_heard_whole_and_soon(self, name: str) -> None:
        """Pauses inside a recording end no turn, and its end is noticed one chunk later than over Twilio."""
        line = quiet()
        begin = line.say(caller_audio(name))
        line.pass_time(8_000_000)
        (heard,) = line.of(CallerHeard)
        assert heard.text == CLIPS[AUDIO / "caller" / f"{name}.flac"]
        assert heard.at_us - (begin + true_end(name)) <= after_chunks_of(100_000) + 150_000

    def test_a_turn_that_the_platform_cuts_off(self) -> None:
        """Where the user stream stops in the middle, what came is the turn."""
        line = quiet()
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(1_000_000)
        line.stop_stream()
        line.pass_time(2_000_000)
        assert len(line.of(CallerHeard)) == 1
        assert len(line.messages("userStream.speech.committed")) == 1

    def test_half_duplex(self) -> None:
        """A user stream that rests during the answer hears the next turn as exactly as the first."""
        line = quiet()
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(1_500_000)
        line.stop_stream()
        line.pass_time(3_370_000)
        line.start_stream()
        line.pass_time(200_000)
        begin = line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)

        assert [heard.text for heard in line.of(CallerHeard)] == ["ten of clubs"] * 2
        first = next(at_us for at_us in line.times("playStream.chunk") if at_us > begin)
        assert first == begin + true_end("ten-of-clubs") + 300_000

    def test_a_function(self) -> None:
        """Functions run in the bot, and what follows them is a stream of its own."""
        line = quiet()
        line.say(caller_audio("forward"))
        line.pass_time(5_000_000)
        assert line.messages("playStream.start")[-1]["altText"] == "At 10."
