"""Which of an agent's words tell its reply from others, and are likely to be there next time."""

from __future__ import annotations

import re
from typing import Final

MOST_WORDS: Final = 5

# They are in every reply, so they tell none from another.
_COMMON_WORDS: Final = (
    "a about after again all also am an and any are as at be been but by can could did do does for from "
    "get give go got had has have he her here his how i if in into is it its just know let like may me "
    "more my need no not now of off ok okay on one or our out please right she so some sorry sure that "
    "the their them then there they this those to up us very want was we well were what when where "
    "which who will with would yes you your yours "
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())
_SENTENCE: Final = re.compile(r"[^.!?…]+(?:[.!?…]+|$)")
_WORD: Final = re.compile(r"[^\W_](?:[^\s{}%#]*[^\W_])?")


def salient(text: str) -> str:
    """The run of up to five words of one sentence that says most; empty where there is no word.

    Words with digits in them are references, sums and times, which differ from call to call.
    """
    runs = [run for sentence in _SENTENCE.findall(text) for run in _runs(_WORD.findall(sentence))]
    best: list[str] = max(runs, key=_weight, default=[])
    return " ".join(best)


def _runs(words: list[str]) -> list[list[str]]:
    last = max(1, len(words) - MOST_WORDS + 1)
    return [words[start : start + MOST_WORDS] for start in range(last) if words]


def _weight(run: list[str]) -> int:
    """How much a run says; the first of equals is taken."""
    return sum(_says(word) for word in run)


def _says(word: str) -> int:
    if any(letter.isdigit() for letter in word):
        return -8
    return 1 if word.casefold() in _COMMON else 3 + min(len(word), 9)
