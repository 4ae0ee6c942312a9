"""The local agent's brain: templates, chains, functions, recordings."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from support_twilio import AUDIO, agent_script, local_agent
from turnspec.audio.files import AudioFileError, load_clip
from turnspec.call.events import Origin
from turnspec.call.evidence import Track
from turnspec.doubles.agent import (
    AgentScriptError,
    FunctionCall,
    Heard,
    LocalAgent,
    run_function,
    script_problems,
)
from turnspec.doubles.agent.session import NO_WISHES
from turnspec.speech import Intents, natural_length_us

BANK = """
agent: Bank
greeting: {say: "Welcome, {{ call.from }}."}
functions:
  block_card:
    parameters: {last4: string}
    returns:
      - {when: {last4: "9910"}, error: no such card, takes: 300 ms}
      - {returns: {status: blocked, reference: "R-{{ arguments.last4 }}"}}
    takes: 120 ms
  balance: {returns_in_turn: [{amount: 1}, {amount: 2}]}
  ping: {}
responses:
  block:
    when: {pattern: 'ending in (?P<last4>\\d+)'}
    call: {block_card: {last4: "{{ last4 }}", said: "{{ heard.text }}"}}
    then:
      say: "Blocked as {{ results.block_card.reference }} for {{ last4 }}."
      call: [balance, ping]
      then: {say: "Left: {{ results.balance.amount }}, {{ results.block_card.status }}.", hangup: true}
  broken: {when: {keywords: [broken]}, say: "{{ nobody }}"}
  clip: {when: {keywords: [clip]}, say: Goodbye, audio: agent/goodbye.flac}
  slow:
    {when: {keywords: [slow]}, say: ok, timing: {first_audio: 300 ms, pace: real_time}, interruptible: false}
idle: {after: 6 s, say: Are you still there?, times: 2}
otherwise: {say: I understand.}
"""


def heard(text: str | None, modality: str = "text") -> Heard:
    """What came as text."""
    return Heard(text, "protocol", modality)


ALL = frozenset({"block_card", "balance", "ping"})


class TestReplies:
    """Replies are ready to be said."""

    def test_greeting_knows_the_caller(self) -> None:
        """`{{ call.from }}` is the caller's number."""
        greeting = local_agent(BANK).greet()
        assert greeting is not None
        assert greeting.text == "Welcome, +15551234567."

    def test_no_greeting(self) -> None:
        """An agent without a greeting waits."""
        assert local_agent("agent: A\notherwise: {say: what}").greet() is None

    def test_without_a_recording_it_is_silence_of_natural_length(self) -> None:
        """No recording and no synthesiser: silence as long as saying it takes, and marked as that."""
        reply = local_agent(BANK).answer(heard("hm"), ALL)
        assert reply.name == "otherwise"
        assert reply.origin is Origin.SILENT
        assert reply.audio is not None
        assert not any(reply.audio.pcm)
        assert abs(reply.audio.duration_us - natural_length_us("I understand.")) < 1000

    def test_a_recording_is_sound(self) -> None:
        """A recording is read at its own rate, and is not silent."""
        script = BANK.replace("agent/goodbye.flac", str(AUDIO / "agent" / "saved.flac"))
        reply = local_agent(script).answer(heard("the clip"), ALL)
        assert reply.origin is None
        assert reply.audio is not None
        assert any(reply.audio.pcm)

    def test_timing_and_manners(self) -> None:
        """When and how it is said is told to the double."""
        reply = local_agent(BANK).answer(heard("slow"), ALL)
        assert (reply.first_audio_us, reply.fast, reply.interruptible) == (300_000, False, False)
        assert local_agent(BANK).answer(heard("hm"), ALL).fast

    @pytest.mark.parametrize(
        ("pace", "fast", "percent"),
        [
            ("fast", True, None),
            ("instant", True, None),
            ("real_time", False, 100),
            ("1x", False, 100),
            ("4x", True, 400),
            ("1.25 x", True, 125),
        ],
    )
    def test_pace(self, pace: str, fast: bool, percent: int | None) -> None:  # noqa: FBT001 # a fact
        """How fast it is sent: at once, as it plays, or so many times as fast."""
        agent = local_agent(f"agent: A\notherwise: {{say: hm, timing: {{pace: {pace}}}}}")
        reply = agent.answer(heard("hm"), ALL)
        assert (reply.fast, reply.pace_percent) == (fast, percent)

    def test_session(self) -> None:
        """What the script says of its session is told to the double; nothing said is nothing wished."""
        said = "voice: ash, instructions: Be brief., dialect: beta"
        session = f"{{{said}, expires_after: 5 s, transcription_fails: 2..}}"
        wishes = local_agent(f"agent: A\nsession: {session}\notherwise: {{say: hm}}").session
        assert (wishes.voice, wishes.instructions, wishes.dialect) == ("ash", "Be brief.", "beta")
        assert wishes.lifetime_us == 5_000_000
        assert wishes.lost_turns is not None
        assert [turn in wishes.lost_turns for turn in (1, 2, 9)] == [False, True, True]
        assert local_agent("agent: A\notherwise: {say: hm}").session == NO_WISHES

    def test_why_is_kept(self) -> None:
        """The scores of all responses come with the reply."""
        reply = local_agent(BANK).answer(heard("slow"), ALL)
        assert reply.scores["slow"] == 10
        assert reply.scores["clip"] == "none of 'clip' was said"

    def test_turns_are_counted(self) -> None:
        """Each answer is one caller turn."""
        agent = local_agent(
            "agent: A\nresponses: {second: {when: {turns: 2}, say: two}}\notherwise: {say: one}"
        )
        assert [agent.answer(heard(None), ALL).text for _ in range(3)] == ["one", "two", "one"]


