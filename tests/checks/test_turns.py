"""Which turn owns what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support_checks import began, call, over
from turnspec.call import Snapshot
from turnspec.call.events import FunctionCalled, Side, TurnBegan
from turnspec.checks.function_uses import function_uses
from turnspec.checks.turns import Window, end_of_call, owner, windows


def test_a_turn_owns_what_happens_until_the_next_begins() -> None:
    """What comes between the end of one reply and the next turn is of the first."""
    view = call(began(0, 100), over(0, 900), began(1, 1_000), over(1, 2_000, "no-reply"))

    assert windows(view) == (
        Window(0, 100_000, 1_000_000, 900_000, "replied"),
        Window(1, 1_000_000, None, 2_000_000, "no-reply"),
    )


def test_what_came_before_the_first_turn_is_of_the_first() -> None:
    """A greeting that began while the call was being set up belongs somewhere."""
    turns = windows(call(began(0, 100), began(1, 500)))

    assert [owner(turns, at) for at in (0, 100_000, 499_999, 500_000, 9_000_000)] == [0, 0, 0, 1, 1]


def test_without_turns_nobody_owns_anything() -> None:
    """A call that was refused has no turns."""
    assert windows(call()) == ()
    assert owner((), 5) is None
    assert end_of_call(Snapshot(())) is None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 30), st.integers(-1, 20))
def test_the_owner_is_the_last_turn_that_had_begun(steps: list[int], at_us: int, number: int) -> None:
    """Also where several began in one microsecond, of which the place in the record tells more."""
    begun_us = [sum(steps[: each + 1]) for each in range(len(steps))]
    turns = tuple(Window(2 * each, us, None, number=3 * each) for each, us in enumerate(begun_us))

    begun = [turn.index for turn in turns if turn.began_us <= at_us]
    assert owner(turns, at_us) == [0, *begun][-1]
    placed = [turn.index for turn in turns if (turn.began_us, turn.number) < (at_us, number)]
    assert owner(turns, at_us, number) == [0, *placed][-1]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(0, 60))
def test_every_moment_has_one_owner(steps: list[int], at_ms: int) -> None:
    """Windows neither overlap nor leave a gap, even where a turn is of no length."""
    starts = [sum(steps[: index + 1]) for index in range(len(steps))]
    turns = windows(call(*(began(index, start) for index, start in enumerate(starts))))
    holding = [window.index for window in turns if window.has(at_ms * 1_000)]

    assert holding == ([owner(turns, at_ms * 1_000)] if at_ms >= starts[0] else [])


def test_what_happens_in_one_microsecond_is_told_apart_by_its_place_in_the_record() -> None:
    """In virtual time text takes no time: a turn owns what was recorded after its beginning."""
    before = FunctionCalled(at_us=0, side=Side.AGENT, call_id="c1", name="look", arguments="{}")
    after = FunctionCalled(at_us=0, side=Side.AGENT, call_id="c2", name="look", arguments="{}")
    events = (TurnBegan(at_us=0, turn=0), before, TurnBegan(at_us=0, turn=1), after)

    view = Snapshot(events)
    uses = function_uses(view, Side.AGENT, windows(view))

    assert [use.turn for use in uses] == [0, 1]
