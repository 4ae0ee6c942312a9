"""A local agent on AudioCodes' Bot API: what it answers, in literal frames, and what it makes of a caller."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_audiocodes_bot import (
    CONVERSATION,
    Platform,
    activity,
    caller_audio,
    initiate,
    stream,
)
from support_examples_drawn import EXAMPLES
from support_twilio import AUDIO, agent_script, local_agent
from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat
from turnspec.call.events import (
    AgentSaid,
    CallerHeard,
    Event,
    HarnessFailed,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
)
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.audiocodes import AudioCodesBot, Conversations, after_chunks_of
from turnspec.speech import Intents

CLIPS = {path.with_suffix(".flac"): path.read_text().strip() for path in (AUDIO / "caller").glob("*.txt")}
SCRIPT = """
agent: Desk
greeting: {say: Hello there., audio: agent/saved.flac}
functions: {move: {returns: {location: 10}, takes: 120 ms}}
responses:
  ten: {when: {keywords: [ten of clubs]}, say: Ten., audio: agent/saved.flac, timing: {first_audio: 300 ms}}
  slow:
    when: {keywords: [seven of clubs]}
    say: Your message has been saved. Press one to accept.
    audio: agent/saved-menu.flac
    timing: {pace: real_time}
  stubborn:
    when: {keywords: [queen of clubs]}
    say: A message has been saved.
    audio: agent/saved-menu.flac
    interruptible: false
  move: {when: {keywords: [forward]}, call: {move: {}}, then: {say: "At {{ results.move.location }}."}}
  bye: {when: {pattern: '^7$'}, say: Goodbye., audio: agent/deleted.flac, hangup: true}
  keys: {when: {pattern: '^12$'}, say: Twelve.}
  desk: {when: {pattern: '^9$'}, transfer: "tel:+15550100"}
  tones: {when: {pattern: '^3$'}, say: Wait., audio: agent/deleted.flac, dtmf: "12w3#"}
  many: {when: {pattern: '^4$'}, dtmf: "1234567890123456789012345"}
