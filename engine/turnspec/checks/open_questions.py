"""What a call that is over leaves open until a model or an endpoint is asked."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.call import EvidenceView
from turnspec.checks import judging, meaning
from turnspec.checks.captures import variables
from turnspec.checks.context import Context, Stage
from turnspec.checks.expectations import filled_in
from turnspec.checks.questions import Question
from turnspec.checks.scene import Scene
from turnspec.dsl.templates import TemplateError
from turnspec.plan.model import CallPlan

_NOT_JUDGED = frozenset({"", "cut", "skipped", "not-exercised"})


def open_questions(plan: CallPlan, view: EvidenceView, context: Context) -> tuple[Question, ...]:
    """Each question that judging this call will look for an answer to, once, in the order of the turns."""
    if not any(_asks(context, plan, index) for index in range(len(plan.turns))):
        return ()
    scene = Scene(plan, view)
    return tuple(
        dict.fromkeys(
            question for index in range(len(plan.turns)) for question in _of_turn(scene, index, context)
        )
    )


def _asks(context: Context, plan: CallPlan, index: int) -> bool:
    expect = plan.turns[index].turn.expect
    return expect is not None and bool(expect.judge or (expect.intent and context.intents.asked_later))


def _of_turn(scene: Scene, index: int, context: Context) -> Iterator[Question]:
    plan, turn = scene.plan.turns[index], scene.turn(index)
    expect = plan.turn.expect
    if turn is None or plan.skipped or expect is None or not _asks(context, scene.plan, index):
        return
    if turn.window.how in _NOT_JUDGED:
        return
    stage = Stage(scene, turn, context)
    try:
        filled = filled_in(expect, variables(scene.plan, index, scene.view))
    except TemplateError:
        return  # the turn is skipped for want of a capture
    if expect.intent and (question := meaning.question(stage)) is not None:
        yield question
    yield from judging.questions(stage, filled)
