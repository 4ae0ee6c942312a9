"""Recordings that the agent is to play: heard whole, in part, cut off, in pieces, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support_checks import (
    CONTEXT,
    RATE_HZ,
    as_text,
    audio,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    spoke,
    turns,
)
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of, track_of
from turnspec.call import Snapshot, Track
from turnspec.call.events import Event, PlaybackFlushed
from turnspec.checks import judge_call
from turnspec.results import Finding, Outcome, Status

AGENT = Path(__file__).resolve().parents[2] / "scenarios" / "audio" / "agent"
ASKS = "turn: Hold\ncaller: hold on\nexpect: {plays: menu.flac}"
LONG = "saved-menu"  # 9.3 s


def recorded(path: Path, rate_hz: int) -> Track:
    """The recording that the scenarios here call `menu.flac`."""
    assert path.name == "menu.flac"
    return load_clip(AGENT / f"{LONG}.flac", rate_hz)


HEARS = replace(CONTEXT, recorded=recorded)


def clip(name: str = LONG) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A prompt of the examples."""
    return samples_of(load_clip(AGENT / f"{name}.flac", RATE_HZ))


def heard(*parts: tuple[int, np.ndarray[tuple[int], np.dtype[np.int16]]]) -> Track:
    """A track with these sounds from these milliseconds on."""
    samples = np.zeros(20 * RATE_HZ, np.int16)
    for at_ms, sound in parts:
        samples[at_ms * RATE_HZ // 1_000 :][: len(sound)] = sound
    return track_of(samples, RATE_HZ)


def played(agent: Track | None, *events: Event, until_ms: int = 15_000) -> Snapshot:
    """A call of one turn in which this is heard."""
    return call(
        began(0, 60), spoke(0, 100, 1_000), *events, over(0, until_ms - 500), ended(until_ms), agent=agent
    )


def found(view: Snapshot, written: str = ASKS) -> Finding:
    """What is found about the recording in the first turn."""
    verdict = judge_call(plan_of(turns(written)), view, HEARS)
    (finding,) = [one for one in verdict.turns[0].findings if one.kind == "plays"]
    return finding


FLUSHED = PlaybackFlushed(at_us=5_500_000, unplayed_us=5_000_000)
CASES = {
    "held": (played(heard((1_500, clip()))), Status.PASSED),
    "cut": (played(heard((1_500, clip()[: 4 * RATE_HZ])), FLUSHED), Status.PASSED),
    "ended": (played(heard((1_500, clip()[: 4 * RATE_HZ])), until_ms=5_500), Status.PASSED),
    "long": (played(heard((1_500, clip()[: 8 * RATE_HZ]))), Status.PASSED),
    "part": (played(heard((1_500, clip()[: 4 * RATE_HZ]))), Status.FAILED),
    "other": (played(heard((1_500, clip("not-understood")))), Status.FAILED),
    "silence": (played(heard()), Status.FAILED),
    "unrecorded": (played(None), Status.NOT_EXERCISED),
}


@pytest.mark.parametrize("case", CASES)
def test_a_recording_is_heard_or_not(case: str) -> None:
    """Whole, or as far as it was not cut off, or five seconds of it: else it was not played."""
    view, status = CASES[case]
    finding = found(view)
    text = as_text(finding)

    assert finding.status is status
    assert text == golden(f"plays-{case}", text)


def test_it_is_looked_for_in_its_own_turn() -> None:
    """What was played in the turn before does not count."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 5_000),
        began(1, 5_000),
        spoke(1, 5_000, 5_500),
        over(1, 9_000),
        ended(12_000),
        agent=heard((1_500, clip("deleted")), (6_000, clip())),
    )
    first, second = (
        judge_call(plan_of(turns(*written)), view, HEARS)
        for written in ((ASKS, "caller: hold on"), ("caller: hold on", ASKS))
    )

    assert [turn.outcome for turn in first.turns] == [Outcome.FAILED, Outcome.PASSED]
    assert [turn.outcome for turn in second.turns] == [Outcome.PASSED, Outcome.PASSED]


def test_a_sender_that_is_always_a_little_late_plays_it_all_the_same() -> None:
    """Pieces of 20 ms with a millisecond of nothing after each are one recording."""
    sound, frame = clip(), RATE_HZ // 50
    pieces = [sound[start : start + frame] for start in range(0, len(sound), frame)]
    agent = heard(*((1_500 + 21 * number, piece) for number, piece in enumerate(pieces)))
    arrived = (audio(1_500 + 21 * number, 20, 1_500 + 21 * number) for number in range(len(pieces)))
    finding = found(played(agent, *arrived))

    assert finding.status is Status.PASSED
    assert "all of it" in finding.message


def test_several_recordings_are_each_looked_for() -> None:
    """A list is one expectation for each."""
    written = ASKS.replace("menu.flac", "[menu.flac, sub/menu.flac]")
    verdict = judge_call(plan_of(turns(written)), CASES["held"][0], HEARS)

    assert [one.kind for one in verdict.turns[0].findings] == ["plays", "plays"]
