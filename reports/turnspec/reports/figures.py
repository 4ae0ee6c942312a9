"""The figures of a call as reports show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from turnspec.reports.text import length, one_line
from turnspec.results import CallResult, Figure, Unit

LABELS: Final = {
    "delivery_ratio": "Delivery ratio",
    "playback_tail": "Playback tail",
    "stalls": "Stalls",
    "talk_ratio": "Speech by the agent",
    "dead_air": "Longest dead air",
    "words_per_minute": "Words per minute of the agent",
    "agent_interruptions": "Agent interrupted the caller",
    "caller_interruptions": "Caller interrupted the agent",
    "response_p50": "Response, median",
    "response_p90": "Response, p90",
    "response_p95": "Response, p95",
    "response_p99": "Response, p99",
}
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


def figure_rows(call: CallResult) -> Iterator[FigureRow]:
    """All figures of a call."""
    for figure in call.figures:
        yield FigureRow(
            LABELS.get(figure.name, figure.name.replace("_", " ")), shown(figure), _of(figure), figure.at_us
        )


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
