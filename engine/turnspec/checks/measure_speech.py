"""Times of the agent's speech itself: how long, how broken, how much of it over the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from turnspec.audio.edges import Segment
from turnspec.checks.acts import Act
from turnspec.checks.measure_readings import (
    Reading,
    at_least,
    between,
    cut_to,
    error_bar,
    not_applicable,
    unheard,
    unseen,
)
from turnspec.checks.scene import Scene, TurnScene
from turnspec.checks.stopping import stopping
from turnspec.results import State


def barge_in(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """From the caller talking over the agent to the agent as heard falling silent."""
    if not turn.plan.interrupts:
        yield not_applicable("the caller does not talk over the agent here")
        return
    if turn.plan.backchannels:
        yield not_applicable("what the caller says here must not stop the agent")
        return
    stop = stopping(scene, turn)
    if stop is None:
        yield unseen("the agent was not speaking when the caller was to talk over it")
    elif stop.call_ended:
        error_us = error_bar(lateness_us, stop.blur_us)
        yield at_least(stop.from_us, stop.stopped_us, error_us, "the call ended first")
    elif stop.finished(error_bar(lateness_us, stop.blur_us)):
        yield unseen("the agent merely finished what it had to say")
    else:
        yield between(stop.from_us, stop.stopped_us, error_bar(lateness_us, stop.blur_us))


def speech(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """How long the agent was heard in the turn, its pauses left out."""
    del scene  # the turn says it all
    if not turn.speech:
        yield unheard(turn)
        return
    total = sum(segment.duration_us for segment in turn.speech)
    first, last = turn.speech[0].start_us, turn.speech[-1].end_us
    error_us = error_bar(lateness_us, *_blurs_us(turn.speech))
    yield cut_to(Reading(State.MEASURED, "", total, error_us, first, last), turn)


def gap(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """The longest silence inside the reply."""
    if not turn.reply:
        yield unheard(turn)
        return
    first, last = turn.reply[0].start_us, turn.reply[-1].end_us
    speech = [part for part in scene.fine_speech if first <= part.start_us < last]
    pauses = [_between(one, following) for one, following in pairwise(speech)]
    longest = max(pauses, key=lambda pause: pause.duration_us, default=Segment(last, last))
    error_us = error_bar(lateness_us, *_blurs_us([longest]))
    yield cut_to(between(longest.start_us, longest.end_us, error_us), turn)


def overlap(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """How long both spoke at once."""
    spoken = [act for act in turn.acts if act.spoken]
    if not spoken:
        yield not_applicable("the caller does not speak in this turn")
        return
    both = [part for act in spoken for part in _both(act, scene.speech)]
    total = sum(segment.duration_us for segment in both)
    ends = (both[0].start_us, both[-1].end_us) if both else (None, None)
    edges = both or _nearest(spoken, scene.speech)
    yield Reading(State.MEASURED, "", total, error_bar(lateness_us, *_blurs_us(edges)), *ends)


def underrun(scene: Scene, turn: TurnScene, lateness_us: int) -> Iterator[Reading]:
    """The longest time for which nothing was left to play inside the reply."""
    if not turn.reply:
        yield unheard(turn)
        return
    first, last = turn.reply[0].start_us, turn.reply[-1].end_us
    dry = [spell for spell in scene.dry_spells if first <= spell.start_us < last]
    longest = max(dry, key=lambda spell: spell.duration_us, default=Segment(last, last))
    yield cut_to(between(longest.start_us, longest.end_us, error_bar(lateness_us)), turn)


def _between(one: Segment, following: Segment) -> Segment:
    """The silence between two stretches of speech, with how far off its edges may be."""
    return Segment(one.end_us, following.start_us, one.end_blur_us, following.start_blur_us)


def _blurs_us(segments: Iterable[Segment]) -> Iterator[int]:
    """How far off each edge may be, beyond what any may."""
    for segment in segments:
        yield from (segment.start_blur_us, segment.end_blur_us)


def _both(act: Act, speech: tuple[Segment, ...]) -> Iterator[Segment]:
    """Where both speak; an edge of the caller's is known."""
    for segment in speech:
        start, end = max(act.start_us, segment.start_us), min(act.end_us, segment.end_us)
        if start < end:
            yield Segment(
                start,
                end,
                segment.start_blur_us if start == segment.start_us else 0,
                segment.end_blur_us if end == segment.end_us else 0,
            )


def _nearest(spoken: Iterable[Act], speech: Iterable[Segment]) -> list[Segment]:
    """Of speech beside the caller's, the edge that comes closest to it: it may be over it in truth."""
    beside = [
        (segment.start_us - act.end_us, Segment(segment.start_us, act.end_us, segment.start_blur_us))
        if segment.start_us >= act.end_us
        else (act.start_us - segment.end_us, Segment(act.start_us, segment.end_us, 0, segment.end_blur_us))
        for act in spoken
        for segment in speech
    ]
    return [min(beside, key=lambda pair: pair[0])[1]] if beside else []