otherwise: {say: What?, audio: agent/not-understood.flac}
"""
SAVED_US = load_clip(AUDIO / "agent" / "saved.flac", 16_000).duration_us
GOODBYE_US = load_clip(AUDIO / "agent" / "deleted.flac", 16_000).duration_us


def platform(
    script: str = SCRIPT,
    format: AudioFormat = PCM_16K,  # noqa: A002 - the word every caller uses
    known: dict[Path, str] | None = None,
    **options: Any,
) -> Platform:
    """A platform whose connection to the bot is open."""
    agent = local_agent(script, CLIPS if known is None else known)
    return Platform(lambda report: AudioCodesBot(agent, report, **options), format)


def call(**options: Any) -> Platform:
    """A call that is up, its greeting begun."""
    return platform(**options).opened()


def quiet(**options: Any) -> Platform:
    """A call whose greeting is over."""
    made = call(**options)
    made.pass_time(3_000_000)
    return made


def true_end(name: str) -> int:
    """Microseconds into a recording at which its speech ends."""
    span = voiced_span(decode(caller_audio(name), PCM_16K), 16_000)
    assert span is not None
    return span[1]


def clip(name: str, format: AudioFormat) -> bytes:  # noqa: A002 - the word every caller uses
    """A recording of the agent in some format."""
    return encode(samples_of(load_clip(AUDIO / "agent" / name, format.rate_hz)), format)


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


class TestInterruptions:
    """The caller talks over the bot."""

    def test_speech_stops_the_stream(self) -> None:
        """Speech is told first, and the stream that was being sent is closed: nothing more of it leaves."""
        line = quiet()
        line.say(caller_audio("seven-of-clubs"))
        line.pass_time(4_000_000)
        before = len(line.sent)
        assert line.types()[-1] == "playStream.chunk"
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(800_000)

        reply = line.messages("playStream.start")[-1]["streamId"]
        told = [message["type"] for _, message in line.sent[before:]]
        begun = told.index("userStream.speech.started")
        assert line.sent[before + begun + 1][1] == {"type": "playStream.stop", "streamId": reply}
        assert "playStream.chunk" not in told[begun:]
        ended = line.of(ResponseEnded)[-1]
        assert (ended.status, ended.reason) == ("cancelled", "the caller interrupted")

    def test_a_key_stops_it_by_name(self) -> None:
        """A key is no speech, so the platform is asked to stop what it plays."""
        line = call()
        line.pass_time(300_000)
        line.press("1")
        assert line.activities() == [{"type": "event", "name": "abortPrompts"}]

    def test_it_is_stopped_once(self) -> None:
        """What was flushed is not flushed again."""
        line = call()
        line.pass_time(300_000)
        line.press("1")
        line.press("2")
        assert len(line.activities()) == 1

    def test_what_was_played_is_not_interrupted(self) -> None:
        """After as much time as its audio takes, a reply is over."""
        line = call()
        line.pass_time(SAVED_US + 1)
        line.press("1")
        assert line.activities() == []

    def test_some_replies_are_not_interruptible(self) -> None:
        """While such a reply plays the platform is told of no speech, for it would stop it."""
        line = quiet()
        line.say(caller_audio("queen-of-clubs"))
        line.pass_time(2_500_000)
        before = len(line.sent)
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)
        assert line.types(since=before)[:2] == [
            "userStream.speech.committed",
            "userStream.speech.recognition",
        ]
        assert line.of(AgentSaid)[-1].text == "Ten."


class TestKeys:
    """The caller presses keys."""

    @pytest.mark.parametrize("name", ["DTMF", "dtmf", "Dtmf"])
    def test_digit_by_digit(self, name: str) -> None:
        """One event a digit, whatever the case of its name: a turn once 0.8 s passed without another."""
        line = quiet()
        line.press("1", name)
        line.pass_time(300_000)
        line.press("2", name)
        line.pass_time(1_000_000)
        assert [heard.text for heard in line.of(CallerHeard)] == ["12"]
        assert line.of(ResponseChosen)[-1].name == "keys"

    @pytest.mark.parametrize("value", ["12", "12#", 12])
    def test_collected(self, value: object) -> None:
        """Several digits in one event are a whole turn, at once."""
        line = quiet()
        line.press(value)
        (heard,) = line.of(CallerHeard)
        assert (heard.text, heard.at_us) == ("12", line.now_us)

    @pytest.mark.parametrize("value", [None, "", "x", [1]])
    def test_no_keys(self, value: object) -> None:
        """A value that is none is the caller's mistake, and no turn."""
        line = quiet()
        line.press(value)
        assert len(line.of(HarnessFailed)) == 1
        line.pass_time(2_000_000)
        assert line.of(CallerHeard) == []


class TestWriting:
    """Calls whose platform hears, or speaks, for the bot."""

    def test_words_of_the_caller(self) -> None:
        """A message is a turn in writing."""
        line = quiet()
        line.give(activity(type="message", text="forward ten meters"))
        line.pass_time(1_000_000)
        (heard,) = line.of(CallerHeard)
        assert (heard.text, heard.source) == ("forward ten meters", "protocol")
        assert line.of(ResponseChosen)[-1].name == "move"

    def test_words_of_the_bot(self) -> None:
        """Where no audio is expected it answers in messages, and hangs up right behind the last."""
        line = platform()
        line.give(initiate(expects_audio=False))
        line.give(activity(name="start"))
        line.press("77")
        line.give(activity(type="message", text="x"))
        line.press("7")
        line.pass_time(1_000_000)
        texts = [entry.get("text", entry.get("name")) for entry in line.activities()]
        assert texts == ["Hello there.", "What?", "What?", "Goodbye.", "hangup"]
        assert line.messages("playStream.start") == []
        assert {said.audio_us for said in line.of(AgentSaid)} == {None}

    def test_no_audio_at_all(self) -> None:
        """A session of messages alone needs no media format."""
        assert platform().give(initiate((), expects_audio=False)) == [{"type": "session.accepted"}]


