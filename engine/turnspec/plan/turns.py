"""The turns of a plan: which take a reply, which talk over one, how long they wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from turnspec.dsl.models import Duration, Expect, HangUp, Scenario, Turn
from turnspec.plan.layout import Placed
from turnspec.plan.limits import turn_limits
from turnspec.plan.model import TurnPlan
from turnspec.plan.setting import Setting

SILENCES = frozenset({"silent", "nothing", "refused"})  # expectations that take no reply
EITHER = frozenset({"check"})  # expectations that go with a reply and without one


def turn_plans(placed: Sequence[Placed], scenario: Scenario, setting: Setting) -> tuple[TurnPlan, ...]:
    """A plan for each unit; the last one is looked at first, because what follows tells who takes a reply."""
    plans: dict[int, TurnPlan] = {}
    for one in reversed(placed):
        plans[one.index] = _turn_plan(one, plans, scenario, setting)
    return tuple(plans[one.index] for one in placed)


def _turn_plan(one: Placed, after: dict[int, TurnPlan], scenario: Scenario, setting: Setting) -> TurnPlan:
    unit, turn = one.unit, one.unit.turn
    plan = TurnPlan(
        index=one.index,
        name=one.name,
        turn=turn,
        takes_reply=False,
        span=turn.span,
        skipped=one.settled.why,
        role=unit.role,
        part=unit.around.part,
        branch=unit.around.branch,
        frames=unit.around.frames,
        conditions=one.settled.when,
        unless=one.settled.unless,
        block=unit.block,
        leads=one.leads,
    )
    if plan.skipped or not plan.takes_place:
        return plan
    follows = plan.leads.get("done")
    return plan.but(
        takes_reply=_takes_reply(plan, after),
        interrupts=talks_over(turn),
        interrupted=follows is not None and after[follows].interrupts,
        limits=turn_limits(turn, scenario, setting, tuple(part.budget for part in plan.watched)),
        patience_us=_patience_us(plan, scenario),
    )


def talks_over(turn: Turn) -> bool:
    """Whether its first action is done while the agent still speaks."""
    return bool(turn.caller) and getattr(turn.caller[0], "interrupt", None) is not None


def _takes_reply(plan: TurnPlan, after: dict[int, TurnPlan]) -> bool:
    turn = plan.turn
    if turn.caller and isinstance(turn.caller[-1], HangUp):
        return False
    expects = asked_of(plan)
    if not expects:
        # A choice, or a turn that listens, takes the reply to what was said before it.
        return not (turn.caller and _is_taken(plan.leads.values(), after))
    asked = {key for expect in expects for key in expect.model_fields_set} - EITHER
    return not asked or not asked <= SILENCES


def asked_of(plan: TurnPlan) -> tuple[Expect, ...]:
    """What is expected in a turn itself."""
    own = () if plan.turn.expect is None else (plan.turn.expect,)
    return (*own, *(part.expect for part in plan.watched))


def _is_taken(targets: Iterable[int | None], after: dict[int, TurnPlan]) -> bool:
    """Whether whatever comes next takes the reply, and nobody asks about the reply before that."""
    return all(target is not None and _takes_up(after[target], after) for target in targets)


def _takes_up(plan: TurnPlan, after: dict[int, TurnPlan]) -> bool:
    if plan.role == "until" or plan.asks_reply:
        return False
    if plan.role == "when":
        return _is_taken(plan.leads.values(), after)
    if plan.is_conditional and not _is_taken([plan.leads.get("skip")], after):
        return False
    return plan.role == "choose" or not plan.turn.caller


def _patience_us(plan: TurnPlan, scenario: Scenario) -> int:
    patience = plan.turn.patience or scenario.patience
    replies = [condition.reply for condition in plan.branch_conditions if condition.reply is not None]
    durations = [one for expect in (*asked_of(plan), *replies) for one in _durations(expect)]
    return max(patience.us, *(duration.us for duration in durations), 0)


def _durations(expect: Expect) -> list[Duration]:
    calls = expect.calls.items if expect.calls else ()
    written = [expect.silent, expect.nothing, *(call.within for call in calls)]
    return [duration for duration in written if duration is not None]


def ends_after_us(turn: Turn, scenario: Scenario, setting: Setting) -> int:
    """How long the agent must be silent for its reply to be over."""
    written = turn.reply_ends_after or scenario.reply_ends_after or setting.reply_ends_after
    return written.us if written else setting.capabilities.reply_ends_after_us
