"""Expectations about the agent's words: what they say, and what they must not say."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.language import language_of
from turnspec.checks.matching import match_words, written_words
from turnspec.checks.recognised import TRANSCRIPT, source_of, unrecognised
from turnspec.checks.words import AGENT, SOURCES
from turnspec.dsl import Expect, Matcher, Plain
from turnspec.results import Finding, Status
from turnspec.speech.spoken import shown_word, spoken
from turnspec.speech.text import run_of

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
    plan, turn = stage.scene.plan, stage.turn
    if plan.words is None and not plan.recognises:
        return "this target gives no words of the agent"
    if reason := unrecognised(stage.scene.derived, turn.index):
        return reason
    if turn.agent_lines or not turn.speech:
        return ""
    heard = sum(segment.duration_us for segment in turn.speech)
    return f"the agent was heard for {shown.ms(heard)}, but {_silent_source(stage)} has no words of it"


def _silent_source(stage: Stage) -> str:
    """Who should have known words of a turn."""
    side, index = stage.scene.plan.words, stage.turn.index
    mine = (TRANSCRIPT, index, AGENT)
    listened = [each for each in stage.scene.derived if (each.kind, each.turn, each.text) == mine]
    if listened:
        return source_of(listened[0])
    return "recognition" if side is None else f"the {SOURCES[side]}"


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
    match = match_words(text, matcher, language_of(stage.scene.plan))
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
        details = match.details or nearest(text, matcher, language_of(stage.scene.plan))
    return _of_words(stage, "says", status, message, wanted, matcher, details)


def _does_not_say(stage: Stage, matcher: Matcher) -> Finding:
    unwanted, text = written_words(matcher), stage.turn.text
    match = match_words(text, matcher, language_of(stage.scene.plan))
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


def nearest(text: str, matcher: Matcher, language: str) -> tuple[str, ...]:
    """How far into the expected words the words went, and how they went on otherwise."""
    if not isinstance(matcher, Plain):
        return ()
    wanted, said = spoken(str(matcher.value), language), spoken(text, language)
    for length in range(len(wanted) - 1, 0, -1):
        if found := run_of(said, "".join(wanted[:length])):
            following = f'"{shown_word(said[found[1]])}"' if found[1] < len(said) else "the end"
            begun = " ".join(map(shown_word, wanted[:length]))
            return (f'after "{begun}" came {following}, not "{shown_word(wanted[length])}"',)
    for start in range(1, len(wanted)):
        if found := run_of(said, "".join(wanted[start:])):
            before = f'"{shown_word(said[found[0] - 1])}"' if found[0] else "the beginning"
            rest = " ".join(map(shown_word, wanted[start:]))
            return (f'before "{rest}" came {before}, not "{shown_word(wanted[start - 1])}"',)
    return ()