class TestEnding:
    """Hanging up, handing over, pressing keys: once everything was played."""

    def test_hang_up_after_the_last_word(self) -> None:
        """The activity leaves when the goodbye was played; the socket closes when the platform ends it."""
        line = quiet()
        line.press("7#")
        asked = line.now_us
        line.pass_time(GOODBYE_US - 1)
        assert line.activities() == []
        line.pass_time(1)
        assert line.activities() == [{"type": "event", "name": "hangup"}]
        assert line.sent[-1][0] == asked + GOODBYE_US
        assert not line.bot.closing
        line.give({"type": "session.end", "conversationId": CONVERSATION, "reasonCode": "bot-disconnected"})
        assert line.bot.closing

    def test_play_finished_is_sooner(self) -> None:
        """Where the platform says what it played, that counts."""
        line = quiet()
        line.press("7#")
        line.give(activity(name="playFinished"))
        assert line.activities() == [{"type": "event", "name": "hangup"}]

    def test_play_finished_tells_nothing_of_a_stream_that_goes_on(self) -> None:
        """A pause in what has arrived is not the end of it: the stream is stopped when it is talked over."""
        line = quiet()
        line.say(caller_audio("seven-of-clubs"))
        line.pass_time(4_000_000)
        line.give(activity(name="playFinished"))
        line.press("1")
        assert line.types()[-2:] == ["playStream.stop", "activities"]

    def test_nothing_is_heard_after_it(self) -> None:
        """Who has hung up answers no more."""
        line = quiet()
        line.press("7#")
        line.pass_time(GOODBYE_US)
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)
        assert line.types()[-1] == "activities"

    def test_nothing_is_heard_after_a_transfer(self) -> None:
        """Who has given the call away answers no more."""
        line = quiet()
        line.press("9#")
        (given,) = line.activities()
        assert given["activityParams"] == {"transferTarget": "tel:+15550100"}
        line.press("12")
        line.pass_time(2_000_000)
        assert len(line.of(CallerHeard)) == 1

    def test_an_interrupted_goodbye(self) -> None:
        """Who talks over the goodbye is answered instead."""
        line = quiet()
        line.press("7#")
        line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)
        assert line.activities() == []
        assert line.of(AgentSaid)[-1].text == "Ten."

    def test_the_bot_presses_keys(self) -> None:
        """Keys leave when the words were played, half a second later after each pause."""
        line = quiet()
        line.press("3#")
        asked = line.now_us
        line.pass_time(GOODBYE_US + 2_000_000)
        assert line.activities() == [
            {"type": "event", "name": "sendDtmf", "activityParams": {"dtmfDigits": "12"}},
            {"type": "event", "name": "sendDtmf", "activityParams": {"dtmfDigits": "3#"}},
        ]
        pressed = line.times("activities")
        assert pressed == [asked + GOODBYE_US, asked + GOODBYE_US + 500_000]

    def test_more_keys_than_one_activity_holds(self) -> None:
        """The platform ignores more than 20 at a time, so they are split."""
        line = quiet()
        line.press("4#")
        digits = [entry["activityParams"]["dtmfDigits"] for entry in line.activities()]
        assert digits == ["12345678901234567890", "12345"]

    def test_the_caller_hangs_up(self) -> None:
        """`session.end` ends it, whatever was being said."""
        line = quiet()
        line.say(caller_audio("seven-of-clubs"))
        line.pass_time(4_000_000)
        line.give(
            {"type": "session.end", "conversationId": CONVERSATION, "reasonCode": "client-disconnected"}
        )
        assert line.bot.closing
        assert line.bot.next_wake_us is None
        assert line.of(ResponseEnded)[-1].reason == "the call ended"


