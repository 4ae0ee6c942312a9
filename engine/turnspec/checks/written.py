"""Matchers in words: what was expected can be read without knowing the language."""

from __future__ import annotations

from turnspec.checks import shown
from turnspec.dsl import (
    Absent,
    AnyValue,
    Contains,
    Equals,
    Fields,
    Items,
    Matcher,
    Matches,
    OneOf,
    Plain,
    Range,
    SimilarTo,
    WordErrorRate,
)


def written(matcher: Matcher) -> str:
    """A matcher in words, where values are compared."""
    match matcher:
        case Plain():
            return shown.value(matcher.value)
        case Equals():
            return f"exactly {shown.value(matcher.equals)}"
        case Contains():
            return f"something that contains {shown.value(matcher.contains)}"
        case OneOf():
            return f"one of {shown.listed(map(shown.value, matcher.one_of), 'or')}"
        case Matches():
            return f"a match of /{matcher.matches}/"
        case Range():
            return _bounds(matcher)
        case SimilarTo():
            return f"something {_alike(matcher)}"
        case WordErrorRate():
            return f"{shown.quoted(matcher.word_error_rate.to)} {_errors(matcher)}"
        case AnyValue():
            return "any value"
        case Absent():
            return "nothing"
        case Fields():
            return f"{{{', '.join(f'{key}: {written(item)}' for key, item in matcher.fields.items())}}}"
        case Items():
            return f"[{', '.join(map(written, matcher.items))}]"


def written_words(matcher: Matcher) -> str:
    """A matcher in words, where what was said is compared."""
    match matcher:
        case Plain():
            return shown.quoted(str(matcher.value))
        case Contains() if isinstance(matcher.contains, list):
            return f"all of {shown.listed(shown.quoted(str(one)) for one in matcher.contains)}"
        case Contains():
            return shown.quoted(str(matcher.contains))
        case OneOf():
            return f"one of {shown.listed((shown.quoted(str(one)) for one in matcher.one_of), 'or')}"
        case Equals():
            return f"exactly {shown.quoted(str(matcher.equals))}"
        case Matches():
            return f"words that match /{matcher.matches}/"
        case SimilarTo():
            return f"words {_alike(matcher)}"
        case AnyValue():
            return "any words"
        case Absent():
            return "no words"
        case _:
            return written(matcher)


def _bounds(matcher: Range) -> str:
    bounds = [
        f"{word} {shown.value(bound)}"
        for word, bound in (("at least", matcher.at_least), ("at most", matcher.at_most))
        if bound is not None
    ]
    return f"a number of {shown.listed(bounds)}"


def _alike(matcher: SimilarTo) -> str:
    return f"at least {matcher.at_least:.2f} like {shown.quoted(matcher.similar_to)}"


def _errors(matcher: WordErrorRate) -> str:
    return f"with at most {matcher.word_error_rate.at_most} of its words wrong"
