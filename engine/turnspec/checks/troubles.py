"""What went wrong in a call without anybody having expected anything: silence, hang-ups, broken rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from turnspec.call.events import (
    AgentAudio,
    AgentTransferred,
    CallEnded,
    CallerHungUp,
    CallRefused,
    Decided,
    Event,
    FaultInjected,
    HarnessFailed,
    LineBroke,
    ProtocolFault,
    SpeakerLost,
    TurnJudged,
)
from turnspec.checks import refusing, shown
from turnspec.checks.behaving import agent_hangup
from turnspec.checks.context import Stage
from turnspec.checks.fillers import is_filler
from turnspec.checks.hearing import choices
from turnspec.checks.purpose import SIDES, injected, ours
from turnspec.checks.scene import Scene
from turnspec.dsl import Dtmf, Duration
from turnspec.dsl.caller import are_digits
from turnspec.dsl.templates import TemplateError, render
from turnspec.results import Finding, Status

CALL_LIMIT: Final = "call-limit"
"""The reason of a call's end that `limits: call` brought about."""
SPEAKER_LOST: Final = "speaker-lost"
SHOWN_FRAMES: Final = 3


def of_turn(stage: Stage) -> Iterator[Finding]:
    """Silence where a reply was due, nothing left to interrupt, a hang-up that was not expected."""
    how = stage.turn.window.how
    if how == "no-reply":
        yield _no_reply(stage)
    elif how == "not-exercised":
        yield _nothing_to_interrupt(stage)
    event = agent_hangup(stage.scene, stage.turn.window)
    expects = tuple(stage.turn.plan.expects())
    given_away = any(expect.transfer is not None for expect in expects) and _given_away(stage)
    if event is not None and not given_away and all(expect.hangup is None for expect in expects):
        lines = stage.turn.agent_lines
        last = f"its last words were {shown.quoted_last(lines[-1].text)}" if lines else "it had said nothing."
        reason = f", giving as reason {shown.quoted(event.reason)}" if event.reason else ""
        yield stage.found(
            "unexpected-hangup",
            Status.FAILED,
            f"The agent hung up {shown.clock(event.at_us)}{reason}: this turn does not expect it; {last}",
            expected="the agent stays on the line",
            actual="hung up",
            at_us=event.at_us,
        )
    yield from choices(stage)


def _given_away(stage: Stage) -> bool:
    events = stage.scene.view.of(AgentTransferred)
    return any(stage.scene.owner_of(event) == stage.turn.index for event in events)


def unusable_text(stage: Stage, known: Mapping[str, Any]) -> Finding:
    """Something of the turn that cannot be worked out, or is of no use once it is."""
    expected = "texts that can be filled in"
    message = "Something that this turn says or expects cannot be filled in."
    for text in texts_in(stage.turn.plan.turn.model_dump()):
        try:
            render(text, known)
        except TemplateError as error:
            message = f"{shown.quoted(text)} cannot be filled in: {error}."
            break
    for action in stage.turn.plan.turn.caller:
        if isinstance(action, Dtmf) and not are_digits(pressed := _filled(action.digits, known)):
            expected = "digits of a telephone"
            message = f"The keys to press became {shown.quoted(pressed)}, which are no digits of a telephone."
    return stage.found("template", Status.NOT_EXERCISED, message, expected=expected)


def _filled(text: str, known: Mapping[str, Any]) -> str:
    try:
        return str(render(text, known))
    except TemplateError:
        return "0"  # said already


def texts_in(written: Any) -> Iterator[str]:
    """Every text in plain data, at any depth."""
    match written:
        case str():
            yield written
        case dict():
            for value in written.values():
                yield from texts_in(value)
        case list() | tuple():
            for value in written:
                yield from texts_in(value)


def of_call(scene: Scene) -> Iterator[Finding]:
    """Refusals, broken lines, broken rules, and a call that had to be ended."""
    yield from injected(scene)
    yield from _refused(scene)
    yield from _broke(scene)
    yield from _faults(scene)
    yield from _limited(scene)
    yield from _hung_up_before_any_turn(scene)
    yield from _unheard(scene)


