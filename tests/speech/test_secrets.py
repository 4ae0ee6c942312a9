"""Secrets among the words that were made out of a sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.speech.secrets import SpokenSecrets
from turnspec.speech.transcription import Transcript, Word

PIN = SpokenSecrets.of(["4821"])
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize(
    "said",
    [
        "4821",
        "48 21",
        "4-8-2-1",
        "four eight two one",
        "Four, eight, two, one",
        "four-eight-two-one",
        "forty-eight twenty-one",
        "four thousand eight hundred and twenty one",
    ],
)
def test_figures_are_hidden_however_they_are_read_out(said: str) -> None:
    """Nothing of them stays in the text, and everything around them does."""
    hidden = PIN.hidden(Transcript(f"Your code is {said}. Is there anything else?"))

    assert hidden.text == "Your code is ***. Is there anything else?"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hunter2", "it is Hunter two, thanks"),
        ("Blue-Moon", "it is blue dash moon, thanks"),
        ("BlueMoon!", "it is blue moon, thanks"),
        ("ab12", "it is A B one two, thanks"),
        ("4477", "it is double four double seven, thanks"),
        ("0799", "it is oh seven double nine, thanks"),
        ("o799", "it is O seven ninety-nine, thanks"),
        ("19481", "it is nineteen forty eight one, thanks"),
    ],
)
def test_letters_and_figures_are_hidden(value: str, said: str) -> None:
    """Capitals, signs and spaces tell nothing of what is heard."""
    assert SpokenSecrets.of([value]).hidden(Transcript(said)).text == "it is ***, thanks"


@pytest.mark.parametrize(
    "said", ["four eight two", "four eight two two", "your balance is 480 and 21 cents", "blue moon", ""]
)
def test_other_words_stay(said: str) -> None:
    """What is not all of a secret is none."""
    assert PIN.hidden(Transcript(said)).text == said


def test_german_figures_are_read_in_german() -> None:
    """Numbers are words of the language of the call."""
    assert PIN.hidden(Transcript("es ist vier acht zwei eins bitte"), "de").text == "es ist *** bitte"


def test_words_with_times_are_hidden_as_one() -> None:
    """The mask lasts from the first of them to the last; the others keep their times."""
    said = ["code", "four", "eight", "two", "one", "please"]
    words = tuple(Word(word, at * 100, at * 100 + 90, 0.9) for at, word in enumerate(said))

    hidden = PIN.hidden(Transcript(" ".join(said), words))

    assert hidden.text == "code *** please"
    assert hidden.words == (words[0], Word("***", 100, 490), words[-1])


def test_short_and_endless_values_are_left() -> None:
    """Hiding each `on` leaves nothing to read, and nobody reads a certificate out."""
    assert SpokenSecrets.of(["", "on", "a-b", "x" * 33]) == SpokenSecrets()


@given(value=st.text("0123456789", min_size=4, max_size=12), before=st.integers(0, 3))
def test_no_row_of_digits_stays(value: str, before: int) -> None:
    """Whatever the digits are, and whatever digits come before them."""
    spelt = [DIGITS[int(digit)] for digit in value]
    text = " ".join([*("five" for _ in range(before)), *spelt])

    hidden = SpokenSecrets.of([value]).hidden(Transcript(text)).text

    assert "***" in hidden
    assert " ".join(spelt) not in hidden
