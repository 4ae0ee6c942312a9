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
    """Whether `phrase` is a run of whole words and numbers of `text`, as it stands or as it is spoken."""
    return has_words(text, phrase, language) or find_spoken(text, phrase, language) is not None


def has_words(text: str, phrase: str, language: str = ENGLISH) -> bool:
    """Whether `phrase` is a run of whole words and numbers of `text` as it stands."""
    return contains_words(text, phrase) and _is_whole(text, phrase, language)


def find_spoken(text: str, phrase: str, language: str = ENGLISH) -> tuple[int, int] | None:
    """Where `phrase` stands in `spoken(text)`; None too where neither has anything but plain words."""
    wanted = spoken(phrase, language)
    if not wanted or (wanted == words(phrase) and not _SPELLED.search(text)):
        return None
    return run_of(spoken(text, language), "".join(wanted))


def shown_word(unit: str) -> str:
    """One word of `spoken` as it is shown."""
    return unit.strip("<>")


def _is_whole(text: str, phrase: str, language: str) -> bool:
    """Whether the numbers of a phrase are whole in the text: "five cards" is not in "twenty-five cards"."""
    if not any(unit.startswith("<") for unit in spoken(phrase, language)):
        return True
    return run_of(_read(text, language), "".join(_read(phrase, language))) is not None


def _read(text: str, language: str) -> tuple[str, ...]:
    """The words of a text and its numbers in figures, each for itself, whatever stands around it."""
    found = english.with_own_signs(pieces(text))
    if language in LANGUAGES:
        figures = found
        found = with_numbers(found, language, lambda index: english.scales(figures, index), alone=True)
    return tuple(piece.unit for piece in english.with_wholes(found))


def _in_english(found: list[Piece]) -> list[Piece]:
    found = english.with_own_signs(found)
    if english.has_numbers(found):
        found = with_numbers(found, ENGLISH, lambda index: english.stays_word(found, index))
    return english.with_amounts(list(merged(english.with_codes(found))))


def _in_another(found: list[Piece], language: str) -> list[Piece]:
    if language in LANGUAGES:
        found = with_numbers(found, language, lambda _: False)
    return list(merged(found))
