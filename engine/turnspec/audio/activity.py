"""Where speech begins and ends in live audio, by the same energies as `edges`, told as it happens.

A *cluster* is sound with gaps shorter than `CLUSTER_US`. Once it holds enough sounding frames it is
speech; until then it may be a click. Speech is over when `hangover_us` passed without any; the end that
is told is the edge itself, not the moment at which it was noticed. Edges are placed one frame
late, when the frames on both sides are known.

Where not any sound is speech, that which keeps to one loudness (`steady`) is none: it begins none, and after
300 ms of it its level is known to be the line's noise, over which speech has to rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.background import DIGITAL_SILENCE
from turnspec.audio.edges import (
    BRIDGE_US,
    CLUSTER_US,
    FRAME_US,
    HYSTERESIS,
    LOOK_OUT,
    MIN_SPEECH_US,
    QUIET,
    frame_width,
    offset_at,
    onset_at,
)
from turnspec.audio.noise_floor import NoiseFloor
from turnspec.audio.samples import Samples, position_at, time_of
from turnspec.audio.steady import AT_FIRST, IN_SPEECH, Steadiness

KEPT: Final = LOOK_OUT + 1  # frames of the past in which an edge may still be placed
ROOM: Final = 64  # frames; any number that is more than `KEPT` will do
ON_US: Final = (
    BRIDGE_US  # after a word, what sounds so soon is still of it, steady or not: a hiss, a last stop
)
SURE: Final = 6  # frames: what rises over a known noise for so long is more than that noise
NOISY_US: Final = 2_000_000  # a line that was not quiet for so long is noisy: people pause more often
LOST: Final = 10  # frames of digital silence are no frames that were lost on a noisy line


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Speech began at `began_us`."""

    began_us: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Speech ended at `ended_us`: its last sounding sample."""

    ended_us: int


Activity: TypeAlias = SpeechBegan | SpeechEnded


class ActivityTracker:
    """Speech on one live line. Costs a few microseconds a frame, one on digital silence.

    `hangover_us` is how long the line must be quiet before speech counts as over. Without `any_sound`,
    sound that keeps to one loudness is no speech.
    """

    def __init__(
        self,
        rate_hz: int,
        *,
        hangover_us: int = BRIDGE_US,
        min_speech_us: int = MIN_SPEECH_US,
        quiet: int = QUIET,
        any_sound: bool = True,
    ) -> None:
        self.rate_hz = rate_hz
        self._steadiness = None if any_sound else Steadiness()
        self._width = frame_width(rate_hz)
        self._hangover = position_at(hangover_us, rate_hz)
        self._gap = min(position_at(CLUSTER_US, rate_hz), self._hangover)
        self._least = max(2, min_speech_us // FRAME_US)
        self._quiet = quiet
        self._floor = NoiseFloor(quiet)
        self._look_back = KEPT * self._width
        # The last frames, and what does not fill a frame yet: `_line[_from:_till]`.
        self._line = np.zeros(ROOM * self._width, np.int16)
        self._from, self._till = 0, self._look_back
        self._blank = True  # what is kept is digital silence
        self._still = 0  # how many samples of digital silence were the last ones
        self._position = 0  # of the next sample
        self._sounding = False  # the last frame was sound
        self._frames = 0  # sounding frames of the cluster; 0: no cluster
        self._start = 0  # of the cluster
        self._end = 0  # of the cluster's last sound, while it is not sounding
        self._lively = any_sound  # the cluster is not steady
        self._on = position_at(ON_US, rate_hz)
        self._on_until = 0  # a cluster that begins before goes on with what was speech
        self._is_speech = False  # the cluster is speech
        self._speech_end: int | None = None  # how far speech reaches; None: there is none
        self._noisy_after = position_at(NOISY_US, rate_hz)
        self._quiet_at: int | None = None  # the end of the last frame in which the line was quiet
        self._calm = self._blanks = 0  # the end of the last calm frame; how many blank ones came last

    @property
    def noisy(self) -> bool:
        """Whether the line has not been quiet for long, or never was: energy tells little there."""
        return self._quiet_at is None or self._position - self._quiet_at >= self._noisy_after

    @property
    def was_quiet(self) -> bool:
        """Whether the line was quiet at least once."""
        return self._quiet_at is not None

    @property
    def still(self) -> bool:
        """Whether there is nothing on the line, and nothing going on."""
        return self._idle

    @property
    def speaking(self) -> bool:
        """Whether speech has begun and is not over."""
        return self._speech_end is not None

    @property
    def certain_until_us(self) -> int:
        """Before this moment speech that goes on cannot be noticed to be over; 0 where nothing goes on."""
        if self._speech_end is None:
            return 0
        return time_of(self._speech_end + self._hangover - self._look_back, self.rate_hz)

    def take_for_speech(self) -> None:
        """What is heard now is meant for whoever listens, as a key's tones are, however steady it is."""
        self._lively = True

    def hush(self) -> None:
        """What is heard now is no speech: only what begins after it is."""
        self._drop_cluster()
        self._speech_end, self._on_until = None, 0

    def feed(self, at_us: int, samples: Samples) -> list[Activity]:
        """Take audio whose first sample is at `at_us`; a gap before it is silence. What was noticed."""
        noticed = self.advance(at_us)
        if self._idle and not np.count_nonzero(samples):  # a fifth of what `any` costs
            self._rest(len(samples))
        else:
            self._still = 0
            self._hear(samples, noticed)
        return noticed

    def feed_silence(self, at_us: int, count: int) -> list[Activity]:
        """As `feed`, of as many samples of digital silence."""
        noticed = self.advance(at_us)
        if self._idle:
            self._rest(count)
        else:
            self._hear(np.zeros(count, np.int16), noticed)
            self._still += count
        return noticed

    @property
    def _idle(self) -> bool:
        """Whether more digital silence changes nothing but the position."""
        if self._speech_end is not None or self._frames:
            return False
        return self._till - self._from == self._look_back or self._still >= self._look_back + self._width

    def _rest(self, count: int) -> None:
        self._position += count
        self._still += count
        self._quiet_at = self._position
        self._floor.rest()
        if not self._blank:
            self._blank = True
            self._line[: self._look_back + self._width] = 0
        begun = (self._till - self._from - self._look_back + count) % self._width  # of the next frame
        self._from, self._till = 0, self._look_back + begun

    def advance(self, now_us: int) -> list[Activity]:
        """Take silence up to `now_us`, as far as no audio has come. What was noticed."""
        noticed: list[Activity] = []
        gap = position_at(now_us, self.rate_hz) - self._position
        if gap > 0:
            # Nothing is pending after so much.
            settled = self._hangover + self._gap + (1 + KEPT) * self._width
            self._hear(np.zeros(min(gap, settled), np.int16), noticed)
            self._position += max(0, gap - settled)
        return noticed

    def _hear(self, samples: Samples, noticed: list[Activity]) -> None:
        width, look_back, floor = self._width, self._look_back, self._floor
        steadiness = self._steadiness
        heard = self._kept_and(samples)
        self._position += len(samples)
        origin = self._position - len(heard)
        after = len(heard) - (len(heard) - look_back) % width
        frames = heard[look_back:after].reshape(-1, width).astype(np.float64)
        step_energies: list[int] | None = None
        for number, energy in enumerate(_mean_squares(frames)):
            start = look_back + number * width
            now = origin + start + width
            floor.hear(energy)
            if energy < self._quiet:
                self._quieten(energy, now)
            if steadiness is not None:
                if energy >= (floor.threshold // HYSTERESIS if self._sounding else floor.threshold):
                    if step_energies is None:
                        step_energies = _mean_squares(frames[:, 1:] - frames[:, :-1], width)
                    steadiness.hear(energy, step_energies[number])
                    if not (self._lively and steadiness.lively):
                        self._consider(steadiness, now)
                else:
                    steadiness.rest()
            speaks = self._is_speech and self._sounding and self._speech_end is not None
            if speaks and energy >= floor.threshold // HYSTERESIS:
                # Speech goes on: what `_step` and `_conclude` come to in nearly every frame of it.
                self._frames += 1
                self._speech_end = now
            else:
                self._step(energy, heard, start, origin)
                self._conclude(now, noticed)
        self._from += after - look_back

    def _quieten(self, energy: int, now: int) -> None:
        """A frame that ends `now` is quiet; the line is with two of them, or with many that are blank."""
        follows = self._calm == now - self._width
        self._calm = now
        self._blanks = 0 if energy > DIGITAL_SILENCE else self._blanks + 1 if follows else 1
        if self._blanks >= LOST or (follows and not self._blanks):
            self._quiet_at = now

    def _consider(self, steadiness: Steadiness, now: int) -> None:
        """Whether the sound that has come to `now` is noise: then that is what it was all along."""
        floor = self._floor
        if steadiness.lively or (len(steadiness) >= SURE and floor.is_less_than(steadiness)):
            self._lively = True
        if steadiness.steady_for(IN_SPEECH if self._lively else AT_FIRST, floor.steps):
            floor.learn(steadiness.energy, steadiness.steps)
            if self._speech_end is not None:
                self._speech_end = min(self._speech_end, now - len(steadiness) * self._width)
            steadiness.rest()
            self._drop_cluster()
            self._on_until = 0

    def _drop_cluster(self) -> None:
        self._frames, self._sounding = 0, False
        self._is_speech, self._lively = False, self._steadiness is None

    def _kept_and(self, samples: Samples) -> Samples:
        """What is kept with `samples` after it, in one piece; the line is wound back when it is full."""
        needed = self._till + len(samples)
        if needed > len(self._line):
            kept = self._line[self._from : self._till].copy()
            needed = len(kept) + len(samples)
            if needed > len(self._line):
                self._line = np.zeros(2 * needed, np.int16)
            self._line[: len(kept)] = kept
            self._from, self._till = 0, len(kept)
        self._line[self._till : needed] = samples
        self._till, self._blank = needed, False
        return self._line[self._from : needed]

    def _step(self, energy: int, heard: Samples, start: int, origin: int) -> None:
        """Take the frame at `heard[start]`; `heard[0]` is at position `origin` of the line."""
        floor, width = self._floor, self._width
        if self._frames == 1 and self._sounding:
            self._start = origin + onset_at(heard, start - width, width, floor.threshold)
        sounds = energy >= (floor.threshold // HYSTERESIS if self._sounding else floor.threshold)
        if sounds:
            self._lively = self._lively or (not self._frames and origin + start < self._on_until)
            self._frames += 1
        elif self._sounding:
            self._end = origin + start  # until the next frame tells better
        elif self._end == origin + start - width:
            self._end = origin + offset_at(heard, start - LOOK_OUT * width, width, floor.threshold)
        self._sounding = sounds

    def _conclude(self, now: int, noticed: list[Activity]) -> None:
        """What follows at the end of a frame, at position `now`."""
        if self._frames >= self._least and self._lively:
            if self._speech_end is None:
                noticed.append(SpeechBegan(time_of(self._start, self.rate_hz)))
            self._is_speech = True
            self._speech_end = now if self._sounding else self._end
            self._on_until = self._speech_end + self._on
        if self._frames and not self._sounding and now - self._end >= self._gap:
            self._drop_cluster()
        if self._speech_end is None or (self._sounding and self._is_speech):
            return
        quiet_until = self._start if self._frames and not self._is_speech else now
        if quiet_until - self._speech_end >= self._hangover:
            noticed.append(SpeechEnded(time_of(self._speech_end, self.rate_hz)))
            self._speech_end = None


def _mean_squares(frames: NDArray[np.float64], width: int | None = None) -> list[int]:
    """The mean square of each frame; exact, as floats hold whole numbers of this size."""
    squares = np.einsum("ij,ij->i", frames, frames).tolist()
    return [int(square) // (width or frames.shape[1]) for square in squares]
