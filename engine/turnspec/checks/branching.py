"""Whether a call could go on as it was to: a branch for the reply, an end of a repetition."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.call.events import Decided
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.course import Course
from turnspec.checks.recognised import unrecognised
from turnspec.dsl.models import Choose, Repeat
from turnspec.plan.model import TurnPlan
from turnspec.results import Finding, Status


def choice(stage: Stage) -> Iterator[Finding]:
    """Which branch the reply was one for; nothing where the turn did not come to that."""
    plan, block = stage.turn.plan, stage.turn.plan.block
    decided = Course(stage.scene).decided(plan.index, "choose")
    if decided is None or not isinstance(block, Choose):
        return
    branches = [each for each in block.choose if each.otherwise != "fail"]
    said = shown.quoted_last(stage.turn.text) if stage.turn.text else "nothing."
    status = Status.FAILED if decided.outcome == "none" else Status.PASSED
    reason = unrecognised(stage.scene.derived, plan.index)
    if reason and decided.outcome in ("none", "otherwise"):
        status = Status.NOT_EXERCISED
        message = f'Which branch of "{plan.name}" the reply is one for could not be seen: {reason}.'
    elif status is Status.FAILED:
        lead = "The reply is none" if len(branches) == 1 else f"The reply is none of the {len(branches)}"
        message = f'{lead} that "{plan.name}" has a branch for; the agent said {said}'
    else:
        word = "`otherwise`" if decided.outcome == "otherwise" else f"branch {decided.outcome}"
        message = f'"{plan.name}" went on with {word}; the agent said {said}'
    yield stage.found(
        "choose",
        status,
        message,
        expected=f"a reply for {_of(len(branches))}",
        actual=shown.quoted(stage.turn.text) if stage.turn.text else "no words",
        span=block.key_span("choose"),
        at_us=decided.at_us,
        details=tuple(decided.why.splitlines()),
    )


def repetition(plan: TurnPlan, decided: Decided) -> Iterator[Finding]:
    """Whether what a repetition is for came to be; `otherwise: continue` takes it either way."""
    block = plan.block
    if plan.role != "until" or not isinstance(block, Repeat) or decided.outcome == "again":
        return
    done = decided.outcome == "done"
    if not done and block.repeat.otherwise == "continue":
        return
    passes = shown.many(block.repeat.at_most or 1, "pass", "passes")
    yield Finding(
        kind="until",
        status=Status.PASSED if done else Status.FAILED,
        message=f'"{plan.name}" held.' if done else f"After {passes} what `until` asks for is still not so.",
        expected=f"an end within {passes}",
        actual="the end" if done else f"none after {passes}",
        turn=plan.index,
        at_us=decided.at_us,
        span=block.repeat.key_span("until"),
        details=tuple(decided.why.splitlines()),
    )


def _of(branches: int) -> str:
    return "the branch" if branches == 1 else f"one of {branches} branches"
