"""What was heard against what is told of it: which words differ, and by how much of their letters.

Recognition mishears: "part where it" for "password". So words that differ count by their letters; other words
differ in most of them. Of words that were cut off it is known only about how far they were heard, and what
stands for a secret may be any words: neither counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from turnspec.speech.alignment import Step
from turnspec.speech.spoken import ENGLISH, shown_word, spoken

SECRET: Final = "***"  # noqa: S105 - what stands where one was
MOST_CELLS: Final = 1_000_000
"""Beyond a thousand words a side, places are left out of it: only how often each word comes is compared."""

_SPARE_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Told:
    """Words that are told of a sound. `share` is how much of it was heard, and of how much; None: all."""

    text: str
    share: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The words in order, and how far apart they are."""

    steps: tuple[Step, ...]

    @property
    def wanted(self) -> int:
        """How many of the words that are told should have been heard."""
        return sum(step.wanted is not None for step in self.steps)

    @property
    def wrong(self) -> float:
        """How many words are wrong, missing or too many; one that was misheard is so by its letters."""
        return sum(_wrong_in(run) for run in self._runs())

    @property
    def rate(self) -> float:
        """The share of the words that are wrong; it may be above 1."""
        return self.wrong / max(1, self.wanted)

    def differences(self) -> Iterator[str]:
        """Each place where they differ, in words."""
        for run in self._runs():
            wanted, said = (_phrase(run, of) for of in ("wanted", "said"))
            if not said:
                yield f'"{wanted}" was not heard'
            elif not wanted:
                yield f'"{said}" was heard as well'
            else:
                yield f'"{said}" was heard instead of "{wanted}"'

    def _runs(self) -> Iterator[list[Step]]:
        return (list(run) for same, run in groupby(self.steps, key=lambda step: step.same) if not same)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    may_miss: bool = False


def agreement(told: Iterable[Told], heard: str, language: str = ENGLISH) -> Agreement:
    """The words that are told, one after the other, against those that were heard."""
    parts = tuple(told)
    wanted = [word for part in parts for word in _words(part, language)]
    said = [shown_word(unit) for unit in spoken(heard, language)]
    if (len(wanted) + 1) * (len(said) + 1) > MOST_CELLS:
        return Agreement(tuple(_unordered(wanted, said)))
    found = _ordered(wanted, said)
    if said and parts and parts[-1].share is not None:
        # The last of them may be half a word: whatever that sounds like.
        return min(found, _ordered(wanted, said[:-1]), key=lambda each: each.wrong)
    return found


def _words(told: Told, language: str) -> Iterator[_Word]:
    """The words of one text, as far as they may have been heard: speech is not as even as its letters."""
    units = [shown_word(unit) for unit in spoken(told.text, language)]
    if told.share is None:
        yield from map(_Word, units)
        return
    heard, whole = told.share
    about = len(units) * max(0, heard) / whole
    surely = int(about / 2) - _SPARE_WORDS
    for number, unit in enumerate(units[: int(about * 1.25) + _SPARE_WORDS]):
        yield _Word(unit, may_miss=number >= surely)


def _ordered(wanted: Sequence[_Word], said: Sequence[str]) -> Agreement:
    return Agreement(tuple(_joined(_steps(wanted, said))))


def _steps(wanted: Sequence[_Word], said: Sequence[str]) -> Iterator[Step]:
    """Along the cheapest way, without what costs nothing; a wrong word comes before a missing one."""
    costs = _costs(wanted, said)
    row = column = 0
    while row < len(wanted) or column < len(said):
        cost = costs[row][column]
        word = wanted[row] if row < len(wanted) else None
        if word is not None and column < len(said):
            wrong = _wrong(word, said[column])
            if cost == costs[row + 1][column + 1] + wrong:
                yield Step(word.text, said[column] if wrong else word.text)
                row, column = row + 1, column + 1
                continue
        if word is not None and cost == costs[row + 1][column] + _missing(word):
            if _missing(word):
                yield Step(word.text, None)
            row += 1
            continue
        if _too_many(word, said[column]):
            yield Step(None, said[column])
        column += 1


def _costs(wanted: Sequence[_Word], said: Sequence[str]) -> list[list[int]]:
    """How many errors are left from each word of both on."""
    rows = [[0]]
    for word in reversed(said):
        rows[0].append(rows[0][-1] + _too_many(None, word))
    rows[0].reverse()
    for word_told in reversed(wanted):
        below, row = rows[-1], [rows[-1][-1] + _missing(word_told)]
        for place in range(len(said) - 1, -1, -1):
            row.append(
                min(
                    below[place + 1] + _wrong(word_told, said[place]),
                    below[place] + _missing(word_told),
                    row[-1] + _too_many(word_told, said[place]),
                )
            )
        rows.append(row[::-1])
    return rows[::-1]


def _wrong(word: _Word, said: str) -> int:
    return int(word.text != said and SECRET not in (word.text, said))


def _missing(word: _Word) -> int:
    return int(not word.may_miss and word.text != SECRET)


def _too_many(word: _Word | None, said: str) -> int:
    """Whether a word that was heard before this one is one that nobody told of."""
    return int(said != SECRET and (word is None or word.text != SECRET))


def _joined(steps: Iterable[Step]) -> Iterator[Step]:
    """Errors next to one another that spell the same are none: "good bye" is "goodbye"."""
    for same, together in groupby(steps, key=lambda step: step.same):
        run = list(together)
        is_same = same or _letters(run, "wanted") == _letters(run, "said")
        wanted = _phrase(run, "wanted")
        yield from run if same or not is_same else [Step(wanted, wanted)]


def _wrong_in(run: Sequence[Step]) -> float:
    """How many words are wrong in a place where they differ."""
    wanted, said = _letters(run, "wanted"), _letters(run, "said")
    if not (wanted and said) or len(wanted) * len(said) > MOST_CELLS:
        return len(run)
    return len(run) * _distance(wanted, said) / max(len(wanted), len(said))


def _distance(one: str, other: str) -> int:
    """How many letters have to be changed, put in or left out."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, another in enumerate(other, 1):
            least = min(before + (letter != another), row[place] + 1, row[place - 1] + 1)
            before, row[place] = row[place], least
    return row[-1]


def _phrase(steps: Iterable[Step], of: str) -> str:
    return " ".join(filter(None, (getattr(step, of) for step in steps)))


def _letters(steps: Iterable[Step], of: str) -> str:
    """The letters and figures, without the signs between: "8:15" and "815" are one time of day."""
    return "".join(filter(str.isalnum, _phrase(steps, of)))


def _unordered(wanted: Sequence[_Word], said: Sequence[str]) -> Iterator[Step]:
    """The fewest differences there can be, wherever the words stand."""
    told, heard = Counter(word.text for word in wanted), Counter(said)
    common = told & heard
    yield from (Step(word, word) for word in common.elements())
    missing = Counter(word.text for word in wanted if _missing(word)) - heard
    extra = heard - told
    for word in missing.elements():
        yield Step(word, None)
    for word in extra.elements():
        yield Step(None, word)
