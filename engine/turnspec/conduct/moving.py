"""Moving from step to step, and from turn to turn."""

from __future__ import annotations

from dataclasses import replace

from turnspec.call import actions
from turnspec.call.actions import Action
from turnspec.conduct.state import CallState
from turnspec.plan import graph
from turnspec.plan.graph import Condition

# A state, actions, and when to ask again (None: after the next event).
Progress = tuple[CallState, tuple[Action, ...], int | None]

_LEAVES = {"no-reply": Condition.NO_REPLY, "hung-up": Condition.HUNG_UP, "cut": Condition.HUNG_UP}


def leave(state: CallState, how: str, condition: Condition, now_us: int) -> Progress:
    """Go on from a step in which the agent's part of the turn came to its end."""
    moved, given = go(replace(state, how=how), condition, now_us)
    return moved, given, None


def go(state: CallState, condition: str, now_us: int) -> tuple[CallState, tuple[Action, ...]]:
    """To the next step; entering another turn begins it, unless it begins by interrupting."""
    target = state.plan.graph.after(state.step, condition)
    state = replace(state, step=target, started=False, entered_us=now_us)
    if isinstance(target, graph.Listen) and target.afresh:
        state = _listening(state, now_us)
    elif isinstance(target, graph.Listen) and target.onward:
        state = answerable(state, now_us)
    if target.turn is None or target.turn == state.turn or isinstance(target, graph.Decide):
        return state, ()  # what is decided before a turn is no part of it
    goes_on = state.turn is not None and state.plan.turns[state.turn].hears_on
    facts = replace(state.facts, seen=())
    state = replace(
        state, turn=target.turn, how="", outcome="", judged_failed=False, reply_from_us=None, facts=facts
    )
    if isinstance(target, graph.Interrupt):
        # After a sound that did not stop the agent it still is the same reply.
        since_us = state.heard_before_us if goes_on else state.facts.heard_us
        return replace(state, heard_before_us=since_us), ()
    if isinstance(target, graph.Listen | graph.Watch):
        state = _listening(state, now_us)
    return state, (actions.BeginTurn(target.turn, now_us),)


def decided(state: CallState, outcome: str, now_us: int) -> tuple[CallState, tuple[Action, ...]]:
    """Where the answer leads; what has no edge here is where the turn leads once it is over."""
    if state.plan.graph.leads(state.step, outcome):
        return go(state, outcome, now_us)
    return go(replace(state, outcome=outcome), Condition.DONE, now_us)


def after_check(state: CallState, now_us: int) -> tuple[CallState, tuple[Action, ...]]:
    """Out of a turn that is over."""
    if state.facts.gone:
        return replace(state, step=state.plan.graph.end, started=False), ()
    if state.how in _LEAVES:
        return go(state, _LEAVES[state.how], now_us)
    return go(state, Condition.FAILED if state.judged_failed else state.outcome or Condition.DONE, now_us)


def answerable(state: CallState, from_us: int) -> CallState:
    """From here on a reply is this turn's: text that came before, even just now, is not."""
    facts = replace(state.facts, text_us=None, said_us=None, arrived_us=None, acted_us=None)
    return replace(state, facts=facts, reply_from_us=from_us)


def _listening(state: CallState, now_us: int) -> CallState:
    """Nothing was done: patience counts from here."""
    return answerable(replace(state, facts=replace(state.facts, action_end_us=now_us)), now_us)
