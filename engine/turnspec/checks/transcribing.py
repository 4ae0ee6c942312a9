"""The expectation about what the agent heard the caller say."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.language import language_of
from turnspec.checks.matching import match_words, written_words
from turnspec.checks.saying import nearest
from turnspec.checks.understood import Understood, understood
from turnspec.dsl import Absent, Expect, Matcher
from turnspec.results import Finding, Status

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED


def transcript(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """What the agent heard the caller say in this turn holds all of these."""
    scene = stage.scene
    side = scene.plan.heard
    heard = Understood() if side is None else understood(scene.view, side, scene.windows, stage.turn.index)
    for matcher in expect.transcript:
        yield _heard(stage, matcher, heard)


def _heard(stage: Stage, matcher: Matcher, heard: Understood) -> Finding:
    wanted, text = written_words(matcher), heard.text
    language = language_of(stage.scene.plan)
    match = match_words(text, matcher, language)
    details: tuple[str, ...] = ()
    if reason := _unknown(stage, matcher, heard) or match.undecided:
        status, message = NOT_EXERCISED, f"Whether the agent heard {wanted} could not be seen: {reason}."
    elif match.holds:
        status = PASSED
        message = (
            f"The agent heard {wanted}: {shown.quoted_last(text)}" if text else f"The agent heard {wanted}."
        )
    else:
        status = FAILED
        message = f"The agent did not hear {wanted}; it heard {shown.quoted_last(text)}"
        details = match.details or nearest(text, matcher, language)
    seen = status is not NOT_EXERCISED
    return stage.found(
        "transcript",
        status,
        message,
        expected=wanted,
        actual=(shown.quoted(text) if text else "no words") if seen else "",
        span=matcher.span,
        at_us=heard.at_us if seen else None,
        details=details,
    )


def _unknown(stage: Stage, matcher: Matcher, heard: Understood) -> str:
    """Why it is not known what the agent heard; empty if it is."""
    if stage.scene.plan.heard is None:
        return "this target does not tell what the agent heard"
    if heard.at_us is None:
        said = any(act.turn == stage.turn.index for act in stage.scene.acts)
        return "nothing tells what the agent heard of it" if said else "the caller said nothing in this turn"
    if not heard.text and not isinstance(matcher, Absent):
        return "the agent heard the caller, but made no words of it"
    return ""
