"""The picture of a call: where everything goes."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_result_turns import wave
from support_results import BROKEN, SKIPPED, lost_card, nasty, opening_hours
from turnspec.reports.facts import failures
from turnspec.reports.html.layout import Axis, fitted, rows, text_width
from turnspec.reports.html.picture import GUTTER, Item, Picture, draw, merged, outline
from turnspec.results import CallResult, Moment, Waveform

BOXES = st.lists(
    st.tuples(st.integers(0, 500), st.integers(1, 200)).map(lambda box: (box[0], box[0] + box[1]))
)


def picture(call: CallResult) -> Picture:
    """The picture of a call, its failing checks numbered in order."""
    drawn = draw(call, {failure: number for number, failure in enumerate(failures(call), 1)})
    assert drawn is not None
    return drawn


@given(BOXES)
def test_nothing_in_a_row_covers_another(boxes: list[tuple[int, int]]) -> None:
    """Boxes of one row keep their distance, and no row is left empty."""
    placed = rows(boxes, gap=4)

    assert set(placed) == set(range(len(set(placed))))
    for row in set(placed):
        inside = sorted(box for box, own in zip(boxes, placed, strict=True) if own == row)
        assert all(left[1] + 4 <= right[0] for left, right in itertools.pairwise(inside))


@given(st.text(max_size=30), st.floats(0, 300))
def test_fitted_labels_fit(text: str, width: float) -> None:
    """A label is never wider than the place it was cut for."""
    assert text_width(fitted(text, width)) <= width


def test_labels_are_cut_with_a_sign() -> None:
    """What was cut off shows; a place for less than two letters stays empty."""
    assert fitted("Report the loss", 200) == "Report the loss"
    assert fitted("Report the loss", 60) == "Report…"
    assert fitted("Report the loss", 14) == ""


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [(1, (0, 500_000, 1_000_000)), (18, tuple(range(0, 18_000_001, 2_000_000))), (3_600, (0, 600_000_000))],
)
def test_ticks_are_round_and_apart(seconds: int, ticks: tuple[int, ...]) -> None:
    """Ticks stand at round moments, far enough apart to be read."""
    axis = Axis(0, 700, seconds * 1_000_000)

    assert axis.ticks(70)[: len(ticks)] == ticks
    assert all(axis.x(right) - axis.x(left) >= 70 for left, right in itertools.pairwise(ticks))


def test_axis_keeps_everything_inside() -> None:
    """What lies outside the call stands at its edge."""
    axis = Axis(50, 100, 1_000)

    assert [axis.x(at_us) for at_us in (-5, 0, 500, 1_000, 2_000)] == [50, 50, 100, 150, 150]


def test_tracks_are_drawn_where_there_is_sound() -> None:
    """A stroke a column that sounds, at its place on the axis, none in silence."""
    drawn = picture(lost_card(600))
    caller, agent = drawn.tracks
    strokes = [float(x) for x in re.findall(r"M([\d.]+) ", caller.path)]
    first, last = (GUTTER + drawn.plot * at_us / 18_240_000 for at_us in (3_400_000, 15_000_000))

    assert first - 2 <= min(strokes) <= first + 2
    assert last - 2 <= max(strokes) <= last + 2
    assert not any(GUTTER + drawn.plot * 0.31 < x < GUTTER + drawn.plot * 0.75 for x in strokes)
    assert agent.y > caller.y


def test_strokes_reach_as_far_as_the_peaks() -> None:
    """The loudest sample reaches the edge of its track, half of it half the way; hiss stays small."""
    axis = Axis(0, 4, 1_000_000)

    loud = outline(Waveform(((-20_000, 20_000), (0, 10_000))), axis, 100, 20_000)
    assert loud == "M1.0 70V130M3.0 85V100"
    assert outline(Waveform(((-40, 40),)), axis, 100, 3_000) == ""


@given(st.lists(st.tuples(st.integers(-32_768, 0), st.integers(0, 32_767)), min_size=1), st.integers(1, 50))
def test_merging_columns_loses_no_peak(columns: list[tuple[int, int]], count: int) -> None:
    """However many columns are put together, the extremes stay."""
    count = min(count, len(columns))
    parts = merged(columns, count)

    assert len(parts) == count
    assert min(low for low, _ in parts) == min(low for low, _ in columns)
    assert max(high for _, high in parts) == max(high for _, high in columns)


def test_waits_lie_between_caller_and_agent() -> None:
    """A measured response is drawn from the caller's end to the agent's beginning, with its length."""
    drawn = picture(lost_card())
    (late,) = [wait for wait in drawn.waits if wait.judged == "exceeded"]
    start, end = (GUTTER + drawn.plot * at_us / 18_240_000 for at_us in (5_480_000, 7_322_000))

    assert late.x == pytest.approx(start, abs=0.2)
    assert late.x + late.width == pytest.approx(end, abs=0.2)
    assert late.label == "1,842 ms"
    assert late.title == "response 1,842 ms ± 10 ms, exceeded"


def test_failing_checks_are_pinned() -> None:
    """Each failing check has its numbered pin at its moment, or at the end of its turn."""
    pins = {pin.number: pin for pin in picture(lost_card()).pins}

    assert sorted(pins) == [1, 2, 3, 4, 5, 6]
    assert pins[5].x == pins[6].x
    assert pins[5].y != pins[6].y
    assert pins[1].title.startswith("1: calls at 0:06.4, Turn 2 “Report the loss”: block_card")


def test_functions_are_marked_once() -> None:
    """A function call is drawn with its length, and not again for the moment that tells of it."""
    call = lost_card()
    told = replace(call, moments=(*call.moments, Moment(6_420_000, "function", "block_card")))

    assert [item.label for item in picture(told).items].count("block_card()") == 1
    assert not [item for item in picture(told).items if item.label == "block_card"]


def box(item: Item) -> tuple[float, float]:
    """How far an item's label reaches."""
    width = text_width(item.label)
    return (
        (item.label_x, item.label_x + width)
        if item.anchor == "start"
        else (item.label_x - width, item.label_x)
    )


