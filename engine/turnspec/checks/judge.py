"""Judging a call: what was planned held against what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from turnspec.call import EvidenceView
from turnspec.checks import answering, branching, refusing, shown, troubles, truncating
from turnspec.checks.budgets import over_limits
from turnspec.checks.captures import variables
from turnspec.checks.context import Context, Stage
from turnspec.checks.course import Course
from turnspec.checks.expectations import expected
from turnspec.checks.figures import figures
from turnspec.checks.lateness import late_engine
from turnspec.checks.measure import as_late_as, measure_call, measure_turn
from turnspec.checks.moments import moments
from turnspec.checks.scene import Scene, TurnScene
from turnspec.checks.troubles import texts_in
from turnspec.checks.verifying import verify
from turnspec.dsl.models import Choose
from turnspec.dsl.templates import TemplateError, names
from turnspec.plan.expand import ways_of
from turnspec.plan.model import CallPlan, TurnPlan
from turnspec.results import Figure, Finding, Judged, Measurement, Moment, Outcome, Status, TurnResult, worst


@dataclass(frozen=True, slots=True)
class CallVerdict:
    """What a call came to; `error` is the harness's trouble, if it had any."""

    outcome: Outcome
    turns: tuple[TurnResult, ...]
    findings: tuple[Finding, ...]
    measurements: tuple[Measurement, ...]
    moments: tuple[Moment, ...]
    error: str = ""
    figures: tuple[Figure, ...] = ()


def judge_call(plan: CallPlan, view: EvidenceView, context: Context) -> CallVerdict:
    """Everything about a call that is over: its turns, its own findings and times, its outcome."""
    scene = Scene(plan, view, context.found_out)
    course = Course(scene)
    turns = tuple(_judged(course, index, context) for index in range(len(plan.turns)))
    error = troubles.harness_trouble(scene)
    measurements = as_late_as(
        context.late_between, context.lateness_us, measure_call(scene, context.lateness_us)
    )
    if error:
        measurements = tuple(map(_excused, measurements))
    found = (
        *troubles.of_call(scene),
        *truncating.of_interruptions(scene),
        *over_limits(measurements, plan.span),
        *late_engine(context.lateness_us),
    )
    told = bool(error) or any(each.fails for each in found) or _any_failed(turns)
    findings = (*found, *_skipped(plan, course, turns, told=told))
    return CallVerdict(
        outcome=_outcome(turns, findings, error),
        turns=turns,
        findings=findings,
        measurements=measurements,
        moments=moments(scene),
        error=error,
        figures=figures(scene, [each for turn in turns for each in turn.measurements]),
    )


def judge_turn(plan: CallPlan, index: int, view: EvidenceView, context: Context) -> TurnResult:
    """One turn, while the call may go on; a reply that is being talked over is not judged yet."""
    scene = Scene(plan, view, context.found_out)
    begun = any(window.index > index for window in scene.windows)
    if plan.turns[index].interrupted and not begun and scene.ended_us is None:
        return _result(plan.turns[index], scene.turn(index), Outcome.PASSED)
    return _judged(Course(scene), index, context)


def _judged(course: Course, index: int, context: Context) -> TurnResult:
    plan, decided = course.scene.plan.turns[index], course.decided(index)
    return replace(
        _outcome_of(course, index, context),
        role=plan.role,
        part=plan.part,
        branch=plan.branch,
        decision="" if decided is None else decided.outcome,
        ways=ways_of(plan.turn, plan.block) if isinstance(plan.block, Choose) else (),
    )


def _outcome_of(course: Course, index: int, context: Context) -> TurnResult:
    scene = course.scene
    plan, turn = scene.plan.turns[index], scene.turn(index)
    if plan.skipped:
        return _result(plan, None, Outcome.SKIPPED, why=plan.skipped)
    if plan.turn.expect is not None and plan.turn.expect.refused is not None:
        return _refused(scene, plan, turn)
    if not plan.takes_place:
        return _decision(course, plan)
    if turn is None:
        return _result(plan, None, Outcome.SKIPPED, why=_why_not(course, index))
    known = variables(scene.plan, index, scene.view)
    stage = Stage(scene, turn, context)
    if turn.window.how == "skipped":
        return _unfilled(stage, known, ())
    if turn.window.how in {"", "cut"} and (trouble := troubles.harness_trouble(scene)):
        return _result(plan, turn, Outcome.ERROR, why=f"the call could not go on: {trouble}")
    measurements = as_late_as(
        context.late_between, context.lateness_us, measure_turn(scene, turn, context.lateness_us)
    )
    try:
        found = tuple(_expected(stage, known))
    except TemplateError:
        return _unfilled(stage, known, measurements)
    findings = (*troubles.of_turn(stage), *found, *verify(stage), *answering.uses(stage))
    if turn.window.how != "not-exercised":
        findings += tuple(over_limits(measurements, plan.span))
    outcome = Outcome.FAILED if any(finding.fails for finding in findings) else Outcome.PASSED
    return _result(plan, turn, outcome, findings, measurements)


def _refused(scene: Scene, plan: TurnPlan, turn: TurnScene | None) -> TurnResult:
    """The only turn of a call that is to be refused."""
    if trouble := troubles.harness_trouble(scene):
        return _result(plan, turn, Outcome.ERROR, why=f"the call could not go on: {trouble}")
    findings = tuple(refusing.refused(scene))
    outcome = Outcome.FAILED if any(finding.fails for finding in findings) else Outcome.PASSED
    return _result(plan, turn, outcome, findings)


