"""Whole calls in virtual time to agents whose words are held against their sound."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support_recognised import GREETING, SAVED, knowing, words
from support_talk import plan_talk
from turnspec.call.derived import read_derived
from turnspec.checks.recognised import TRANSCRIPT
from turnspec.clients import run_scenarios
from turnspec.reports import render_junit, summary
from turnspec.results import CallResult, Finding, Outcome
from turnspec.run.saved import read_run

LIE = "I deleted every message for good."
AGENT = f"""
agent: Desk
greeting: {{say: "{words(GREETING)}", audio: audio/agent/{GREETING}.flac}}
otherwise: {{say: "{LIE}", audio: audio/agent/{SAVED}.flac}}
"""
TURNS = """
- turn: Greeting
  expect: {says: being recorded}
- turn: Answer
  caller: {audio: audio/caller/five-five.flac}
  expect: {says: deleted every message}
"""
ON = "engines: {transcription: {verify: true}}"
GATE = "engines: {transcription: {verify: {gate: true}}}"


def called(folder: Path, project: str = ON, *, protocol: str = "twilio", **more: Any) -> CallResult:
    """The call to the agent that lies in its second turn."""
    given = {"agent": AGENT, "turns": TURNS, **more}
    knows = given.pop("transcriber", None) or knowing(GREETING, SAVED)
    plan_talk(folder, given["turns"], given["agent"], protocol=protocol, project=project)
    (result,) = run_scenarios(folder / "talk.yaml", output=folder / "out", transcriber=knows).calls
    return result


def verified(result: CallResult) -> list[tuple[str, str]]:
    """How each turn's words compare, with what was heard."""
    return [(each.status.value, each.actual) for each in found(result)]


def found(result: CallResult) -> list[Finding]:
    """What was found of words."""
    return [each for each in result.all_findings if each.kind == "verify"]


@pytest.mark.parametrize("protocol", ["twilio", "realtime", "audiocodes"])
@pytest.mark.parametrize(
    ("project", "status", "outcome"),
    [(ON, "note", Outcome.PASSED), (GATE, "failed", Outcome.FAILED)],
    ids=["advisory", "gate"],
)
def test_a_transcript_that_lies(
    tmp_path: Path, protocol: str, project: str, status: str, outcome: Outcome
) -> None:
    """Over each protocol, words that were not said are found, and only a gate fails the turn."""
    result = called(tmp_path, project, protocol=protocol)

    assert verified(result) == [("passed", f'"{words(GREETING)}"'), (status, f'"{words(SAVED)}"')]
    assert found(result)[1].expected == f'"{LIE}"'
    assert result.outcome is outcome


def test_without_being_asked_for_nothing_is_compared(tmp_path: Path) -> None:
    """Nobody listens to words that are told, and the transcript stays what was told."""
    result = called(tmp_path, "")
    (folder,) = (tmp_path / "out" / "calls").iterdir()

    assert verified(result) == []
    assert [each for each in read_derived(folder) if each.kind == TRANSCRIPT] == []


@pytest.mark.parametrize(
    ("written", "compared"),
    [("verify: false", 0), ("verify: true", 2), ("", 2), ("verify: {at_most: 90 %, gate: true}", 2)],
)
def test_a_target_knows_better_than_the_project(tmp_path: Path, written: str, compared: int) -> None:
    """`verify` of a target takes the place of the project's, off too."""
    plan_talk(tmp_path, TURNS, AGENT, project=ON)
    file = tmp_path / "turnspec.yaml"
    text = file.read_text("utf-8").replace("protocol: twilio}", f"protocol: twilio, {written}}}")
    file.write_text(text, "utf-8")
    knows = knowing(GREETING, SAVED)
    (result,) = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", transcriber=knows).calls

    assert len(verified(result)) == compared
    assert result.outcome is Outcome.PASSED


def test_the_transcript_is_still_what_is_told(tmp_path: Path) -> None:
    """What was made out is beside the words that are told, never among them."""
    result = called(tmp_path)
    agent = [line.text for turn in result.turns for line in turn.lines if line.who == "agent"]

    assert agent == [words(GREETING), LIE]


def test_a_saved_call_is_judged_again_without_an_engine(tmp_path: Path) -> None:
    """What was made out lies with the evidence: the call comes to the same result."""
    before = called(tmp_path, GATE)
    (again,) = read_run(tmp_path / "out", check_again=True).run.calls

    assert again.turns == before.turns
    assert again.outcome is Outcome.FAILED


def test_a_saved_call_in_which_nobody_was_heard_is_judged_again(tmp_path: Path) -> None:
    """Nothing was made out in it, and no engine is asked for now."""
    turns = "- {turn: Wait, caller: {silence: 1 s}, expect: {silent: 1 s}}"
    before = called(tmp_path, GATE, turns=turns, agent="agent: Desk\notherwise: {say: Yes.}\n")
    (again,) = read_run(tmp_path / "out", check_again=True).run.calls

    assert again.outcome is before.outcome


@pytest.mark.parametrize(
    ("project", "status"), [(ON, "note"), (GATE, "not exercised")], ids=["advisory", "gate"]
)
def test_an_engine_that_fails_is_told(tmp_path: Path, project: str, status: str) -> None:
    """What could not be compared is a note, or not exercised where it must be known; `says` is judged."""
    knows = knowing(GREETING, SAVED, fails=words(SAVED))
    result = called(tmp_path, project, transcriber=knows)

    assert verified(result)[1] == (status, "not compared")
    assert "nobody could make out" in found(result)[1].message
    assert [each.status.value for each in result.all_findings if each.kind == "says"] == ["passed"] * 2


