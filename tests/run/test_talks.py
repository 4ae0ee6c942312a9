"""What the language promises, on whole calls in virtual time with recorded speech."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
import soundfile

from support_talk import CLIPS, plan_talk, talk

AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    functions: {open: {parameters: {number: string}, returns: {new: 2}}}
    responses:
      open:
        when: {keywords: [nine three]}
        call: {open: {number: "29340"}}
        then: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
      first:
        when: {keywords: [five five]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
      keys:
        when: {pattern: '^[0-9A-D*#]+$'}
        say: "{{ heard.text }} deleted"
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""

QUIET = "agent: Desk\n" + dedent(AGENT).split("\n", 3)[3]
IDLE = """
idle: {after: 6 s, say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac, times: 3}
"""


def test_a_list_of_actions_is_answered_after_its_last(tmp_path: Path) -> None:
    """A reply to an earlier action of a turn is not the turn's, heard out or broken off."""
    turns = """
        - turn: Greeting
        - turn: Heard out
          caller: [{audio: audio/caller/five-five.flac}, {silence: 8 s}, {audio: audio/caller/account.flac}]
          expect: {says: Message undeleted, calls: [{open: {number: "29340"}}]}
          budget: {response: 400 ms}
        - turn: Broken off
          caller: [{audio: audio/caller/five-five.flac}, {audio: audio/caller/account.flac}]
          expect: {says: Message undeleted, calls: [{open: {number: "29340"}}]}
          budget: {response: 400 ms}
        - turn: Key
          caller: {dtmf: "7"}
          expect: {says: 7 deleted}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.failures() == []
    assert call.said("Key") == "7 deleted"


def test_a_caller_who_speaks_first_is_answered_not_greeted(tmp_path: Path) -> None:
    """Where the first turn speaks over the agent's greeting, its reply is the answer, not the greeting."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/account.flac}
          expect: {says: Message undeleted}
          budget: {response: 400 ms}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.failures() == []
    response, first_audio = call.measured("Ask", "response"), call.measured("Ask", "first_audio")
    assert 0 < (first_audio.value_us or 0) <= (response.value_us or 0)


def test_an_interruption_is_not_the_last_word_of_its_turn(tmp_path: Path) -> None:
    """A turn that talks over the agent and then presses a key takes the reply to the key."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/five-five.flac}
        - turn: Over
          caller: [{audio: audio/caller/five-five.flac, interrupt: {after: 1 s}}, {silence: 7 s}, {dtmf: "7"}]
          expect: {stops: true}
          budget: {response: 900 ms}
        - turn: Again
          caller: {audio: audio/caller/account.flac, interrupt: {after: 300 ms}}
          expect: {stops: true, says: Message undeleted}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.failures() == []
    response, first_audio = call.measured("Again", "response"), call.measured("Again", "first_audio")
    assert 0 < (first_audio.value_us or 0) <= (response.value_us or 0)


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_an_agent_that_merely_finished_did_not_stop(tmp_path: Path, protocol: str) -> None:
    """Where nothing but the silence after its last word was dropped, the agent had no more to say."""
    turns = """
        - turn: Greeting
        - turn: Over
          caller: {audio: audio/caller/five-five.flac, interrupt: {after: 1100 ms}}
          expect: {stops: true}
    """
    spoken, rate_hz = soundfile.read(CLIPS / "agent" / "deleted.flac", dtype="int16")
    soundfile.write(
        tmp_path / "padded.wav", np.concatenate((spoken, np.zeros(rate_hz // 2, np.int16))), rate_hz
    )
    agent = AGENT.replace("audio/agent/dictation-greeting.flac", "padded.wav")

    call = talk(tmp_path, turns, agent, protocol=protocol)

    assert call.events("playback-flushed")
    assert [(each.kind, each.status.value) for each in call.failures()] == [("stops", "not exercised")]


def test_a_turn_that_cannot_be_filled_in_fails_but_for_want_of_a_capture(tmp_path: Path) -> None:
    """A capture that did not happen skips its turns; a value that is of no use fails them, and says why."""
    turns = """
        - turn: Greeting
          expect: {says: {matches: '(?P<word>hello)(?P<empty>)( (?P<more>zebra))?'}}
        - {turn: Skipped, caller: {dtmf: "{{ more }}"}, expect: {says: deleted}}
        - {turn: No digits, caller: {dtmf: "{{ word }}"}, expect: {says: deleted}}
        - {turn: No sum, caller: {dtmf: "{{ 7/(word|count-5) }}"}, expect: {says: deleted}}
        - {turn: No words, caller: {dtmf: "7"}, expect: {says: "{{ empty }}", does_not_say: "{{ empty }}"}}
        - {turn: No part, caller: {dtmf: "7"}, expect: {says: "{{ word.last }}"}}
        - {turn: Fine, caller: {dtmf: "7"}, expect: {says: deleted}}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.outcomes() == ["passed", "skipped", "failed", "failed", "failed", "failed", "passed"]
    assert "it needs 'more'" in call.turn("Skipped").why
    assert [finding.message for finding in call.failures()] == [
        'The keys to press became "Hello", which are no digits of a telephone.',
        '"{{ 7/(word|count-5) }}" cannot be filled in: this template cannot be worked out: division by zero.',
        'Whether the agent said "" could not be seen: "" has no words to look for.',
        'Whether the agent said "" could not be seen: "" has no words to look for.',
        "\"{{ word.last }}\" cannot be filled in: nothing gives 'word.last' a value.",
    ]


