"""How true measured times are: known calls, measured as any call is, against the truth.

`python -m support_accuracy_table FILE` writes the table of all conditions and engines into FILE.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support_accuracy import CONDITIONS, LIVELY, PLAN, Condition, KnownCall, fading, known_call
from support_accuracy_changing import CHANGES, Change, FoundEdge, found_edges
from turnspec.checks.measure import measure_turn
from turnspec.checks.scene import Scene
from turnspec.results import State
from turnspec.run.voice_activity import SpeechFinder
from turnspec.speech.activity import activity_engine

CALLS: Final = 100
ENGINES: Final = ("silero", "webrtc", "energy")
LIVELY_CALLS: Final = 60  # no silence in them spares a neural engine anything
LIVELY_ENGINES: Final = ENGINES[:2]  # by energy, next to nothing is otherwise over lively noise
MEASUREMENTS: Final = ("response", "barge_in", "gap", "overlap")
BEGIN: Final = "<!-- accuracy: begin -->\n"
END: Final = "<!-- accuracy: end -->\n"
LIVELY_BEGIN: Final = "<!-- lively: begin -->\n"
LIVELY_END: Final = "<!-- lively: end -->\n"
CHANGING_BEGIN: Final = "<!-- changing: begin -->\n"
CHANGING_END: Final = "<!-- changing: end -->\n"
FADING_BEGIN: Final = "<!-- fading: begin -->\n"
FADING_END: Final = "<!-- fading: end -->\n"
PROMPTS: Final = 150
TALKS: Final = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured time: how far off it is, and how far off it says it may be; None: not measured."""

    engine: str
    name: str
    off_us: int | None
    bar_us: int | None


def samples_of_call(known: KnownCall, engines: Sequence[str]) -> Iterable[Sample]:
    """Every time of a call that is known in truth, as measured with each engine."""
    for engine in engines:
        found = SpeechFinder(activity_engine(engine)).found(known.evidence)
        scene = Scene(PLAN, known.evidence, found)
        for (index, name), truth_us in known.truth.items():
            turn = scene.turn(index)
            assert turn is not None
            measured = [each for each in measure_turn(scene, turn, 0) if each.name == name]
            value_us = measured[0].value_us if measured and measured[0].state is State.MEASURED else None
            off_us = None if value_us is None else value_us - truth_us
            yield Sample(engine, name, off_us, measured[0].error_us if off_us is not None else None)


