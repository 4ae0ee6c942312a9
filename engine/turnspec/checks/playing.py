"""Recordings that the agent plays: where they are heard, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from turnspec.audio.passage import Passage, find_passage
from turnspec.audio.samples import Samples, position_at, samples_of, time_of
from turnspec.call.events import PlaybackFlushed
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.playback import dry_spells
from turnspec.dsl import Expect, Span
from turnspec.results import Finding, Status

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED
WHOLE: Final = 0.9
LONG_ENOUGH_US: Final = 5_000_000
"""Nobody takes so much of one recording for another: music rarely plays to its end."""
CUT_WITHIN_US: Final = 300_000
LATE_FRAME_US: Final = 200_000
"""A sender that is late leaves less than that between two pieces of one recording."""


def plays(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The agent's audio as heard contains these recordings."""
    for number, written in enumerate(expect.plays):
        yield _played(stage, written, expect.file(written), expect.span_of("plays", number))


def _played(stage: Stage, written: str, path: Path, span: Span) -> Finding:
    name, expected = Path(written).name, f"{written} is heard"
    track, recorded = stage.scene.view.agent, stage.context.recorded
    if track is None or recorded is None:
        message = f"Whether {name} was heard could not be told: the agent's audio was not recorded."
        return stage.found("plays", NOT_EXERCISED, message, expected=expected, span=span)
    heard = _heard_in(stage, samples_of(track), samples_of(recorded(path, track.rate_hz)), track.rate_hz)
    if heard is None:
        message = f"The recording {name} was not heard in this turn{_instead(stage)}."
        return stage.found("plays", FAILED, message, expected=expected, actual="not heard", span=span)
    status, message = _judged(stage, name, heard)
    return stage.found(
        "plays",
        status,
        message,
        expected=expected,
        actual=_amount(heard),
        span=span,
        at_us=heard.from_us,
        details=_details(heard),
    )


def _judged(stage: Stage, name: str, heard: Passage) -> tuple[Status, str]:
    since = f"The recording {name} was heard from {shown.seconds(heard.from_us)} of the call on"
    if heard.share >= WHOLE:
        return PASSED, f"{since}, all of it."
    if reason := _cut_off(stage, heard.to_us):
        return PASSED, f"{since}, {_amount(heard)}, until {reason}."
    if heard.heard_us >= LONG_ENOUGH_US:
        return PASSED, f"{since}, {_amount(heard)}."
    return FAILED, f"{since}, but only {_amount(heard)}, and nothing cut it off."


def _cut_off(stage: Stage, at_us: int) -> str:
    """What broke off the agent's audio just then; empty if nothing did."""
    flushed = (event.at_us for event in stage.scene.view.of(PlaybackFlushed))
    if any(abs(each - at_us) <= CUT_WITHIN_US for each in flushed):
        return "its playback was flushed"
    ended_us = stage.scene.ended_us
    if ended_us is not None and ended_us - at_us <= CUT_WITHIN_US:
        return "the call ended"
    return ""


def _amount(heard: Passage) -> str:
    if heard.share >= WHOLE:
        return f"all of its {shown.seconds(heard.whole_us)}"
    return f"{heard.share:.0%} of it ({shown.seconds(heard.heard_us)} of {shown.seconds(heard.whole_us)})"


def _details(heard: Passage) -> tuple[str, ...]:
    missed = heard.from_us - heard.start_us
    into = f", {shown.seconds(missed)} into it" if missed > CUT_WITHIN_US else ""
    where = f"heard from {shown.seconds(heard.from_us)} to {shown.seconds(heard.to_us)} of the call{into}"
    return where, f"{heard.share:.0%} of it, {heard.likeness:.0%} alike"


def _instead(stage: Stage) -> str:
    if not stage.turn.speech:
        return ", in which the agent was not heard at all"
    heard = sum(segment.duration_us for segment in stage.turn.speech)
    return f", in which the agent was heard for {shown.ms(heard)}"


def _heard_in(stage: Stage, track: Samples, clip: Samples, rate_hz: int) -> Passage | None:
    """The recording in what was heard in this turn, with the moments of the call."""
    from_us, to_us = stage.scene.heard_span(stage.turn.index)
    spells = [
        (position_at(max(start, from_us), rate_hz), position_at(end, rate_hz))
        for start, end in dry_spells(stage.scene.view, 1)
        if from_us <= start and end <= to_us and end - start <= LATE_FRAME_US
    ]
    parts = _parts(position_at(from_us, rate_hz), position_at(to_us, rate_hz), spells)
    heard = np.concatenate([track[start:end] for start, end in parts])
    found = find_passage(heard, clip, rate_hz)
    return None if found is None else _moved(found, parts, rate_hz)


def _parts(start: int, end: int, spells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left between two positions without what a late sender left empty."""
    starts = [start, *(spell_end for _, spell_end in spells)]
    ends = [*(spell_start for spell_start, _ in spells), end]
    return list(zip(starts, ends, strict=True))


def _moved(found: Passage, parts: list[tuple[int, int]], rate_hz: int) -> Passage:
    """The same with the moments of the call."""

    def moment(at_us: int) -> int:
        position = position_at(at_us, rate_hz)
        for start, end in parts:
            if position <= end - start:
                return time_of(start + position, rate_hz)
            position -= end - start
        return time_of(parts[-1][1], rate_hz)

    return Passage(
        start_us=moment(found.from_us) - (found.from_us - found.start_us),
        from_us=moment(found.from_us),
        to_us=moment(found.to_us),
        heard_us=found.heard_us,
        whole_us=found.whole_us,
        likeness=found.likeness,
    )