def test_what_can_be_worked_out_before_a_call_is_refused_before_it(tmp_path: Path) -> None:
    """Variables that make no digits, and templates without an outcome, are problems at their places."""
    turns = """
        - {caller: {dtmf: "{{ word }}"}}
        - {caller: {dtmf: "{{ 1 / nought }}"}}
    """

    problems = plan_talk(tmp_path, turns, AGENT, head="variables: {word: abc., nought: 0}\n").problems

    kinds = [(problem.kind, problem.span.line) for problem in problems]
    assert kinds == [("bad-digits", 6), ("bad-template", 7)]


def test_what_is_said_after_the_last_reply_is_no_pause_in_it(tmp_path: Path) -> None:
    """The line is watched on for words that must not be said; they lengthen neither reply nor pauses."""
    turns = """
        - {turn: Key, caller: {dtmf: "7"}, reply_ends_after: 6 s, expect: {does_not_say: undeleted}}
    """

    call = talk(tmp_path, turns, QUIET + IDLE)

    assert call.kinds() == ["does_not_say"]
    assert (call.measured("Key", "gap").value_us or 0) < 500_000
    assert (call.measured("Key", "turn").value_us or 0) < 3_000_000


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_keeping_silent_asks_for_no_answer(tmp_path: Path, protocol: str) -> None:
    """What the agent says unprompted after a silence on purpose is held to budgets of its own turn alone."""
    turns = """
        - {turn: Quiet, caller: {silence: 4 s}, expect: {silent: 1 s}}
        - {turn: Prompted, expect: {says: undeleted}}
        - {turn: Waited, caller: {silence: 2 s}, expect: {says: undeleted}}
        - {turn: Limited, caller: {silence: 2 s}, expect: {says: undeleted}, budget: {response: 3 s}}
    """

    call = talk(tmp_path, turns, QUIET + IDLE, head="budgets: {response: 100 ms}\n", protocol=protocol)

    judged = [call.measured(name, "response").judged.value for name in ("Prompted", "Waited", "Limited")]
    assert judged == ["unlimited", "unlimited", "exceeded"]
    assert call.kinds() == ["response"]


