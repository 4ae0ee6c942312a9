"""Bounds, likeness, word errors, and words in either form, wherever a value is matched."""

from __future__ import annotations

from typing import Any

import pytest

from support_checks import matcher_of
from turnspec.checks.matching import match_value, match_words, rendered, written, written_words
from turnspec.dsl import Matcher

ALIKE = {"similar_to": "your card is blocked"}
ERRORS = {"word_error_rate": {"to": "your card is blocked", "at_most": "25 %"}}
LONG = "word " * 20_000


@pytest.mark.parametrize(
    ("value", "bounds", "holds"),
    [
        (3, {"at_least": 3}, True),
        (3.0, {"at_least": 3, "at_most": 3}, True),
        (2.999, {"at_least": 3}, False),
        (5, {"at_most": 4.5}, False),
        (-1, {"at_least": -2, "at_most": 0}, True),
        ("3", {"at_least": 3}, False),
        (True, {"at_least": 0}, False),
        (None, {"at_most": 9}, False),
        ([3], {"at_least": 3}, False),
    ],
)
def test_bounds(value: Any, bounds: dict[str, Any], holds: bool) -> None:  # noqa: FBT001 # a column
    """Only numbers are within bounds, and both bounds belong to them."""
    assert match_value(value, matcher_of(bounds)).holds is holds


def test_a_text_is_not_within_bounds_and_it_says_so() -> None:
    """Both sides and the path are in the message."""
    match = match_value(
        {"a": [{"amount": "12"}]}, matcher_of({"a": [{"amount": {"at_least": 10, "at_most": 20}}]})
    )

    assert [str(mismatch) for mismatch in match.mismatches] == [
        'a[0].amount is the text "12", not a number of at least 10 and at most 20'
    ]


@pytest.mark.parametrize(
    ("said", "matcher", "holds"),
    [
        ("Your card has been blocked", ALIKE, False),
        ("Your card is now blocked", ALIKE, True),
        ("Your card has been blocked", {**ALIKE, "at_least": 0.6}, True),
        ("Your card was blocked", ERRORS, True),
        ("Your card was stopped", ERRORS, False),
        ("Goodbye", ERRORS, False),
    ],
)
def test_almost_the_same_words(said: str, matcher: Any, holds: bool) -> None:  # noqa: FBT001 # a column
    """The same in what was said and in any other text."""
    assert match_words(said, matcher_of(matcher)).holds is holds
    assert match_value(said, matcher_of(matcher)).holds is holds
    assert not match_words("", matcher_of(matcher)).holds
    assert not match_value(7, matcher_of(matcher)).holds


def test_a_rate_is_compared_without_rounding() -> None:
    """One wrong word of ten is ten percent, not a hair more."""
    wanted = "a b c d e f g h i j"

    for errors in range(11):
        said = " ".join(["x"] * errors + wanted.split()[errors:])
        matcher = matcher_of({"word_error_rate": {"to": wanted, "at_most": f"{errors * 10} %"}})
        assert match_words(said, matcher).holds


@pytest.mark.parametrize(
    "matcher",
    [{"similar_to": LONG}, {"word_error_rate": {"to": LONG, "at_most": "25 %"}}],
    ids=lambda matcher: next(iter(matcher)),
)
def test_of_texts_too_long_to_compare_nothing_is_said(matcher: dict[str, Any]) -> None:
    """Neither that they are alike, nor that they are not."""
    match = match_words(LONG, matcher_of(matcher))

    assert match.undecided == "texts of 20,000 and 20,000 words are too long to compare word by word"


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        ("code 4821", "Your code is: code four eight two one."),
        ("code four eight two one", "Your code 4-8-2-1."),
        ({"contains": ["twenty-one dollars", "May third"]}, "It is $21 due on May 3rd"),
        ({"one_of": ["nothing", "half past three"]}, "At 3:30 PM"),
    ],
)
def test_figures_and_words_are_the_same_when_spoken(matcher: Any, said: str) -> None:
    """Whichever side has which."""
    assert match_words(said, matcher_of(matcher)).holds


def test_only_what_is_spoken_is_compared_as_speech() -> None:
    """An argument is what it is: digits are no words there; nor is a literal, nor a pattern."""
    assert not match_value("four eight", matcher_of("48")).holds
    assert not match_value("four eight", matcher_of({"contains": "48"})).holds
    assert not match_words("four eight", matcher_of({"equals": "48"})).holds
    assert not match_words("four eight", matcher_of({"matches": "48"})).holds


