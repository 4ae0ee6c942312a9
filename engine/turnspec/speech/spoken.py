"""Whether something was said, however it was put down: "four eight two one" is "4821"."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import regex

from turnspec.speech import english
from turnspec.speech.numerals import LANGUAGES, merged, with_numbers
from turnspec.speech.pieces import Kind, Piece, pieces
from turnspec.speech.text import contains_words, run_of, words

ENGLISH: Final = "en"
_SPELLED: Final = regex.compile(r"\b[a-z]\b (?:as in|for) ", regex.IGNORECASE)


@lru_cache(maxsize=4096)
def spoken(text: str, language: str = ENGLISH) -> tuple[str, ...]:
    """The words of a text in the form in which what is said is compared.

    Numbers, times, amounts, shares, days and codes stand in angle brackets, in figures. English has all of
    them; other languages of `LANGUAGES` have numbers and codes; for any other only figures are read.
    """
    found = pieces(text)
    found = _in_english(found) if language == ENGLISH else _in_another(found, language)
    # A sign that belongs to no number says nothing.
    return tuple(piece.unit for piece in english.dialled(found) if piece.kind is not Kind.SIGN)


def is_said(text: str, phrase: str, language: str = ENGLISH) -> bool:
    """Whether `phrase` is a run of whole words of `text`, as words or in the form of speech."""
    return contains_words(text, phrase) or find_spoken(text, phrase, language) is not None


def find_spoken(text: str, phrase: str, language: str = ENGLISH) -> tuple[int, int] | None:
    """Where `phrase` stands in `spoken(text)`; None too where neither has anything but plain words."""
    wanted = spoken(phrase, language)
    if not wanted or (wanted == words(phrase) and not _SPELLED.search(text)):
        return None
    return run_of(spoken(text, language), "".join(wanted))


def shown_word(unit: str) -> str:
    """One word of `spoken` as it is shown."""
    return unit.strip("<>")


def _in_english(found: list[Piece]) -> list[Piece]:
    found = english.with_own_signs(found)
    if english.has_numbers(found):
        found = with_numbers(found, ENGLISH, lambda index: english.stays_word(found, index))
    return english.with_amounts(list(merged(english.with_codes(found))))


def _in_another(found: list[Piece], language: str) -> list[Piece]:
    if language in LANGUAGES:
        found = with_numbers(found, language, lambda _: False)
    return list(merged(found))
