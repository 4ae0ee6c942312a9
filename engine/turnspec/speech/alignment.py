"""Two texts word against word: which words differ, and how much of them is alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from turnspec.speech.spoken import ENGLISH, shown_word, spoken

MOST: Final = 200_000_000
"""Words of one text times words of the other, of any two that are compared."""


class TooLong(ValueError):  # noqa: N818 - it says what the texts are
    """Two texts have more words than can be compared one by one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One word that was wanted against one that was said; None: it is missing, or it is too many."""

    wanted: str | None
    said: str | None

    @property
    def same(self) -> bool:
        """Whether it is the same word."""
        return self.wanted == self.said


@dataclass(frozen=True, slots=True)
class Alignment:
    """The fewest changes that make what was said of what was wanted, in order."""

    steps: tuple[Step, ...]

    @property
    def wanted(self) -> int:
        """How many words were wanted."""
        return sum(step.wanted is not None for step in self.steps)

    @property
    def errors(self) -> int:
        """How many words are wrong, missing or too many."""
        return sum(not step.same for step in self.steps)

    @property
    def rate(self) -> float:
        """The word error rate: errors for each word that was wanted; it may be above 1."""
        return self.errors / self.wanted if self.wanted else float(self.errors > 0)

    def differences(self) -> Iterator[str]:
        """Each error in words."""
        for step in self.steps:
            if step.same:
                continue
            if step.said is None:
                yield f'"{step.wanted}" is missing'
            elif step.wanted is None:
                yield f'"{step.said}" is too many'
            else:
                yield f'"{step.said}" instead of "{step.wanted}"'


def aligned(wanted: str, said: str, language: str = ENGLISH) -> Alignment:
    """The words of two texts in the form of speech, one against the other.

    Raises:
        TooLong: Those are more words than can be compared.
    """
    return Alignment(tuple(_steps(_words(wanted, language), _words(said, language))))


def similarity(one: str, other: str, language: str = ENGLISH) -> float:
    """The share of the words of both texts that both have in the same order, 0 to 1.

    Twice the length of the longest run of words, gaps allowed, that both have, by the words of both. Two
    texts without words are alike.
    """
    first, second = _words(one, language), _words(other, language)
    if not first and not second:
        return 1.0
    return 2 * _common(first, second) / (len(first) + len(second))


def _words(text: str, language: str) -> tuple[str, ...]:
    return tuple(map(shown_word, spoken(text, language)))


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words the longest common subsequence has."""
    _check(first, second)
    places, every = _places(first), (1 << len(first)) - 1
    row = every  # a bit is 0 where one more word is in common (Hyyrö 2004)
    for word in second:
        both = row & places.get(word, 0)
        row = ((row + both) | (row - both)) & every
    return len(first) - row.bit_count()


def _steps(wanted: Sequence[str], said: Sequence[str]) -> Iterator[Step]:
    """Along the cheapest way; where there are several, a wrong word comes before a missing one."""
    free, missing = _ways(wanted, said)
    rows, columns = len(wanted), len(said)  # still to be gone
    while rows or columns:
        here = 1 << rows >> 1
        one, other = (wanted[-rows] if rows else None), (said[-columns] if columns else None)
        if rows and columns and (one == other or not free[columns] & here):
            yield Step(one, other)
            rows, columns = rows - 1, columns - 1
        elif rows and missing[columns] & here:
            yield Step(one, None)
            rows -= 1
        else:
            yield Step(None, other)
            columns -= 1


def _ways(wanted: Sequence[str], said: Sequence[str]) -> tuple[list[int], list[int]]:
    """By how many words of `said` are left, a bit for each number of words of `wanted` that are left.

    The bits tell whether what is left costs no more than without the first word of both, and whether it costs
    one error more than without that of `wanted`. A column of the table of costs is found at a time, as the
    bits of one number (Myers 1999, Hyyrö 2003): in a hundredth of the time that its cells take one by one.
    """
    _check(wanted, said)
    places, every = _places(wanted[::-1]), (1 << len(wanted)) - 1
    up, down = every, 0
    free, missing = [0], [up]
    for word in reversed(said):
        same = places.get(word, 0)
        level = ((((same & up) + up) ^ up) | same | down) & every
        right, left = (down | ~(level | up)) << 1 | 1, (level & up) << 1
        up, down = (left | ~(level | right)) & every, right & level
        free.append(level)
        missing.append(up)
    return free, missing


def _places(words: Sequence[str]) -> dict[str, int]:
    """Where each word stands, as bits."""
    found: dict[str, int] = {}
    for place, word in enumerate(words):
        found[word] = found.get(word, 0) | 1 << place
    return found


def _check(one: Sequence[str], other: Sequence[str]) -> None:
    if len(one) * len(other) > MOST:
        raise TooLong(f"texts of {len(one):,} and {len(other):,} words are too long to compare word by word")