def _unheard(scene: Scene) -> Iterator[Finding]:
    """A note that the loudspeaker of whoever listened is gone: it changes nothing for the agent."""
    for event in scene.view.of(SpeakerLost):
        yield Finding(
            kind=SPEAKER_LOST,
            status=Status.NOTE,
            message=f"The loudspeaker {shown.quoted(event.device)} was taken away "
            f"{shown.clock(event.at_us)}: nobody heard the rest of this call, which went on.",
            expected="a loudspeaker that stays",
            actual="taken away",
            at_us=event.at_us,
        )


def harness_trouble(scene: Scene) -> str:
    """What the harness could not do; empty if nothing."""
    return next((event.reason for event in scene.view.of(HarnessFailed)), "")


def why_over(scene: Scene) -> str:
    """Why no further turn was begun."""
    if trouble := harness_trouble(scene):
        return f"the call could not go on: {trouble}"
    if any(scene.view.of(CallRefused)):
        return "the call was refused"
    if early := _ended_early(scene):
        return early
    last = scene.windows[-1] if scene.windows else None
    where = _where(scene, last.index) if last else "before the first turn"
    if agent_hangup(scene, None) is not None:
        return f"the agent hung up {where}"
    if any(scene.view.of(LineBroke)):
        return f"the line broke {where}"
    if any(_is_limit(event) for event in scene.view.of(CallEnded)):
        return f"the call reached its limit {where}"
    return f"the call was over {where}"


def _ended_early(scene: Scene) -> str:
    """Which turn brought the end about, perhaps by way of the teardown; empty if none did."""
    failed = next((event for event in scene.view.of(TurnJudged) if not event.passed), None)
    if failed is not None:
        return (
            f"the checks of a turn failed {_where(scene, failed.turn)}, and `on_failure` ends the call then"
        )
    unheard = next((window for window in scene.windows if window.how == "no-reply"), None)
    if unheard is not None:
        return f"the agent gave no reply {_where(scene, unheard.index)}"
    exhausted = [event.turn for event in scene.view.of(Decided) if event.outcome == "exhausted"]
    if exhausted and scene.plan.scenario.on_failure == "end_call":
        name = scene.plan.turns[exhausted[0]].name
        return f'"{name}" never held, and `on_failure` ends the call then'
    return ""


def _where(scene: Scene, index: int) -> str:
    return f'in turn "{scene.plan.turns[index].name}"'


def _no_reply(stage: Stage) -> Finding:
    turn = stage.turn
    since = "the caller's end" if turn.act is not None else "the turn's beginning"
    patience = Duration(turn.plan.patience_us)
    called = shown.many(len(turn.functions), "function")
    silence = "silence"
    message = f"The agent was not heard within {patience} of {since} ({shown.seconds(turn.quiet_from_us)})."
    fillers = [line.text for line in turn.agent_lines if is_filler(line.text, turn.plan.fillers)]
    if fillers:
        message = f"No reply came within {patience} of the filler {shown.quoted_last(fillers[0])}"
        silence = "a filler"
    return stage.found(
        "no-reply",
        Status.FAILED,
        message,
        expected=f"a reply within {patience}",
        actual=f"{silence}, though {called} was called" if turn.functions else silence,
        at_us=turn.window.ended_us,
        details=() if fillers else (*_sounds(stage), *_earlier_reply(stage)),
    )


def _earlier_reply(stage: Stage) -> tuple[str, ...]:
    """That a choice came too late, where the turn before it took the reply that may have been meant."""
    turn = stage.turn
    earlier = [each.index for each in stage.scene.windows if each.index < turn.index]
    if turn.plan.role != "choose" or not earlier:
        return ()
    before = stage.scene.plan.turns[earlier[-1]]
    if before.turn.expect is None:
        return ()
    return (f'the reply before belongs to "{before.name}"; without `expect` there, `choose` takes that one',)


def _sounds(stage: Stage) -> tuple[str, ...]:
    """What came of the agent's audio where no speech was heard."""
    sounds = [event for event in stage.scene.view.of(AgentAudio) if stage.turn.window.has(event.at_us)]
    if not sounds:
        return ("no audio of the agent arrived in this turn",)
    length = sum(event.format.duration_us(event.size) for event in sounds)
    return (f"{shown.ms(length)} of audio arrived, but no speech was heard in it",)