def test_a_secret_can_be_expected_and_never_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and arguments that are secrets match though the evidence lacks them; no report shows one."""
    monkeypatch.setenv("WORD", "Received")
    monkeypatch.setenv("NUMBER", "29340")
    turns = """
        - turn: Greeting
        - turn: Said
          caller: {audio: audio/caller/five-five.flac}
          expect:
            says: ["message {{ env.WORD }} yesterday", {matches: 'message\\. {{ env.WORD }}'}]
            does_not_say: ["{{ env.WORD }} today", "first message {{ env.WORD }}"]
        - turn: Called
          caller: {audio: audio/caller/account.flac}
          expect: {calls: [{open: {number: "{{ env.NUMBER }}"}}], does_not_say: "{{ env.NUMBER }}"}
    """

    call = talk(tmp_path, turns, AGENT, project="secrets: [WORD, NUMBER]\n")

    (said,) = call.failures()
    assert said.message == (
        'The agent said "first message ***", which it must not; '
        'its words were "First message. *** yesterday from an unknown caller."'
    )
    shown = repr(call.result) + "".join(path.read_text() for path in call.output.rglob("*.jsonl"))
    assert "Received" not in shown
    assert '29340"' not in shown


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_an_idle_agent_prompts_so_often_and_again_once_answered(tmp_path: Path, protocol: str) -> None:
    """After so much silence, at most so many times in a row; a caller who speaks starts the count anew."""
    turns = """
        - {turn: First, caller: {silence: 5 s}, expect: {says: undeleted}}
        - {turn: Second, expect: {says: undeleted}}
        - {turn: No third, expect: {silent: 9 s}}
        - {turn: Answers, caller: {audio: audio/caller/five-five.flac}, expect: {says: first message}}
        - {turn: Prompted again, expect: {says: undeleted}}
    """

    call = talk(tmp_path, turns, QUIET + IDLE.replace("times: 3", "times: 2"), protocol=protocol)

    assert call.failures() == []
    said = [line for turn in call.result.turns for line in turn.lines if "undeleted" in line.text]
    assert said[1].began_us - (said[0].ended_us or 0) in range(6_000_000, 6_050_000)


def test_a_recording_with_a_template_is_looked_for_before_the_call(tmp_path: Path) -> None:
    """Its name is filled in and must be that of a recording; a capture comes too late to be its name."""
    turns = """
        - expect: {says: {matches: '(?P<word>hello)'}}
        - caller: {audio: "audio/caller/{{ clip }}.flac"}
        - caller: {audio: "audio/caller/{{ other }}.flac"}
        - caller: {audio: "audio/caller/{{ word }}.flac"}
    """

    problems = plan_talk(tmp_path, turns, AGENT, head="variables: {clip: account, other: acount}\n").problems

    found = [(problem.kind, problem.span.line, problem.suggestion) for problem in problems]
    assert found == [
        ("missing-file", 8, "audio/caller/account.flac"),
        ("template-not-allowed", 9, None),
    ]


def test_a_greeting_in_text_is_measured_though_it_takes_no_time(tmp_path: Path) -> None:
    """A caller who waits for it answers in the very microsecond in which it came."""
    turns = """
        - {turn: Greeting, expect: {says: recorded}, budget: {greeting: 1 s}}
        - {turn: Ask, caller: {text: five five}, expect: {says: first message}}
    """

    call = talk(tmp_path, turns, AGENT, protocol="realtime, options: {modality: text}")

    assert call.failures() == []


def test_a_script_that_its_protocol_cannot_speak_is_refused(tmp_path: Path) -> None:
    """Keys that no line carries, and replies before the caller's end can be known as the options say."""
    agent = AGENT.replace("otherwise: {", "otherwise: {dtmf: '1', timing: {first_audio: 300 ms}, ")
    slow = "realtime, options: {turn_detection: {silence_duration_ms: 400}}"

    def kinds(protocol: str) -> list[str]:
        return [
            problem.kind for problem in plan_talk(tmp_path, "- turn: A", agent, protocol=protocol).problems
        ]

    assert kinds("twilio") == kinds("realtime") == ["cannot-press"]
    assert kinds(slow) == ["cannot-press", "too-early"]


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_an_agent_that_is_not_interruptible_talks_on(tmp_path: Path, protocol: str) -> None:
    """Over either protocol it says what it has to say, and answers what it heard meanwhile."""
    turns = """
        - {turn: Ask, caller: {audio: audio/caller/five-five.flac}, expect: {says: unknown caller}}
        - turn: Over
          caller: {audio: audio/caller/account.flac, interrupt: {after: 1 s}}
          expect: {stops: true, says: Message undeleted}
    """
    agent = QUIET.replace("keywords: [five five]}", "keywords: [five five]}\n    interruptible: false", 1)
    assert agent != QUIET

    call = talk(tmp_path, turns, agent, protocol=protocol)

    assert call.kinds() == ["stops"]
    assert call.events("playback-flushed") == []
