"""Expectations that would hold whatever the agent does: a test must be able to fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turnspec.dsl.base import Located, Reading
from turnspec.dsl.problems import nearest, surely_meant
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import is_template

_NOTHING = {
    "intent": "name an intent, or leave `intent` out",
    "says": "write words to look for; says: any asks for some words, whichever they are",
    "does_not_say": "write the words that must not be said; says: absent forbids all",
    "transcript": "write words that the agent was to hear; transcript: any asks for some words",
    "calls": "to allow no call write does_not_call: any",
    "does_not_call": "name functions; does_not_call: any forbids all",
    "returned": "write what a function must give back",
    "activity": "name an activity of the agent's side",
    "event": "name an event of the protocol",
    "check": "name a check: python:module.function",
    "plays": "name a recording",
    "judge": "write a sentence that the reply has to fulfil",
}


_WORDS = frozenset({"contains", "equals", "matches", "one_of", "similar_to", "word_error_rate"})
_BOUNDS = frozenset({"at_least", "at_most"})
_MATCHERS = (
    "matchers are any, absent, {contains:}, {equals:}, {matches:}, {one_of:}, {similar_to:} "
    "and {word_error_rate:}"
)


def report_vacuous(data: Located, reading: Reading) -> None:
    """Report every key of an `expect` as written that expects nothing."""
    if not data:
        hint = "expect something, or leave `expect` out"
        reading.problem("empty", "nothing is expected here", data.place, hint=hint)
    for key, hint in _NOTHING.items():
        if key in data and _is_empty(data[key]):
            reading.problem(
                "empty", f"'{key}' is empty, so it would always hold", data.place.child(key), hint=hint
            )
    for key in ("says", "does_not_say", "transcript"):
        for value, place in _each(data[key], data.place.child(key)) if key in data else ():
            if value is None or isinstance(value, Mapping | list):
                _report_no_words(key, value, place, reading)
            elif _has_no_words(value):
                message = "there are no words here, so it would always be found"
                reading.problem("empty", message, place, hint=_NOTHING[key])


def _report_no_words(key: str, value: Any, place: Place, reading: Reading) -> None:
    """Report what words cannot be compared with: nothing, a list in a list, a mapping of unknown words."""
    given = value if isinstance(value, Mapping) else {}
    if given and _BOUNDS.issuperset(given):
        message = f"'{key}' is about words, and only numbers have bounds"
        hint = "to ask for almost these words write similar_to or word_error_rate"
        reading.problem("wrong-type", message, place, hint=hint)
        return
    if given and all(surely_meant(str(word), _WORDS | _BOUNDS) for word in given):
        return  # misspelt, which is reported where matchers are read
    unknown = next((str(word) for word in given if word not in _WORDS | _BOUNDS), "")
    message = f"'{key}' takes words or a matcher, not {'nothing' if value is None else 'this'}"
    if not unknown:
        reading.problem("wrong-type", message, place, hint=_MATCHERS)
        return
    message, suggestion = f"'{unknown}' is no matcher; {message}", nearest(unknown, _WORDS)
    reading.problem(
        "wrong-type", message, place.child(unknown), hint=_MATCHERS, suggestion=suggestion, key=True
    )


def is_vacuous_matcher(word: str, value: Any) -> bool:
    """Whether a matcher's word, with this value, holds always or never."""
    return (word in {"contains", "one_of"} and _is_empty(value)) or (
        word in {"contains", "matches"} and value == ""
    )


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping) and len(value) == 1 and "in_order" in value:
        return _is_empty(value["in_order"])
    return isinstance(value, list | Mapping) and not value


def _each(written: Any, place: Place, *, listed: bool = True) -> list[tuple[Any, Place]]:
    """The values that are looked for, each with its place."""
    if isinstance(written, list) and listed:
        return [
            found
            for index, item in enumerate(written)
            for found in _each(item, place.child(index), listed=False)
        ]
    if isinstance(written, Located) and _is_matcher_of_words(written):
        inside = [(word, written[word]) for word in ("contains", "one_of", "equals") if word in written]
        return [found for word, value in inside for found in _each(value, place.child(word))]
    return [(written, place)]


def _is_matcher_of_words(written: Located) -> bool:
    return (_WORDS | _BOUNDS).issuperset(written) and not (written and _BOUNDS.issuperset(written))


def _has_no_words(value: Any) -> bool:
    """Whether a text has neither letters nor digits; what a template becomes is seen in the call."""
    return isinstance(value, str) and not is_template(value) and not any(map(str.isalnum, value))
