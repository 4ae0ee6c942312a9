"""What the caller and a bot of AudioCodes' Bot API do to each other: interrupt, press keys, write."""

from __future__ import annotations

import pytest

from support_audiocodes_bot import activity, caller_audio, initiate
from support_desk import SAVED_US, call, platform, quiet
from turnspec.call.events import AgentSaid, CallerHeard, HarnessFailed, ResponseChosen, ResponseEnded


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
