"""A value of a call against a matcher of the language: what differs, where, and what was captured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from turnspec.checks import shown
from turnspec.checks.comparing import alike, said_almost, search, within
from turnspec.checks.match import MISSING, Match, Mismatch, differs, together, undecided, verdict
from turnspec.checks.values import kind_of, named, same
from turnspec.checks.written import written, written_words
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
from turnspec.speech.spoken import ENGLISH, has_words, is_said
from turnspec.speech.text import words

__all__ = [
    "MISSING",
    "Match",
    "Mismatch",
    "kind_of",
    "match_value",
    "match_words",
    "rendered",
    "same",
    "written",
    "written_words",
]


def match_value(value: Any, matcher: Matcher, *, exactly: bool = False, path: str = "") -> Match:
    """Hold a JSON value against a matcher; mappings may have more keys unless `exactly`."""
    match matcher:
        case Fields():
            return _fields(value, matcher, path, exactly=exactly)
        case Items():
            return _items(value, matcher, path, exactly=exactly)
        case Absent():
            return verdict(value is MISSING, path, "nothing here", value)
        case _ if value is MISSING:
            return differs(path, written(matcher), value, f"is missing; expected {written(matcher)}")
        case Plain():
            return _equal(value, matcher.value, path)
        case Equals():
            return _equal(value, matcher.equals, path)
        case OneOf():
            return verdict(any(same(value, one) for one in matcher.one_of), path, written(matcher), value)
        case _ if isinstance(value, str) and (blank := _blank(matcher)):
            return undecided(path, written(matcher), value, f"{blank} has no words to look for")
        case Contains():
            return verdict(_has(value, matcher.contains), path, written(matcher), value)
        case Matches():
            return search(value if isinstance(value, str) else shown.value(value), matcher.matches, path)
        case Range():
            return within(value, matcher, path)
        case SimilarTo():
            return alike(value, matcher, path)
        case WordErrorRate():
            return said_almost(value, matcher, path)
        case AnyValue():
            return Match()


def match_words(text: str, matcher: Matcher, language: str = ENGLISH) -> Match:
    """Hold what was said against a matcher; plain text is a run of whole words in it, however it is put down.

    Silence is none of it, whichever pattern would match no text at all.
    """
    expected = written_words(matcher)
    if not text.strip() and not isinstance(matcher, Absent):
        return differs("", expected, text, f"is no words, not {expected}")
    if blank := _blank(matcher):
        return undecided("", expected, text, f"{blank} has no words to look for")
    match matcher:
        case Plain() | OneOf():
            held = any(is_said(text, str(one), language) for one in _wanted(matcher))
            return verdict(held, "", expected, text)
        case Contains():
            held = all(is_said(text, str(one), language) for one in _wanted(matcher))
            return verdict(held, "", expected, text)
        case Equals():
            return verdict(text.strip() == str(matcher.equals).strip(), "", expected, text)
        case SimilarTo():
            return alike(text, matcher, "", language)
        case WordErrorRate():
            return said_almost(text, matcher, "", language)
        case AnyValue():
            return Match()
        case Absent():
            return verdict(not text.strip(), "", "no words", text)
        case Matches() | Range() | Fields() | Items():
            return match_value(text, matcher)


def rendered(matcher: Matcher, render: Callable[[Any], Any]) -> Matcher:
    """The matcher with `render` applied to every value in it."""
    match matcher:
        case Plain():
            return matcher.model_copy(update={"value": render(matcher.value)})
        case Equals():
            return matcher.model_copy(update={"equals": render(matcher.equals)})
        case Contains():
            return matcher.model_copy(update={"contains": render(matcher.contains)})
        case OneOf():
            return matcher.model_copy(update={"one_of": tuple(render(one) for one in matcher.one_of)})
        case Matches():
            return matcher.model_copy(update={"matches": str(render(matcher.matches))})
        case Fields():
            fields = {key: rendered(item, render) for key, item in matcher.fields.items()}
            return matcher.model_copy(update={"fields": fields})
        case Items():
            return matcher.model_copy(update={"items": tuple(rendered(one, render) for one in matcher.items)})
        case Range():
            bounds = {"at_least": render(matcher.at_least), "at_most": render(matcher.at_most)}
            return matcher.model_copy(update=bounds)
        case SimilarTo():
            return matcher.model_copy(update={"similar_to": str(render(matcher.similar_to))})
        case WordErrorRate(word_error_rate=inside):
            filled = inside.model_copy(update={"to": str(render(inside.to))})
            return matcher.model_copy(update={"word_error_rate": filled})
        case AnyValue() | Absent():
            return matcher


def _fields(value: Any, matcher: Fields, path: str, *, exactly: bool) -> Match:
    if not isinstance(value, Mapping):
        return differs(path, written(matcher), value, f"is {named(value)}, not a mapping")
    parts = [
        match_value(value.get(key, MISSING), item, exactly=exactly, path=_joined(path, key))
        for key, item in matcher.fields.items()
    ]
    extra = [key for key in value if key not in matcher.fields] if exactly else []
    parts += [
        differs(
            _joined(path, key), "nothing here", value[key], f"is {shown.value(value[key])}, not expected here"
        )
        for key in extra
    ]
    return together(parts)


def _items(value: Any, matcher: Items, path: str, *, exactly: bool) -> Match:
    if not isinstance(value, list | tuple):
        return differs(path, written(matcher), value, f"is {named(value)}, not a list")
    if len(value) != len(matcher.items):
        message = f"has {shown.many(len(value), 'item')}, not {len(matcher.items)}"
        return differs(path, written(matcher), value, message)
    pairs = enumerate(zip(value, matcher.items, strict=True))
    return together(
        [match_value(one, item, exactly=exactly, path=f"{path}[{index}]") for index, (one, item) in pairs]
    )


def _equal(value: Any, expected: Any, path: str) -> Match:
    if same(value, expected):
        return Match()
    if kind_of(value) != kind_of(expected):
        message = f"is {named(value)}, not {named(expected)}"
        if str(value) == str(expected):
            message += "; they look alike, but are of different types"
    else:
        message = f"is {shown.value(value)}, not {shown.value(expected)}"
    return differs(path, shown.value(expected), value, message)


def _has(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return all(has_words(value, str(one)) for one in _many(wanted))
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return all(key in value and same(value[key], wanted[key]) for key in wanted)
    if isinstance(value, Mapping):
        return all(isinstance(one, str) and one in value for one in _many(wanted))
    if isinstance(value, list | tuple):
        return all(any(same(item, one) for item in value) for one in _many(wanted))
    return same(value, wanted)


def _many(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _wanted(matcher: Matcher) -> list[Any]:
    """The texts that a matcher looks for, or compares with by their words."""
    match matcher:
        case Plain():
            return [matcher.value]
        case Contains():
            return _many(matcher.contains)
        case OneOf():
            return list(matcher.one_of)
        case SimilarTo():
            return [matcher.similar_to]
        case WordErrorRate():
            return [matcher.word_error_rate.to]
        case _:
            return []


def _blank(matcher: Matcher) -> str:
    """What is to be looked for but has no words, so that it would be found everywhere; empty if all have."""
    return next((shown.quoted(str(one)) for one in _wanted(matcher) if not words(str(one))), "")


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