class TestChains:
    """Calls, their results, and what follows."""

    def test_named_groups_results_and_the_callers_words(self) -> None:
        """A chain carries its captures and all results so far to its end."""
        agent = local_agent(BANK)
        first = agent.answer(heard("my card ending in 4821"), ALL)
        assert first.calls == (
            FunctionCall("block_card", {"last4": "4821", "said": "my card ending in 4821"}),
        )
        assert first.has_more
        second = agent.follow(first, {"block_card": '{"reference": "R-1042", "status": "blocked"}'})
        assert second is not None
        assert second.text == "Blocked as R-1042 for 4821."
        assert [call.name for call in second.calls] == ["balance", "ping"]
        third = agent.follow(second, {"balance": '{"amount": 7}', "ping": "pong"})
        assert third is not None
        assert (third.text, third.hang_up, third.has_more) == ("Left: 7, blocked.", True, False)
        assert agent.follow(third, {}) is None

    def test_a_result_that_is_lacking_is_named(self) -> None:
        """A template that needs a result which did not come fails by name, with the script's file."""
        agent = local_agent(BANK)
        first = agent.answer(heard("ending in 1"), ALL)
        with pytest.raises(AgentScriptError, match=r"agent\.yaml: block: .*results\.block_card\.reference"):
            agent.follow(first, {"block_card": "not json"})

    def test_an_undefined_name_is_an_error(self) -> None:
        """A name that nothing binds is no empty text."""
        with pytest.raises(AgentScriptError, match=r"agent\.yaml: broken: .*'nobody'"):
            local_agent(BANK).answer(heard("broken"), ALL)

    def test_a_missing_recording_is_an_error(self) -> None:
        """A recording that is not there is named."""
        with pytest.raises(AgentScriptError, match=r"clip: .*goodbye\.flac"):
            local_agent(BANK).answer(heard("clip"), ALL)


class TestFunctions:
    """Declared functions, run in the agent's place."""

    def test_cases_in_order(self) -> None:
        """The first case that matches the arguments answers, after its own time or the function's."""
        agent = local_agent(BANK)
        blocked = agent.run_function(FunctionCall("block_card", {"last4": "4821"}))
        assert (json.loads(blocked.output), blocked.takes_us) == (
            {"status": "blocked", "reference": "R-4821"},
            120_000,
        )
        refused = agent.run_function(FunctionCall("block_card", {"last4": "9910"}))
        assert (json.loads(refused.output), refused.takes_us) == ({"error": "no such card"}, 300_000)

    def test_in_turn(self) -> None:
        """A sequence is given item by item, its last one for ever."""
        agent = local_agent(BANK)
        outputs = [agent.run_function(FunctionCall("balance", {})).output for _ in range(3)]
        assert outputs == ['{"amount": 1}', '{"amount": 2}', '{"amount": 2}']

    def test_names(self) -> None:
        """It runs what script and scenario declare; the scenario's overrides."""
        theirs = agent_script(
            "agent: B\nfunctions: {ping: {returns: 5}, pong: {}}\notherwise: {say: x}"
        ).functions
        agent = LocalAgent(agent_script(BANK), intents=Intents({}), functions=theirs)
        assert agent.own_functions == {"block_card", "balance", "ping", "pong"}
        assert agent.run_function(FunctionCall("ping", {})).output == "5"
        assert local_agent(BANK).run_function(FunctionCall("ping", {})).output == "null"

    @pytest.mark.parametrize(
        ("declared", "arguments", "error"),
        [
            (False, "{}", "there is no function f"),
            (True, "{broken", "the arguments of f are not JSON"),
            (True, '{"a": 2}', "no case of f holds for these arguments"),
        ],
    )
    def test_errors_are_outputs(self, declared: bool, arguments: str, error: str) -> None:  # noqa: FBT001 # a column
        """What cannot be answered is an error for the agent, not for the engine."""
        script = agent_script(
            "agent: A\nfunctions: {f: {returns: [{when: {a: 1}, returns: 1}]}}\notherwise: {say: x}"
        )
        spec = script.functions["f"] if declared else None
        assert json.loads(run_function(spec, "f", arguments, 0).output) == {"error": error}


