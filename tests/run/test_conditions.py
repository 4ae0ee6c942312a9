"""Turns that are skipped over one protocol and run over another, in whole calls."""

from __future__ import annotations

from pathlib import Path

from support_talk import plan_talk, talk
from turnspec.results import CallResult, Outcome
from turnspec.run.options import RunOptions
from turnspec.run.runner import make_calls
from turnspec.run.whole import Unwatched

AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    responses:
      first:
        when: {keywords: [five five]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
      key:
        when: {pattern: '^7$'}
        say: Message deleted.
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
TURNS = """
    - {turn: Greeting, expect: {says: hello}}
    - turn: Key
      when: {supports: dtmf}
      caller: {dtmf: "7"}
      expect: {does_not_say: did not understand}
    - turn: Cut in
      caller: {audio: audio/caller/five-five.flac, interrupt: {after: 400 ms}}
      expect: {stops: true, says: first message}
    - turn: Written
      unless: {supports: dtmf}
      caller: {text: "7"}
      expect: {says: message deleted}
"""


def made(folder: Path) -> Path:
    """A folder, made."""
    folder.mkdir()
    return folder


def test_a_skipped_turn_fails_nothing_and_says_why(tmp_path: Path) -> None:
    """Over each protocol the turns of the other are skipped, the rest holds, and so does the call."""
    phone = talk(made(tmp_path / "a"), TURNS, AGENT)
    model = talk(made(tmp_path / "b"), TURNS, AGENT, protocol="realtime")

    assert (phone.result.outcome, phone.failures()) == (Outcome.PASSED, [])
    assert (model.result.outcome, model.failures()) == (Outcome.PASSED, [])
    assert phone.outcomes() == ["passed", "passed", "passed", "skipped"]
    assert model.outcomes() == ["passed", "skipped", "passed", "passed"]
    assert phone.turn("Written").why == "twilio supports dtmf"
    assert model.turn("Key").why == "realtime does not support dtmf here"
    assert model.turn("Key").began_us is None


def test_speech_that_is_talked_over_belongs_to_the_turn_before_the_skipped_one(tmp_path: Path) -> None:
    """With a skipped turn between them, an interruption cuts the reply of the last turn that was run."""
    model = talk(tmp_path, TURNS, AGENT, protocol="realtime")
    (cut,) = [line for line in model.turn("Greeting").lines if line.who == "agent"]

    assert cut.cut
    assert model.turn("Greeting").how == "interrupted"
    assert model.said("Cut in").startswith("First message")


def test_a_scenario_of_skipped_turns_is_skipped_whole(tmp_path: Path) -> None:
    """Where no turn is left nobody is called, and the result says why."""
    turns = "- {when: {supports: text}, caller: {text: hello}}"
    planned = plan_talk(tmp_path, turns, AGENT)
    results: list[CallResult] = list(
        make_calls(planned.cases, RunOptions(output=tmp_path / "out"), Unwatched()).results
    )

    assert [result.outcome for result in results] == [Outcome.SKIPPED]
    assert results[0].findings[0].message == "It was not called: every turn of it is skipped here."
    assert not (tmp_path / "out" / "calls").exists()
