"""Where things go on a time axis so that their labels do not cover one another."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from turnspec.reports.text import one_line

FONT_SIZE: Final = 11
# Wide fallback fonts (DejaVu Sans) need this much of the size per Latin letter; most need less.
_LATIN_WIDTH: Final = 0.62 * FONT_SIZE
_WIDE: Final = frozenset("WF")
_TICKS_US: Final = tuple(int(step * 1_000_000) for step in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600))


@dataclass(frozen=True, slots=True)
class Axis:
    """The call's clock laid along the picture: `left` is 0, `left + width` is `duration_us`."""

    left: int
    width: int
    duration_us: int

    def x(self, at_us: int) -> float:
        """The place of a moment; what lies outside the call stands at its edge."""
        inside = min(max(at_us, 0), self.duration_us)
        return round(self.left + inside * self.width / self.duration_us, 1)

    def ticks(self, apart: int) -> tuple[int, ...]:
        """Round moments at least `apart` units from one another."""
        least = apart * self.duration_us / self.width
        step = next((step for step in _TICKS_US if step >= least), _TICKS_US[-1])
        return tuple(range(0, self.duration_us + 1, step))


def text_width(text: str) -> float:
    """About how wide a label is, never less than it is in common fonts."""
    return sum(
        FONT_SIZE if unicodedata.east_asian_width(letter) in _WIDE else _LATIN_WIDTH for letter in text
    )


def fitted(text: str, width: float) -> str:
    """As much of a label as fits into `width`, the cut shown; nothing where two letters would not fit."""
    line = one_line(text)
    if text_width(line) <= width:
        return line
    kept = ""
    for letter in line:
        if text_width(kept + letter + "…") > width:
            break
        kept += letter
    return f"{kept.rstrip()}…" if len(kept) > 1 else ""


def rows(boxes: Iterable[tuple[float, float]], gap: float = 4) -> tuple[int, ...]:
    """For each (left, right), in order, the first row from 0 in which it covers nothing before it."""
    taken: list[list[tuple[float, float]]] = []
    placed = []
    for left, right in boxes:
        row = next((index for index, held in enumerate(taken) if _free(held, left, right, gap)), len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((left, right))
        placed.append(row)
    return tuple(placed)


def _free(held: list[tuple[float, float]], left: float, right: float, gap: float) -> bool:
    return all(right + gap <= start or left >= end + gap for start, end in held)
