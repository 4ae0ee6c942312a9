"""A local agent on a telephone line: when it speaks, gives way, runs functions and hangs up."""

from __future__ import annotations

import json

import pytest

from support_rover import CLIPS, call, quiet, true_end
from support_twilio import AUDIO, SILENCE, caller_clip, tone
from turnspec.adapters.twilio.messages import BotMedia
from turnspec.adapters.twilio.wire import decode_bot
from turnspec.audio.files import load_clip
from turnspec.call.events import (
    AgentSaid,
    CallerHeard,
    FunctionCalled,
    FunctionReturned,
    HarnessFailed,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
)


class TestGreeting:
    """The agent speaks first, if it has a greeting."""

    def test_at_once(self) -> None:
        """The greeting leaves when `start` arrives: audio of at most 100 ms a message, then one mark."""
        phone = call()
        sizes = []
        for _, frame in phone.sent[:-1]:
            message = decode_bot(frame, json.loads(frame)["streamSid"]).message
            assert isinstance(message, BotMedia)
            sizes.append(len(message.payload))
        length = load_clip(AUDIO / "agent" / "saved.flac", 8_000).duration_us
        assert sum(sizes) * 125 == length
        assert sizes[0] == 800  # 100 ms: early
        assert max(sizes) == 4_000
        assert phone.frames("mark") == [0]
        assert phone.of(AgentSaid) == [
            AgentSaid(
                at_us=0,
                side=Side.AGENT,
                response_id="reply-1",
                item_id="reply-1-words",
                text="Hello there.",
                began_us=0,
                audio_us=length,
            )
        ]

    def test_none(self) -> None:
        """Without one the line stays silent."""
        phone = call("agent: A\notherwise: {say: what}")
        phone.pass_time(10_000_000)
        assert phone.sent == []


