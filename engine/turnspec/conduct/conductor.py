"""The conductor: (call state, event) to (call state, actions). It knows no socket and no clock.

Theory of operation. A call stands at one step of its graph. Every event first changes the facts;
then the step is asked whether it can go on, again and again, until it cannot. A step that waits for
time says until when, and the last word of every `advance` is a `WakeAt` if that has changed. Turns
end in a `Check` step: the conductor asks for the turn to be closed (`EndTurn`), the shell takes its
captures and answers with `TurnEnded`, and only then does the next turn begin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from turnspec.call import Source, actions
from turnspec.call.actions import Action
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    CallerSpoke,
    Captured,
    Event,
    PlaybackFlushed,
    Side,
    TurnEnded,
    TurnJudged,
)
from turnspec.conduct.facts import learn
from turnspec.conduct.state import CallState
from turnspec.dsl.caller import are_digits
from turnspec.dsl.templates import TemplateError, render
from turnspec.plan import graph
from turnspec.plan.graph import AnyStep, Condition
from turnspec.plan.model import TargetKind

# A step's answer: the state after it, actions, and when to ask again (None: after the next event).
Progress = tuple[CallState, tuple[Action, ...], int | None]

_ACTING = (graph.Speak, graph.Interrupt, graph.SendText, graph.SendDigits, graph.Wait)
_LEAVES = {"no-reply": Condition.NO_REPLY, "hung-up": Condition.HUNG_UP, "cut": Condition.HUNG_UP}


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
    known = since is None or _at_or_after(facts.arrived_us, since)
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
            return replace(state, variables={**state.variables, event.name: event.value}), ()
        case TurnJudged():
            return replace(state, judged_failed=not event.passed), ()
        case TurnEnded() if isinstance(state.step, graph.Check) and state.started:
            return _after_check(state, event.at_us)
        case CallerSpoke():
            return _spoke(state, event)
        case PlaybackFlushed() if _gives_way(state):
            # It began to answer, heard the caller go on, and stopped: that was not its reply.
            return _answerable(state, event.at_us), ()
        case ActionDone() if _acts(state, event.turn):
            return _go(state, Condition.DONE, event.at_us)
        case _:
            return state, ()


def _acts(state: CallState, turn: int) -> bool:
    return state.started and state.step.turn == turn and isinstance(state.step, _ACTING)


def _gives_way(state: CallState) -> bool:
    """Whether agent speech that stops now stops for what the caller is just doing."""
    acting = state.started and isinstance(state.step, _ACTING)
    return acting and not isinstance(state.step, graph.Interrupt)


def _spoke(state: CallState, event: CallerSpoke) -> tuple[CallState, tuple[Action, ...]]:
    state = replace(state, acted_us=event.at_us)
    if isinstance(state.step, graph.Interrupt):
        # The old reply may go on: only what begins after a flush, or after this clip, is the new one.
        state = replace(state, reply_from_us=event.speech_end_us)
        return state, (actions.BeginTurn(event.turn, event.at_us),)
    if state.reply_from_us is None:
        state = replace(state, reply_from_us=event.at_us)
    return state, ()


def _proceed(state: CallState, now_us: int) -> Progress:
    if left := _leave_early(state, now_us):
        return left
    return _PROCEED[type(state.step)](state, state.step, now_us)


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
    if state.step.turn is None:
        return replace(state, step=state.plan.graph.end, started=False), (), None
    check = _check_of(state)
    how = "quiet" if how == "done" else how
    given: tuple[Action, ...] = ()
    if isinstance(state.step, graph.Interrupt) and not state.started:
        given = (actions.BeginTurn(state.step.turn, now_us),)
    return replace(state, step=check, started=False, how=how), given, None


def _check_of(state: CallState) -> AnyStep:
    return next(
        step
        for step in state.plan.graph.steps
        if isinstance(step, graph.Check) and step.turn == state.step.turn
    )


# --- one function a kind of step ---------------------------------------------------------------


def _connect(state: CallState, step: graph.Connect, now_us: int) -> Progress:
    if state.facts.up_us is None:
        return state, (), None
    given: tuple[Action, ...] = (actions.RequestReply(),) if step.greets else ()
    state, more = _go(state, Condition.DONE, now_us)
    return state, given + more, None


def _speak(state: CallState, step: graph.Speak, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.Speak(_turn(step), step.utterance))


def _send_text(state: CallState, step: graph.SendText, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.SendText(_turn(step), str(_rendered(state, step.text))))


def _send_digits(state: CallState, step: graph.SendDigits, now_us: int) -> Progress:
    return _act(
        state,
        now_us,
        lambda: actions.SendDigits(_turn(step), _digits(state, step.digits), step.every_us),
    )


def _digits(state: CallState, text: str) -> str:
    digits = str(_rendered(state, text))
    if not are_digits(digits):
        raise TemplateError("bad-digits", f"'{digits}' are no digits of a telephone")
    return digits


def _wait(state: CallState, step: graph.Wait, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.StaySilent(_turn(step), step.duration_us))


def _act(state: CallState, now_us: int, action: Callable[[], Action]) -> Progress:
    """Give out a caller's action, but never while the agent is heard."""
    if state.started:
        return state, (), None
    clear_us = _clear_to_speak_us(state)
    if clear_us is None or clear_us > now_us:
        return state, (), clear_us
    try:
        given = action()
    except TemplateError:
        # What it needs was never captured, or is of no use: the turn is not done, and judging says why.
        return replace(state, step=_check_of(state), how="skipped"), (), None
    if state.reply_from_us is None or not isinstance(given, actions.StaySilent):
        # What answered an earlier action, or came of an interruption before it, is not the turn's reply.
        state = _answerable(replace(state, acted_us=now_us), now_us)
    return replace(state, started=True), (given,), None


