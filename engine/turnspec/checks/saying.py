"""Expectations about the agent's words: what they say, and what they must not say."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.matching import match_words, written_words
from turnspec.checks.words import SOURCES
from turnspec.dsl import Expect, Matcher, Plain
from turnspec.results import Finding, Status
from turnspec.speech.text import find_words, words

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED


def says(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """What the agent said in this turn holds all of these."""
    for matcher in expect.says:
        yield _says(stage, matcher)


def does_not_say(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """What the agent said in this turn holds none of these."""
    for matcher in expect.does_not_say:
        yield _does_not_say(stage, matcher)


def unheard(stage: Stage) -> str:
    """Why the agent's words are not known in this turn; empty if they are, or if it said nothing."""
    side, turn = stage.scene.plan.words, stage.turn
    if side is None:
        return "this target gives no words of the agent"
    if turn.agent_lines or not turn.speech:
        return ""
    heard = sum(segment.duration_us for segment in turn.speech)
    return f"the agent was heard for {shown.ms(heard)}, but the {SOURCES[side]} has no words of it"


def nothing_said(stage: Stage) -> str:
    """How to say that there are no words in this turn."""
    if any(line.cut for line in stage.turn.agent_lines):
        return "nothing of what the agent said was heard before it was cut off"
    return "the agent said nothing in this turn"


def said_at(stage: Stage) -> int | None:
    """When the agent's words of the turn begin."""
    return min((line.began_us for line in stage.turn.agent_lines), default=None)


def _says(stage: Stage, matcher: Matcher) -> Finding:
    wanted, text = written_words(matcher), stage.turn.text
    match = match_words(text, matcher)
    details: tuple[str, ...] = ()
    if reason := unheard(stage) or match.undecided:
        status, message = NOT_EXERCISED, f"Whether the agent said {wanted} could not be seen: {reason}."
    elif match.holds:
        status, message = PASSED, f"The agent said {wanted}: {shown.quoted_last(text)}"
    elif not text:
        status, message = FAILED, f"The agent was to say {wanted}, but {nothing_said(stage)}."
    else:
        cut = any(line.cut for line in stage.turn.agent_lines)
        heard = f"{shown.quoted(text)} before it was cut off." if cut else shown.quoted_last(text)
        status, message = FAILED, f"The agent did not say {wanted}; it said {heard}"
        details = _nearest(text, matcher)
    return _of_words(stage, "says", status, message, wanted, matcher, details)


def _does_not_say(stage: Stage, matcher: Matcher) -> Finding:
    unwanted, text = written_words(matcher), stage.turn.text
    match = match_words(text, matcher)
    if reason := unheard(stage) or match.undecided:
        status, message = NOT_EXERCISED, f"Whether the agent said {unwanted} could not be seen: {reason}."
    elif match.holds:
        status = FAILED
        message = f"The agent said {unwanted}, which it must not; its words were {shown.quoted_last(text)}"
    else:
        status, message = PASSED, f"The agent did not say {unwanted}."
    return _of_words(stage, "does_not_say", status, message, f"not {unwanted}", matcher)


def _of_words(
    stage: Stage,
    kind: str,
    status: Status,
    message: str,
    expected: str,
    matcher: Matcher,
    details: tuple[str, ...] = (),
) -> Finding:
    seen = status is not NOT_EXERCISED
    words_heard = shown.quoted(stage.turn.text) if stage.turn.text else "no words"
    return stage.found(
        kind,
        status,
        message,
        expected=expected,
        actual=words_heard if seen else "",
        span=matcher.span,
        at_us=said_at(stage) if seen else None,
        details=details,
    )


def _nearest(text: str, matcher: Matcher) -> tuple[str, ...]:
    """How far into the expected words the agent's words went, where they went on otherwise."""
    if not isinstance(matcher, Plain):
        return ()
    wanted, said = words(str(matcher.value)), words(text)
    for length in range(len(wanted) - 1, 0, -1):
        found = find_words(said, " ".join(wanted[:length]))
        if found:
            following = shown.quoted(said[found[1]]) if found[1] < len(said) else "the end"
            return (f'after "{" ".join(wanted[:length])}" came {following}, not "{wanted[length]}"',)
    return ()