def test_an_agent_without_a_voice_has_nothing_to_compare(tmp_path: Path) -> None:
    """A local agent whose words nobody can say does not lie: it is silent, and that is told."""
    agent = AGENT.replace(f", audio: audio/agent/{SAVED}.flac", "")
    result = called(tmp_path, agent=agent)

    assert verified(result)[1] == ("note", "not compared")
    assert "the local agent had no voice to say it with" in found(result)[1].message


def test_a_reply_that_is_cut_off_is_compared_up_to_there(tmp_path: Path) -> None:
    """Of a true transcript the words after a barge-in are not missed."""
    turns = """
    - turn: Greeting
      expect: {says: {matches: ^hello}}
    - turn: Stop
      caller: {audio: audio/caller/five-five.flac, interrupt: {after: 1.5 s}}
      expect: {stops: true}
    """
    result = called(tmp_path, GATE, turns=turns)
    (greeting,) = [each for each in found(result) if each.turn == 0]

    assert result.turns[0].lines[0].cut
    assert greeting.status.value == "passed", greeting.message


def test_a_run_tells_of_it_everywhere(tmp_path: Path) -> None:
    """The console names it in a line; JUnit has its kind and both texts; results.json too."""
    plan_talk(tmp_path, TURNS, AGENT, project=GATE)
    knows = knowing(GREETING, SAVED)
    run = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", transcriber=knows)
    (failure,) = ET.fromstring(render_junit(run)).iter("failure")

    assert failure.get("type") == "verify"
    assert words(SAVED) in str(failure.text)
    assert LIE in str(failure.text)
    assert any("what was heard is not" in line.casefold() for line in summary(run))


def test_words_are_listened_to_once(tmp_path: Path) -> None:
    """The evidence names sound, engine and key of each stretch, and never one twice."""
    called(tmp_path)
    (folder,) = (tmp_path / "out" / "calls").iterdir()
    answers = [each for each in read_derived(folder) if each.kind == TRANSCRIPT]

    assert [(each.turn, each.text, each.engine) for each in answers] == [
        (0, "told", "scripted"),
        (1, "told", "scripted"),
    ]


@pytest.mark.parametrize("place", ["project", "target"])
def test_without_an_engine_it_is_refused(tmp_path: Path, place: str) -> None:
    """The problem stands where `verify` is written, with the line that brings an engine."""
    if find_spec("faster_whisper") is not None:
        pytest.skip("needs a Python without faster-whisper")
    plan_talk(tmp_path, TURNS, AGENT, project=ON if place == "project" else "")
    if place == "target":
        file = tmp_path / "turnspec.yaml"
        file.write_text(file.read_text("utf-8").replace("twilio}", "twilio, verify: true}"), "utf-8")
    result = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", transcription="auto")
    (problem,) = [text for file in result.wrong_files for text in file.problems]

    assert result.exit_code == 2
    assert "`verify` needs speech recognition, and there is none here" in problem
    assert "pip install 'turnspec[stt]'" in problem
    assert "turnspec.yaml" in problem


def test_what_knows_only_phrases_verifies_nothing(tmp_path: Path) -> None:
    """A grammar of what is expected would hear that, whatever is said."""
    pytest.importorskip("pocketsphinx", reason="needs pocketsphinx: pip install 'turnspec[grammar]'")
    plan_talk(tmp_path, TURNS, AGENT, project=ON)
    result = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out", transcription="grammar")
    (problem,) = [text for file in result.wrong_files for text in file.problems]

    assert "the engine 'grammar' knows only what is expected" in problem


def test_a_call_in_text_has_no_sound_to_compare_with(tmp_path: Path) -> None:
    """Where nothing is heard, `verify` of the project asks for no engine."""
    plan_talk(tmp_path, "- {caller: {text: hello}}", "agent: A\notherwise: {say: Yes.}\n", project=ON)
    file = tmp_path / "turnspec.yaml"
    text = file.read_text("utf-8").replace(
        "protocol: twilio", "protocol: realtime, options: {modality: text}"
    )
    file.write_text(text, "utf-8")
    result = run_scenarios(tmp_path / "talk.yaml", output=tmp_path / "out")

    assert [each.outcome for each in result.calls] == [Outcome.PASSED]


def test_two_calls_are_alike(tmp_path: Path) -> None:
    """Two calls in virtual time leave the same evidence, whoever listened."""

    def left(name: str) -> dict[str, bytes]:
        called(tmp_path / name)
        (folder,) = (tmp_path / name / "out" / "calls").iterdir()
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}

    assert left("one") == left("two")
    assert json.loads(left("three")["derived.jsonl"].splitlines()[2])["text"] == "told"


def test_words_that_nobody_tells_are_compared_with_nothing(tmp_path: Path) -> None:
    """They are made out, as ever, and are the transcript."""
    agent = AGENT.replace(f'say: "{LIE}", ', "")
    result = called(tmp_path, GATE, agent=agent, turns=TURNS.replace("deleted every message", "saved"))

    assert [each.turn for each in found(result)] == [0]
    assert [line.source for line in result.turns[1].lines if line.who == "agent"] == [
        "recognition (scripted)"
    ]
    assert result.outcome is Outcome.PASSED
