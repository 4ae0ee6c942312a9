"""The picture of a call: both sides on one time axis, turns, waits, functions, marks and findings.

Only geometry and words; the template draws it. Units are those of the view box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from turnspec.reports.facts import joined_keys, measured, state_word, turn_title
from turnspec.reports.html.layout import Axis, fitted, rows, text_width
from turnspec.reports.text import clock, lasting, length, many, one_line, shortened
from turnspec.results import (
    CallResult,
    Finding,
    FunctionUse,
    Judged,
    Measurement,
    Moment,
    TurnResult,
    Waveform,
)

GUTTER: Final = 58
_RIGHT: Final = 12
_LEAST_WIDTH, _MOST_WIDTH = 960, 4_000
_UNITS_A_SECOND: Final = 20  # beyond 45 s the picture grows and scrolls
_HEADER: Final = 22
_PIN_ROW: Final = 20
_HALF: Final = 30  # half the height of a track
_BETWEEN: Final = 26  # room for the waits between the tracks
_LANE: Final = 20
_COLUMN: Final = 1.48  # units per waveform column; 600 of them fill the least width
_QUIETEST_PEAK: Final = 3_000  # so that a track of line noise does not look like speech
_MOST_LANES: Final = 8  # what does not fit into them is marked without its label
_WAITS: Final = frozenset({"greeting", "response", "first_response", "barge_in"})


@dataclass(frozen=True, slots=True)
class Band:
    """A turn's stretch of the axis."""

    x: float
    width: float
    label: str
    title: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Track:
    """One side: the outline of its sound, or blocks where only its words are known."""

    who: str
    y: int
    path: str
    blocks: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """A measured time between the tracks."""

    x: float
    width: float
    middle: float
    label: str
    title: str
    judged: str


@dataclass(frozen=True, slots=True)
class Item:
    """A function call (with a length) or a moment (without one), with its label in a lane below."""

    x: float
    width: float
    y: int
    label: str
    label_x: float
    anchor: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A numbered failing check."""

    x: float
    y: int
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything drawn, and the words that stand in for it."""

    width: int
    height: int
    plot: int
    length_s: float
    top: int
    bottom: int
    between: int
    axis_y: int
    title: str
    description: str
    bands: tuple[Band, ...]
    tracks: tuple[Track, ...]
    waits: tuple[Wait, ...]
    items: tuple[Item, ...]
    pins: tuple[Pin, ...]
    ticks: tuple[tuple[float, str], ...]


