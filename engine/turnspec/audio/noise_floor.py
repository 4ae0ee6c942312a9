"""The noise of a live line, and the threshold that follows from it: what is louder sounds.

Noise is what is left where nothing else is. A sound that is *known* to be noise, because it kept to one
loudness, counts as such however loud it is, until the line is much quieter than it.
"""

from __future__ import annotations

from typing import Final

from turnspec.audio.background import DIGITAL_SILENCE
from turnspec.audio.edges import NOISE_RATIO, QUIET, threshold_over
from turnspec.audio.steady import OTHER_RATIO, Steadiness

NOISE_RISE: Final = 8  # the noise doubles in 2 ** 8 x 10 ms x ln 2 = 1.8 s at most
KNOWN_RISE: Final = 6  # a known noise is followed by a 2 ** 6th with each frame, however much louder that is
SWELL_RATIO: Final = 8  # +9 dB
KNOWN_GONE: Final = 16  # -12 dB: where the line gets so much quieter than a known noise, that is over


class NoiseFloor:
    """The line's own noise so far, and the threshold that follows from it."""

    def __init__(self, quiet: int = QUIET) -> None:
        self._quiet = quiet
        self._noise = 0
        self._loudest = 0
        self._before = 0
        self._known = 0  # the level of a sound that is noise for certain; 0: there is none
        self.steps = 0  # and that of its steps
        self.threshold = quiet

    def rest(self) -> None:
        """There is nothing on the line."""
        if self._known:
            self._forget()

    def is_less_than(self, sound: Steadiness) -> bool:
        """Whether a sound is more than a known noise, and not one of its swells, which are low and faint."""
        if not self._known:
            return False
        return sound.steps > OTHER_RATIO * self.steps or sound.energy > SWELL_RATIO * self._known

    def learn(self, energy: int, steps: int) -> None:
        """Take mean squares for those of noise, of its steps, too, however loud it is."""
        self._known, self.steps = energy, steps
        self.threshold = max(self.threshold, NOISE_RATIO * energy)

    def hear(self, energy: int) -> None:
        """Take the mean square of the next frame."""
        # A frame that is half digital silence is no measure of the noise: two in a row are.
        level, self._before = self._before, energy
        if self._known:
            self._follow(energy, level)
        if energy <= DIGITAL_SILENCE:
            return
        if energy > level:
            level = energy
        if energy > self._loudest:
            self._loudest = energy
        if level < self._noise or not self._noise:
            self._noise = level
        else:
            self._noise += 1 + (self._noise >> NOISE_RISE)
        self.threshold = threshold_over(self._noise, self._loudest, self._quiet)
        if self._known:
            self.threshold = max(self.threshold, NOISE_RATIO * self._known)

    def _follow(self, energy: int, before: int) -> None:
        """Keep to a known noise as long as it is there."""
        if KNOWN_GONE * max(energy, before) < self._known:
            self._forget()
        elif energy < NOISE_RATIO * self._known:
            step = 1 + (self._known >> KNOWN_RISE)
            self._known += min(step, max(-step, energy - self._known))

    def _forget(self) -> None:
        self._known = self.steps = 0
        self.threshold = threshold_over(self._noise, self._loudest, self._quiet)
