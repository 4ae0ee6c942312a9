"""A conversation out of two tracks of speech."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.audio.edges import Segment, Speech
from turnspec.checks.conversation import Conversation
from turnspec.checks.dialogue import (
    Overlap,
    Silence,
    Speaker,
    overlaps,
    responses,
    silences,
    spoken_us,
    turns,
)

CALLER, AGENT = Speaker.CALLER, Speaker.AGENT


def track(*spans_ms: tuple[int, int]) -> tuple[Segment, ...]:
    """Segments, written in milliseconds."""
    return tuple(Segment(start * 1_000, end * 1_000) for start, end in spans_ms)


def answered_ms(caller: tuple[Segment, ...], agent: tuple[Segment, ...]) -> list[int | None]:
    """The responses in milliseconds."""
    found = responses(turns(caller, agent))
    return [None if each.value_us is None else each.value_us // 1_000 for each in found]


def test_pauses_belong_to_the_turn_unless_the_other_speaks_in_them() -> None:
    """A side's speech is one turn until the other says something in a pause of it."""
    caller, agent = track((0, 1_000), (1_500, 2_000), (6_000, 7_000)), track((2_600, 5_000))

    found = [(turn.who, turn.start_us // 1_000, turn.end_us // 1_000) for turn in turns(caller, agent)]
    assert found == [(CALLER, 0, 2_000), (AGENT, 2_600, 5_000), (CALLER, 6_000, 7_000)]


def test_a_remark_splits_nothing() -> None:
    """What one side says while the other speaks on takes no turn from it, and answers nothing."""
    caller, agent = track((0, 3_000), (3_200, 5_000)), track((1_000, 1_400), (5_700, 6_000))

    assert [len(turn.segments) for turn in turns(caller, agent)] == [2, 1, 1]
    assert answered_ms(caller, agent) == [700]


def test_each_turn_of_the_caller_is_answered_once() -> None:
    """A response runs from the end of the caller's turn to the agent's next speech."""
    caller = track((0, 1_000), (3_000, 4_000), (7_000, 8_000))
    agent = track((1_600, 2_500), (4_350, 6_000))

    assert answered_ms(caller, agent) == [600, 350, None]


def test_an_answer_may_begin_too_early() -> None:
    """An agent that begins before the caller has ended answers after less than nothing."""
    assert answered_ms(track((0, 1_000)), track((700, 2_000))) == [-300]


def test_what_the_caller_spoke_over_is_no_answer() -> None:
    """After a barge-in the next speech of the agent answers, whether or not it stopped."""
    assert answered_ms(track((4_000, 6_000)), track((0, 4_500), (6_800, 9_000))) == [800]
    assert answered_ms(track((4_000, 6_000)), track((0, 10_000), (10_500, 12_000))) == [4_500]
    assert answered_ms(track((4_000, 6_000)), track((0, 10_000))) == [None]


def test_who_speaks_on_has_interrupted() -> None:
    """Who began over the other and spoke on when the other stopped has interrupted; a remark has not."""
    caller, agent = track((0, 3_000), (6_000, 6_300)), track((2_500, 7_000))

    assert overlaps(caller, agent) == (
        Overlap(2_500_000, 3_000_000, AGENT, interrupts=True),
        Overlap(6_000_000, 6_300_000, CALLER, interrupts=False),
    )


def test_turns_that_barely_overlap_interrupt_nobody() -> None:
    """An overlap of less than 200 ms is how people take turns."""
    assert [each.interrupts for each in overlaps(track((0, 1_000)), track((801, 2_000)))] == [False]
    assert [each.interrupts for each in overlaps(track((0, 1_000)), track((800, 2_000)))] == [True]


@pytest.mark.parametrize(
    ("answers", "known"),
    [(0, []), (1, []), (2, [50]), (9, [50]), (10, [50, 90]), (19, [50, 90]), (20, [50, 90, 95])],
)
def test_percentiles_come_with_enough_answers(answers: int, known: list[int]) -> None:
    """A percentile that would only be the longest of a few is not told."""
    asked = track(*((number * 4_000, number * 4_000 + 1_000) for number in range(answers)))
    told = track(*((number * 4_000 + 1_500, number * 4_000 + 3_000) for number in range(answers)))
    talk = Conversation(answers * 4_000_000, Speech(asked), Speech(told))

    assert [each.percent for each in talk.percentiles] == known
    assert {each.value_us for each in talk.percentiles} <= {500_000}


def test_silences_say_who_spoke_before_and_after() -> None:
    """Silence has the speakers around it, none where the recording begins or ends."""
    assert silences(track((500, 1_000)), track((1_400, 2_000)), 0, 3_000_000) == (
        Silence(0, 500_000, None, CALLER),
        Silence(1_000_000, 1_400_000, CALLER, AGENT),
        Silence(2_000_000, 3_000_000, AGENT, None),
    )


def test_nobody_speaks_at_all() -> None:
    """Without speech there is one silence and nothing else."""
    assert not turns((), ())
    assert not overlaps((), ())
    assert silences((), (), 0, 5) == (Silence(0, 5, None, None),)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Segment, ...]:
    """Speech with pauses."""
    lengths = draw(st.lists(st.integers(1, 900), max_size=12))
    found, at = [], draw(st.integers(0, 500))
    for number, length in enumerate(lengths):
        if number % 2 == 0:
            found.append(Segment(at, at + length))
        at += length
    return tuple(found)


@given(tracks(), tracks())
def test_time_is_speech_of_one_or_both_or_silence(
    caller: tuple[Segment, ...], agent: tuple[Segment, ...]
) -> None:
    """All time is silence or speech, and what both speak in is counted once as overlap."""
    end_us = max([each.end_us for each in (*caller, *agent)], default=0) + 10
    both = sum(each.duration_us for each in overlaps(caller, agent))
    quiet = sum(each.duration_us for each in silences(caller, agent, 0, end_us))

    assert spoken_us(caller) + spoken_us(agent) - both + quiet == end_us


@given(tracks(), tracks())
def test_turns_hold_all_speech(caller: tuple[Segment, ...], agent: tuple[Segment, ...]) -> None:
    """Every stretch of speech is in one turn of its side; every turn of the caller has a response."""
    found = turns(caller, agent)

    for who, own in ((CALLER, caller), (AGENT, agent)):
        assert tuple(one for turn in found if turn.who is who for one in turn.segments) == own
    assert len(responses(found)) == sum(turn.who is CALLER for turn in found)
