"""Two texts word against word: which words differ, and how much of them is alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from turnspec.speech.spoken import ENGLISH, shown_word, spoken


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
    """The words of two texts in the form of speech, one against the other."""
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
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for place, other in enumerate(second, 1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]


def _steps(wanted: Sequence[str], said: Sequence[str]) -> Iterator[Step]:
    """Along the cheapest way; where there are several, a wrong word comes before a missing one."""
    costs = _costs(wanted, said)
    row = column = 0
    while row < len(wanted) or column < len(said):
        cost, both = costs[row][column], row < len(wanted) and column < len(said)
        if both and cost == costs[row + 1][column + 1] + (wanted[row] != said[column]):
            yield Step(wanted[row], said[column])
            row, column = row + 1, column + 1
        elif row < len(wanted) and cost == costs[row + 1][column] + 1:
            yield Step(wanted[row], None)
            row += 1
        else:
            yield Step(None, said[column])
            column += 1


def _costs(wanted: Sequence[str], said: Sequence[str]) -> list[list[int]]:
    """How many errors are left from each word of both on."""
    rows = [list(range(len(said), -1, -1))]
    for number, word in enumerate(reversed(wanted), 1):
        below, row = rows[-1], [number]
        for place in range(len(said) - 1, -1, -1):
            row.append(min(below[place + 1] + (word != said[place]), below[place] + 1, row[-1] + 1))
        rows.append(row[::-1])
    return rows[::-1]
