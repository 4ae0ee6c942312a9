"""Budgets of percentiles: what is pooled, and what stands against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from support_plans import plan_of
from turnspec.dsl.models import Budgets, Duration
from turnspec.dsl.repeating import Percentiles
from turnspec.plan import CallPlan
from turnspec.plan.pools import Pool, pool_problems, pools_of

TURNS = """\
- turn: Greeting
  expect: {silent: 1 s}
- turn: Ask
  caller: {audio: clip.wav, text: hello}
- turn: Again
  caller: {audio: clip.wav, text: hello}
- turn: Talk over
  caller: {audio: clip.wav, text: stop, interrupt: {after: 1 s}}
"""


def pools(plan: CallPlan, *inherited: Budgets) -> list[Pool]:
    """The pools of a plan."""
    return list(pools_of(plan, inherited))


def shown(found: Sequence[Pool]) -> list[tuple[str, str, tuple[int, ...] | None]]:
    """What is pooled, where it says so, and in which turns."""
    return [(pool.name, pool.title, pool.turns) for pool in found]


def budget(turns: str, on: str, written: str) -> str:
    """The turns with a budget on one of them."""
    return turns.replace(f"- turn: {on}\n", f"- turn: {on}\n  budget: {written}\n")


def test_a_budget_on_a_turn_pools_that_turn(tmp_path: Path) -> None:
    """And must be measured."""
    turns = budget(TURNS, "Ask", "{response: {p50: 1 s, p90: 2 s}}")
    (pool,) = pools(plan_of(tmp_path, turns, head="repeat_run: {times: 20}\n"))

    assert shown([pool]) == [("response", "Ask", (1,))]
    assert [(percentile, limit.us, limit.required) for percentile, limit in pool.limits] == [
        (50, 1_000_000, True),
        (90, 2_000_000, True),
    ]


def test_an_inherited_budget_pools_every_turn_that_can_give_it(tmp_path: Path) -> None:
    """But those that limit the same time nearer, in whichever form; each kind of time where it exists."""
    turns = budget(TURNS, "Again", "{response: 1 s}")
    head = "repeat_run: {times: 20}\nbudgets: {response: {p50: 1 s}, gap: {p50: 1 s}, barge_in: {p50: 1 s}}\n"
    found = pools(plan_of(tmp_path, turns, head=head))

    assert shown(found) == [
        ("response", "every turn", (1, 3)),
        ("barge_in", "every turn", (3,)),
        ("gap", "every turn", (1, 2, 3)),
    ]


def test_the_nearest_budget_counts_in_whichever_form(tmp_path: Path) -> None:
    """A duration in the scenario takes the place of the project's percentiles, and the other way round."""
    far = Budgets(response=Percentiles(p50=Duration(1_000_000)), call=Percentiles(p50=Duration(9_000_000)))
    plain = plan_of(tmp_path, TURNS, head="repeat_run: {times: 20}\nbudgets: {response: 1 s}\n")
    both = plan_of(
        tmp_path, TURNS, head="repeat_run: {times: 20}\nbudgets: {response: {p95: 1 s}, call: 5 s}\n"
    )

    assert shown(pools(plain, far)) == [("call", "", None)]
    assert shown(pools(both, Budgets(response=Duration(2_000_000)))) == [
        ("response", "every turn", (1, 2, 3))
    ]
    assert "response" in plain.turns[1].limits
    assert "response" not in both.turns[1].limits
    assert both.limits["call"].us == 5_000_000


def test_passes_of_a_repeated_turn_are_one_pool(tmp_path: Path) -> None:
    """It was written once."""
    turns = """\
    - repeat: {times: 3}
      turns:
        - turn: Ask
          caller: {audio: clip.wav, text: hello}
          budget: {response: {p90: 1 s}}
    """
    plan = plan_of(tmp_path, turns, head="repeat_run: {times: 4}\n")
    (pool,) = pools(plan)

    assert (pool.title, pool.in_a_run) == ("Ask", 3)
    assert list(pool_problems(plan, [pool])) == []


@pytest.mark.parametrize(("times", "problems"), [(9, 1), (10, 0)])
def test_too_few_runs_are_refused(tmp_path: Path, times: int, problems: int) -> None:
    """Ten samples for p90: the problem says how many runs would do."""
    turns = budget(TURNS, "Ask", "{response: {p90: 2 s}}")
    plan = plan_of(tmp_path, turns, head=f"repeat_run: {{times: {times}}}\n")
    found = list(pool_problems(plan, pools(plan)))

    assert len(found) == problems
    assert all("write repeat_run: {times: 10}" in problem.help for problem in found)


def test_a_single_call_has_no_percentiles(tmp_path: Path) -> None:
    """Wherever in the scenario they are written; those of a project wait for scenarios that have runs."""
    turns = budget(TURNS, "Ask", "{response: {p90: 2 s}}")
    plan = plan_of(tmp_path, turns, head="budgets: {gap: {p50: 1 s}}\n")
    found = list(pool_problems(plan, pools(plan, Budgets(response=Percentiles(p50=Duration(1_000_000))))))

    assert [(problem.kind, problem.span.line) for problem in found] == [
        ("no-percentiles", 3),
        ("no-percentiles", 8),
    ]
