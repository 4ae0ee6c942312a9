"""Which budget holds where: a turn's own before the scenario's, the target's and the project's."""

from __future__ import annotations

from collections.abc import Sequence

from turnspec.dsl.models import Budgets, Scenario, Turn
from turnspec.plan.model import Limit
from turnspec.plan.setting import Setting

CALL_BUDGETS = frozenset({"connect", "greeting", "call"})


def turn_limits(
    turn: Turn, scenario: Scenario, setting: Setting, parts: Sequence[Budgets] = ()
) -> dict[str, Limit]:
    """The limits of one turn; those written on it, or on `parts` of it, must be measured."""
    limits = _merged([scenario.budgets, *setting.budgets], turn.budget, of_call=False)
    for budgets in parts:
        for name, limit in _merged([], budgets, of_call=False).items():
            known = limits.get(name)
            if known is None or not known.required or limit.us < known.us:
                limits[name] = limit
    return limits


def call_limits(turns: Sequence[Turn], scenario: Scenario, setting: Setting) -> dict[str, Limit]:
    """The limits of the call as a whole, wherever they are written; `turns` are those that are run."""
    limits = _merged([scenario.budgets, *setting.budgets], Budgets(), of_call=True)
    for turn in turns:
        named = set(turn.budget.names())
        limits = {name: limit for name, limit in limits.items() if name not in named}
        limits |= _merged([], turn.budget, of_call=True)
    return limits


def _merged(inherited: list[Budgets], own: Budgets, *, of_call: bool) -> dict[str, Limit]:
    limits: dict[str, Limit] = {}
    for budgets in (*reversed(inherited), own):
        if not budgets.model_fields_set:
            continue
        # A budget of percentiles takes the place of one for each call, too: the nearest counts.
        named = set(budgets.names())
        limits = {name: limit for name, limit in limits.items() if name not in named}
        required = budgets is own
        limits |= {name: Limit(name, limit.us, span, required) for name, limit, span in budgets.items()}
    return {name: limit for name, limit in limits.items() if (name in CALL_BUDGETS) is of_call}
