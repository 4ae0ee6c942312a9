"""Words as checks, intents and the local agent compare them: without case, punctuation and hyphens."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import Final

import regex

# A number keeps its inner points and colons ("3.50" is not "350"), a word its letters and digits. Three
# stars stand where a secret was: they are a word too.
_WORD: Final = regex.compile(r"\d+(?:[.,:/]\d+)+|[\p{L}\p{M}\p{N}]+|\*{3}")
_THOUSANDS: Final = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
APOSTROPHES: Final = str.maketrans(dict.fromkeys("'\u2019\u2018\u02bc\u00b4`", None))
_WORDS_PER_MINUTE: Final = 160
_SHORTEST_US: Final = 300_000

_STOP_LIST: Final = """
a about after again all am an and any are as at be been before being but by can cant could did do does
doing done dont for from get give go got had has have having he hello her here hers hey hi him his how
i id if ill im in into is isnt it its ive just know let lets like may me might mine my need no not now
of off oh ok okay on one or other our ours out over please really say see shall she should so some
such tell than thank thanks that thats the their them then there these they this those to too under up
us very want was we well were what whats when where which who whose why will with wont would yeah yes
you youd your youre yours
"""
STOP_WORDS: Final = frozenset(_STOP_LIST.split())


@lru_cache(maxsize=4096)  # the phrases of scenarios and intents are looked for again and again
def words(text: str) -> tuple[str, ...]:
    """The words of a text in order: case, accents' spelling, apostrophes and punctuation evened out."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(APOSTROPHES)
    return tuple(_number(word) for word in _WORD.findall(plain))


def content_words(text: str) -> tuple[str, ...]:
    """The distinct words that carry meaning, in order: those which are not in `STOP_WORDS`."""
    return tuple(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))


def contains_words(text: str, phrase: str) -> bool:
    """Whether `phrase` is a run of whole words of `text`; spaces and hyphens inside it do not count.

    "card-less", "card less" and "cardless" are the same; "less" is not in "cardless". An empty phrase is
    in every text.
    """
    return find_words(words(text), phrase) is not None


def find_words(text_words: tuple[str, ...], phrase: str) -> tuple[int, int] | None:
    """First word and the one after the last at which `phrase` stands in `text_words`."""
    wanted = letters(phrase)
    if not wanted:
        return 0, 0
    return run_of(text_words, wanted)


def run_of(text_words: tuple[str, ...], wanted: str) -> tuple[int, int] | None:
    """The first run of whole words that spells `wanted`, wherever its spaces are."""
    joined = "".join(text_words)
    start = joined.find(wanted)
    if start < 0:
        return None
    edges = {edge: index for index, edge in enumerate(accumulate(map(len, text_words), initial=0))}
    while start >= 0:
        if start in edges and (end := start + len(wanted)) in edges:
            return edges[start], edges[end]
        start = joined.find(wanted, start + 1)
    return None


def natural_length_us(text: str) -> int:
    """How long a person takes to say `text`: 160 words a minute, each digit a word."""
    spoken = sum(max(1, sum(character.isdigit() for character in word)) for word in words(text))
    return max(_SHORTEST_US, spoken * 60_000_000 // _WORDS_PER_MINUTE)


@lru_cache(maxsize=4096)
def letters(phrase: str) -> str:
    """The words of a phrase in one piece, as `run_of` looks for them."""
    return "".join(words(phrase))


def _number(word: str) -> str:
    return word.replace(",", "") if _THOUSANDS.fullmatch(word) else word