def _answerable(state: CallState, from_us: int) -> CallState:
    """From here on a reply is this turn's: text that came before, even just now, is not."""
    facts = replace(state.facts, text_us=None, said_us=None, arrived_us=None, acted_us=None)
    return replace(state, facts=facts, reply_from_us=from_us)


def _clear_to_speak_us(state: CallState) -> int | None:
    facts = state.facts
    if facts.speaking or facts.playing:
        return None
    ended = facts.speech_ended_us
    if ended is None or ended <= state.entered_us:
        return state.entered_us
    return ended + _ends_after_us(state)


def _ends_after_us(state: CallState) -> int:
    turn = state.step.turn
    for step in state.plan.graph.steps:
        if isinstance(step, graph.Listen) and step.turn == turn:
            return step.ends_after_us
    return state.plan.capabilities.reply_ends_after_us


def _interrupt(state: CallState, step: graph.Interrupt, now_us: int) -> Progress:
    if state.started:
        return state, (), None
    over_us = state.facts.over_at(state.plan.capabilities.reply_end, _ends_after_us(state))
    if over_us is not None and now_us >= over_us:
        begun = (actions.BeginTurn(_turn(step), now_us),)
        return replace(state, step=_check_of(state), how="not-exercised"), begun, None
    missing_us = step.after_us - (state.facts.heard_by(now_us) - state.heard_before_us)
    if missing_us > 0 or not (state.facts.speaking or state.facts.playing):
        return state, (), _soonest(now_us + missing_us if state.facts.speaking else None, over_us)
    speak = actions.Speak(_turn(step), step.utterance, interrupts=True)
    return replace(state, started=True), (speak,), None


def _hang_up(state: CallState, step: graph.HangUp, now_us: int) -> Progress:
    del step
    if state.started:
        return state, (), None
    clear_us = _clear_to_speak_us(state)
    if clear_us is None or clear_us > now_us:
        return state, (), clear_us
    return replace(state, started=True, how="quiet"), (actions.HangUp("caller"),), None


def _listen(state: CallState, step: graph.Listen, now_us: int) -> Progress:
    if not (_reply_begun(state, heard=step.until_heard) or _acted(state, step)):
        deadline = state.facts.action_end_us + step.patience_us
        if now_us >= deadline:
            return _leave(state, "no-reply", Condition.NO_REPLY, now_us)
        return state, (), deadline
    if step.until_heard:
        return _leave(state, "interrupted", Condition.DONE, now_us)
    over_us = state.facts.over_at(state.plan.capabilities.reply_end, step.ends_after_us)
    if over_us is not None and _acted(state, step):
        # It may still say something to it.
        over_us = max(over_us, (state.facts.acted_us or 0) + step.ends_after_us)
    if over_us is None or now_us < over_us:
        return state, (), over_us
    if step.awaits_hangup and now_us < over_us + step.patience_us:
        return state, (), over_us + step.patience_us
    return _leave(state, "replied", Condition.DONE, now_us)


