"""Keys taken out of live audio: what is left is what was said beside them."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from turnspec.audio.samples import EMPTY, Samples, joined, position_at
from turnspec.audio.tones import Key, KeyDetector

PIECE_US: Final = 20_000
FADES_US: Final = 3_000  # by which a key's end may be misjudged


class KeyFilter:
    """Hears keys, and puts in their place what the line sounded like before.

    A key is not known before some 20 ms of it were heard; so much of it is left, which is too short for
    speech. Nothing is delayed: as many samples come out as go in.
    """

    def __init__(self, rate_hz: int) -> None:
        self._detector = KeyDetector(rate_hz)
        self._piece = position_at(PIECE_US, rate_hz)
        self._before: deque[Samples] = deque([EMPTY], maxlen=2)  # the last piece may hold a key's beginning

    def feed(self, samples: Samples) -> tuple[Samples, list[Key]]:
        """The next audio without keys, and the keys that are over."""
        parts: list[Samples] = []
        keys: list[Key] = []
        for start in range(0, len(samples), self._piece):
            piece = samples[start : start + self._piece]
            over = self._detector.feed(piece)
            keys += over
            parts.append(self._left_of(piece, over))
        return parts[0] if len(parts) == 1 else joined(parts), keys

    def rest(self, count: int) -> list[Key]:
        """As many samples of digital silence; the keys that are over."""
        if self._detector.hearing:
            return self.feed(np.zeros(count, np.int16))[1]
        self._detector.skip(count)
        if self._before[-1] is not EMPTY:
            self._before.clear()
            self._before.append(EMPTY)
        return []

    def _left_of(self, piece: Samples, over: list[Key]) -> Samples:
        if self._detector.hearing:
            return self._without(len(piece))
        if over:  # the end of the last one may reach into this piece
            end = position_at(over[-1].end_us + FADES_US, self._detector.rate_hz)
            cut = min(len(piece), max(0, end - (self._detector.position - len(piece))))
            piece = joined([self._without(cut), piece[cut:]])
        self._before.append(piece)
        return piece

    def _without(self, count: int) -> Samples:
        heard = self._before[0]
        return np.resize(heard, count) if len(heard) else np.zeros(count, np.int16)
