"""Word against word: likeness and word errors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.speech.alignment import MOST, TooLong, aligned, similarity

TEXTS = st.lists(st.sampled_from(["a", "b", "card", "is", "4821", "four"]), max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("wanted", "said", "likeness"),
    [
        ("your card is blocked", "Your card is blocked!", 1.0),
        ("your card is blocked", "your card is now blocked", 8 / 9),
        ("your card is blocked", "blocked is card your", 2 / 8),
        ("your code is four eight two one", "your code is 4821", 1.0),
        ("your card is blocked", "goodbye", 0.0),
        ("", "...", 1.0),
        ("", "word", 0.0),
    ],
)
def test_likeness_is_the_share_of_words_in_common(wanted: str, said: str, likeness: float) -> None:
    """Twice the words that both have in the same order, by the words of both."""
    assert similarity(wanted, said) == likeness


@given(TEXTS, TEXTS)
def test_likeness_is_the_same_either_way(one: str, other: str) -> None:
    """It is from 0 to 1, 1 for a text and itself, and does not depend on which is which."""
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1


@pytest.mark.parametrize(
    ("wanted", "said", "rate", "differences"),
    [
        ("your card is blocked", "your card is blocked", 0.0, []),
        ("your card is blocked", "your card was blocked", 0.25, ['"was" instead of "is"']),
        ("your card is blocked", "your card blocked", 0.25, ['"is" is missing']),
        ("your card is blocked", "your card is now blocked", 0.25, ['"now" is too many']),
        ("code four eight two one", "code 4812", 0.5, ['"4812" instead of "4821"']),
        ("yes", "no I will not", 4.0, ['"no" instead of "yes"', '"i" is too many', '"will" is too many']),
    ],
)
def test_word_errors(wanted: str, said: str, rate: float, differences: list[str]) -> None:
    """Wrong, missing and extra words for each word that was wanted; there may be more errors than words."""
    found = aligned(wanted, said)

    assert found.rate == rate
    assert list(found.differences())[:3] == differences[:3]


@given(TEXTS, TEXTS)
def test_an_alignment_has_both_texts(wanted: str, said: str) -> None:
    """Its steps give back the words of both sides, in order, and no more errors than words."""
    steps = aligned(wanted, said).steps

    assert [step.wanted for step in steps if step.wanted] == [s.wanted for s in aligned(wanted, wanted).steps]
    assert [step.said for step in steps if step.said] == [s.said for s in aligned(said, said).steps]
    assert aligned(wanted, said).errors <= max(aligned(wanted, wanted).wanted, aligned(said, said).wanted)


def fewest_errors(wanted: list[str], said: list[str]) -> int:
    """The edit distance as every textbook has it."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(said, 1):
            before, row[place] = row[place], min(before + (word != other), row[place] + 1, row[place - 1] + 1)
    return row[-1]


WORDS = st.lists(st.sampled_from("abc"), max_size=80)


@given(WORDS, WORDS)
def test_an_alignment_has_the_fewest_errors(wanted: list[str], said: list[str]) -> None:
    """No other one has fewer, however long the texts are."""
    assert aligned(" ".join(wanted), " ".join(said)).errors == fewest_errors(wanted, said)


def test_long_texts_are_compared_too() -> None:
    """Of eight thousand words, the few that differ are found, in a fraction of a second."""
    wanted = [*map("".join, product("bdgkmprt", repeat=4))] * 2
    said = [*wanted[:10], "another", *wanted[11:4_000], *wanted[4_001:], "more"]
    found = aligned(" ".join(wanted), " ".join(said))

    assert list(found.differences()) == [
        f'"another" instead of "{wanted[10]}"',
        f'"{wanted[4_000]}" is missing',
        '"more" is too many',
    ]
    assert similarity(" ".join(wanted), " ".join(said)) == 2 * 8_190 / 16_384


@pytest.mark.parametrize("compare", [aligned, similarity])
def test_what_is_too_long_to_be_compared_is_refused(compare: Callable[[str, str], object]) -> None:
    """At once, with the numbers of words."""
    long = "word " * (int(MOST**0.5) + 1)

    with pytest.raises(TooLong, match="14,143 and 14,143 words are too long to compare word by word"):
        compare(long, long)
