"""Expectations that a model judges: whether the reply fulfils a sentence.

The model was asked after the call, and its answers are derived evidence. Where a judgement is advisory, which
it is unless a gate is asked for, it never fails anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from turnspec.call.derived import Derived, DerivedState, find
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.questions import JUDGE, Question
from turnspec.checks.saying import nothing_said, said_at, unheard
from turnspec.dsl import Expect, JudgeExpectation
from turnspec.results import Finding, Status
from turnspec.speech.judging import PROMPT_VERSION, JudgeVerdict

PASSED, FAILED, NOT_EXERCISED, NOTE = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED, Status.NOTE


def judge(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The reply fulfils each of these sentences; nothing is said of them while the call is up."""
    if stage.context.derived is None and stage.scene.ended_us is None:
        return
    for asked in expect.judge:
        yield _judged(stage, asked)


def questions(stage: Stage, expect: Expect) -> Iterator[Question]:
    """What the model has to be asked about the turn, with the words of both sides up to its end."""
    if not stage.turn.text or unheard(stage):
        return
    said = tuple(
        (line.turn + 1, line.who, line.text)
        for line in stage.scene.lines
        if line.turn is not None and line.turn <= stage.turn.index and line.text
    )
    for asked in expect.judge:
        yield Question(JUDGE, stage.turn.index, _text(stage, asked), said)


def _text(stage: Stage, asked: JudgeExpectation) -> str:
    """The sentence as the model gets it: a secret in it stays here."""
    mask = stage.context.mask
    return asked.question if mask is None else mask(asked.question)


def _judged(stage: Stage, asked: JudgeExpectation) -> Finding:
    gates = stage.context.judge_gates if asked.gate is None else asked.gate
    text, failed = _text(stage, asked), FAILED if gates else NOTE
    if reason := unheard(stage):
        return _unjudged(stage, asked, text, reason, gates=gates)
    if not stage.turn.text:
        message = f"The reply was to fulfil {shown.quoted(text)}, but {nothing_said(stage)}."
        return _told(stage, asked, failed, message, "no words", gates=gates)
    answer = find(stage.context.derived or (), JUDGE, stage.turn.index, text)
    if answer is None or answer.state is not DerivedState.OK:
        reason = "no model was asked" if answer is None else answer.reason
        return _unjudged(stage, asked, text, reason, answer, gates=gates)
    if (said := answer.answer.get("verdict")) not in list(JudgeVerdict):
        return _unjudged(stage, asked, text, f"its record has no verdict, but {said!r}", answer, gates=gates)
    verdict, why = JudgeVerdict(said), str(answer.answer.get("reason", ""))
    because = f", says the judge: {why}" if why else ", says the judge."
    match verdict:
        case JudgeVerdict.YES:
            status, message = PASSED, f"The reply fulfils {shown.quoted(text)}{because}"
        case JudgeVerdict.NO:
            status, message = failed, f"The reply does not fulfil {shown.quoted(text)}{because}"
        case JudgeVerdict.UNCLEAR:
            status = NOT_EXERCISED if gates else NOTE
            message = f"The words do not show whether the reply fulfils {shown.quoted(text)}{because}"
        case _:
            assert_never(verdict)
    return _told(stage, asked, status, message, verdict.value, answer, gates=gates)


def _unjudged(
    stage: Stage,
    asked: JudgeExpectation,
    text: str,
    reason: str,
    answer: Derived | None = None,
    *,
    gates: bool,
) -> Finding:
    message = f"Whether the reply fulfils {shown.quoted(text)} could not be judged: {reason}."
    return _told(stage, asked, NOT_EXERCISED if gates else NOTE, message, "not judged", answer, gates=gates)


def _told(
    stage: Stage,
    asked: JudgeExpectation,
    status: Status,
    message: str,
    actual: str,
    answer: Derived | None = None,
    *,
    gates: bool,
) -> Finding:
    engine = (
        (f"judge: {answer.model}, prompt {PROMPT_VERSION}",) if answer is not None and answer.model else ()
    )
    return stage.found(
        "judge",
        status,
        advised(message, gates=gates),
        expected=_text(stage, asked),
        actual=actual,
        span=asked.span,
        at_us=said_at(stage) if stage.turn.text else None,
        details=(weight(gates=gates), *engine),
    )


def weight(*, gates: bool) -> str:
    """What a finding can do that only advises unless a gate is asked for."""
    return "gate: it can fail the turn" if gates else "advisory: it cannot fail the turn"


def advised(message: str, *, gates: bool) -> str:
    """The message of such a finding where it does not hold."""
    return message if gates else f"Advisory: {message[0].lower()}{message[1:]}"
