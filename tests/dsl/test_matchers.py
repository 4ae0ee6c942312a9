"""Matchers as they are written, and what is wrong with some."""

from __future__ import annotations

from typing import Any

import pytest

from turnspec.dsl import (
    NOWHERE,
    Equals,
    Expect,
    Fields,
    Plain,
    Problem,
    Range,
    SimilarTo,
    WordErrorRate,
)
from turnspec.dsl.reader import read_model


def read(written: Any, key: str = "returned") -> tuple[Any, tuple[Problem, ...]]:
    """A matcher in an `expect`, and what is wrong with it."""
    expect, problems = read_model(Expect, {key: {"it": written} if key == "returned" else written}, NOWHERE)
    if expect is None or problems:
        return None, tuple(problems)
    return (expect.returned["it"] if key == "returned" else getattr(expect, key)[0]), ()


def test_a_mapping_of_matcher_words_is_a_matcher() -> None:
    """Any other mapping has fields; a literal one is in `equals`."""
    assert isinstance(read({"at_least": 1, "at_most": 2})[0], Range)
    assert isinstance(read({"at_most": 2})[0], Range)
    assert isinstance(read({"similar_to": "a", "at_least": 0.5})[0], SimilarTo)
    assert isinstance(read({"word_error_rate": {"to": "a", "at_most": "10 %"}})[0], WordErrorRate)
    assert isinstance(read({"equals": {"at_least": 1}})[0], Equals)
    assert isinstance(read({"at_least": 1, "other": 2})[0], Fields)
    assert isinstance(read({"to": "a"})[0], Fields)
    assert isinstance(read("a")[0], Plain)


def test_likeness_has_a_default() -> None:
    """0.8 where nothing is written."""
    assert read({"similar_to": "a b"})[0].at_least == 0.8


@pytest.mark.parametrize(
    ("written", "kind", "message"),
    [
        ({"at_least": 5, "at_most": 1}, "bad-matcher", "no number is at least 5 and at most 1"),
        ({"at_least": "5"}, "wrong-type", "only numbers have bounds; '5' is a text"),
        ({"at_most": "5 s"}, "wrong-type", "only numbers have bounds; '5 s' is a text"),
        ({"at_least": float("nan")}, "wrong-type", "a bound is a number"),
        ({"at_most": float("inf")}, "wrong-type", "a bound is a number"),
        ({"at_most": True}, "wrong-type", "a bound is a number"),
        ({"at_most": None}, "wrong-type", "a bound is a number"),
        ({"similar_to": ""}, "empty", "there are no words here to compare with"),
        ({"similar_to": "?!"}, "empty", "there are no words here to compare with"),
        ({"similar_to": "a", "at_least": 80}, "wrong-type", "a likeness is from 0 to 1, not 80"),
        ({"similar_to": "a", "at_least": 0}, "wrong-type", "a likeness is from 0 to 1, not 0"),
        ({"similar_to": "a", "at_most": 1}, "bad-matcher", "a matcher has one word, not similar_to, at_most"),
        ({"word_error_rate": {"to": "a", "at_most": 10}}, "missing-percent", "10 has no percent sign"),
        ({"word_error_rate": {"to": "a", "at_most": "110 %"}}, "bad-percent", "'110 %' is not a percentage"),
        ({"word_error_rate": {"at_most": "10 %"}}, "missing-key", "word_error_rate needs the key 'to'"),
        ({"word_error_rate": {"to": "a"}}, "missing-key", "word_error_rate needs the key 'at_most'"),
        (
            {"word_error_rate": {"to": "", "at_most": "1 %"}},
            "empty",
            "there are no words here to compare with",
        ),
        ({"contains": "a", "matches": "b"}, "bad-matcher", "a matcher has one word, not contains, matches"),
        ({"one_of": []}, "empty", "'one_of' is empty, so nothing is compared"),
        ({"matches": "("}, "bad-pattern", "this pattern cannot be read: missing )"),
    ],
)
def test_what_cannot_be_meant_is_a_problem(written: Any, kind: str, message: str) -> None:
    """Each says what is wrong; none is accepted."""
    _, problems = read(written)

    assert [(problem.kind, problem.message) for problem in problems] == [(kind, message)]


@pytest.mark.parametrize("key", ["says", "does_not_say", "transcript"])
@pytest.mark.parametrize(
    ("written", "kind", "suggestion"),
    [
        ({"contain": "a"}, "unknown-key", "contains"),
        ({"similarto": "a", "at_least": 0.5}, "unknown-key", "similar_to"),
        ({"word_error_rat": {"to": "a", "at_most": "1 %"}}, "unknown-key", "word_error_rate"),
        ({"similar": "a", "note": "b"}, "wrong-type", "similar_to"),
        ({"at_least": 5}, "wrong-type", None),
        ({"equals": "a", "note": "b"}, "wrong-type", None),
        ([["a"]], "wrong-type", None),
    ],
)
def test_words_are_matched_by_words(key: str, written: Any, kind: str, suggestion: str | None) -> None:
    """What is no matcher of words is a problem, with the word that was meant; numbers are not spoken."""
    _, problems = read(written, key)

    assert [(problem.kind, problem.suggestion) for problem in problems] == [(kind, suggestion)]


@pytest.mark.parametrize("written", ["any", "absent", "a b", {"similar_to": "a"}, ["a", {"matches": "b"}]])
def test_a_transcript_is_matched_like_what_is_said(written: Any) -> None:
    """One matcher or a list of them."""
    expect, problems = read_model(Expect, {"transcript": written, "says": written}, NOWHERE)

    assert not problems
    assert expect is not None
    assert expect.transcript == expect.says
    assert len(expect.transcript) == (2 if isinstance(written, list) else 1)
