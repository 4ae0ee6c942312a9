"""Numbers about a call as a whole that no budget limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from turnspec.audio.edges import Segment
from turnspec.checks.delivery import WHOLE_PPM, delivery
from turnspec.checks.dialogue import Speaker, overlaps, silences, spoken_us
from turnspec.checks.percentiles import Sample, quantile
from turnspec.checks.scene import Scene
from turnspec.dsl.repeating import LEAST_SAMPLES
from turnspec.results import CallResult, Figure, Measurement, Outcome, State, Unit

LEAST_SPEECH_US: Final = 1_000_000
"""Of less speech than this the speed says nothing."""
MINUTE_US: Final = 60_000_000
OVER_A_RUN: Final = ("response", "barge_in", "function_call")
"""The times that are told over all calls of a run."""


def figures(scene: Scene, measurements: Sequence[Measurement]) -> tuple[Figure, ...]:
    """All figures of a call, `measurements` being those of its turns; none of a call without sound."""
    caller = _joined([Segment(act.start_us, act.end_us) for act in scene.acts if act.spoken])
    found = [*delivery(scene.view)]
    if scene.speech or caller:
        found += [
            _talk_ratio(scene.speech, caller),
            *_dead_air(scene.speech, caller),
            *_speed(scene),
            *_interruptions(scene.speech, caller),
        ]
    return (*found, *_percentiles("response", measurements))


def _joined(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same without overlaps, in order."""
    joined: list[Segment] = []
    for segment in sorted(segments, key=lambda each: each.start_us):
        if joined and segment.start_us <= joined[-1].end_us:
            joined[-1] = Segment(joined[-1].start_us, max(joined[-1].end_us, segment.end_us))
        else:
            joined.append(segment)
    return tuple(joined)


def _talk_ratio(agent: Sequence[Segment], caller: Sequence[Segment]) -> Figure:
    """The agent's share of all speech."""
    whole = spoken_us(agent) + spoken_us(caller)
    if not whole:
        return Figure("talk_ratio", Unit.SHARE, None, "nobody spoke")
    return Figure("talk_ratio", Unit.SHARE, spoken_us(agent) * WHOLE_PPM // whole)


def _dead_air(agent: Sequence[Segment], caller: Sequence[Segment]) -> Iterator[Figure]:
    """The longest time in which nobody spoke, between the first and the last words."""
    spoken = [*agent, *caller]
    first, last = min(each.start_us for each in spoken), max(each.end_us for each in spoken)
    found = silences(caller, agent, first, last)
    if found:
        longest = max(found, key=lambda silence: silence.duration_us)
        yield Figure("dead_air", Unit.TIME, longest.duration_us, samples=len(found), at_us=longest.start_us)


def _speed(scene: Scene) -> Iterator[Figure]:
    """How many words of the agent were heard in a minute of its speech."""
    words = sum(len(line.text.split()) for line in scene.lines if line.who == Speaker.AGENT)
    if not words:
        return
    if spoken_us(scene.speech) < LEAST_SPEECH_US:
        yield Figure("words_per_minute", Unit.RATE, None, "too little was said", words)
    else:
        value = words * MINUTE_US // spoken_us(scene.speech)
        yield Figure("words_per_minute", Unit.RATE, value, samples=words)


def _interruptions(agent: Sequence[Segment], caller: Sequence[Segment]) -> Iterator[Figure]:
    """How often each began to speak over the other, and had the word in the end."""
    for who, segments in ((Speaker.AGENT, agent), (Speaker.CALLER, caller)):
        over = [each for each in overlaps(caller, agent) if each.by is who and each.interrupts]
        at_us = over[0].start_us if over else None
        yield Figure(f"{who}_interruptions", Unit.COUNT, len(over), samples=len(segments), at_us=at_us)


def figures_of_run(calls: Iterable[CallResult]) -> tuple[Figure, ...]:
    """Percentiles of the times of all calls of a run that could be judged."""
    measurements = [
        each for call in calls if call.outcome is not Outcome.ERROR for each in call.all_measurements
    ]
    return tuple(figure for name in OVER_A_RUN for figure in _percentiles(name, measurements))


def _percentiles(name: str, measurements: Iterable[Measurement]) -> Iterator[Figure]:
    """Percentiles of one time, as far as there are enough of them."""
    samples = [
        Sample(each.value_us, each.error_us, each.state is State.CENSORED)
        for each in measurements
        if each.name == name and each.value_us is not None
    ]
    for percentile, least in LEAST_SAMPLES.items():
        if len(samples) >= least:
            found = quantile(samples, percentile)
            why = "at least" if found.censored else ""
            yield Figure(f"{name}_p{percentile}", Unit.TIME, found.value_us, why, len(samples))