def _nothing_to_interrupt(stage: Stage) -> Finding:
    return stage.found(
        "interrupt",
        Status.NOT_EXERCISED,
        "The caller was to talk over the agent, but its reply was over before that; nothing of this turn "
        "was tried. Let the agent say more, or interrupt earlier.",
        expected="the agent still speaks when the caller talks over it",
        actual="its reply was over",
        at_us=stage.turn.window.began_us,
    )


def _found(scene: Scene, kind: str, event: Event, message: str, expected: str, actual: str) -> Finding:
    fault = ours(scene, event)
    return Finding(
        kind=kind,
        status=Status.FAILED if fault is None else Status.NOTE,
        message=f"{message}{_by_us(fault)}",
        expected=expected,
        actual=actual,
        turn=scene.owner(event.at_us),
        at_us=event.at_us,
        span=scene.plan.span,
    )


def _by_us(fault: FaultInjected | None) -> str:
    return "" if fault is None else f" That was by us: {SIDES[fault.side]} {fault.detail}."


def _refused(scene: Scene) -> Iterator[Finding]:
    if refusing.expects_refusal(scene) is not None:
        return  # whether it was as expected is said there
    for event in scene.view.of(CallRefused):
        code = f" (code {event.code})" if event.code is not None else ""
        message = f"The call was refused{code}: {shown.short(event.reason)}."
        yield _found(scene, "call-refused", event, message, "the call is taken", f"refused{code}")


def _broke(scene: Scene) -> Iterator[Finding]:
    if harness_trouble(scene) or refusing.expects_refusal(scene) is not None:
        return  # the line went with it
    over = min((event.at_us for event in scene.view.of(CallerHungUp)), default=None)
    for event in scene.view.of(LineBroke):
        if over is None or event.at_us < over:
            code = f" (code {event.code})" if event.code is not None else ""
            # Of what our own end did, the reason tells that already.
            reason = "" if ours(scene, event) else f": {shown.short(event.reason)}"
            message = f"The line broke {shown.clock(event.at_us)}{code}{reason}."
            yield _found(scene, "line-broke", event, message, "the line stays up", f"broken{code}")


def _faults(scene: Scene) -> Iterator[Finding]:
    faults: dict[tuple[str, FaultInjected | None], list[ProtocolFault]] = {}
    for event in scene.view.of(ProtocolFault):
        faults.setdefault((event.rule, ours(scene, event)), []).append(event)
    for (rule, fault), events in faults.items():
        first = events[0]
        times = "" if len(events) == 1 else f" {len(events)} times, first"
        yield Finding(
            kind=f"protocol:{rule}",
            status=Status.FAILED if fault is None else Status.NOTE,
            message=f"{'The agent' if fault is None else 'An end of the call'} broke a rule of "
            f"{scene.plan.protocol}{times} {shown.clock(first.at_us)}: "
            f"{shown.short(first.detail)}.{_by_us(fault)}",
            expected=f"messages as {scene.plan.protocol} allows them",
            actual=shown.short(first.frame) if first.frame else shown.short(first.detail),
            turn=scene.owner(first.at_us),
            at_us=first.at_us,
            span=scene.plan.span,
            details=tuple(
                f"{shown.seconds(event.at_us)}: {shown.short(event.frame or event.detail)}"
                for event in events[:SHOWN_FRAMES]
            ),
        )


def _limited(scene: Scene) -> Iterator[Finding]:
    limit = Duration(scene.plan.call_limit_us)
    for event in scene.view.of(CallEnded):
        if _is_limit(event):
            message = (
                f"The call was still up after {limit} and was ended: that is the most that one may take."
            )
            yield _found(scene, CALL_LIMIT, event, message, f"the call ends within {limit}", "still up")


def _is_limit(event: CallEnded) -> bool:
    return event.reason == CALL_LIMIT


def _hung_up_before_any_turn(scene: Scene) -> Iterator[Finding]:
    event = agent_hangup(scene, None)
    if event is not None and not scene.windows:
        message = f"The agent hung up {shown.clock(event.at_us)}, before the first turn."
        yield _found(scene, "unexpected-hangup", event, message, "the agent stays on the line", "hung up")
