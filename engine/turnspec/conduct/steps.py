"""What each kind of step does when it is its turn: go on, or wait, and until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from turnspec.call import actions
from turnspec.call.actions import Action
from turnspec.conduct.facts import at_or_after
from turnspec.conduct.moving import Progress, answerable, go, leave
from turnspec.conduct.state import CallState
from turnspec.dsl.caller import are_digits
from turnspec.dsl.templates import TemplateError, render, render_value
from turnspec.plan import graph
from turnspec.plan.graph import AnyStep, Condition
from turnspec.plan.model import TargetKind
from turnspec.plan.scope import variables_for


def proceed(state: CallState, now_us: int) -> Progress:
    """Ask the step that the call stands at."""
    return _PROCEED[type(state.step)](state, state.step, now_us)


def check_of(state: CallState) -> AnyStep:
    """The last step of the turn that the call stands in."""
    return next(
        step
        for step in state.plan.graph.steps
        if isinstance(step, graph.Check) and step.turn == state.step.turn
    )


def _connect(state: CallState, step: graph.Connect, now_us: int) -> Progress:
    if state.facts.up_us is None:
        return state, (), None
    given: tuple[Action, ...] = (actions.RequestReply(),) if step.greets else ()
    state, more = go(state, Condition.DONE, now_us)
    return state, given + more, None


def _speak(state: CallState, step: graph.Speak, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.Speak(_turn(step), step.utterance, parts=_parts(state, step)))


def _send_text(state: CallState, step: graph.SendText, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.SendText(_turn(step), str(_rendered(state, step.text))))


def _send_digits(state: CallState, step: graph.SendDigits, now_us: int) -> Progress:
    return _act(
        state,
        now_us,
        lambda: actions.SendDigits(_turn(step), _digits(state, step.digits), step.every_us, step.tones),
    )


def _digits(state: CallState, text: str) -> str:
    digits = str(_rendered(state, text))
    if not are_digits(digits):
        raise TemplateError("bad-digits", f"'{digits}' are no digits of a telephone")
    return digits


def _send_message(state: CallState, step: graph.SendMessage, now_us: int) -> Progress:
    return _act(
        state,
        now_us,
        lambda: actions.SendMessage(_turn(step), _filled(state, step.document)),
    )


def _filled(state: CallState, document: Mapping[str, Any]) -> dict[str, Any]:
    known = _known(state)
    return {key: render_value(value, known) for key, value in document.items()}


def _wait(state: CallState, step: graph.Wait, now_us: int) -> Progress:
    return _act(state, now_us, lambda: actions.StaySilent(_turn(step), step.duration_us))


def _microphone(state: CallState, step: graph.Microphone, now_us: int) -> Progress:
    given = actions.TakeMicrophone(
        _turn(step), step.until_silence_us, step.duration_us, patience_us=step.patience_us
    )
    return _act(state, now_us, lambda: given)


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
        return replace(state, step=check_of(state), how="skipped"), (), None
    if state.reply_from_us is None or not isinstance(given, actions.StaySilent):
        # What answered an earlier action, or came of an interruption before it, is not the turn's reply.
        state = answerable(replace(state, acted_us=now_us), now_us)
    return replace(state, started=True), (given,), None


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
        if isinstance(step, graph.Listen | graph.HearOut) and step.turn == turn:
            return step.ends_after_us
    return state.plan.capabilities.reply_ends_after_us


def _interrupt(state: CallState, step: graph.Interrupt, now_us: int) -> Progress:
    if state.started:
        return state, (), None
    over_us = state.facts.over_at(state.plan.capabilities.reply_end, _ends_after_us(state))
    if over_us is not None and now_us >= over_us:
        begun = (actions.BeginTurn(_turn(step), now_us),)
        return replace(state, step=check_of(state), how="not-exercised"), begun, None
    missing_us = step.after_us - (state.facts.heard_by(now_us) - state.heard_before_us)
    if missing_us > 0 or not (state.facts.speaking or state.facts.playing):
        return state, (), _soonest(now_us + missing_us if state.facts.speaking else None, over_us)
    try:
        parts = _parts(state, step)
    except TemplateError:
        begun = (actions.BeginTurn(_turn(step), now_us),)
        return replace(state, step=check_of(state), how="skipped"), begun, None
    speak = actions.Speak(_turn(step), step.utterance, interrupts=True, parts=parts)
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
    begun = _reply_begun(state, heard=step.until_heard) or _acted(state, step)
    if not (begun or ((step.afresh or step.onward) and _goes_on(state))):
        deadline = state.facts.action_end_us + step.patience_us
        if now_us >= deadline:
            return leave(state, "no-reply", Condition.NO_REPLY, now_us)
        return state, (), deadline
    if step.until_heard:
        return leave(state, "interrupted", Condition.DONE, now_us)
    over_us = state.facts.over_at(state.plan.capabilities.reply_end, step.ends_after_us)
    if over_us is not None and _acted(state, step):
        # It may still say something to it.
        over_us = max(over_us, (state.facts.acted_us or 0) + step.ends_after_us)
    if over_us is None or now_us < over_us:
        return state, (), over_us
    deadline = state.facts.action_end_us + step.patience_us
    if now_us < deadline and not state.facts.has_seen(step.awaits):
        return state, (), deadline
    if step.awaits_hangup and now_us < over_us + step.patience_us:
        return state, (), over_us + step.patience_us
    return leave(state, "replied", Condition.DONE, now_us)


def _hear_out(state: CallState, step: graph.HearOut, now_us: int) -> Progress:
    if step.until_heard:
        return leave(state, "interrupted", Condition.DONE, now_us)
    over_us = state.facts.over_at(state.plan.capabilities.reply_end, step.ends_after_us)
    if over_us is None or now_us < over_us:
        return state, (), over_us
    return leave(state, "quiet", Condition.DONE, now_us)


def _watch(state: CallState, step: graph.Watch, now_us: int) -> Progress:
    since_us = state.entered_us if step.turn is None else state.facts.action_end_us
    if now_us < since_us + step.duration_us:
        return state, (), since_us + step.duration_us
    return leave(state, "quiet", Condition.DONE, now_us)


def _decide(state: CallState, step: graph.Decide, now_us: int) -> Progress:
    del now_us
    if state.started:
        return state, (), None
    return replace(state, started=True), (actions.Decide(_turn(step), step.question),), None


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


def _reply_begun(state: CallState, *, heard: bool) -> bool:
    """Whether the turn's reply has begun; `heard`: with speech, so that it can be talked over."""
    facts, since = state.facts, state.reply_from_us
    if since is None:
        return False
    if _interrupts(state) and at_or_after(facts.flushed_us, state.acted_us):
        since = min(since, facts.flushed_us or since)
    if at_or_after(facts.speech_began_us, since) or at_or_after(facts.text_us, since):
        return True
    if heard:
        return False
    # A local agent without a recording or a voice answers in silence of natural length.
    own_words = state.plan.kind is TargetKind.AGENT and at_or_after(facts.said_us, since)
    return own_words and at_or_after(facts.arrived_us, since)