class TestResuming:
    """A connection is lost, and the call goes on over another."""

    def resumed(self, conversation: str = CONVERSATION) -> tuple[Platform, list[dict[str, Any]]]:
        """A line that is lost in the middle of a reply, and a new one on which the call is taken up."""
        lost = Conversations()
        first = quiet(lost=lost)
        first.say(caller_audio("seven-of-clubs"))
        first.pass_time(4_000_000)
        first.bot.gone(first.now_us)
        assert first.of(ResponseEnded)[-1].reason == "the line was lost"
        second = platform("agent: Nobody\notherwise: {say: Who?}", lost=lost)
        return second, second.give({"type": "session.resume", "conversationId": conversation})

    def test_a_known_conversation(self) -> None:
        """It is accepted in its old format, is not greeted again, and answers as before."""
        line, answer = self.resumed()
        assert answer == [{"type": "session.accepted", "mediaFormat": "raw/lpcm16"}]
        assert line.give(activity(name="start")) == []
        line.start_stream()
        begin = line.say(caller_audio("ten-of-clubs"))
        line.pass_time(4_000_000)
        assert [said.text for said in line.of(AgentSaid)] == ["Ten."]
        assert line.times("playStream.chunk")[0] == begin + true_end("ten-of-clubs") + 300_000
        assert line.messages("playStream.start")[0]["streamId"] == "play-0"

    def test_one_that_was_not_greeted_yet(self) -> None:
        """It is greeted when `start` comes, on whichever line that is, and once."""
        lost = Conversations()
        first = platform(lost=lost)
        first.give(initiate())
        first.bot.gone(0)
        second = platform(lost=lost)
        second.give({"type": "session.resume", "conversationId": CONVERSATION})
        second.give(activity(name="start"))
        second.give(activity(name="start"))
        second.pass_time(5_000_000)
        assert len(second.messages("playStream.start")) == 1

    def test_an_unknown_one(self) -> None:
        """Nobody else's conversation is taken up."""
        assert self.resumed("another")[1] == [{"type": "session.error", "reason": "conversation not found"}]

    def test_one_that_has_ended(self) -> None:
        """After `session.end` there is nothing to resume."""
        lost = Conversations()
        first = quiet(lost=lost)
        first.give({"type": "session.end", "conversationId": CONVERSATION})
        first.bot.gone(first.now_us)
        second = platform(lost=lost)
        answer = second.give({"type": "session.resume", "conversationId": CONVERSATION})
        assert answer[0]["type"] == "session.error"

    def test_one_that_the_bot_has_ended(self) -> None:
        """A bot that has hung up does not take the call up again."""
        lost = Conversations()
        first = quiet(lost=lost)
        first.press("7#")
        first.pass_time(GOODBYE_US)
        first.bot.gone(first.now_us)
        answer = platform(lost=lost).give({"type": "session.resume", "conversationId": CONVERSATION})
        assert answer[0]["type"] == "session.error"

    def test_what_was_to_be_done_is_forgotten(self) -> None:
        """Keys that were being pressed are not pressed on the new line, and hold nothing up there."""
        lost = Conversations()
        first = quiet(lost=lost)
        first.press("3#")
        first.pass_time(GOODBYE_US + 100_000)
        first.bot.gone(first.now_us)
        second = platform(lost=lost)
        second.give({"type": "session.resume", "conversationId": CONVERSATION})
        second.press("7#")
        second.pass_time(3_000_000)
        assert second.activities() == [{"type": "event", "name": "hangup"}]

    def test_on_the_same_connection(self) -> None:
        """Whoever asks for the call that is up gets it."""
        answer = call().give({"type": "session.resume", "conversationId": CONVERSATION})
        assert answer == [{"type": "session.accepted", "mediaFormat": "raw/lpcm16"}]


class TestWrongFrames:
    """What a platform would not send is the caller's mistake, told as such, and ends nothing."""

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("nonsense", "not JSON"),
            ('{"type": "session.begin"}', "nothing of type"),
            (json.dumps(stream("chunk", audioChunk="AAAA")), "half a sample"),
            (json.dumps(stream("chunk", audioChunk="?")), "base64"),
        ],
    )
    def test_reported(self, frame: str, reason: str) -> None:
        """The reason is told, and the next turn is heard."""
        line = quiet()
        line.give(frame)
        (failed,) = line.of(HarnessFailed)
        assert reason in failed.reason
        line.press("12")
        assert [heard.text for heard in line.of(CallerHeard)] == ["12"]

    def test_before_the_session(self) -> None:
        """Nothing is done for a call that did not begin."""
        line = platform()
        assert line.give(activity(name="start")) == []
        assert "before session.initiate" in line.of(HarnessFailed)[0].reason

    def test_audio_outside_of_a_user_stream(self) -> None:
        """Chunks count between `started` and `stopped` only."""
        line = platform()
        line.give(initiate())
        line.give(stream("chunk", audioChunk=base64.b64encode(bytes(3_200)).decode()))
        assert "outside of userStream" in line.of(HarnessFailed)[0].reason


IDLE = """
agent: A
idle: {after: 3 s, say: Are you there?, audio: agent/saved.flac, times: 2}
otherwise: {say: What?, audio: agent/saved.flac}
"""


def test_silence_makes_it_speak() -> None:
    """The silence counts from the end of what was heard last, and there are so many prompts."""
    line = call(script=IDLE)
    line.pass_time(30_000_000)
    assert [said.began_us for said in line.of(AgentSaid)] == [3_000_000, 6_000_000 + SAVED_US]