@dataclass(frozen=True, slots=True)
class Row:
    """All samples of one measurement under one condition with one engine."""

    condition: str
    engine: str
    name: str
    off_us: tuple[int | None, ...]
    bars_us: tuple[int | None, ...]

    @property
    def sizes_us(self) -> list[int]:
        """How far off each is, either way, in rising order; what was not measured is as far off as can be."""
        return sorted(10**9 if off is None else abs(off) for off in self.off_us)

    def percentile_us(self, percent: int) -> int:
        """The nearest rank."""
        sizes = self.sizes_us
        return sizes[-(-len(sizes) * percent // 100) - 1]

    @property
    def inside(self) -> float:
        """The share that lies within its own error bar."""
        pairs = zip(self.off_us, self.bars_us, strict=True)
        held = [off is not None and bar is not None and abs(off) <= bar for off, bar in pairs]
        return sum(held) / len(held)

    @property
    def bar_us(self) -> int:
        """The widest error bar that was stated."""
        return max(bar for bar in self.bars_us if bar is not None)

    @property
    def markdown(self) -> str:
        """The row of the table."""
        middle, most = (f"{self.percentile_us(percent) / 1_000:.1f} ms" for percent in (50, 95))
        share = f"{100 * self.inside:.1f} %"
        cells = (self.condition, self.engine, f"`{self.name}`", str(len(self.off_us)), middle, most)
        return f"| {' | '.join((*cells, f'± {self.bar_us // 1_000} ms', share))} |\n"


def rows(condition: Condition, count: int, engines: Sequence[str] = ENGINES) -> list[Row]:
    """The rows of one condition: so many calls, measured with each engine."""
    taken = [s for seed in range(count) for s in samples_of_call(known_call(seed, condition), engines)]
    return [
        Row(
            condition.name,
            engine,
            name,
            tuple(s.off_us for s in taken if (s.engine, s.name) == (engine, name)),
            tuple(s.bar_us for s in taken if (s.engine, s.name) == (engine, name)),
        )
        for engine in engines
        for name in MEASUREMENTS
    ]


HEAD: Final = (
    "| line | engine | measurement | n | half are off by at most | 95 % by at most | all state at most "
    "| within theirs |\n|---|---|---|---|---|---|---|---|\n"
)
FADING_HEAD: Final = (
    "| edge | true where the voice | n | half are off by at most | 95 % by at most | all state at most "
    "| within theirs |\n|---|---|---|---|---|---|---|\n"
)


def fading_rows(count: int = PROMPTS) -> str:
    """How true the edges of whole prompts are, which nobody cut."""
    found = [each for each in map(fading, range(count)) if each is not None]
    edges = {
        "beginning | rises over the noise": [(each.onset_us, each.onset_bar_us) for each in found],
        "end | sinks below the noise": [(each.end_us, each.end_bar_us) for each in found],
        "end | sinks, from there to where it is silent": [
            (each.beside_us, each.end_bar_us) for each in found
        ],
    }
    return FADING_HEAD + "".join(_fading_row(name, pairs, count) for name, pairs in edges.items())


def _fading_row(name: str, pairs: Sequence[tuple[int, int]], count: int) -> str:
    offs, bar = sorted(abs(off) for off, _ in pairs), max(bar for _, bar in pairs)
    middle, most = offs[len(offs) // 2], offs[-(-len(offs) * 95 // 100) - 1]
    share = 100 * sum(abs(off) <= bar for off, bar in pairs) / count
    times = f"{middle / 1_000:.1f} ms | {most / 1_000:.1f} ms | ± {bar // 1_000} ms"
    return f"| {name} | {count} | {times} | {share:.1f} % |\n"


CHANGING_HEAD: Final = (
    "| noise | n | half are off by at most | 95 % by at most | all state at most | within theirs "
    "|\n|---|---|---|---|---|---|\n"
)


def edges_of(change: Change, count: int) -> list[FoundEdge]:
    """The edges of so many talks in noise that changes so."""
    return [edge for seed in range(count) for edge in found_edges(seed, change)]


def share_inside(edges: Sequence[FoundEdge]) -> float:
    """How many of them lie within what they state."""
    return sum(abs(edge.off_us) <= edge.bar_us for edge in edges) / len(edges)


def changing_rows(count: int = TALKS) -> str:
    """How true edges are where noise changes."""
    return CHANGING_HEAD + "".join(_changing_row(change, edges_of(change, count)) for change in CHANGES)


def _changing_row(change: Change, edges: Sequence[FoundEdge]) -> str:
    offs, bar = sorted(abs(edge.off_us) for edge in edges), max(edge.bar_us for edge in edges)
    middle, most = offs[len(offs) // 2], offs[-(-len(offs) * 95 // 100) - 1]
    times = f"{middle / 1_000:.1f} ms | {most / 1_000:.1f} ms | ± {bar // 1_000} ms"
    return f"| {change.name} | {len(edges)} | {times} | {100 * share_inside(edges):.1f} % |\n"


def main(target: str) -> None:
    """Write all tables between their marks in a file."""
    path = Path(target)
    text = _between(path.read_text("utf-8"), BEGIN, _table(CONDITIONS, CALLS, ENGINES), END)
    text = _between(text, LIVELY_BEGIN, _table(LIVELY, LIVELY_CALLS, LIVELY_ENGINES), LIVELY_END)
    text = _between(text, CHANGING_BEGIN, changing_rows(), CHANGING_END)
    path.write_text(_between(text, FADING_BEGIN, fading_rows(), FADING_END), "utf-8")


def _table(conditions: Sequence[Condition], count: int, engines: Sequence[str]) -> str:
    found = (rows(condition, count, engines) for condition in conditions)
    return HEAD + "".join(row.markdown for each in found for row in each)


def _between(text: str, begin: str, table: str, end: str) -> str:
    before, rest = text.split(begin)
    return f"{before}{begin}{table}{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    main(sys.argv[1])
