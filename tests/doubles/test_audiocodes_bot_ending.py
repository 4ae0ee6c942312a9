"""How calls to a bot of AudioCodes' Bot API end, and how lost ones are taken up again."""

from __future__ import annotations

from typing import Any

from support_audiocodes_bot import CONVERSATION, Platform, activity, caller_audio, initiate
from support_desk import GOODBYE_US, call, platform, quiet, true_end
from turnspec.call.events import AgentSaid, CallerHeard, ResponseEnded
from turnspec.doubles.audiocodes import Conversations


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