def _watch(state: CallState, step: graph.Watch, now_us: int) -> Progress:
    since_us = state.entered_us if step.turn is None else state.facts.action_end_us
    if now_us < since_us + step.duration_us:
        return state, (), since_us + step.duration_us
    return _leave(state, "quiet", Condition.DONE, now_us)


def _check(state: CallState, step: graph.Check, now_us: int) -> Progress:
    del now_us
    if state.started:
        return state, (), None
    given = actions.EndTurn(_turn(step), state.how, judge=step.now)
    return replace(state, started=True), (given,), None


def _end(state: CallState, step: graph.End, now_us: int) -> Progress:
    del step, now_us
    if state.finished:
        return replace(state, hung_up=True), (), None
    reason = "call-limit" if state.limit_hit else "finished"
    return replace(state, hung_up=True), (actions.HangUp(reason),), None


_PROCEED: dict[type[AnyStep], Callable[[CallState, Any, int], Progress]] = {
    graph.Connect: _connect,
    graph.Speak: _speak,
    graph.Interrupt: _interrupt,
    graph.SendText: _send_text,
    graph.SendDigits: _send_digits,
    graph.Wait: _wait,
    graph.HangUp: _hang_up,
    graph.Listen: _listen,
    graph.Watch: _watch,
    graph.Check: _check,
    graph.End: _end,
}


# --- moving on ---------------------------------------------------------------------------------


def _leave(state: CallState, how: str, condition: Condition, now_us: int) -> Progress:
    moved, given = _go(replace(state, how=how), condition, now_us)
    return moved, given, None


def _go(state: CallState, condition: Condition, now_us: int) -> tuple[CallState, tuple[Action, ...]]:
    """To the next step; entering another turn begins it, unless it begins by interrupting."""
    target = state.plan.graph.after(state.step, condition)
    new_turn = target.turn is not None and target.turn != state.step.turn
    state = replace(state, step=target, started=False, entered_us=now_us)
    if not new_turn or target.turn is None:
        return state, ()
    state = replace(state, how="", judged_failed=False, reply_from_us=None)
    if isinstance(target, graph.Interrupt):
        return replace(state, heard_before_us=state.facts.heard_us), ()
    listens = isinstance(target, graph.Listen | graph.Watch)
    if listens:
        state = _answerable(replace(state, facts=replace(state.facts, action_end_us=now_us)), now_us)
    return state, (actions.BeginTurn(target.turn, now_us),)


def _after_check(state: CallState, now_us: int) -> tuple[CallState, tuple[Action, ...]]:
    if state.facts.gone:
        return replace(state, step=state.plan.graph.end, started=False), ()
    condition = _LEAVES.get(state.how, Condition.FAILED if state.judged_failed else Condition.DONE)
    return _go(state, condition, now_us)


def _reply_begun(state: CallState, *, heard: bool) -> bool:
    """Whether the turn's reply has begun; `heard`: with speech, so that it can be talked over."""
    facts, since = state.facts, state.reply_from_us
    if since is None:
        return False
    if _interrupts(state) and _at_or_after(facts.flushed_us, state.acted_us):
        since = min(since, facts.flushed_us or since)
    if _at_or_after(facts.speech_began_us, since) or _at_or_after(facts.text_us, since):
        return True
    if heard:
        return False
    # A local agent without a recording or a voice answers in silence of natural length.
    own_words = state.plan.kind is TargetKind.AGENT and _at_or_after(facts.said_us, since)
    return own_words and _at_or_after(facts.arrived_us, since)


def _acted(state: CallState, step: graph.Listen) -> bool:
    """Whether the agent did something that may be all of its reply."""
    since = state.reply_from_us
    return step.acts and since is not None and _at_or_after(state.facts.acted_us, since)


def _interrupts(state: CallState) -> bool:
    turn = state.step.turn
    return turn is not None and state.plan.turns[turn].interrupts


def _at_or_after(moment: int | None, since: int) -> bool:
    return moment is not None and moment >= since


def _soonest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _turn(step: AnyStep) -> int:
    assert step.turn is not None
    return step.turn


def _rendered(state: CallState, text: str) -> Any:
    return render(text, state.variables)