def draw(call: CallResult, numbers: Mapping[Finding, int]) -> Picture | None:
    """The picture of a call, `numbers` being those of its failing checks; None where nothing took time."""
    if call.duration_us <= 0:
        return None
    width = min(max(_LEAST_WIDTH, call.duration_us * _UNITS_A_SECOND // 1_000_000 + GUTTER), _MOST_WIDTH)
    axis = Axis(GUTTER, width - GUTTER - _RIGHT, call.duration_us)
    pins = tuple(_pins(call, numbers, axis))
    top = max((pin.y + _PIN_ROW // 2 for pin in pins), default=_HEADER) + 4
    between = top + 2 * _HALF
    bottom = between + _BETWEEN + 2 * _HALF
    items = tuple(_items(call, axis, bottom + 6))
    axis_y = max((item.y + _LANE for item in items), default=bottom) + 4
    return Picture(
        width=width,
        height=axis_y + 20,
        plot=axis.width,
        length_s=round(call.duration_us / 1_000_000, 6),
        top=top,
        bottom=bottom,
        between=between,
        axis_y=axis_y,
        title=f"{one_line(call.name)}: {lasting(call.duration_us)}, the caller above, the agent below",
        description=_described(call, pins),
        bands=tuple(_bands(call.turns, axis)),
        tracks=_tracks(call, axis, top + _HALF, between + _BETWEEN + _HALF),
        waits=tuple(_waits(call.all_measurements, axis)),
        items=items,
        pins=pins,
        ticks=tuple((axis.x(at_us), _tick(at_us)) for at_us in axis.ticks(70)),
    )


def _described(call: CallResult, pins: tuple[Pin, ...]) -> str:
    uses = sum(len(turn.functions) for turn in call.turns)
    parts = [many(len(call.turns), "turn", "turns"), many(uses, "function call", "function calls")]
    parts += [f"{moment.label or moment.kind} at {clock(moment.at_us)}" for moment in call.moments]
    parts += [pin.title for pin in pins]
    return "; ".join(one_line(part) for part in parts) + "."


def _tick(at_us: int) -> str:
    return clock(at_us).removesuffix(".0")


def _bands(turns: Iterable[TurnResult], axis: Axis) -> Iterator[Band]:
    for turn in turns:
        if turn.began_us is None:
            continue
        x = axis.x(turn.began_us)
        width = round(axis.x(axis.duration_us if turn.ended_us is None else turn.ended_us) - x, 1)
        title = f"Turn {turn.index + 1} {turn.name}: {turn.outcome.value}"
        label = fitted(f"{turn.index + 1} {turn.name}", width - 12) or fitted(str(turn.index + 1), width - 4)
        yield Band(x, max(width, 1.0), label, one_line(title), turn.outcome.value)


def _tracks(call: CallResult, axis: Axis, caller_y: int, agent_y: int) -> tuple[Track, Track]:
    waves = [wave for wave in (call.caller_wave, call.agent_wave) if wave is not None]
    peak = max((max(-low, high) for wave in waves for low, high in wave.columns), default=0)
    loudest = max(peak, _QUIETEST_PEAK)
    sides = (("caller", call.caller_wave, caller_y), ("agent", call.agent_wave, agent_y))
    caller, agent = (
        Track(
            who, y, outline(wave, axis, y, loudest) if wave else "", () if wave else _blocks(call, who, axis)
        )
        for who, wave, y in sides
    )
    return caller, agent


def outline(wave: Waveform, axis: Axis, y: int, loudest: int) -> str:
    """One SVG path for a whole track: a stroke a column, none where it is silent; in steps of half a unit."""
    count = min(len(wave.columns), int(axis.width / _COLUMN))
    places, ups, downs = _places(axis, count), _steps(y, -1), _steps(y, 1)
    steps = 2 * _HALF
    strokes = []
    for place, (low, high) in zip(places, merged(wave.columns, count), strict=True):
        up, down = high * steps // loudest, -low * steps // loudest
        if up + down > 1:
            strokes.append(place + ups[up] + "V" + downs[down])
    return "".join(strokes)


@lru_cache(maxsize=16)
def _places(axis: Axis, count: int) -> tuple[str, ...]:
    """Where each of so many columns begins to be drawn."""
    return tuple(f"M{axis.left + axis.width * (index + 0.5) / count:.1f} " for index in range(count))


@lru_cache(maxsize=64)
def _steps(y: int, direction: int) -> tuple[str, ...]:
    """The heights that a stroke's end can have, above or below the middle of its track."""
    return tuple(f"{y + direction * step / 2:g}" for step in range(2 * _HALF + 1))


def merged(columns: Sequence[tuple[int, int]], count: int) -> Sequence[tuple[int, int]]:
    """The columns put together to `count` of them, each as tall as its tallest part."""
    if count == len(columns):
        return columns
    edges = [index * len(columns) // count for index in range(count + 1)]
    lows, highs = zip(*columns, strict=True)
    return [(min(lows[a:b]), max(highs[a:b])) for a, b in pairwise(edges)]


def _blocks(call: CallResult, who: str, axis: Axis) -> tuple[tuple[float, float], ...]:
    """Where a side's words lie, for calls without sound."""
    lines = [line for turn in call.turns for line in turn.lines if line.who == who]
    ends = [axis.x(line.ended_us if line.ended_us is not None else line.began_us) for line in lines]
    starts = [axis.x(line.began_us) for line in lines]
    return tuple((start, max(round(end - start, 1), 3.0)) for start, end in zip(starts, ends, strict=True))


def _waits(measurements: Iterable[Measurement], axis: Axis) -> Iterator[Wait]:
    """Waits in order of time, each with its length where that covers no label before it."""
    free_from = 0.0
    drawn = [value for value in measurements if value.name in _WAITS or value.judged is Judged.EXCEEDED]
    for value in sorted(drawn, key=lambda value: (value.from_us or 0, value.name)):
        if value.from_us is None or value.to_us is None or value.to_us < value.from_us or value.turn is None:
            continue
        x, end = axis.x(value.from_us), axis.x(value.to_us)
        label = length(value.value_us or 0)
        middle, half = round((x + end) / 2, 1), text_width(label) / 2
        fits = middle - half >= free_from
        free_from = middle + half + 4 if fits else free_from
        title = f"{value.name} {measured(value)}, {state_word(value)}"
        yield Wait(x, max(round(end - x, 1), 1.0), middle, label if fits else "", title, value.judged.value)


def _pins(call: CallResult, numbers: Mapping[Finding, int], axis: Axis) -> Iterator[Pin]:
    moments = ((_moment_of(call, finding), number, finding) for finding, number in numbers.items())
    placed = sorted(
        ((at_us, number, finding) for at_us, number, finding in moments if at_us is not None),
        key=lambda pin: pin[:2],
    )
    spots = [axis.x(at_us) for at_us, _, _ in placed]
    for (at_us, number, finding), x, row in zip(
        placed, spots, rows((x - 8, x + 8) for x in spots), strict=True
    ):
        told = f"{number}: {finding.kind} at {clock(at_us)}, {turn_title(call, finding.turn) or 'the call'}"
        yield Pin(x, _HEADER + 12 + row * _PIN_ROW, number, f"{told}: {finding.message}")


def _moment_of(call: CallResult, finding: Finding) -> int | None:
    """Where a finding is pinned: its own moment, else the end of its turn."""
    if finding.at_us is not None:
        return finding.at_us
    return next((turn.ended_us for turn in call.turns if turn.index == finding.turn), None)


def _items(call: CallResult, axis: Axis, top: int) -> Iterator[Item]:
    drawn = [_function(use, axis) for turn in call.turns for use in turn.functions]
    # Functions have their own marks, which also show how long each took.
    drawn += [_moment(moment, axis) for moment in joined_keys(call.moments) if moment.kind != "function"]
    drawn.sort(key=lambda item: (item.x, item.label))
    for item, row in zip(drawn, rows(_box(item) for item in drawn), strict=True):
        kept = row < _MOST_LANES
        y = top + min(row, _MOST_LANES) * _LANE
        yield replace(item, y=y, label=item.label if kept else "")


def _function(use: FunctionUse, axis: Axis) -> Item:
    x = axis.x(use.called_us)
    width = 0.0 if use.returned_us is None else round(axis.x(use.returned_us) - x, 1)
    came = "nothing came back" if use.output is None else f"gave {shortened(use.output, 120)}"
    title = f"{use.name}({shortened(use.arguments, 120)}) at {clock(use.called_us)}, {came}"
    return _labelled(f"{shortened(use.name, 28)}()", x, max(width, 3.0), title, "function", axis)


def _moment(moment: Moment, axis: Axis) -> Item:
    title = f"{moment.kind} at {clock(moment.at_us)}: {one_line(moment.label)}"
    return _labelled(
        shortened(moment.label or moment.kind, 30), axis.x(moment.at_us), 0.0, title, "moment", axis
    )


def _labelled(label: str, x: float, width: float, title: str, kind: str, axis: Axis) -> Item:
    """The label stands right of its mark, or left of it where the picture ends."""
    after = x + width + 8
    if after + text_width(label) <= axis.left + axis.width + _RIGHT:
        return Item(x, width, 0, label, round(after, 1), "start", title, kind)
    return Item(x, width, 0, label, round(x - 8, 1), "end", title, kind)


def _box(item: Item) -> tuple[float, float]:
    span = text_width(item.label)
    if item.anchor == "start":
        return item.x - 4, item.label_x + span
    return item.label_x - span, item.x + item.width + 4
