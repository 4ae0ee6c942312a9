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
    """From the end of both backwards along the cheapest way, then turned round; ties prefer a wrong word."""
    costs = _costs(wanted, said)
    steps: list[Step] = []
    row, column = len(wanted), len(said)
    while row or column:
        cost = costs[row][column]
        differs = row > 0 and column > 0 and wanted[row - 1] != said[column - 1]
        if row and column and cost == costs[row - 1][column - 1] + differs:
            row, column = row - 1, column - 1
            steps.append(Step(wanted[row], said[column]))
        elif row and cost == costs[row - 1][column] + 1:
            row -= 1
            steps.append(Step(wanted[row], None))
        else:
            column -= 1
            steps.append(Step(None, said[column]))
    return reversed(steps)


def _costs(wanted: Sequence[str], said: Sequence[str]) -> list[list[int]]:
    rows = [list(range(len(said) + 1))]
    for number, word in enumerate(wanted, 1):
        above, row = rows[-1], [number]
        for place, other in enumerate(said, 1):
            row.append(min(above[place - 1] + (word != other), above[place] + 1, row[-1] + 1))
        rows.append(row)
    return rows