# --- whatever comes -----------------------------------------------------------------------------------

PARSED = agent_script(SCRIPT)
NO_INTENTS = Intents({})
LOUD = base64.b64encode(encode((np.sin(np.arange(1_600) * 0.3) * 9_000).astype(np.int16), PCM_16K)).decode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)
NAMES = st.sampled_from(["start", "DTMF", "dtmf", "playFinished", "noUserInput", "hangup", ""])
KEYS = st.sampled_from(["1", "7", "3", "12", "#", "7#", None, 5, "x"])
FORMAT_LISTS = st.lists(st.sampled_from(["raw/mulaw", "raw/lpcm16", "wav/lpcm16", "raw/opus"]), max_size=3)
MESSAGES = st.one_of(
    st.builds(lambda names, aloud: initiate(tuple(names), expects_audio=aloud), FORMAT_LISTS, st.booleans()),
    st.builds(lambda name, value: activity(name=name, value=value), NAMES, KEYS),
    st.builds(lambda text: activity(type="message", text=text), st.text(max_size=12)),
    st.builds(stream, st.sampled_from(["start", "stop"])),
    st.builds(
        lambda data: stream("chunk", audioChunk=data), st.sampled_from([LOUD, "", "AAAA", "?", "UklGRg=="])
    ),
    st.sampled_from(
        [
            {"type": "session.resume", "conversationId": CONVERSATION},
            {"type": "session.resume", "conversationId": "another"},
            {"type": "session.end", "conversationId": CONVERSATION, "reasonCode": "client-disconnected"},
            {"type": "connection.validate"},
            {"type": "playStream.mark.reached"},
        ]
    ),
    st.dictionaries(
        st.sampled_from(["type", "conversationId", "activities", "audioChunk"]), JSON, max_size=4
    ),
)
FRAMES = st.one_of(MESSAGES.map(json.dumps), st.text(max_size=20), st.binary(max_size=20))
ACTS = st.lists(st.one_of(FRAMES, FRAMES, st.integers(0, 3_000_000), st.none()), max_size=12)


def _act(line: Platform, act: str | bytes | int | None, fresh: Callable[[int], Platform]) -> Platform:
    match act:
        case int():
            line.pass_time(act)
        case None:
            line.bot.gone(line.now_us)
            return fresh(line.now_us)
        case _:
            line.give(act)
    return line


@settings(max_examples=EXAMPLES, deadline=None)
@given(opened=st.booleans(), acts=ACTS)
def test_any_platform(*, opened: bool, acts: list[str | bytes | int | None]) -> None:
    """No sequence of frames, times and lost lines fails; responses pair up, streams open one at a time."""
    events: list[Event] = []
    lost = Conversations()
    agent = LocalAgent(PARSED, intents=NO_INTENTS)
    lines: list[Platform] = []

    def fresh(now_us: int) -> Platform:
        line = Platform(lambda _: AudioCodesBot(agent, events.append, lost))
        line.now_us = now_us
        lines.append(line)
        return line

    line = fresh(0)
    if opened:
        line.opened()
        line.streaming = False
    for act in acts:
        if line.bot.closing:
            line.bot.gone(line.now_us)
            line = fresh(line.now_us)
        line = _act(line, act, fresh)
    line.pass_time(20_000_000)
    line.bot.gone(line.now_us)

    begun = [one.response_id for one in events if isinstance(one, ResponseStarted)]
    ended = [one.response_id for one in events if isinstance(one, ResponseEnded)]
    assert sorted(begun) == sorted(ended)
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)
    assert {event.side for event in events} <= {Side.AGENT}
    for each in lines:
        assert_streams(each)


def assert_streams(line: Platform) -> None:
    """Play streams open one at a time, each once, and chunks belong to the one that is open."""
    open_stream: str | None = None
    seen: set[str] = set()
    for _, message in line.sent:
        match message["type"]:
            case "playStream.start":
                assert open_stream is None
                open_stream = message["streamId"]
            case "playStream.chunk":
                assert message["streamId"] == open_stream
            case "playStream.stop":
                assert message["streamId"] == open_stream
                seen.add(message["streamId"])
                open_stream = None
