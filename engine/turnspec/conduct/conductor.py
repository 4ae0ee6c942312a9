"""The conductor: (call state, event) to (call state, actions). It knows no socket and no clock.

Theory of operation. A call stands at one step of its graph. Every event first changes the facts;
then the step is asked whether it can go on, again and again, until it cannot. A step that waits for
time says until when, and the last word of every `advance` is a `WakeAt` if that has changed. Turns
end in a `Check` step: the conductor asks for the turn to be closed (`EndTurn`), the shell takes its
captures and answers with `TurnEnded`, and only then does the next turn begin. Where the call may go on
in several ways stands a `Decide` step: the shell asks the checks and answers with `Decided`.
"""

from __future__ import annotations

from dataclasses import replace

from turnspec.call import Source, actions
from turnspec.call.actions import Action
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    CallerSpoke,
    Captured,
    Decided,
    Event,
    Origin,
    PlaybackFlushed,
    Side,
    TurnEnded,
    TurnJudged,
)
from turnspec.conduct.facts import at_or_after, learn
from turnspec.conduct.moving import Progress, after_check, answerable, decided, go
from turnspec.conduct.state import CallState
from turnspec.conduct.steps import check_of, proceed
from turnspec.plan import graph
from turnspec.plan.graph import Condition

_ACTING = (
    graph.Speak,
    graph.Interrupt,
    graph.SendText,
    graph.SendDigits,
    graph.SendMessage,
    graph.Wait,
    graph.Microphone,
)


def advance(
    state: CallState, now_us: int, event: Event | None = None
) -> tuple[CallState, tuple[Action, ...]]:
    """Take one event (or none: time has passed) and say what is to be done now."""
    done: list[Action] = []
    if event is not None:
        if not _second_hand(state, event):
            facts = learn(state.facts, event)
            state = state if facts is state.facts else replace(state, facts=facts)
        state, given = _take(state, event)
        done += given
    wake: int | None = None
    while not state.hung_up:
        step = state.step
        state, given, wake = _proceed(state, now_us)
        done += given
        if state.step is step and not given:
            break
    return _with_wake(state, wake, done)


def is_no_news(state: CallState, event: AgentAudio) -> bool:
    """Whether `advance` would only remember that `event` came: more of the audio that is heard already.

    Nobody has to ask for such a one, fifty times a second; the last of them is to be given to `heard`
    before anything else is given to `advance`.
    """
    facts, since = state.facts, state.reply_from_us
    waits = state.wake_us is None or event.at_us < state.wake_us
    known = since is None or at_or_after(facts.arrived_us, since)
    return facts.playing and waits and known


def heard(state: CallState, event: AgentAudio) -> CallState:
    """The state after audio that was no news."""
    return state if _second_hand(state, event) else replace(state, facts=learn(state.facts, event))


def acts_on(state: CallState, turn: int) -> bool:
    """Whether the caller has more to do in a turn."""
    return state.step.turn == turn and isinstance(state.step, _ACTING)


def _with_wake(
    state: CallState, wake: int | None, done: list[Action]
) -> tuple[CallState, tuple[Action, ...]]:
    limit = _limit_us(state)
    if limit is not None and not state.limit_hit:
        wake = limit if wake is None else min(wake, limit)
    if state.finished:
        wake = None
    if wake != state.wake_us and wake is not None:
        done.append(actions.WakeAt(wake))
    return state if wake == state.wake_us else replace(state, wake_us=wake), tuple(done)


def _second_hand(state: CallState, event: Event) -> bool:
    """Whether a local agent tells what the session with it will tell, a little later."""
    capabilities = state.plan.capabilities
    told = Source.WORDS in capabilities.gives and capabilities.told_by is Side.MODEL
    return event.side is Side.AGENT and told


def _take(state: CallState, event: Event) -> tuple[CallState, tuple[Action, ...]]:
    match event:
        case Captured():
            return replace(state, captured={**state.captured, event.name: event.value}), ()
        case TurnJudged():
            return replace(state, judged_failed=not event.passed), ()
        case TurnEnded() if isinstance(state.step, graph.Check) and state.started:
            return after_check(state, event.at_us)
        case Decided() if _asked(state, event):
            return decided(state, event.outcome, event.at_us)
        case CallerSpoke():
            return _spoke(state, event)
        case PlaybackFlushed() if _gives_way(state):
            # It began to answer, heard the caller go on, and stopped: that was not its reply.
            return answerable(state, event.at_us), ()
        case ActionDone() if _acts(state, event.turn):
            return go(state, Condition.DONE, event.at_us)
        case _:
            return state, ()


def _acts(state: CallState, turn: int) -> bool:
    return state.started and state.step.turn == turn and isinstance(state.step, _ACTING)


def _asked(state: CallState, event: Decided) -> bool:
    step = state.step
    if not isinstance(step, graph.Decide) or not state.started:
        return False
    return (step.turn, step.question) == (event.turn, event.question)


def _gives_way(state: CallState) -> bool:
    """Whether agent speech that stops now stops for what the caller is just doing."""
    acting = state.started and isinstance(state.step, _ACTING)
    return acting and not isinstance(state.step, graph.Interrupt)


def _spoke(state: CallState, event: CallerSpoke) -> tuple[CallState, tuple[Action, ...]]:
    if event.origin is Origin.MICROPHONE:
        # It is told once it is over; what the agent said while nobody had spoken yet answers nothing.
        began_us = event.speech_start_us
        return replace(state, acted_us=began_us, reply_from_us=began_us), ()
    state = replace(state, acted_us=event.at_us)
    if isinstance(state.step, graph.Interrupt):
        # The old reply may go on: only what begins after a flush, or after this clip, is the new one.
        state = replace(state, reply_from_us=event.speech_end_us)
        return state, (actions.BeginTurn(event.turn, event.at_us),)
    if state.reply_from_us is None:
        state = replace(state, reply_from_us=event.at_us)
    return state, ()


def _proceed(state: CallState, now_us: int) -> Progress:
    return _leave_early(state, now_us) or proceed(state, now_us)


def _limit_us(state: CallState) -> int | None:
    return None if state.facts.up_us is None else state.facts.up_us + state.plan.call_limit_us


def _leave_early(state: CallState, now_us: int) -> Progress | None:
    """Out of any step when the line is gone or the call took too long."""
    limit = _limit_us(state)
    overdue = limit is not None and now_us >= limit
    if isinstance(state.step, graph.Check | graph.End) or not (state.facts.gone or overdue):
        return None
    how = state.how or ("cut" if overdue else state.facts.gone)
    state = replace(state, limit_hit=overdue and not state.facts.gone)
    if state.step.turn is None or state.step.turn != state.turn:  # of no turn, or of one not begun
        return replace(state, step=state.plan.graph.end, started=False), (), None
    check = check_of(state)
    how = "quiet" if how == "done" else how
    given: tuple[Action, ...] = ()
    if isinstance(state.step, graph.Interrupt) and not state.started:
        given = (actions.BeginTurn(state.step.turn, now_us),)
    return replace(state, step=check, started=False, how=how), given, None
