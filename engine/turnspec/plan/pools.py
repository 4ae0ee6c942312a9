"""Budgets of percentiles: which times of which turns are pooled over the runs of `repeat_run`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from turnspec.dsl.models import Budgets, Duration, Place, Span
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.repeating import LEAST_SAMPLES, Percentiles
from turnspec.plan.limits import CALL_BUDGETS
from turnspec.plan.model import CallPlan, Limit, TurnPlan

EVERY_TURN: Final = "every turn"
ANYBODY: Final = frozenset({"speech", "gap", "underrun"})
"""Times of a reply that nobody need have asked for."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One time, taken in these turns of every run (None: of each call as a whole), with its limits.

    `limits` are by percentile; `title` says where, in a report; `required`: it is written on the turn.
    """

    name: str
    turns: tuple[int, ...] | None
    limits: tuple[tuple[int, Limit], ...]
    title: str
    place: Place
    required: bool = False

    @property
    def in_a_run(self) -> int:
        """How many samples each run gives, at best."""
        return 1 if self.turns is None else len(self.turns)


def pools_of(plan: CallPlan, inherited: Sequence[Budgets]) -> tuple[Pool, ...]:
    """What is pooled over the runs of a plan; `inherited` are the target's budgets, then the project's."""
    budgets = (plan.scenario.budgets, *inherited)
    pools = (*_of_turns(plan.active), *_of_every_turn(plan.active, budgets), *_of_the_call(plan, budgets))
    return tuple(sorted(pools, key=lambda pool: (pool.turns is None, not pool.required)))


def pool_problems(plan: CallPlan, pools: Sequence[Pool]) -> Iterator[Problem]:
    """Percentiles that nothing can give: of a single call, or of too few runs."""
    repeat = plan.scenario.repeat_run
    if repeat is None:
        yield from _of_single_calls(plan)
        return
    for pool in pools:
        samples = repeat.times * pool.in_a_run
        for percentile, _ in pool.limits:
            least = LEAST_SAMPLES[percentile]
            if samples < least:
                message = f"p{percentile} needs {least} samples, and these runs give {samples} at most"
                times = -(-least // max(pool.in_a_run, 1))
                hint = f"write repeat_run: {{times: {times}}}, or limit a lower percentile"
                yield problem_at(pool.place.child(f"p{percentile}"), "too-few-samples", message, hint=hint)


def _of_single_calls(plan: CallPlan) -> Iterator[Problem]:
    written = [plan.scenario.budgets, *(turn.turn.budget for turn in plan.turns)]
    for budgets in written:
        for name, _ in budgets.percentiles():
            message = "a single call has no percentiles"
            hint = "write one duration, or repeat_run: {times: 20} beside `turns`"
            yield problem_at(budgets.place.child(name), "no-percentiles", message, hint=hint)


def _of_turns(turns: Sequence[TurnPlan]) -> Iterator[Pool]:
    """What is written on turns; the passes of a repeated turn are pooled together."""
    by_budget: dict[tuple[str, Span], list[TurnPlan]] = {}
    for turn in turns:
        for name, percentiles in turn.turn.budget.percentiles():
            if name not in CALL_BUDGETS:
                by_budget.setdefault((name, percentiles.span), []).append(turn)
    for (name, _), pooled in by_budget.items():
        written: Percentiles = getattr(pooled[0].turn.budget, name)
        limits = _limits(name, written, required=True)
        indexes = tuple(turn.index for turn in pooled)
        yield Pool(name, indexes, limits, pooled[0].name, written.place, required=True)


def _of_every_turn(turns: Sequence[TurnPlan], budgets: Sequence[Budgets]) -> Iterator[Pool]:
    """What is inherited: by the turns that limit the same time in no way of their own."""
    for name, percentiles in _nearest(budgets):
        heirs = tuple(turn.index for turn in turns if _inherits(turn, name))
        if name not in CALL_BUDGETS and heirs:
            limits = _limits(name, percentiles, required=False)
            yield Pool(name, heirs, limits, EVERY_TURN, percentiles.place)


def _of_the_call(plan: CallPlan, budgets: Sequence[Budgets]) -> Iterator[Pool]:
    found = dict(_nearest(budgets))
    for turn in plan.active:
        found |= dict(turn.turn.budget.percentiles())
    for name, percentiles in found.items():
        if name in CALL_BUDGETS:
            yield Pool(name, None, _limits(name, percentiles, required=False), "", percentiles.place)


def _nearest(budgets: Sequence[Budgets]) -> Iterator[tuple[str, Percentiles]]:
    """The limits that count where they stand nearest, in whichever form, and are percentiles there."""
    taken: set[str] = set()
    for each in budgets:
        yield from ((name, limit) for name, limit in each.percentiles() if name not in taken)
        taken.update(each.names())


def _inherits(turn: TurnPlan, name: str) -> bool:
    """Whether an inherited limit of this time means this turn, and the time can be taken there."""
    if name in turn.turn.budget.names() or not turn.takes_reply:
        return False
    if name == "barge_in":
        return turn.interrupts
    return name in ANYBODY or bool(turn.turn.caller)


def _limits(name: str, percentiles: Percentiles, *, required: bool) -> tuple[tuple[int, Limit], ...]:
    def limit(percentile: int, longest: Duration) -> Limit:
        return Limit(name, longest.us, percentiles.span_of(f"p{percentile}"), required)

    return tuple((percentile, limit(percentile, longest)) for percentile, longest in percentiles.items())
