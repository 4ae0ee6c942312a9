"""Values against matchers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_checks import matcher_of, scenario_of, turns
from turnspec.checks.matching import (
    MISSING,
    Match,
    match_value,
    match_words,
    rendered,
    same,
    written,
    written_words,
)
from turnspec.dsl import (
    Absent,
    AnyValue,
    Contains,
    Equals,
    Matcher,
    Matches,
    OneOf,
)

KEYS = st.sampled_from(["a", "b", "last4", "ß"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(-9, 9)
    | st.sampled_from(["", "a", "1", "A b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def messages(match: Match) -> list[str]:
    """What differs, as findings show it."""
    return [str(mismatch) for mismatch in match.mismatches]


@given(JSON)
def test_a_value_matches_itself(value: Any) -> None:
    """Whatever JSON holds, it is as written when it is as written."""
    assert match_value(value, matcher_of(value), exactly=True).holds
    assert match_value(value, Equals(equals=value)).holds
    assert match_value(value, AnyValue()).holds
    assert match_value(value, OneOf(one_of=("no", value))).holds


@given(JSON, JSON)
def test_plain_values_match_exactly_what_is_the_same(value: Any, other: Any) -> None:
    """Comparing in full and JSON equality never disagree."""
    assert match_value(value, matcher_of(other), exactly=True).holds == same(value, other)


@given(st.dictionaries(KEYS, JSON, max_size=4), st.data())
def test_a_part_of_a_mapping_matches_the_whole(value: dict[str, Any], data: st.DataObject) -> None:
    """Keys that are not written do not matter, unless they must."""
    keys = data.draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
    part = {key: value[key] for key in keys}

    assert match_value(value, matcher_of(part)).holds
    assert match_value(value, matcher_of(part), exactly=True).holds == (keys == set(value))


@given(JSON)
def test_what_is_missing_matches_absent_alone(value: Any) -> None:
    """Missing is neither null nor anything else."""
    assert match_value(MISSING, Absent()).holds
    assert not match_value(value, Absent()).holds
    assert not match_value(MISSING, matcher_of(value)).holds
    assert not match_value(MISSING, AnyValue()).holds


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, False, False),
        ([1, 2.0], [1.0, 2], True),
        ({"a": 1}, {"a": True}, False),
    ],
)
def test_numbers_compare_by_json_type(one: Any, other: Any, equal: bool) -> None:  # noqa: FBT001 # a column
    """1 is 1.0, but neither true nor "1"."""
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_digits_as_text_and_as_number_differ_and_it_says_so() -> None:
    """The commonest mistake has a message of its own."""
    assert messages(match_value({"last4": 4821}, matcher_of({"last4": "4821"}))) == [
        'last4 is the number 4821, not the text "4821"; they look alike, but are of different types'
    ]


def test_every_difference_is_named_with_its_path() -> None:
    """All differing places are listed, however deep."""
    value = {"card": {"digits": ["4", "9"], "kind": None}, "reason": "gone", "more": 1}
    expected = matcher_of(
        {
            "card": {"digits": ["4", "8"], "kind": "debit"},
            "reason": {"one_of": ["lost", "stolen"]},
            "note": "any",
        }
    )

    assert messages(match_value(value, expected, exactly=True)) == [
        'card.digits[1] is "9", not "8"',
        'card.kind is null, not the text "debit"',
        'reason is "gone", not one of "lost" or "stolen"',
        "note is missing; expected any value",
        "more is 1, not expected here",
    ]


@pytest.mark.parametrize(
    ("value", "contained", "holds"),
    [
        ("Card-less payment", "cardless", True),
        ("blocked", "block", False),
        (["a", 1], 1.0, True),
        (["a"], ["a", "b"], False),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1, "b": 2}, "b", True),
        ({"a": 1}, ["a", "c"], False),
        (3, 3.0, True),
        ("pay 5 euros", "$5", False),
        ("pay $5 now", "$5", True),
        ("a balance of -5", "5", False),
        ("twenty-five cards", "five cards", False),
        ("R-1042, 2024-05-03", ["1042", "2024"], True),
    ],
)
def test_contains(value: Any, contained: Any, holds: bool) -> None:  # noqa: FBT001 # a column
    """Words in a text, items in a list, keys or pairs in a mapping."""
    assert match_value(value, Contains(contains=contained)).holds is holds


def test_patterns_search_ignoring_case_and_capture() -> None:
    """A pattern need not cover the whole, and its named groups are given."""
    match = match_value("Reference R-1042, thanks", Matches(matches=r"reference (?P<reference>r-\d+)"))

    assert match.holds
    assert match.captures == {"reference": "R-1042"}


def test_captures_of_a_mapping_come_together() -> None:
    """Patterns deep inside bind their names too."""
    matcher = matcher_of({"id": {"matches": r"(?P<id>\d+)"}, "at": {"matches": "(?P<at>.*)"}})

    assert match_value({"id": "no 7", "at": "noon"}, matcher).captures == {"id": "7", "at": "noon"}


def test_a_pattern_that_never_ends_is_stopped() -> None:
    """A pattern that explodes decides nothing, and it says so."""
    match = match_words("a" * 400 + "bbb c", Matches(matches="(a*)*(a*)*(a*)*b.c$"))

    assert "takes longer than 0.5 s" in match.undecided


def test_a_pattern_broken_by_what_was_filled_in_decides_nothing() -> None:
    """A captured text may be no pattern."""
    matcher = rendered(Matches(matches="x {{ y }}"), lambda _: "x (")

    assert "is no pattern once filled in" in match_words("x", matcher).undecided


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        (matcher_of("card is blocked"), True),
        (matcher_of("CARD, IS BLOCKED!"), True),
        (matcher_of("card is block"), False),
        (matcher_of("re-ference"), True),
        (matcher_of(1042), True),
        (OneOf(one_of=("nope", "your card")), True),
        (OneOf(one_of=("nope", "card your")), False),
        (Contains(contains=["blocked", "reference"]), True),
        (Contains(contains=["blocked", "refund"]), False),
        (Equals(equals="Your card is blocked. Reference 1042"), True),
        (Equals(equals="your card is blocked. reference 1042"), False),
        (AnyValue(), True),
        (Absent(), False),
        (Matches(matches=r"block\w+\. ref"), True),
    ],
)
def test_words(matcher: Matcher, holds: bool) -> None:  # noqa: FBT001 # a column
    """Plain text in `says` is a run of whole words, ignoring case and punctuation."""
    assert match_words("Your card is blocked. Reference 1042", matcher).holds is holds


@given(
    st.lists(st.sampled_from(["card", "Blocked", "re-send", "4821", "it's"]), min_size=1, max_size=8),
    st.data(),
)
def test_every_run_of_words_is_found(said: list[str], data: st.DataObject) -> None:
    """Any stretch of what was said is something that was said."""
    start = data.draw(st.integers(0, len(said) - 1))
    end = data.draw(st.integers(start + 1, len(said)))

    assert match_words(", ".join(said) + ".", matcher_of(" ".join(said[start:end]).upper())).holds


@pytest.mark.parametrize("matcher", [matcher_of("..."), Contains(contains=["a", ""]), OneOf(one_of=("",))])
def test_what_has_no_words_decides_nothing(matcher: Matcher) -> None:
    """Words that turn out to be none are not found everywhere: nothing can be said either way."""
    assert "has no words to look for" in match_words("a b", matcher).undecided


@pytest.mark.parametrize("pattern", [".*", "a?", "^$"])
def test_silence_matches_no_pattern(pattern: str) -> None:
    """A pattern that would match no text at all is not met by an agent that said nothing."""
    assert not match_words(" ", Matches(matches=pattern)).holds


def test_a_mapping_contains_only_what_can_be_its_key() -> None:
    """A number is no key of a mapping, so it is not contained in one."""
    assert not match_value({"new": 2}, Contains(contains=5)).holds


def test_matchers_in_words() -> None:
    """What was expected can be read without knowing the language."""
    matcher = matcher_of(
        {
            "a": "x",
            "b": ["any", "absent"],
            "c": {"one_of": [1, 2]},
            "d": {"matches": "x+"},
            "e": {"equals": {"a": 1}},
            "f": {"contains": "y"},
        }
    )

    assert written(matcher) == (
        '{a: "x", b: [any value, nothing], c: one of 1 or 2, d: a match of /x+/, '
        'e: exactly {"a": 1}, f: something that contains "y"}'
    )
    assert written_words(OneOf(one_of=("a b", "c"))) == 'one of "a b" or "c"'
    assert written_words(Contains(contains=["a", "b"])) == 'all of "a" and "b"'


def test_filling_in_keeps_the_place() -> None:
    """A matcher with its templates filled in still knows where it was written."""
    scenario = scenario_of(turns("expect: {says: [{matches: '{{ y }}'}]}"))
    (turn,) = scenario.plain_turns()
    assert turn.expect is not None
    filled = rendered(turn.expect.says[0], lambda value: str(value).upper())

    assert written(filled) == "a match of /{{ Y }}/"
    assert str(filled.span) == "scenarios/bank.yaml:4:21"