def test_words_are_read_in_their_language() -> None:
    """Digits in Spanish words are digits in a Spanish call alone."""
    matcher = matcher_of("4821")

    assert match_words("su código es cuatro ocho dos uno", matcher, "es").holds
    assert not match_words("su código es cuatro ocho dos uno", matcher).holds


@pytest.mark.parametrize(
    ("written_as", "value"),
    [
        ({"at_least": "{{ x }}"}, 5),
        ({"at_most": "{{ x }}"}, 5),
        ({"similar_to": "{{ x }}"}, "5"),
        ({"word_error_rate": {"to": "{{ x }}", "at_most": "0 %"}}, "five"),
        ({"equals": "{{ x }}"}, 5),
        ({"one_of": ["{{ x }}", 1]}, 5),
        ({"contains": "{{ x }}"}, [5]),
        ({"matches": "^{{ x }}$"}, "5"),
        ({"a": ["{{ x }}"]}, {"a": [5]}),
    ],
)
def test_templates_are_filled_in_everywhere(written_as: Any, value: Any) -> None:
    """In each matcher, at any depth, keeping the kind of the value."""

    def render(text: Any) -> Any:
        match text:
            case "{{ x }}":
                return 5
            case str():
                return text.replace("{{ x }}", "5")
            case list():
                return [render(item) for item in text]
            case _:
                return text

    assert not match_value(value, matcher_of(written_as)).holds
    assert match_value(value, rendered(matcher_of(written_as), render)).holds


@pytest.mark.parametrize(
    ("matcher", "why"),
    [
        ({"at_least": "{{ x }}"}, 'the text "..." is no number, so it is no bound'),
        ({"similar_to": "{{ x }}"}, '"..." has no words to look for'),
        ({"word_error_rate": {"to": "{{ x }}", "at_most": "5 %"}}, '"..." has no words to look for'),
    ],
)
def test_what_was_filled_in_may_decide_nothing(matcher: Any, why: str) -> None:
    """A template may turn out as something that nothing can be compared with."""
    filled = rendered(matcher_of(matcher), lambda value: "..." if isinstance(value, str) else value)

    assert match_value("a b", filled).undecided == why


@pytest.mark.parametrize(
    ("matcher", "value", "words"),
    [
        ({"at_least": 1}, "a number of at least 1", "a number of at least 1"),
        (
            ALIKE,
            'something at least 0.80 like "your card is blocked"',
            'words at least 0.80 like "your card is blocked"',
        ),
        (
            ERRORS,
            '"your card is blocked" with at most 25 % of its words wrong',
            '"your card is blocked" with at most 25 % of its words wrong',
        ),
    ],
)
def test_they_can_be_read(matcher: Any, value: str, words: str) -> None:
    """What was expected, in words."""
    assert written(matcher_of(matcher)) == value
    assert written_words(matcher_of(matcher)) == words


def details_of(said: str, matcher: Any) -> tuple[str, ...]:
    """What is shown beneath a mismatch."""
    return match_words(said, matcher_of(matcher)).details


def test_what_differs_is_shown() -> None:
    """The likeness, the rate with its count, and each differing word, up to eight."""
    long = " ".join("abcdefghij")

    assert details_of("Your card has been blocked", ALIKE) == ("likeness: 0.66",)
    assert details_of("Your card was stopped now", ERRORS) == (
        "word error rate: 75.0 % (3 of 4 words)",
        '"was" instead of "is"',
        '"stopped" instead of "blocked"',
        '"now" is too many',
    )
    assert details_of("x", {"word_error_rate": {"to": long, "at_most": "5 %"}})[-1] == "and 2 more"


def matchers() -> list[Matcher]:
    """One of each kind."""
    return [matcher_of(each) for each in ("a", {"at_least": 1}, ALIKE, ERRORS, "any", {"matches": "a"})]


@pytest.mark.parametrize("matcher", matchers(), ids=written)
def test_nothing_that_must_be_there_is_missing(matcher: Matcher) -> None:
    """No matcher but `absent` holds where nothing is."""
    from turnspec.checks.matching import MISSING

    assert "is missing" in str(match_value(MISSING, matcher).mismatches[0])
