"""The turns of a plan: which take a reply, which talk over one, how long they wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from turnspec.dsl.caller import over
from turnspec.dsl.models import Backchannel, Duration, Expect, HangUp, Scenario, Silence, Turn
from turnspec.plan.layout import Placed
from turnspec.plan.limits import turn_limits
from turnspec.plan.model import TurnPlan
from turnspec.plan.setting import Setting

SILENCES = frozenset({"silent", "nothing", "refused"})  # expectations that take no reply
# What can be told of a reply that goes on while the caller says "mm-hm".
GOES_ON = SILENCES | {"keeps_speaking", "stops", "does_not_say", "does_not_call"}
EITHER = frozenset({"check"})  # expectations that go with a reply and without one


def turn_plans(placed: Sequence[Placed], scenario: Scenario, setting: Setting) -> tuple[TurnPlan, ...]:
    """A plan for each unit; the last one is looked at first, because what follows tells who takes a reply."""
    plans: dict[int, TurnPlan] = {}
    takers: set[int] = set()  # those that take up the reply which is left to them
    for one in reversed(placed):
        plan = plans[one.index] = _turn_plan(one, plans, takers, scenario, setting)
        if not plan.skipped and _takes_up(plan, takers):
            takers.add(plan.index)
    return tuple(plans[one.index] for one in placed)


def _turn_plan(
    one: Placed, after: dict[int, TurnPlan], takers: set[int], scenario: Scenario, setting: Setting
) -> TurnPlan:
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
        takes_reply=_takes_reply(plan, takers),
        interrupts=talks_over(turn),
        backchannels=_backchannels(turn),
        fillers=_fillers(turn, scenario, setting),
        interrupted=follows is not None and after[follows].interrupts,
        limits=turn_limits(turn, scenario, setting, tuple(part.budget for part in plan.watched)),
        patience_us=_patience_us(plan, scenario),
    )


def talks_over(turn: Turn) -> bool:
    """Whether its first action is done while the agent still speaks."""
    return bool(turn.caller) and over(turn.caller[0]) is not None


def _backchannels(turn: Turn) -> bool:
    return bool(turn.caller) and isinstance(over(turn.caller[0]), Backchannel)


def _only_backchannels(turn: Turn) -> bool:
    """Whether its caller makes a sound that wants no answer, and does no more."""
    return _backchannels(turn) and all(isinstance(action, Silence) for action in turn.caller[1:])


def _fillers(turn: Turn, scenario: Scenario, setting: Setting) -> tuple[str, ...]:
    written = (turn.filler, scenario.filler, setting.filler)
    return next((fillers for fillers in written if fillers is not None), ())


def _takes_reply(plan: TurnPlan, takers: set[int]) -> bool:
    turn = plan.turn
    if turn.caller and isinstance(turn.caller[-1], HangUp):
        return False
    expects = plan.asked
    if not expects and _only_backchannels(turn):
        return False
    if not expects:
        # A choice, or a turn that listens, takes the reply to what was said before it.
        return not (turn.caller and _is_taken(plan.leads.values(), takers))
    asked = {key for expect in expects for key in expect.model_fields_set} - EITHER
    if _only_backchannels(turn) and asked <= GOES_ON:
        return False
    return not asked or not asked <= SILENCES


def _is_taken(targets: Iterable[int | None], takers: set[int]) -> bool:
    """Whether whatever comes next takes the reply, and nobody asks about the reply before that."""
    return all(target in takers for target in targets)


def _takes_up(plan: TurnPlan, takers: set[int]) -> bool:
    if plan.role == "until" or plan.asks_reply:
        return False
    if plan.role == "when":
        return _is_taken(plan.leads.values(), takers)
    if plan.is_conditional and not _is_taken([plan.leads.get("skip")], takers):
        return False
    return plan.role == "choose" or not plan.turn.caller


def _patience_us(plan: TurnPlan, scenario: Scenario) -> int:
    patience = plan.turn.patience or scenario.patience
    replies = [condition.reply for condition in plan.branch_conditions if condition.reply is not None]
    durations = [one for expect in (*plan.asked, *replies) for one in _durations(expect)]
    return max(patience.us, *(duration.us for duration in durations), 0)


def _durations(expect: Expect) -> list[Duration]:
    calls = expect.calls.items if expect.calls else ()
    written = [expect.silent, expect.nothing, *(call.within for call in calls)]
    return [duration for duration in written if duration is not None]


def ends_after_us(turn: Turn, scenario: Scenario, setting: Setting) -> int:
    """How long the agent must be silent for its reply to be over."""
    written = turn.reply_ends_after or scenario.reply_ends_after or setting.reply_ends_after
    return written.us if written else setting.capabilities.reply_ends_after_us
