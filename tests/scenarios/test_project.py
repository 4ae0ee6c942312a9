"""The example project as the engine reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from turnspec.audio import decode, encode, load_clip, samples_of
from turnspec.audio.match import ClipIndex
from turnspec.call.formats import MULAW_8K
from turnspec.dsl.load import load

PROJECT = Path(__file__).resolve().parents[2] / "scenarios"
CALLER_CLIPS = sorted((PROJECT / "audio" / "caller").glob("*.flac"))


def test_examples_have_no_problem() -> None:
    """Every file of the example project is understood without a problem."""
    loaded = load([PROJECT])

    assert loaded.problems == ()
    assert len(loaded.scenarios) == 6 + 17


def test_examples_show_what_the_language_has() -> None:
    """Among the examples are all protocols, a bridge, calls of functions, an interruption and a hang-up."""
    loaded = load([PROJECT])
    scenarios = [each for each in loaded.scenarios if not each.path.startswith("cookbook/")]
    targets = [loaded.target(scenario) for scenario in scenarios]
    expects = [turn.expect for scenario in scenarios for turn in scenario.plain_turns() if turn.expect]

    protocols = [target.protocol for target in targets if target and target.agent]
    assert sorted(protocols) == [
        *(("realtime",), ("realtime",), ("twilio",), ("twilio",), ("twilio", "audiocodes", "realtime"))
    ]
    assert [target.name for target in targets if target and target.start and target.backend] == ["card-table"]
    assert all(len(scenario.turns) >= 3 for scenario in scenarios)
    assert sum(bool(expect.calls and expect.returned) for expect in expects) >= 3
    assert sum(expect.stops is True for expect in expects) >= 2
    assert sum(expect.hangup is True for expect in expects) >= 2


@pytest.mark.parametrize("clip", CALLER_CLIPS, ids=lambda clip: clip.stem)
def test_callers_are_told_apart_on_the_telephone(clip: Path) -> None:
    """A caller's clip is recognised after mu-law at a third of its level, among all the others."""
    known = ClipIndex({known.stem: samples_of(load_clip(known, 8_000)) for known in CALLER_CLIPS})
    quiet = (samples_of(load_clip(clip, 8_000)).astype(np.int32) // 3).astype(np.int16)

    match = known.best(decode(encode(quiet, MULAW_8K), MULAW_8K), 8_000)

    assert match
    assert match.key == clip.stem
