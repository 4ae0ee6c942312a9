"""Expectations about what the agent's words mean: their intent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.call.derived import Derived, DerivedState, find
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.questions import INTENT, Question
from turnspec.checks.saying import nothing_said, said_at, unheard
from turnspec.dsl import Expect, Span
from turnspec.results import Finding, Status
from turnspec.speech.intents import Classification, Likeness, PatternError, Scored

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED
SHOWN_SCORES: Final = 5


class _Unknown(Exception):  # noqa: N818 # named after the fact
    """The intents of a reply are not known; `later` while the call is up, and they may yet be."""

    def __init__(self, reason: str, *, later: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.later = later


def intent(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The reply has this intent, or one of these; a reply may have several."""
    wanted, span = expect.intent, expect.span_of("intent")
    expected = shown.listed(wanted, "or")
    if reason := unheard(stage):
        yield _unseen(stage, expected, reason, span)
        return
    text = stage.turn.text
    if not text:
        message = f"The reply was to be {expected}, but {nothing_said(stage)}."
        yield stage.found("intent", FAILED, message, expected=expected, actual="no words", span=span)
        return
    try:
        whole = _classified(stage, text, wanted)
    except PatternError as error:
        yield stage.found("intent", NOT_EXERCISED, f"{error}.", expected=expected, span=span)
    except _Unknown as unknown:
        if not unknown.later:
            yield _unseen(stage, expected, unknown.reason, span)
    else:
        yield _found(stage, whole, wanted, span)


def question(stage: Stage) -> Question | None:
    """What an endpoint has to be asked about the reply; None where nobody needs to be asked."""
    asked = stage.context.intents.asked_later and stage.turn.text and not unheard(stage)
    return Question(INTENT, stage.turn.index, stage.turn.text) if asked else None


def _unseen(stage: Stage, expected: str, reason: str, span: Span) -> Finding:
    message = f"Whether the reply's intent was {expected} could not be seen: {reason}."
    return stage.found("intent", NOT_EXERCISED, message, expected=expected, span=span)


def _found(stage: Stage, whole: Classification, wanted: tuple[str, ...], span: Span) -> Finding:
    held = [name for name in wanted if name in whole.held]
    text = stage.turn.text
    actual = _scored(whole, whole.best) if whole.best else "no known intent"
    if held:
        message = f"The reply's intent is {_scored(whole, held[0])}: {shown.quoted_last(text)}"
    else:
        lacking = shown.listed((_lacking(whole, name) for name in wanted), "or")
        reply = f"The reply's intent is {actual}" if whole.best else f"The reply has {actual}"
        message = f"{reply}, not {lacking}; the agent said {shown.quoted_last(text)}"
    return stage.found(
        "intent",
        PASSED if held else FAILED,
        message,
        expected=shown.listed(wanted, "or"),
        actual=actual,
        span=span,
        at_us=said_at(stage),
        details=(*_ranking(whole), f"engine: {whole.engine}"),
    )


def _classified(stage: Stage, text: str, wanted: tuple[str, ...]) -> Classification:
    """The intents of a text, from the engine at hand or from what an endpoint answered after the call."""
    intents = stage.context.intents
    if not intents.asked_later:
        return intents.classify(text)
    answer = find(stage.context.derived or (), INTENT, stage.turn.index, text)
    if answer is not None and answer.state is DerivedState.OK:
        return intents.told(text, likened(answer))
    by_rules = intents.by_rules(text)
    if by_rules.held.intersection(wanted):
        return by_rules
    if stage.context.derived is None and stage.scene.ended_us is None:
        raise _Unknown("the call is still up", later=True)
    raise _Unknown("nobody was asked" if answer is None else answer.reason)


def likened(answer: Derived) -> dict[str, Likeness]:
    """How like each intent an endpoint found a reply."""
    return dict(_likened(answer.answer.get("scores")))


def _likened(scores: object) -> Iterator[tuple[str, Likeness]]:
    for name, each in scores.items() if isinstance(scores, dict) else ():
        score, why = (each.get("score"), each.get("why")) if isinstance(each, dict) else (None, None)
        if isinstance(score, int | float):
            yield name, Likeness(float(score), why if isinstance(why, str) else "")


def _scored(classification: Classification, name: str) -> str:
    return f"{name} ({dict(classification.scores).get(name, 0.0):.2f})"


def _lacking(classification: Classification, name: str) -> str:
    found = next((each for each in classification.ranking if each.name == name), None)
    if found is None:
        return f"{name} (unknown)"
    return f"{name} ({found.score:.2f}, needs {found.threshold:.2f})"


def _ranking(classification: Classification) -> Iterator[str]:
    """The best of all scores, the second with how far it lies behind."""
    ranked = [each for each in classification.ranking[:SHOWN_SCORES] if each.score > 0]
    for place, each in enumerate(ranked):
        yield f"{_line(each)}{_behind(classification.margin) if place == 1 else ''}"


def _behind(margin: float) -> str:
    where = f"{margin:.2f} behind" if margin >= 0 else f"{-margin:.2f} ahead, but it needs more"
    return f" (runner-up, {where})"


def _line(each: Scored) -> str:
    why = f", {each.why}" if each.why else ""
    return f"{each.name}: {each.score:.2f}, needs {each.threshold:.2f}{why}"