class TestTiming:
    """Replies are counted from the true end of the caller's speech."""

    def test_first_audio_is_exact(self) -> None:
        """The first frame of audio leaves exactly 300 ms after the caller's last sound."""
        phone = quiet()
        begin = phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(4_000_000)
        first = next(at_us for at_us in phone.frames("media") if at_us > begin)
        assert first == begin + true_end("ten-of-clubs") + 300_000
        said = phone.of(AgentSaid)[-1]
        assert (said.text, said.began_us) == ("Ten.", first)

    @pytest.mark.parametrize("lead_us", [7_000, 13_125])
    def test_speech_may_begin_anywhere_in_a_frame(self, lead_us: int) -> None:
        """Speech that begins in the middle of a frame is answered in time too, to the edges' resolution."""
        phone = quiet()
        lead = b"\xff" * (lead_us // 125)
        begin = phone.say(lead + caller_clip("ten-of-clubs")) + lead_us
        phone.pass_time(4_000_000)
        first = next(at_us for at_us in phone.frames("media") if at_us > begin)
        assert abs(first - (begin + true_end("ten-of-clubs") + 300_000)) <= 5_000

    def test_exactly_as_often_as_asked(self) -> None:
        """The same call twice leaves the same frames at the same microseconds."""
        sent = []
        for _ in range(2):
            phone = quiet()
            phone.say(caller_clip("ten-of-clubs"))
            phone.pass_time(4_000_000)
            sent.append(phone.sent)
        assert sent[0] == sent[1]

    def test_trailing_silence_of_a_clip_is_not_speech(self) -> None:
        """Two seconds of silence at the clip's end do not make the reply later."""
        begun = []
        for trailing in (b"", SILENCE * 100):
            phone = quiet()
            phone.say(caller_clip("ten-of-clubs") + trailing)
            phone.pass_time(5_000_000)
            begun.append(phone.of(AgentSaid)[-1].began_us)
        assert begun[0] == begun[1]

    @pytest.mark.parametrize("name", sorted(path.stem for path in CLIPS))
    def test_every_known_recording_is_heard_whole_and_soon(self, name: str) -> None:
        """Pauses inside a recording end no turn, and its end is noticed in time to answer after 300 ms."""
        phone = quiet()
        begin = phone.say(caller_clip(name))
        phone.pass_time(8_000_000)
        (found,) = phone.of(CallerHeard)
        assert (found.text, found.source) == (CLIPS[AUDIO / "caller" / f"{name}.flac"], "known clip")
        assert found.at_us - (begin + true_end(name)) <= 300_000

    def test_real_time_pace_keeps_a_lead(self) -> None:
        """In real time audio leaves at most 200 ms before it plays, and never later than that."""
        phone = quiet()
        phone.say(caller_clip("seven-of-clubs"))
        phone.pass_time(14_000_000)
        sent = [at_us for at_us in phone.frames("media") if at_us > 5_000_000]
        ahead = [number * 100_000 - (at_us - sent[0]) for number, at_us in enumerate(sent)]
        assert ahead[:4] == [0, 100_000, 200_000, 200_000]
        assert set(ahead[2:]) == {200_000}


class TestHearing:
    """It hears what arrives and nothing else."""

    def test_noise_gets_otherwise(self) -> None:
        """A hum in place of speech is one turn that was not understood."""
        phone = quiet()
        phone.say(tone(1_500_000))
        phone.pass_time(6_000_000)
        (found,) = phone.of(CallerHeard)
        assert (found.text, found.source) == (None, "none")
        assert phone.of(ResponseChosen)[-1].name == "otherwise"

    def test_a_pause_in_unknown_speech_is_bridged(self) -> None:
        """Unknown sound goes on after half a second's pause: one turn."""
        phone = quiet()
        phone.say(tone(600_000) + SILENCE * 25 + tone(600_000))
        phone.pass_time(6_000_000)
        assert len(phone.of(CallerHeard)) == 1

    def test_a_click_is_no_speech(self) -> None:
        """Forty milliseconds of sound are no turn and interrupt nobody."""
        phone = call()
        phone.say(tone(40_000))
        phone.pass_time(6_000_000)
        assert phone.of(CallerHeard) == []
        assert phone.frames("clear") == []

    def test_swapped_recordings_change_the_answer(self) -> None:
        """Another recording with another text behind it gets another reply."""
        chosen = []
        for name in ("ten-of-clubs", "forward"):
            phone = quiet()
            phone.say(caller_clip(name))
            phone.pass_time(5_000_000)
            chosen.append(phone.of(ResponseChosen)[-1].name)
        assert chosen == ["ten", "move"]


class TestBargeIn:
    """The caller may interrupt."""

    def test_speech_clears_what_is_unplayed(self) -> None:
        """Within 150 ms of the caller's first sound the rest of the reply is cleared, once."""
        phone = call()
        phone.pass_time(500_000)
        begin = phone.say(tone(800_000))
        phone.pass_time(700_000)
        (cleared,) = phone.frames("clear")
        assert 60_000 <= cleared - begin <= 150_000
        assert not phone.heard(cleared + 1_000, cleared + 600_000)

    def test_nothing_unplayed_nothing_to_clear(self) -> None:
        """After the mark came back, speech clears nothing."""
        phone = quiet()
        phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(500_000)
        assert phone.frames("clear") == []

    def test_the_rest_of_a_real_time_reply_is_dropped(self) -> None:
        """What was not sent yet is never sent, and its response is cancelled."""
        phone = quiet()
        phone.say(caller_clip("seven-of-clubs"))
        phone.pass_time(4_000_000)
        reply = phone.of(ResponseStarted)[-1].response_id
        phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(400_000)
        (cleared,) = phone.frames("clear")
        phone.pass_time(700_000)
        assert [at_us for at_us in phone.frames("media") if at_us > cleared] == []
        ended = phone.of(ResponseEnded)[-1]
        assert (ended.response_id, ended.status, ended.reason) == (
            reply,
            "cancelled",
            "the caller interrupted",
        )

    def test_it_then_answers_what_was_said_over_it(self) -> None:
        """The interrupting words are a turn like any other."""
        phone = call()
        phone.pass_time(300_000)
        phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(4_000_000)
        assert phone.of(AgentSaid)[-1].text == "Ten."

    def test_some_replies_are_not_interruptible(self) -> None:
        """A reply that says so is played to its end."""
        phone = quiet()
        phone.say(caller_clip("queen-of-clubs"))
        phone.pass_time(2_500_000)
        phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(15_000_000)
        assert phone.frames("clear") == []
        assert [said.text for said in phone.of(AgentSaid)[1:]] == ["A message has been saved.", "Ten."]

    def test_a_key_interrupts_too(self) -> None:
        """Whoever knows the menu need not hear it out."""
        phone = call()
        phone.pass_time(300_000)
        phone.press("1")
        assert len(phone.frames("clear")) == 1


class TestFunctions:
    """The bot runs its functions itself and goes on with their results."""

    def test_a_chain(self) -> None:
        """All calls at once, each takes its time, and the rest is said when the last has returned."""
        phone = quiet()
        phone.say(caller_clip("forward"))
        phone.pass_time(6_000_000)
        called, returned = phone.of(FunctionCalled), phone.of(FunctionReturned)
        assert [(one.name, json.loads(one.arguments)) for one in called] == [
            ("move", {"metres": 10}),
            ("log", {}),
        ]
        assert [one.call_id for one in returned] == [called[1].call_id, called[0].call_id]
        assert [one.at_us - called[0].at_us for one in returned] == [40_000, 120_000]
        assert [json.loads(one.output) for one in returned] == [None, {"location": 10}]
        assert phone.of(AgentSaid)[-1].text == "At 10."

    def test_first_audio_of_what_follows_counts_from_the_callers_end(self) -> None:
        """`first_audio` in `then` is no second delay after the functions."""
        phone = quiet()
        begin = phone.say(caller_clip("forward"))
        phone.pass_time(6_000_000)
        said = phone.of(AgentSaid)[-1]
        assert abs(said.began_us - (begin + true_end("forward") + 900_000)) <= 5_000

    def test_every_response_ends_before_the_next(self) -> None:
        """Responses begin and end in pairs, and each call belongs to the one that made it."""
        phone = quiet()
        phone.say(caller_clip("forward"))
        phone.pass_time(6_000_000)
        begun = [one.response_id for one in phone.of(ResponseStarted)]
        assert (
            begun == [one.response_id for one in phone.of(ResponseEnded)] == ["reply-1", "reply-2", "reply-3"]
        )
        assert {one.response_id for one in phone.of(FunctionCalled)} == {"reply-2"}

    def test_a_call_with_nothing_to_say_still_ends_its_turn(self) -> None:
        """After the result comes one empty response, as a model's would."""
        phone = quiet()
        phone.say(caller_clip("five-five"))
        phone.pass_time(4_000_000)
        kinds = [event.kind for event in phone.events[-5:]]
        assert kinds == [
            "function-called",
            "response-ended",
            "function-returned",
            "response-started",
            "response-ended",
        ]


class TestKeys:
    """Digits are a turn of their own."""

    def test_collected_until_a_pause(self) -> None:
        """Two keys half a second apart are one text, answered 0.8 s after the last."""
        phone = quiet()
        phone.press("1")
        phone.pass_time(500_000)
        phone.press("2")
        phone.pass_time(2_000_000)
        (found,) = phone.of(CallerHeard)
        assert (found.text, found.source, found.at_us) == ("12", "protocol", 6_300_000)
        assert phone.of(ResponseChosen)[-1].name == "keys"

    def test_the_hash_key_ends_them(self) -> None:
        """`#` says that it was all, and is no part of it."""
        phone = quiet()
        phone.press("12#")
        assert phone.of(CallerHeard)[0].text == "12"
        phone.pass_time(3_000_000)
        assert len(phone.of(CallerHeard)) == 1

    def test_the_hash_key_alone(self) -> None:
        """`#` on its own is a text."""
        phone = quiet()
        phone.press("#")
        assert phone.of(CallerHeard)[0].text == "#"

    def test_the_agent_has_none(self) -> None:
        """A script whose agent presses keys fails as the script's fault, not the agent's."""
        phone = quiet()
        phone.press("3#")
        (failed,) = phone.of(HarnessFailed)
        assert "'tones' presses keys" in failed.reason


class TestHangingUp:
    """The agent hangs up once it was heard out."""

    def test_after_the_last_mark(self) -> None:
        """It closes when its goodbye has been played, not when it was sent."""
        phone = quiet()
        phone.press("7#")
        length = load_clip(AUDIO / "agent" / "deleted.flac", 8_000).duration_us
        phone.pass_time(length - 1_000)
        assert not phone.closed
        phone.pass_time(2_000)
        assert phone.closed

    def test_with_nothing_to_say(self) -> None:
        """Without a goodbye it closes at once."""
        phone = quiet()
        phone.press("#")
        assert phone.closed

    def test_an_interrupted_goodbye(self) -> None:
        """A caller who talks over the goodbye is heard: the cleared mark is no reason to hang up."""
        phone = quiet()
        phone.press("7#")
        phone.say(caller_clip("ten-of-clubs"))
        phone.pass_time(5_000_000)
        assert not phone.closed
        assert phone.of(AgentSaid)[-1].text == "Ten."

    def test_the_caller_hangs_up_first(self) -> None:
        """What was being said is cancelled, and nothing is sent or awaited any more."""
        phone = quiet()
        phone.say(caller_clip("seven-of-clubs"))
        phone.pass_time(4_000_000)
        phone.hang_up()
        sent = len(phone.sent)
        phone.pass_time(3_000_000)
        assert len(phone.sent) == sent
        assert phone.of(ResponseEnded)[-1].status == "cancelled"


IDLE = """
agent: A
idle: {after: 3 s, say: Are you there?, audio: agent/saved.flac, times: 2}
otherwise: {say: What?, audio: agent/saved.flac}
"""


class TestIdle:
    """Silence makes the agent speak."""

    def test_prompts_after_silence(self) -> None:
        """The silence counts from the end of what was heard last, and there are so many prompts."""
        phone = call(IDLE)
        phone.pass_time(30_000_000)
        length = load_clip(AUDIO / "agent" / "saved.flac", 8_000).duration_us
        assert [said.began_us for said in phone.of(AgentSaid)] == [3_000_000, 6_000_000 + length]

    def test_speech_starts_the_count_again(self) -> None:
        """A caller who spoke is prompted anew."""
        phone = call(IDLE)
        phone.pass_time(30_000_000)
        phone.say(tone(500_000))
        phone.pass_time(30_000_000)
        assert [said.text for said in phone.of(AgentSaid)] == [
            "Are you there?",
            "Are you there?",
            "What?",
            "Are you there?",
            "Are you there?",
        ]
