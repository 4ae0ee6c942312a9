"""What was heard against what is told of it: who is misheard, and who says something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.speech.agreement import MOST_CELLS, Told, agreement

SAME = [
    ("Your card ending in 4821 is blocked.", "your card ending in four eight two one is blocked"),
    ("That will be $12.50.", "That will be twelve dollars and fifty cents."),
    ("We open at 8:15.", "We open at 815"),
    ("Please call 555-0142.", "Please call five five five zero one four two."),
    ("Good bye, and thank you!", "goodbye and thank-you"),
    ("Your PIN is 7 7 3 1.", "Your pin is 7731"),
]


@pytest.mark.parametrize(("told", "heard"), SAME)
def test_another_spelling_is_no_difference(told: str, heard: str) -> None:
    """Numbers, prices, times, digits and hyphens are the same however they are put down."""
    assert list(agreement([Told(told)], heard).differences()) == []


def test_a_misheard_word_counts_by_its_letters() -> None:
    """Of four words one is wrong by one letter in six: a twenty-fourth of them."""
    found = agreement([Told("you are caller number")], "you are collar number")

    assert found.wanted == 4
    assert found.rate == pytest.approx(2 / 6 / 4)
    assert list(found.differences()) == ['"collar" was heard instead of "caller"']


def test_other_words_differ_in_most_of_their_letters() -> None:
    """A sentence that was not said is far from the one that was."""
    told, heard = "I blocked your card and sent a new one", "There are no more messages in this mailbox"

    assert agreement([Told(told)], heard).rate > 0.6


def test_words_beside_those_that_are_told_count_whole() -> None:
    """What was not heard, and what was heard as well, is told in runs."""
    found = agreement([Told("your card is blocked now")], "well your card is blocked")

    assert found.wrong == 2
    assert list(found.differences()) == ['"well" was heard as well', '"now" was not heard']


TEN = "one moment please while I look for your account here"


@pytest.mark.parametrize(
    "heard", ["one moment please while", "one moment please while I look", "one moment please while I loo"]
)
def test_about_how_far_words_were_heard_is_all_that_is_known(heard: str) -> None:
    """Of a reply that was cut off a word more or less is no difference, nor is half a word."""
    assert agreement([Told(TEN, (2_000_000, 4_000_000))], heard).wrong == 0


@pytest.mark.parametrize("heard", [TEN + " and then some more", "the weather is fine today"])
def test_words_beyond_a_cut_differ(heard: str) -> None:
    """Words that cannot have been heard by then differ, and so do others."""
    assert agreement([Told(TEN, (1_000_000, 4_000_000))], heard).rate > 0.35


def test_what_was_cut_before_a_word_was_heard_agrees_with_silence() -> None:
    """Where next to nothing was heard, nothing need have been made out."""
    assert agreement([Told(TEN, (100_000, 4_000_000))], "").rate == 0


def test_a_secret_may_be_any_words() -> None:
    """What stands for a secret is none of the words that were heard, and all of them."""
    told = [Told("Your password is *** and that is all.")]

    assert agreement(told, "your password is four eight horse and that is all").wrong == 0
    assert agreement(told, "your password is *** and that is all").wrong == 0
    assert agreement(told, "your password is blue and this was it").wrong > 0


def test_several_texts_are_one_after_the_other() -> None:
    """Where one text ends and the next begins does not matter."""
    assert agreement([Told("Please hold."), Told("Thank you.")], "please hold thank you").wrong == 0


def test_very_long_texts_are_compared_by_how_often_each_word_comes() -> None:
    """Hours of words take no hours, and still show what is missing."""
    words = [f"word{'abcdefghij'[number % 10]}" for number in range(3_000)]
    assert len(words) ** 2 > MOST_CELLS

    assert agreement([Told(" ".join(words))], " ".join(words)).rate == 0
    assert agreement([Told(" ".join(words))], " ".join(words[:1_500])).rate == pytest.approx(0.5)


WORD = st.sampled_from(["your", "card", "is", "blocked", "now", "four", "21", "***", "yes"])
WORDS = st.lists(WORD, max_size=8).map(" ".join)


@given(WORDS, WORDS, st.none() | st.tuples(st.integers(0, 100), st.just(100)))
def test_the_measure_is_sound(told: str, heard: str, share: tuple[int, int] | None) -> None:
    """Nothing is less than no difference; the same words never differ; each difference is told."""
    found = agreement([Told(told, share)], heard)

    assert found.wrong >= 0
    assert bool(list(found.differences())) == (found.wrong > 0)
    assert agreement([Told(told)], told).wrong == 0
