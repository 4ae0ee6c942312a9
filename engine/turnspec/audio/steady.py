"""Whether a live sound keeps to one loudness, as hum, ringback, keys and noise do, and speech does not.

Judged by the loudness of the signal's *steps* (each sample less the one before), in which the low, lively
part of pink noise hardly counts, averaged over 30 ms so that the beat of two tones does not either. Within
300 ms that of steady sounds moves by 2.5 dB at most; that of people by less than 4 dB in 1 case of 1,000.
"""

from __future__ import annotations

from collections import deque
from typing import Final

SMOOTHED: Final = 3  # frames
AT_FIRST: Final = 30 - SMOOTHED  # so many levels alike make a sound steady from its beginning
IN_SPEECH: Final = 50 - SMOOTHED  # and so many the end of one that was speech: vowels may be drawn
LIVELY_RATIO: Final = 2.5  # 4 dB
OTHER_RATIO: Final = 2  # 3 dB: by so much are two noises not the same one


class Steadiness:
    """One uninterrupted sound of a line, frame by frame; `rest` ends it."""

    def __init__(self) -> None:
        self._last: deque[int] = deque(maxlen=SMOOTHED)
        self._levels: deque[int] = deque(maxlen=IN_SPEECH)
        self._energies: deque[int] = deque(maxlen=IN_SPEECH)
        self._least = self._most = 0  # of the levels that are remembered
        self._until = 0  # the older of these two is forgotten with so many more levels
        self._skips = True
        self.lively = False

    def hear(self, energy: int, steps: int) -> None:
        """Take the mean squares of the next 10 ms, and of the steps in it."""
        if self._skips:  # where a sound begins inside a frame, it fills a part of that only
            self._skips = False
            return
        self._last.append(steps)
        self._energies.append(energy)
        if len(self._last) < SMOOTHED:
            return
        level = sum(self._last)
        self._levels.append(level)
        self._until -= 1
        if self._until <= 0 or not self._least <= level <= self._most:
            self._compare()

    def _compare(self) -> None:
        levels = self._levels
        self._least, self._most = min(levels), max(levels)
        older = min(levels.index(self._least), levels.index(self._most))
        self._until = older + 1 + IN_SPEECH - len(levels)
        self.lively = self._most > LIVELY_RATIO * self._least

    def __len__(self) -> int:
        """How many frames of it are remembered."""
        return len(self._energies)

    def steady_for(self, levels: int, noise: int) -> bool:
        """Whether it keeps to one loudness, other than that of the noise that it may be heard over."""
        return not self.lively and len(self._levels) >= levels and self.steps > OTHER_RATIO * noise

    @property
    def energy(self) -> int:
        """Its mean square."""
        return sum(self._energies) // max(1, len(self._energies))

    @property
    def steps(self) -> int:
        """The mean square of its steps."""
        return sum(self._levels) // max(1, SMOOTHED * len(self._levels))

    def rest(self) -> None:
        """The sound is over."""
        if not self._skips:
            self._last.clear()
            self._levels.clear()
            self._energies.clear()
            self._skips, self.lively, self._until = True, False, 0