class TestIdle:
    """Silence makes it speak, so often and no more."""

    def test_times(self) -> None:
        """It prompts after the silence, twice."""
        agent = local_agent(BANK)
        assert agent.idle_after_us() == 6_000_000
        assert agent.idle(5_999_999, 0) is None
        said = [agent.idle(6_000_000, times) for times in range(3)]
        assert [reply.text if reply else None for reply in said] == ["Are you still there?"] * 2 + [None]

    def test_never(self) -> None:
        """Without `idle` it never speaks unasked."""
        agent = local_agent("agent: A\notherwise: {say: x}")
        assert agent.idle_after_us() is None
        assert agent.idle(10**9, 0) is None


class TestProblems:
    """What a protocol's double cannot do is known before any call."""

    SCRIPT = """
agent: A
greeting: {say: hello, timing: {first_audio: 0 ms}}
responses:
  quick: {when: {turns: 1}, say: now, timing: {first_audio: 80 ms}}
  slow:
    say: later
    timing: {first_audio: 150 ms}
    transfer: tel:+15550100
    call: f
    then: {say: at once, dtmf: "12", timing: {first_audio: 10 ms}}
otherwise: {say: what}
"""

    def test_too_early(self) -> None:
        """A reply before the end of speech can be noticed is a problem at its place; a greeting is not."""
        found = script_problems(agent_script(self.SCRIPT), endpointing_us=150_000, keys=True)
        assert [(problem.kind, problem.span.line) for problem in found] == [
            ("too-early", 5),
            ("too-early", 11),
        ]
        assert "80 ms" in found[0].message
        assert "150 ms or more" in found[0].help

    def test_keys_and_transfers(self) -> None:
        """Keys and transfers are a problem where the agent has no means for them."""
        found = script_problems(agent_script(self.SCRIPT), endpointing_us=0, keys=False)
        assert [(problem.kind, problem.span.line) for problem in found] == [
            ("cannot-press", 11),
            ("cannot-transfer", 9),
        ]


class TestHearing:
    """It knows recordings by their sound alone."""

    CLIPS: ClassVar = {AUDIO / "caller" / f"{name}.flac": name for name in ("five-five", "forward", "vague")}

    def test_a_swapped_recording_is_what_it_says(self) -> None:
        """What is heard follows the audio, not what was expected."""
        agent = local_agent(BANK, self.CLIPS)
        for clip, words in self.CLIPS.items():
            found = agent.hear_audio(load_clip(clip, 8_000))
            assert (found.text, found.source, found.missing_us) == (words, "known clip", 0)
            assert found.score is not None
            assert found.score > 0.9

    def test_another_recording_is_not_understood(self) -> None:
        """Speech that is none of the known recordings has no words."""
        found = local_agent(BANK, self.CLIPS).hear_audio(load_clip(AUDIO / "caller" / "amiable.flac", 8_000))
        assert (found.text, found.source) == (None, "none")

    def test_a_recording_that_breaks_off_lacks_its_end(self) -> None:
        """Most of a recording is recognised, and how much of it is still to come is told."""
        whole = load_clip(AUDIO / "caller" / "forward.flac", 8_000)
        cut = Track(8_000, whole.pcm[: len(whole.pcm) * 9 // 10])
        found = local_agent(BANK, self.CLIPS).hear_audio(cut)
        assert found.text == "forward"
        assert 100_000 < found.missing_us < 300_000

    @pytest.mark.parametrize(
        ("missing_us", "measured_us", "ended_us"),
        [(0, 1_880_000, 1_880_000), (30_000, 1_830_000, 1_884_000), (300_000, 1_500_000, 1_500_000)],
        ids=["all came", "its faint end is to come", "it breaks off"],
    )
    def test_a_known_recording_tells_where_it_ends(
        self, missing_us: int, measured_us: int, ended_us: int
    ) -> None:
        """Where a faint end is to come, the recording tells better; where it breaks off, the sound does."""
        said = Heard("hi", "known clip", missing_us=missing_us, ended_us=1_860_000, faded_us=1_884_000)

        assert said.truly_ended_us(measured_us) == ended_us

    def test_a_missing_recording_is_refused(self) -> None:
        """A recording that cannot be read is an error before the call."""
        with pytest.raises(AudioFileError, match=r"nowhere\.flac"):
            local_agent(BANK, {AUDIO / "nowhere.flac": "x"})
