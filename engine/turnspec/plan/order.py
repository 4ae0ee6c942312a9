"""What cannot come after what: interruptions of nothing, turns after the end of the call."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from turnspec.dsl.caller import over
from turnspec.dsl.models import Backchannel, HangUp, Interrupt
from turnspec.dsl.problems import Problem, problem_at
from turnspec.plan.model import CallPlan, TurnPlan

_CAN = {Interrupt: "interrupt", Backchannel: "be a backchannel"}
_INTERRUPT = "let the turn right before it make the agent speak"


def out_of_order(turn: TurnPlan, plan: CallPlan) -> Iterator[Problem]:
    """Every reason why a turn can never be where it is written."""
    if turn.takes_place:
        yield from _interruption(turn, plan)
        yield from _after_hanging_up(turn, plan)
        yield from _nobody_to_stop(turn)


def _interruption(turn: TurnPlan, plan: CallPlan) -> Iterator[Problem]:
    for number, action in enumerate(turn.turn.caller):
        way = over(action)
        if way is None:
            continue
        if number > 0:
            message = f"only the first action of a turn can {_CAN[type(way)]}"
            yield problem_at(action.place, "late-interrupt", message, hint="begin a new turn with it")
        elif why := _nothing_to_interrupt(turn, plan):
            yield problem_at(action.place, "nothing-to-interrupt", why, hint=_INTERRUPT)


def _nobody_to_stop(turn: TurnPlan) -> Iterator[Problem]:
    """Whether the agent stops, asked where nobody gives it a reason to."""
    for expect in () if turn.interrupts else turn.asked:
        for key in sorted(expect.model_fields_set & {"stops", "keeps_speaking"}):
            message = f"nobody talks over the agent in this turn, so '{key}' could not be seen"
            hint = "begin the turn with interrupt: or backchannel: beside say or audio"
            yield problem_at(expect.place.child(key), "nobody-talks-over", message, hint=hint, key=True)


def _nothing_to_interrupt(turn: TurnPlan, plan: CallPlan) -> str:
    """Why no reply is going on where a turn begins that talks over one; empty where one may be."""
    if turn.is_conditional:
        return "whether this turn is run is decided when the reply is over, so there is nothing to interrupt"
    before = plan.sources(turn.index)
    if not before:
        return "the turn before takes no reply, so there is nothing to interrupt"
    return next((why for source, outcome in before if (why := _why_silent(source, outcome))), "")


def _why_silent(before: TurnPlan, outcome: str) -> str:
    if before.role == "choose":
        # A call in which nothing could be chosen has failed already.
        return (
            ""
            if outcome == "none"
            else "the branch is chosen when the reply is over, so there is nothing to interrupt"
        )
    if outcome == "skip":
        return f"where '{before.name}' is not run, no reply is left to interrupt"
    if not before.takes_place:
        return f"'{before.name}' is decided when the reply is over, so there is nothing to interrupt"
    if not before.takes_reply and not before.hears_on:
        return "the turn before takes no reply, so there is nothing to interrupt"
    return ""


def _after_hanging_up(turn: TurnPlan, plan: CallPlan) -> Iterator[Problem]:
    """What can never happen, because the call is over before it."""
    hint = "take it out, or let the hang-up come last"
    for action, following in pairwise(turn.turn.caller):
        if isinstance(action, HangUp):
            message = "the caller has hung up before this"
            yield problem_at(following.place, "after-hangup", message, hint=hint)
    if turn.part == "teardown":
        return  # it is for calls that are still up
    ends = [_how_it_ends(before) for before in plan.predecessors(turn.index)]
    if ends and all(ends):
        message = f"{ends[0]} in the turn before, so this one can never begin"
        yield problem_at(turn.turn.place, "after-hangup", message, hint=hint)


def _how_it_ends(turn: TurnPlan) -> str:
    if any(isinstance(action, HangUp) for action in turn.turn.caller):
        return "the caller has hung up"
    if turn.turn.expect is not None and turn.turn.expect.hangup:
        return "the agent is to hang up"
    return ""
