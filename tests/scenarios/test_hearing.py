"""The agents of the examples listen: what they do depends on the sound that arrives, and on it alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from support_examples import Outcome, copied_examples, run_examples
from turnspec.audio import load_clip, samples_of

ROVER = "A vague order moves nothing"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example project."""
    return copied_examples(tmp_path / "scenarios")


def change(file: Path, *changes: tuple[str, str]) -> None:
    """Change a file all at once: what was just written is not changed again."""
    text = file.read_text(encoding="utf-8")
    pieces = [text]
    for written, _ in changes:
        pieces = [part for piece in pieces for part in split(piece, written)]
    file.write_text("".join(dict(changes).get(piece, piece) for piece in pieces), encoding="utf-8")


def split(piece: str, written: str) -> list[str]:
    """Split a text around what is to be changed, keeping it."""
    before, found, after = piece.partition(written)
    return [before, found, *split(after, written)] if found else [before]


def turn(outcome: Outcome, name: str) -> dict[str, Any]:
    """One turn of the rover's call."""
    (found,) = [turn for turn in outcome.call(ROVER)["turns"] if turn["name"] == name]
    return dict(found)


def response_us(outcome: Outcome) -> int:
    """How long the rover took to answer the precise order."""
    measurements = turn(outcome, "A precise order")["measurements"]
    (response,) = [measured for measured in measurements if measured["name"] == "response"]
    return int(response["value_us"])


def test_swapped_clips_change_the_replies(project: Path) -> None:
    """With two clips swapped, the agent drives in the turn of the other one."""
    change(
        project / "rover.yaml",
        ("audio/caller/vague.flac", "audio/caller/forward.flac"),
        ("audio/caller/forward.flac", "audio/caller/vague.flac"),
    )

    outcome = run_examples(project, "rover.yaml")

    assert outcome.exit_code == 1
    assert [used["name"] for used in turn(outcome, "A vague order")["functions"]] == ["move"]
    assert turn(outcome, "A precise order")["functions"] == []


def test_swapped_files_change_the_replies_though_every_text_stays(project: Path) -> None:
    """With the sound of two files exchanged, their texts and all YAML untouched, the agent is not misled."""
    caller = project / "audio" / "caller"
    (caller / "vague.flac").rename(caller / "third.flac")
    (caller / "forward.flac").rename(caller / "vague.flac")
    (caller / "third.flac").rename(caller / "forward.flac")

    outcome = run_examples(project, "rover.yaml")

    assert outcome.exit_code == 1
    assert [used["name"] for used in turn(outcome, "A vague order")["functions"]] == ["move"]
    assert turn(outcome, "A precise order")["functions"] == []


def test_noise_under_the_name_of_a_clip_is_not_understood(project: Path) -> None:
    """To ears that take it for speech it holds no words, whatever the text beside it says."""
    noise = np.random.default_rng(4).normal(0, 0.1, 16_000)
    soundfile.write(project / "audio" / "caller" / "forward.flac", noise.clip(-1, 1), 8_000)

    outcome = run_examples(project, "rover.yaml", "--voice-activity", "energy")

    agent = [line["text"] for line in turn(outcome, "A precise order")["lines"] if line["who"] == "agent"]
    assert agent == ["I'm sorry, I did not understand your response. Please try again."]


def test_noise_is_not_understood(project: Path) -> None:
    """By energy alone, noise in place of speech gets what the script has for everything else."""
    noise = np.random.default_rng(3).normal(0, 0.1, 16_000)
    soundfile.write(project / "audio" / "caller" / "noise.flac", noise.clip(-1, 1), 8_000)
    change(project / "rover.yaml", ("audio/caller/forward.flac", "audio/caller/noise.flac"))

    outcome = run_examples(project, "rover.yaml", "--voice-activity", "energy")

    agent = [line["text"] for line in turn(outcome, "A precise order")["lines"] if line["who"] == "agent"]
    assert agent == ["I'm sorry, I did not understand your response. Please try again."]


def test_one_wrong_word_is_found(project: Path) -> None:
    """One word that the agent says otherwise fails the turn that expects it."""
    change(project / "agents" / "rover.yaml", ("Please try again", "Please cry again"))

    assert run_examples(project, "rover.yaml").failed_kinds(ROVER) == {"says"}


def test_trailing_silence_is_not_speech(project: Path) -> None:
    """Two seconds of silence at the end of a caller's clip do not lengthen the measured response."""
    before = response_us(run_examples(project, "rover.yaml"))
    clip = project / "audio" / "caller" / "forward.flac"
    speech = samples_of(load_clip(clip, 8_000))
    soundfile.write(clip, np.concatenate((speech, np.zeros(16_000, np.int16))), 8_000)

    outcome = run_examples(project, "rover.yaml")

    assert outcome.exit_code == 0, outcome.printed
    assert abs(response_us(outcome) - before) <= 1_000


@pytest.mark.alone
def test_the_same_files_hold_over_real_sockets(project: Path) -> None:
    """Scenarios that hold in virtual time hold on the wall clock, over real sockets, with the same words."""
    files = ("mailbox.yaml", "dictation.yaml")
    virtual, wall = run_examples(project, *files), run_examples(project, *files, "--clock", "wall")

    assert (virtual.exit_code, wall.exit_code) == (0, 0), wall.printed
    assert {call["clock"] for call in wall.document["calls"]} == {"wall"}
    assert spoken(wall) == spoken(virtual)


def spoken(outcome: Outcome) -> list[str]:
    """Return all that was said in every call, but for replies that were talked over."""
    return [
        line["text"]
        for call in outcome.document["calls"]
        for turn in call["turns"]
        for line in turn["lines"]
        if not line["cut"]
    ]
