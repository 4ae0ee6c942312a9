"""Which branches of each scenario some call of a run went through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from turnspec.results.result import CallResult, RunResult, TurnResult


@dataclass(frozen=True, slots=True)
class BranchTaken:
    """A branch, and how many calls went through it."""

    name: str
    calls: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The branches of one scenario over all its calls: rows, runs, protocols."""

    file: str
    calls: int
    branches: tuple[BranchTaken, ...]

    @property
    def missed(self) -> tuple[BranchTaken, ...]:
        """The branches that no call went through."""
        return tuple(branch for branch in self.branches if not branch.calls)


def coverage(run: RunResult) -> tuple[Coverage, ...]:
    """What was taken of every scenario that has branches, in the order of the run."""
    files = dict.fromkeys(call.file for call in run.calls)
    made = (_of_scenario(file, [call for call in run.calls if call.file == file]) for file in files)
    return tuple(each for each in made if each.branches)


def _of_scenario(file: str, calls: list[CallResult]) -> Coverage:
    known: dict[str, None] = {}
    taken: Counter[str] = Counter()
    for call in calls:
        passed = [name for turn in call.turns for name in (*_branches(turn), *_ways(turn))]
        known |= dict.fromkeys(passed)
        taken.update({name for turn in call.turns for name in _taken(turn)})
    return Coverage(file, len(calls), tuple(BranchTaken(name, taken[name]) for name in known))


def _taken(turn: TurnResult) -> Iterator[str]:
    """Where a call was that came to a turn; of a branch without turns only the decision tells."""
    if turn.began_us is not None:
        yield from _branches(turn)
        yield from (name for name in _ways(turn) if name.rpartition(": ")[2] == turn.decision)


def _ways(turn: TurnResult) -> Iterator[str]:
    """The branches that a turn leads into, each with those around it."""
    yield from (" > ".join((*turn.branch, way)) for way in turn.ways)


def _branches(turn: TurnResult) -> Iterator[str]:
    """The branches that a turn lies in, the outer ones first, each with those around it."""
    for depth in range(len(turn.branch)):
        yield " > ".join(turn.branch[: depth + 1])