def _goes_on(state: CallState) -> bool:
    """Whether more came so soon after a filler that it was not noticed to be over."""
    facts, since = state.facts, state.reply_from_us
    return facts.speaking and since is not None and at_or_after(facts.arrived_us, since)


def _acted(state: CallState, step: graph.Listen) -> bool:
    """Whether the agent did something that may be all of its reply."""
    since = state.reply_from_us
    return step.acts and since is not None and at_or_after(state.facts.acted_us, since)


def _interrupts(state: CallState) -> bool:
    turn = state.step.turn
    return turn is not None and state.plan.turns[turn].interrupts


def _soonest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _turn(step: AnyStep) -> int:
    assert step.turn is not None
    return step.turn


def _rendered(state: CallState, text: str) -> Any:
    return render(text, _known(state))


def _parts(state: CallState, step: graph.Speak | graph.Interrupt) -> tuple[str | int, ...]:
    """What is said, where it waited for what an earlier turn saves."""
    utterance = state.plan.utterances[step.utterance] if state.plan.utterances else None
    if utterance is None or not utterance.waits:
        return ()
    return tuple(str(_rendered(state, part)) if isinstance(part, str) else part for part in utterance.parts)


def _known(state: CallState) -> Mapping[str, Any]:
    return variables_for(state.plan, _turn(state.step), state.captured)


_PROCEED: dict[type[AnyStep], Callable[[CallState, Any, int], Progress]] = {
    graph.Connect: _connect,
    graph.Speak: _speak,
    graph.Interrupt: _interrupt,
    graph.SendText: _send_text,
    graph.SendDigits: _send_digits,
    graph.SendMessage: _send_message,
    graph.Wait: _wait,
    graph.Microphone: _microphone,
    graph.HangUp: _hang_up,
    graph.Listen: _listen,
    graph.HearOut: _hear_out,
    graph.Watch: _watch,
    graph.Decide: _decide,
    graph.Check: _check,
    graph.End: _end,
}
