"""Who speaks up on a noisy line: what rises over all that has lately been going on behind it.

Behind it is what the faintest parts of the last eight seconds come to: how loud they are, and how far apart,
which tells how lively the noise is. Speech begins with 70 ms in one go that are 6 dB over it, and more the
livelier it is, and goes on as long as something is 2.6 dB less than that. Where an engine is asked, it has
to agree. Edges are placed as on a recording, by what was heard until then, and speech is over once its end,
so placed, is the hangover ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from turnspec.audio.edges import (
    CLUSTER_US,
    Segment,
    frame_width,
    refined,
)
from turnspec.audio.samples import EMPTY, Samples, position_at, time_of

BEHIND_US: Final = 4_000_000
REMEMBERED: Final = 800  # frames: eight seconds, in which everybody pauses for a twentieth of the time
FAINT, FAINTER = 10, 20  # shares of what is heard that are fainter than what goes on behind speech
LOOK_EVERY: Final = 4  # frames
KNOWN_FRAMES: Final = 20  # 200 ms are enough to know what goes on behind
RISEN, RISEN_OF = 4, 1  # +6 dB, and five times as much as the noise is lively
ONE: Final = 1 << 12
LIVELY, MOST_LIVELY = ONE * 5 // 4, ONE * 11 // 8  # 1 dB, 1.4 dB
SETTLED: Final = 200  # frames, before which all noise is taken for a lively one
LIVELY_RISE: Final = 9  # it is livelier by 3 dB in 2 ** 9 x 40 ms x ln 2 = 14 s at most
GOES_ON, GOES_ON_OF = 5, 9  # -2.6 dB: by so much less does what has risen go on
LEAST_RISEN: Final = 7  # frames one after the other: cups, keys and latches fade sooner
SOFT: Final = 4  # frames: no more of a voice is heard before it has risen, or sounds after it is over
SMOOTHED: Final = 3  # frames, over which the loudness of crowds does not jump
REACH_US: Final = 150_000  # by so much does a voice fade after what is risen of it, at most
WARM_UP_US: Final = 320_000  # what an engine hears before the sound that it is asked about
LATE_US: Final = 400_000  # by so much later than somebody speaks does an engine say so, at most
AGREED_US: Final = 300_000  # an engine that says nothing for so long does not agree


class SpeechStream(Protocol):
    """An engine of voice activity on one live line."""

    def feed(self, samples: Samples) -> Sequence[bool]:
        """Take the next audio; for each chunk that is complete by it, whether it is speech."""
        ...


class OpensStream(Protocol):
    """Sets an engine of voice activity on one more line."""

    def __call__(self, rate_hz: int) -> SpeechStream | None:
        """The engine on a line of this rate; None: there is none for this sound."""
        ...


class Recent:
    """The last four seconds of a line, by position; what lies before is silence."""

    def __init__(self, rate_hz: int) -> None:
        self._size = position_at(BEHIND_US, rate_hz)
        self._kept = np.zeros(0, np.int16)
        self._till = 0
        self.end = 0

    def put(self, position: int, samples: Samples) -> None:
        """Add what comes next; a gap before it is silence."""
        if position > self.end:
            self._append(np.zeros(min(position - self.end, self._size), np.int16))
        self._append(samples)
        self.end = position + len(samples)

    def read(self, start: int, end: int) -> Samples:
        """A copy of what lies between two positions that are no later than its end."""
        first = self._till - (self.end - start)
        read = np.zeros(max(0, end - start), np.int16)
        kept = self._kept[max(0, first) : max(0, self._till - (self.end - end))]
        read[len(read) - len(kept) :] = kept
        return read

    def _append(self, samples: Samples) -> None:
        needed = self._till + len(samples)
        if needed > len(self._kept):
            keeps = min(self._till, self._size)
            kept = self._kept[self._till - keeps : self._till].copy()
            if keeps + len(samples) > len(self._kept):
                self._kept = np.zeros(2 * (self._size + len(samples)), np.int16)
            self._kept[:keeps] = kept
            needed = keeps + len(samples)
        self._kept[needed - len(samples) : needed] = samples
        self._till = needed


class Background:
    """How loud it is behind whoever speaks, frame by frame."""

    def __init__(self) -> None:
        self._levels = np.zeros(REMEMBERED, np.int64)
        self._heard = 0
        self._lively = LIVELY
        self._last = [0] * SMOOTHED
        self.thresholds: tuple[int, int] | None = None
        """The levels at which something rises over it, and goes on; None: they are not known yet."""

    def hear(self, energy: int) -> int:
        """Take the mean square of the next 10 ms; the level that they come to with those before them."""
        self._last[self._heard % SMOOTHED] = energy
        level = sum(self._last) // SMOOTHED
        self._levels[self._heard % REMEMBERED] = level
        self._heard += 1
        if self._heard % LOOK_EVERY == 0 and self._heard >= KNOWN_FRAMES:
            self.thresholds = self._rising()
        return level

    def _rising(self) -> tuple[int, int]:
        """The livelier it is, which is how far apart its faintest parts are, the more it takes to rise."""
        count = min(self._heard, REMEMBERED)
        faint, fainter = count // FAINT, count // FAINTER
        ordered = np.partition(self._levels[:count], (fainter, faint))
        level, least = int(ordered[faint]), max(1, int(ordered[fainter]))
        lively = min(level * ONE // least, MOST_LIVELY)
        if self._heard < SETTLED:
            self._lively = max(lively, LIVELY)
        else:  # behind fluent speech it is hardly heard, and as lively as it was before
            self._lively = min(lively, self._lively + (self._lively >> LIVELY_RISE))
        risen = RISEN * least * self._lively**5 // (RISEN_OF * ONE**5)
        return risen, risen * GOES_ON // GOES_ON_OF


@dataclass(slots=True)
class _Risen:
    """A sound that rises over what is behind it: positions of its first and after its last frame."""

    start: int
    end: int
    row: int = 1  # frames that have risen one after the other
    longest: int = 1  # of these rows

    def goes_on_to(self, end: int, width: int) -> None:
        """The frame before `end` rises, too."""
        self.row = self.row + 1 if self.end == end - width else 1
        self.longest = max(self.longest, self.row)
        self.end = end


class Foreground:
    """Speech over the noise of one line, from a position on. Costs some 20 microseconds a frame."""

    def __init__(
        self,
        rate_hz: int,
        recent: Recent,
        *,
        hangover: int,
        quiet: int,
        opens: OpensStream | None = None,
        speaking: bool = False,
    ) -> None:
        self._rate_hz, self._recent = rate_hz, recent
        self._width = frame_width(rate_hz)
        self._hangover, self._quiet, self._opens = hangover, quiet, opens
        self._reach, self._gap, self._agreed, self._late = (
            position_at(each, rate_hz) for each in (REACH_US, CLUSTER_US, AGREED_US, LATE_US)
        )
        self._background = Background()
        self._rest = EMPTY
        self._position = recent.end  # of the next sample
        self._engine: SpeechStream | None = None  # while it is asked
        self._alone = False  # there is none for the sound that is heard
        self._agrees_at = -self._agreed  # the position up to which it last said that this is speech
        self._risen: _Risen | None = None
        self._over_at: int | None = None  # where speech ends, if nothing more rises
        self.speaking = speaking
        past = np.trim_zeros(recent.read(recent.end - position_at(BEHIND_US, rate_hz), recent.end), "f")
        for energy in _energies(past[: len(past) - len(past) % self._width], self._width):
            self._background.hear(energy)
        if speaking:
            self._risen = _Risen(recent.end, recent.end)
            self._agrees_at = recent.end

    @property
    def certain_until(self) -> int:
        """Before this position speech that goes on cannot be noticed to be over."""
        return self._risen.end + self._hangover if self.speaking and self._risen is not None else 0

    def take_for_speech(self) -> None:
        """What is heard now is meant for whoever listens, whatever an engine says of it."""
        self._agrees_at = self._position

    def feed(self, samples: Samples) -> list[tuple[bool, int]]:
        """Take the next audio, which `recent` has; whether speech began or else ended, and where."""
        held = np.concatenate([self._rest, samples])
        whole = len(held) - len(held) % self._width
        self._rest = held[whole:]
        noticed: list[tuple[bool, int]] = []
        for number, energy in enumerate(_energies(held[:whole], self._width)):
            at = number * self._width
            self._position += self._width
            self._hear(held[at : at + self._width], energy)
            self._conclude(noticed)
        return noticed

    def _hear(self, frame: Samples, energy: int) -> None:
        """Take a frame that ends at `_position`."""
        thresholds, level = self._background.thresholds, self._background.hear(energy)
        rises = thresholds is not None and level >= max(self._quiet, thresholds[self._risen is not None])
        self._ask(frame, asks=rises or self._risen is not None)
        risen = self._risen
        if risen is None:
            if rises:
                start = self._position - SMOOTHED * self._width
                self._risen = _Risen(start, self._position)
        elif rises and (not self.speaking or self._position - self._agrees_at < self._agreed):
            risen.goes_on_to(self._position, self._width)
            self._over_at = None
        elif not self.speaking and self._position - risen.end >= self._patience(risen):
            self._risen = None

    def _patience(self, risen: _Risen) -> int:
        """How long a sound that began no speech is remembered: engines take their time to agree."""
        waits = self._engine is not None and risen.longest >= LEAST_RISEN
        return self._agreed if waits else self._gap

    def _ask(self, frame: Samples, *, asks: bool) -> None:
        """Ask the engine about a frame of what may be speech; where there is none, it agrees."""
        if not asks:
            self._engine, self._alone = None, False
            return
        if self._engine is None and not self._alone:
            self._engine = self._opened()
            self._alone = self._engine is None
        if self._engine is None or any(self._engine.feed(frame)):
            self._agrees_at = self._position

    def _opened(self) -> SpeechStream | None:
        """An engine that has heard what came before this frame; None: there is none for this sound."""
        engine = None if self._opens is None else self._opens(self._rate_hz)
        if engine is not None:
            before = self._position - self._width
            engine.feed(self._recent.read(before - position_at(WARM_UP_US, self._rate_hz), before))
        return engine

    def _conclude(self, noticed: list[tuple[bool, int]]) -> None:
        risen = self._risen
        if risen is None:
            return
        if not self.speaking:
            if risen.longest >= LEAST_RISEN and self._agrees_at > risen.start:
                self.speaking = True
                if self._engine is not None:
                    risen.start = max(risen.start, self._position - self._late)
                risen.start = max(self._placed(risen)[0], risen.start - SOFT * self._width)
                noticed.append((True, risen.start))
        elif self._position - risen.end >= self._hangover:
            if self._over_at is None or self._position - self._over_at >= self._hangover:
                self._over_at = self._placed(risen)[1]
            if self._position - self._over_at >= self._hangover:
                noticed.append((False, self._over_at))
                self.speaking, self._risen = False, None

    def _placed(self, risen: _Risen) -> tuple[int, int]:
        """Where a voice that has risen begins and ends, as on a recording of what was heard until now."""
        first = max(0, self._position - position_at(BEHIND_US, self._rate_hz))
        start, end = (time_of(max(0, at - first), self._rate_hz) for at in (risen.start, risen.end))
        sound = self._recent.read(first, self._position)
        found = refined(sound, self._rate_hz, [Segment(start, end)], reach_us=REACH_US).segments
        if not found:
            return risen.start, risen.end
        start, end = (first + position_at(at, self._rate_hz) for at in (found[0].start_us, found[-1].end_us))
        return start, min(max(end, risen.end - SOFT * self._width), risen.end + self._reach)


def _energies(samples: Samples, width: int) -> list[int]:
    """The mean square of each `width` samples around their mean: rumble, which is slower, hardly counts."""
    frames = samples.reshape(-1, width).astype(np.int64)
    squares, sums = np.einsum("ij,ij->i", frames, frames), frames.sum(axis=1)
    energies: list[int] = (squares // width - np.square(sums // width)).tolist()
    return energies
