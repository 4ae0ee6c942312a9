"""One text or number against one matcher that does more than to compare: patterns, bounds, likeness."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from turnspec.call.evidence import MASK
from turnspec.checks import shown
from turnspec.checks.match import Match, differs, undecided, verdict
from turnspec.checks.values import kind_of, named
from turnspec.checks.written import written, written_words
from turnspec.dsl import Range, SimilarTo, WordErrorRate
from turnspec.dsl.patterns import TIME_LIMIT_S, compiled
from turnspec.speech.alignment import TooLong, aligned, similarity
from turnspec.speech.spoken import ENGLISH

SHOWN_ERRORS: Final = 8


def search(text: str, pattern: str, path: str) -> Match:
    """A pattern anywhere in a text, within its time."""
    from regex import error as bad_pattern

    expected = f"a match of /{pattern}/"
    try:
        # What stands for a secret is no pattern itself.
        found = compiled(pattern.replace(MASK, r"\*\*\*")).search(text, timeout=TIME_LIMIT_S)
    except TimeoutError:
        why = f"/{pattern}/ takes longer than {TIME_LIMIT_S} s on {shown.quoted(text)}: make it simpler"
        return undecided(path, expected, text, why)
    except bad_pattern as error:
        return undecided(path, expected, text, f"/{pattern}/ is no pattern once filled in: {error}")
    if found is None:
        return differs(path, expected, text, f"is {shown.quoted(text)}, which /{pattern}/ does not match")
    groups = {name: part for name, part in found.groupdict().items() if part is not None}
    return Match(captures=groups)


def within(value: Any, matcher: Range, path: str) -> Match:
    """A number between bounds, which are numbers too once filled in."""
    bounds = [bound for bound in (matcher.at_least, matcher.at_most) if bound is not None]
    if unusable := next((bound for bound in bounds if kind_of(bound) != "number"), None):
        return undecided(path, written(matcher), value, f"{named(unusable)} is no number, so it is no bound")
    if kind_of(value) != "number":
        return differs(path, written(matcher), value, f"is {named(value)}, not {written(matcher)}")
    low, high = matcher.at_least, matcher.at_most
    held = (low is None or value >= low) and (high is None or value <= high)
    return verdict(held, path, written(matcher), value)


def alike(value: Any, matcher: SimilarTo, path: str, language: str = ENGLISH) -> Match:
    """A text that is worded alike."""
    expected = written_words(matcher)
    if not isinstance(value, str):
        return differs(path, expected, value, f"is {named(value)}, not {expected}")
    try:
        found = similarity(matcher.similar_to, value, language)
    except TooLong as error:
        return undecided(path, expected, value, str(error))
    if found >= matcher.at_least:
        return Match()
    message = f"is {shown.quoted(value)}, not {expected}; it is {_rounded_down(found)} like it"
    return differs(path, expected, value, message, [f"likeness: {_rounded_down(found)}"])


def said_almost(value: Any, matcher: WordErrorRate, path: str, language: str = ENGLISH) -> Match:
    """A text with few enough words that differ."""
    expected, limit = written_words(matcher), matcher.word_error_rate.at_most  # compared without rounding
    if not isinstance(value, str):
        return differs(path, expected, value, f"is {named(value)}, not {expected}")
    try:
        words = aligned(matcher.word_error_rate.to, value, language)
    except TooLong as error:
        return undecided(path, expected, value, str(error))
    if words.errors * 100 <= limit.of_hundred * words.wanted:
        return Match()
    rate, count = f"{100 * words.rate:.1f} %", f"{words.errors} of {shown.many(words.wanted, 'word')}"
    details = [f"word error rate: {rate} ({count})", *islice(words.differences(), SHOWN_ERRORS)]
    if words.errors > SHOWN_ERRORS:
        details.append(f"and {words.errors - SHOWN_ERRORS} more")
    return differs(
        path,
        expected,
        value,
        f"is {shown.quoted(value)}, not {expected}; {rate} are wrong ({count})",
        details,
    )


def _rounded_down(likeness: float) -> str:
    """Two digits, never as much as what it falls short of."""
    return f"{int(likeness * 100) / 100:.2f}"