@pytest.mark.parametrize("call", [lost_card(), nasty(), opening_hours()], ids=["rich", "nasty", "passed"])
def test_labels_neither_overlap_nor_leave_the_picture(call: CallResult) -> None:
    """Labels of one lane keep apart, and none reaches beyond the picture."""
    drawn = picture(call)
    for lane in {item.y for item in drawn.items}:
        boxes = sorted(box(item) for item in drawn.items if item.y == lane)
        assert all(left[1] < right[0] for left, right in itertools.pairwise(boxes))
    assert all(0 <= edge <= drawn.width for item in drawn.items for edge in box(item))
    assert all(item.y + 20 <= drawn.axis_y for item in drawn.items)


def test_a_thousand_faults_keep_the_picture_small() -> None:
    """Too many marks at once are drawn without their labels instead of making the picture tall."""
    call = replace(
        lost_card(), moments=tuple(Moment(1_000_000 + at, "fault", "bad frame") for at in range(1_000))
    )

    assert picture(call).height < 500


def test_words_stand_in_for_the_picture() -> None:
    """Who cannot see it is told the turns, the marks and the failing checks."""
    drawn = picture(lost_card())

    assert drawn.title == "Lost card is blocked [last4=4821]: 18.24 s, the caller above, the agent below"
    assert drawn.description.startswith("5 turns; 2 function calls; 1 at 0:10.3;")
    assert "6: unexpected-hangup at 0:16.9, the call" in drawn.description


def test_calls_without_sound_show_where_words_lie() -> None:
    """A call of text alone shows its words as blocks."""
    call = replace(opening_hours(), caller_wave=None, agent_wave=None)
    caller, agent = picture(call).tracks

    assert (caller.path, agent.path) == ("", "")
    assert (len(caller.blocks), len(agent.blocks)) == (1, 2)


def test_nothing_that_took_no_time_is_drawn() -> None:
    """A call that never began has no picture; one that broke has its turns as far as they came."""
    assert draw(SKIPPED, {}) is None
    assert [band.label for band in picture(BROKEN).bands] == ["1 Greeting"]


def test_long_calls_grow_wider() -> None:
    """A call of five minutes is not squeezed into the width of one of eighteen seconds."""
    length_us = 300_000_000
    call = replace(opening_hours(), duration_us=length_us, caller_wave=wave(1_000, length_us, (0, length_us)))

    assert (picture(opening_hours()).width, picture(call).width) == (960, 4_000)
