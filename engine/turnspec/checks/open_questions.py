"""What a call that is over leaves open until a model or an endpoint is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from turnspec.call import EvidenceView
from turnspec.checks import judging, meaning
from turnspec.checks.captures import variables
from turnspec.checks.context import Context, Stage
from turnspec.checks.expectations import filled_in
from turnspec.checks.questions import Question
from turnspec.checks.scene import Scene
from turnspec.dsl import Expect
from turnspec.dsl.templates import TemplateError
from turnspec.plan.model import CallPlan

_NOT_JUDGED = frozenset({"", "cut", "skipped", "not-exercised"})


def open_questions(plan: CallPlan, view: EvidenceView, context: Context) -> tuple[Question, ...]:
    """Each question that judging this call will look for an answer to, once, in the order of the turns."""
    if not asks(plan, context):
        return ()
    scene = Scene(plan, view, context.found_out)
    return tuple(
        dict.fromkeys(
            question for index in range(len(plan.turns)) for question in _of_turn(scene, index, context)
        )
    )


def asks(plan: CallPlan, context: Context) -> bool:
    """Whether anything may have to be asked about a call of this plan."""
    return any(_asks(expect, context) for turn in plan.turns for expect in turn.asked)


def _asks(expect: Expect, context: Context) -> bool:
    return bool(expect.judge or (expect.intent and context.intents.asked_later))


def _of_turn(scene: Scene, index: int, context: Context) -> Iterator[Question]:
    plan, turn = scene.plan.turns[index], scene.turn(index)
    if turn is None or plan.skipped or turn.window.how in _NOT_JUDGED:
        return
    stage = Stage(scene, turn, context)
    known = variables(scene.plan, index, scene.view)
    for expect in plan.asked:
        if _asks(expect, context):
            yield from _of_expect(stage, expect, known)


def _of_expect(stage: Stage, expect: Expect, known: Mapping[str, Any]) -> Iterator[Question]:
    try:
        filled = filled_in(expect, known)
    except TemplateError:
        return  # the turn is skipped for want of a capture
    if expect.intent and (question := meaning.question(stage)) is not None:
        yield question
    yield from judging.questions(stage, filled)