def _expected(stage: Stage, known: Mapping[str, Any]) -> Iterator[Finding]:
    plan = stage.turn.plan
    # Where nothing was left to talk over, nothing was tried: one finding says so.
    if stage.turn.window.how == "not-exercised":
        return
    if plan.turn.expect is not None:
        yield from expected(stage, plan.turn.expect, known)
    for part in plan.watched:
        for finding in expected(stage, part.expect, known):
            yield replace(finding, message=f"{part.name}: {finding.message}") if part.name else finding
    yield from branching.choice(stage)


def _decision(course: Course, plan: TurnPlan) -> TurnResult:
    """What only decides how the call goes on: a moment of it, no turn."""
    decided = course.decided(plan.index)
    if decided is None:
        return _result(plan, None, Outcome.SKIPPED, why=_why_not(course, plan.index))
    findings = tuple(branching.repetition(plan, decided))
    failed = any(finding.fails for finding in findings)
    outcome = Outcome.SKIPPED if decided.outcome == "skip" else Outcome.PASSED
    return replace(
        _result(plan, None, Outcome.FAILED if failed else outcome, findings),
        began_us=decided.at_us,
        ended_us=decided.at_us,
        how="decided",
        why="; ".join(decided.why.splitlines()) if decided.outcome == "skip" else "",
    )


def _why_not(course: Course, index: int) -> str:
    return course.passed_by(index) or troubles.why_over(course.scene)


def _unfilled(stage: Stage, known: Mapping[str, Any], measurements: tuple[Measurement, ...]) -> TurnResult:
    """A turn whose texts cannot be filled in: skipped for want of a capture, else it fails."""
    lacking = _uncaptured(stage.turn.plan, known)
    findings = (*troubles.of_turn(stage), *answering.uses(stage))
    if not lacking:
        findings += (troubles.unusable_text(stage, known),)
    failed = any(finding.fails for finding in findings)
    outcome = Outcome.FAILED if failed else Outcome.SKIPPED
    return _result(stage.turn.plan, stage.turn, outcome, findings, measurements, lacking)


def _result(
    plan: TurnPlan,
    turn: TurnScene | None,
    outcome: Outcome,
    findings: tuple[Finding, ...] = (),
    measurements: tuple[Measurement, ...] = (),
    why: str = "",
) -> TurnResult:
    result = TurnResult(plan.index, plan.name, outcome, None, None, "", findings, measurements, why=why)
    if turn is None:
        return result
    window = turn.window
    return replace(
        result,
        began_us=window.began_us,
        ended_us=window.ended_us,
        how=window.how,
        lines=turn.lines,
        functions=turn.functions,
    )


def _uncaptured(plan: TurnPlan, known: Mapping[str, Any]) -> str:
    """Which names the turn needs that nothing gave a value; empty if none."""
    written = [plan.turn.model_dump(exclude={"save"}), *(part.model_dump() for part in plan.watched)]
    given = {name: value for frame in plan.frames for name, value in frame.items() if name not in known}
    needed = _names_in(written)
    # What a fragment was given in want of a capture is missed under the name of that.
    needed = needed - given.keys() | _names_in([given[name] for name in needed & given.keys()])
    missing = sorted(f"'{name}'" for name in needed if name not in known)
    return f"it needs {shown.listed(missing)}, which no earlier turn captured" if missing else ""


def _names_in(written: Any) -> set[str]:
    return {name.split(".")[0] for text in texts_in(written) for name in names(text)}


def _excused(measurement: Measurement) -> Measurement:
    """Where the harness broke, that is why a time is missing: the agent is not asked for it as well."""
    return replace(measurement, required=False) if measurement.judged is Judged.UNMEASURED else measurement


def _any_failed(turns: tuple[TurnResult, ...]) -> bool:
    return any(turn.outcome is Outcome.FAILED for turn in turns)


def _skipped(
    plan: CallPlan, course: Course, turns: tuple[TurnResult, ...], *, told: bool
) -> Iterator[Finding]:
    """The turns that were missed; what was not tried must not count as what held, unless that is `told`."""
    scene = course.scene
    if refusing.expects_refusal(scene) is not None:
        return  # its only turn tells
    begun = [turn for turn in turns if turn.began_us is not None and plan.turns[turn.index].takes_place]
    never = [turn for turn in turns if turn.began_us is None and _is_missed(plan.turns[turn.index], course)]
    wanted = len(begun) + len(never)
    if never:
        listed = shown.listed(f'"{turn.name}"' for turn in never)
        yield Finding(
            kind="skipped",
            status=Status.NOTE if told else Status.NOT_EXERCISED,
            message=f"{shown.many(len(never), 'turn was', 'turns were')} not begun, "
            f"because {troubles.why_over(scene)}: {listed}.",
            expected=shown.many(wanted, "turn"),
            actual=shown.many(len(begun), "turn"),
            turn=never[0].index,
            at_us=scene.ended_us,
            span=plan.turns[never[0].index].span,
        )


def _is_missed(turn: TurnPlan, course: Course) -> bool:
    """Whether a turn that was not begun is one that the call should have come to."""
    return turn.takes_place and not turn.skipped and not course.passed_by(turn.index)


def _outcome(turns: tuple[TurnResult, ...], findings: tuple[Finding, ...], error: str) -> Outcome:
    if error:
        return Outcome.ERROR
    if any(finding.fails for finding in findings):
        return Outcome.FAILED
    return worst(turn.outcome for turn in turns)
