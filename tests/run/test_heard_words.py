"""What a local agent hears beyond the recordings that it knows: a transcriber, over each protocol."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from support_talk import CLIPS, Talk, plan_talk
from turnspec.audio.files import load_clip
from turnspec.dsl.problems import render_problems
from turnspec.run.calling import call_virtual
from turnspec.testing import ScriptedTranscriber

PROTOCOLS = ["twilio", "audiocodes", "realtime"]
AGENT = """
agent: Rover
heard: {audio/known/forward.flac: go forward ten meters}
responses:
  move: {when: {keywords: [forward]}, say: Moving on., timing: {first_audio: 900 ms}}
  account: {when: {keywords: [account]}, say: Let me see your account., timing: {first_audio: 900 ms}}
otherwise: {say: Pardon me?}
"""
TURNS = """
- turn: Known
  caller: {audio: said/forward.flac}
  expect: {says: moving on}
- turn: Not known
  caller: {audio: said/vague.flac}
  expect: {says: your account}
"""
WORDS = "something about an account"


def transcriber(**more: Any) -> ScriptedTranscriber:
    """One that knows what the second recording says, and not what the first does."""
    return ScriptedTranscriber({WORDS: load_clip(CLIPS / "caller" / "vague.flac", 8_000)}, **more)


def held(folder: Path, protocol: str, known_by: ScriptedTranscriber | None, turns: str = TURNS) -> Talk:
    """A call in virtual time whose agent has this transcriber."""
    (folder / "said").mkdir(parents=True)
    for name in ("forward", "vague"):  # without the text beside them, of which the scenario would tell
        shutil.copyfile(CLIPS / "caller" / f"{name}.flac", folder / "said" / f"{name}.flac")
    planned = plan_talk(folder, turns, AGENT, protocol=protocol, transcriber=known_by)
    assert not planned.problems, render_problems(planned.problems)
    (case,) = planned.cases
    return Talk(call_virtual(case, folder / "out"), folder / "out")


def heard(call: Talk) -> list[tuple[str | None, str, str | None]]:
    """What the agent understood: the words, by what, by which engine."""
    events = (each for each in call.events("caller-heard") if each["source"] != "protocol")
    told = [(each["text"], each["source"], each.get("engine")) for each in events]
    return [each for number, each in enumerate(told) if each not in told[:number]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_words_that_no_known_recording_has_are_made_out(tmp_path: Path, protocol: str) -> None:
    """Known recordings are told by themselves, others by the transcriber; their words choose the answer."""
    call = held(tmp_path, protocol, transcriber())

    assert call.kinds() == []
    assert heard(call) == [
        ("go forward ten meters", "known clip", None),
        (WORDS, "transcriber", "scripted 1"),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_making_them_out_takes_no_virtual_time(tmp_path: Path, protocol: str) -> None:
    """`first_audio` counts from the caller's true end for both, and nobody waited."""
    call = held(tmp_path, protocol, transcriber())
    ends = [each["speech_end_us"] for each in call.events("caller-spoke")]
    begins = [each["began_us"] for each in call.events("agent-said") if each["side"] == "agent"]

    assert len(ends) == len(begins) == 2
    for end, begin in zip(ends, begins, strict=True):
        assert abs(begin - end - 900_000) <= 60_000
    assert {each["waited_us"] for each in call.events("caller-heard")} == {0}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_a_transcriber_they_are_not_understood(tmp_path: Path, protocol: str) -> None:
    """The same call fails, as the agent does not answer by words that nobody made out."""
    call = held(tmp_path, protocol, None)

    assert call.kinds() == ["says"]
    assert (None, "none", None) in heard(call)


def test_two_calls_are_equal(tmp_path: Path) -> None:
    """A transcriber in another thread changes nothing from run to run."""
    one, other = (held(tmp_path / name, "realtime", transcriber()) for name in ("one", "other"))

    assert _events(one) == _events(other)


def test_a_transcriber_that_gives_up_breaks_the_call(tmp_path: Path) -> None:
    """It is no fault of the agent under test: the call is an error, and says what failed."""
    call = held(tmp_path, "twilio", transcriber(fails="account"))

    assert call.result.outcome.value == "error"
    assert "nobody could make out" in str(call.result.error)


def _events(call: Talk) -> str:
    return (call.output / str(call.result.folder) / "events.jsonl").read_text("utf-8")
