"""The figures of a call as reports show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from turnspec.reports.text import length, one_line
from turnspec.results import Figure, RunResult, Unit

LABELS: Final = {
    "delivery_ratio": "Delivery ratio",
    "playback_tail": "Playback tail",
    "stalls": "Stalls",
    "talk_ratio": "Speech by the agent",
    "dead_air": "Longest dead air",
    "words_per_minute": "Words per minute of the agent",
    "agent_interruptions": "Agent interrupted the caller",
    "caller_interruptions": "Caller interrupted the agent",
}
TIMES: Final = {"response": "Response", "barge_in": "Barge-in", "function_call": "Function call"}
_PERCENTILE: Final = re.compile(r"(\w+)_p(\d+)")
SAMPLES: Final = {
    "delivery_ratio": "replies",
    "playback_tail": "replies",
    "stalls": "gaps",
    "dead_air": "silences",
    "words_per_minute": "words",
    "agent_interruptions": "times that it began to speak",
    "caller_interruptions": "times that it began to speak",
}
WHOLE_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure, ready to be shown; `at_us` is where in the call it was so."""

    label: str
    value: str
    of: str
    at_us: int | None


def figure_rows(figures: Iterable[Figure]) -> Iterator[FigureRow]:
    """All figures of a call, or of a run."""
    for figure in figures:
        yield FigureRow(_label(figure.name), shown(figure), _of(figure), figure.at_us)


def _label(name: str) -> str:
    if found := _PERCENTILE.fullmatch(name):
        time = TIMES.get(found[1], found[1])
        return f"{time}, median" if found[2] == "50" else f"{time}, p{found[2]}"
    return LABELS.get(name, name.replace("_", " "))


def times_of_run(run: RunResult) -> Iterator[str]:
    """A line for each time that was taken often enough: `Response: median 640 ms, p90 812 ms of 12`."""
    by_time: dict[str, list[Figure]] = {}
    for figure in run.figures:
        by_time.setdefault(figure.name.rpartition("_p")[0], []).append(figure)
    for name, figures in by_time.items():
        told = (f"{_label(each.name).rpartition(', ')[2]} {_time(each)}" for each in figures)
        yield f"{TIMES.get(name, name)}: {', '.join(told)} of {figures[0].samples:,}"


def _time(figure: Figure) -> str:
    return f"{figure.why} {length(figure.value or 0)}".strip()


def shown(figure: Figure) -> str:
    """The value with its unit, or why there is none."""
    if figure.value is None:
        return f"not taken: {one_line(figure.why)}"
    why = f" ({one_line(figure.why)})" if figure.why else ""
    return f"{_quantity(figure.unit, figure.value)}{why}"


def _quantity(unit: Unit, value: int) -> str:
    match unit:
        case Unit.SHARE:
            return f"{(100 * value + WHOLE_PPM // 2) // WHOLE_PPM:,} %"
        case Unit.TIME:
            return length(value)
        case Unit.COUNT | Unit.RATE:
            return f"{value:,}"


def _of(figure: Figure) -> str:
    what = SAMPLES.get(figure.name, "samples")
    return f"{figure.samples:,} {what}" if figure.samples else ""
