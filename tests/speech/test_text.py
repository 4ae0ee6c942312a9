"""Words, runs of words, and how long they take to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.speech import contains_words, content_words, find_words, natural_length_us, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ("hello", "world")),
        ("I don\u2019t know; it's O'Brien's.", ("i", "dont", "know", "its", "obriens")),
        ("card-less", ("card", "less")),
        ("Reference R-1042.", ("reference", "r", "1042")),
        ("that is $1,200.50, at 10:30", ("that", "is", "1200.50", "at", "10:30")),
        ("1,2 and 12,34", ("1,2", "and", "12,34")),
        ("Stra\u00dfe, \uff21\uff22", ("strasse", "ab")),
        ("caf\u00e9 cafe\u0301", ("caf\u00e9", "caf\u00e9")),
        ("snake_case \U0001f600 \u2026", ("snake", "case")),
        ("", ()),
    ],
)
def test_words_are_evened_out(text: str, expected: tuple[str, ...]) -> None:
    """Case, punctuation, apostrophes and ways to write a letter do not count; numbers stay themselves."""
    assert words(text) == expected


@pytest.mark.parametrize("text", ["a card-less account", "a card less account", "A CARDLESS account"])
@pytest.mark.parametrize("phrase", ["card-less", "card less", "cardless", "Cardless account!"])
def test_hyphens_and_spaces_inside_a_word_do_not_count(text: str, phrase: str) -> None:
    """All three spellings are the same."""
    assert contains_words(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("a cardless account", "less"),
        ("a cardless account", "card"),
        ("welcome to the bank", "welcome bank"),
        ("welcome to the banking hall", "the bank"),
        ("that is $350", "3.50"),
        ("", "anything"),
        ("10:30", "1030"),
    ],
)
def test_only_runs_of_whole_words_count(text: str, phrase: str) -> None:
    """Parts of words, gaps and other numbers do not match."""
    assert not contains_words(text, phrase)


def test_where_a_phrase_stands_is_known() -> None:
    """The run is given by its words."""
    assert find_words(words("please hold the line-up now"), "lineup") == (3, 5)
    assert find_words(words("hold the line"), "up") is None


def test_an_empty_phrase_is_in_every_text() -> None:
    """Nothing is always there."""
    assert contains_words("hello", "")
    assert contains_words("", "...")


@given(st.lists(st.sampled_from(["a", "ab", "b", "ba", "card", "less"]), max_size=8), st.data())
def test_a_run_of_a_texts_own_words_is_in_it(parts: list[str], data: st.DataObject) -> None:
    """Any slice of a text's words is found, however it is joined."""
    start = data.draw(st.integers(0, len(parts)))
    end = data.draw(st.integers(start, len(parts)))
    glue = data.draw(st.sampled_from([" ", "-", ""]))

    assert contains_words(" ".join(parts), glue.join(parts[start:end]))


@given(st.text(max_size=40))
def test_any_text_has_words_of_letters_and_digits(text: str) -> None:
    """Whatever comes in, words are not empty, and are words when read again."""
    found = words(text)

    assert all(found)
    assert contains_words(text, " ".join(found))


def test_content_words_leave_the_small_words_out() -> None:
    """Each word that carries meaning counts once, in order."""
    assert content_words("I lost my card, and the card is lost to me!") == ("lost", "card")


def test_speaking_takes_its_time() -> None:
    """160 words a minute, each digit spoken, and never less than a breath."""
    assert natural_length_us(" ".join(["word"] * 160)) == 60_000_000
    assert natural_length_us("R-1042") == 5 * 375_000
    assert natural_length_us("") == 300_000
