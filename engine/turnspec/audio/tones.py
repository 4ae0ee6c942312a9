"""The tones of telephone keys: made, and found in what is heard.

A key is two tones at once, one of four low and one of four high frequencies (ITU-T Q.23). The detector looks
at blocks of 25.6 ms, one every 10 ms, each under a Hann window: by Fourier's integral at the eight
frequencies it asks whether one low and one high tone are all there is. Weights and samples are whole
numbers, and so are the sums, so that what is found does not depend on how the audio is cut into pieces, nor
on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import EMPTY, Samples, joined, median, position_at, silence, time_of
from turnspec.call.actions import Tones
from turnspec.dsl.caller import DIGIT_PAUSE

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYPAD: Final = ("123A", "456B", "789C", "*0#D")
DIGITS: Final = "".join(KEYPAD)
HOP_US: Final = 10_000
BLOCK_US: Final = 25_625  # 205 samples of a telephone: long enough to tell 697 Hz from 770 Hz
LEAST_TONE_US: Final = 40_000  # ITU-T Q.24: a shorter one need not be taken for a key
LEAST_GAP_US: Final = 40_000
_SLACK_US: Final = 6_000  # by which the measured length of a tone may fall short

_WEIGHT: Final = 1 << 12  # of the window's middle: sums of weights and samples stay exact
_LEAST_LEVEL: Final = 60.0  # RMS of the weaker tone: about -55 dBFS
_PURITY: Final = 0.65  # share of all energy in the two tones
_HIGH_OVER_LOW: Final = 10 ** (9 / 10)  # twist; telephones send the high tone 2 dB louder
_LOW_OVER_HIGH: Final = 10 ** (12 / 10)
_ALONE: Final = 10 ** (8 / 10)  # over the other three of its group
_FEW: Final = 8  # blocks: for so many a view costs more than it saves
_STAYS: Final = 0.25  # of a tone's power at its loudest: half a block of it


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was heard, and when its tones began and ended."""

    digit: str
    start_us: int
    end_us: int


def tone(digit: str, duration_us: int, rate_hz: int, level: float) -> Samples:
    """The two tones of a key, at a rate."""
    row = next(number for number, keys in enumerate(KEYPAD) if digit.upper() in keys)
    low, high = LOW_HZ[row], HIGH_HZ[KEYPAD[row].index(digit.upper())]
    moments = np.arange(position_at(duration_us, rate_hz)) * (2 * np.pi / rate_hz)
    return np.asarray(np.rint(level * (np.sin(moments * low) + np.sin(moments * high))), np.int16)


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys as sound, and the end of each of them in it."""

    samples: Samples
    ends: tuple[tuple[str, int], ...]


def pressed(digits: str, rate_hz: int, how: Tones, every_us: int) -> Pressed:
    """Keys one after the other, from one to the next in `every_us`; `w` is a pause."""
    parts: list[Samples] = []
    ends = []
    at_us = 0
    for digit in digits:
        if digit == "w":
            parts.append(silence(DIGIT_PAUSE.us, rate_hz))
            at_us += DIGIT_PAUSE.us
            continue
        parts.append(tone(digit, how.duration_us, rate_hz, how.level))
        parts.append(silence(every_us - how.duration_us, rate_hz))
        ends.append((digit.upper(), at_us + how.duration_us))
        at_us += every_us
    return Pressed(joined(parts), tuple(ends))


def keys_in(samples: Samples, rate_hz: int) -> tuple[Key, ...]:
    """All keys in a recording."""
    detector = KeyDetector(rate_hz)
    return (*detector.feed(samples), *detector.finish())


@dataclass(slots=True)
class _Tone:
    """A tone that goes on: its key, and its power in the blocks so far."""

    row: int
    column: int
    first: int  # block
    powers: list[float]  # of both tones together, from two blocks before on
    seen: int = 1  # blocks in which it was nothing but this key


class KeyDetector:
    """Keys in audio that comes piece by piece. One is told once it is over, within 30 ms of its end."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._bank = _bank(rate_hz)
        self._kept: Samples = EMPTY
        self._begins = 0  # position of the first sample kept
        self._block = 0  # the next one
        self._tone: _Tone | None = None
        self._before = np.zeros((2, 8))  # powers of the last two blocks
        self._skipped = False  # all that is kept is silence

    @property
    def hearing(self) -> bool:
        """Whether the last block was a key's, as far as can be told so early."""
        return self._tone is not None

    @property
    def position(self) -> int:
        """How many samples have come."""
        return self._begins + len(self._kept)

    def feed(self, samples: Samples) -> list[Key]:
        """Take the next audio; the keys that are over."""
        self._skipped = False
        self._kept = np.concatenate([self._kept, samples]) if len(self._kept) else samples
        starts = [*self._starts()]
        if not starts:
            return []
        found = self._hear(_windows(self._kept, starts, self._bank.width))
        cut = self._start_of(self._block) - self._begins
        self._kept, self._begins = self._kept[cut:], self._begins + cut
        return found

    def skip(self, count: int) -> None:
        """Take as many samples of digital silence, while no key is heard."""
        position = self.position + count
        lead = min(position, 2 * self._bank.width)  # so that what begins next begins out of silence
        if not self._skipped or len(self._kept) < lead:
            self._kept, self._before = np.zeros(lead, np.int16), np.zeros((2, 8))
            self._skipped = True
        self._begins = position - lead
        self._block = -(-self._begins * 1_000_000 // (HOP_US * self.rate_hz))

    def finish(self) -> list[Key]:
        """No more comes: the keys that its end makes known."""
        return self.feed(np.zeros(2 * self._bank.width + self.rate_hz // 50, np.int16))

    def _start_of(self, block: int) -> int:
        return block * HOP_US * self.rate_hz // 1_000_000

    def _starts(self) -> Iterator[int]:
        block = self._block
        while (start := self._start_of(block) - self._begins) + self._bank.width <= len(self._kept):
            yield start
            block += 1

    def _hear(self, blocks: NDArray[np.float64]) -> list[Key]:
        powers, energies = self._bank.measure(blocks)
        digits = _pure(powers, energies)
        history = np.concatenate([self._before, powers])
        found: list[Key] = []
        number, count = 0, len(digits)
        while number < count:
            if self._tone is None:  # nearly always: on to where there may be a key
                ahead = digits[number:] >= 0
                number += int(ahead.argmax()) if ahead.any() else count
                if number >= count:
                    break
            found += self._step(self._block + number, history[number : number + 3], int(digits[number]))
            number += 1
        self._block += count
        self._before = history[-2:]
        return found

    def _step(self, block: int, around: NDArray[np.float64], digit: int) -> Iterator[Key]:
        powers = around[-1]
        going_on = self._tone
        if going_on is not None:
            power = _both(powers, going_on)
            same = digit == 4 * going_on.row + going_on.column
            if same or (digit < 0 and power >= _STAYS * max(going_on.powers)):
                going_on.powers.append(power)
                going_on.seen += same
                return
            going_on.powers.append(power)
            self._tone = None
            key = self._over(going_on)
            if key is not None:
                yield key
        if digit >= 0:
            self._tone = fresh = _Tone(digit // 4, digit % 4, block - 2, [])
            fresh.powers += [_both(each, fresh) for each in around]

    def _over(self, ended: _Tone) -> Key | None:
        """The key that a tone was; none if it was too short for one."""
        top = median([power for power in ended.powers if power >= max(ended.powers) / 2])
        rises = _crossing(ended.powers, top * _STAYS)
        falls = len(ended.powers) - 1 - _crossing(ended.powers[::-1], top * _STAYS)
        begin_us, end_us = (self._middle_us(ended.first + place) for place in (rises, falls))
        if ended.seen < 3 or end_us - begin_us < LEAST_TONE_US - _SLACK_US:
            return None
        return Key(KEYPAD[ended.row][ended.column], max(0, begin_us), end_us)

    def _middle_us(self, block: float) -> int:
        return round(block * HOP_US) + time_of(self._bank.width, self.rate_hz) // 2


@dataclass(frozen=True, slots=True)
class _Bank:
    """The eight frequencies in blocks of one rate."""

    width: int
    window: NDArray[np.float64]
    weights: NDArray[np.float64]  # a cosine and a sine of each, under the window
    to_power: float
    to_energy: float

    def measure(self, blocks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each block: the power of the eight tones, and of all there is."""
        sums = np.square(blocks @ self.weights)
        powers = (sums[:, :8] + sums[:, 8:]) * self.to_power
        return powers, np.square(blocks) @ self.window * self.to_energy


@cache
def _bank(rate_hz: int) -> _Bank:
    width = position_at(BLOCK_US, rate_hz)
    window = np.hanning(width + 2)[1:-1]
    angles = np.arange(width)[:, None] * (2 * np.pi / rate_hz) * np.array([*LOW_HZ, *HIGH_HZ])
    turns = np.exp(1j * angles) * window[:, None]
    weights = np.rint(np.concatenate([turns.real, turns.imag], axis=1) * _WEIGHT)
    squared = np.rint(np.square(window) * _WEIGHT)
    # A tone of power p sums to (p / 2) * (sum of the window)^2, and its energy under the window to p * sum.
    to_power = 2 / float(window.sum() * _WEIGHT) ** 2
    return _Bank(width, squared, weights, to_power, 1 / float(squared.sum()))


def _windows(samples: Samples, starts: list[int], width: int) -> NDArray[np.float64]:
    if len(starts) <= _FEW:
        return np.array([samples[start : start + width] for start in starts], np.float64)
    views = np.lib.stride_tricks.sliding_window_view(samples, width)
    return views[starts].astype(np.float64)


def _pure(powers: NDArray[np.float64], energies: NDArray[np.float64]) -> NDArray[np.int64]:
    """The key (by its place on the keypad) that is all there is in each block; -1 where there is none."""
    low, high = powers[:, :4], powers[:, 4:]
    row, column = low.argmax(axis=1), high.argmax(axis=1)
    every = np.arange(len(powers))
    low_top, high_top = low[every, row], high[every, column]
    if not ((low_top + high_top) >= _PURITY * energies).any():  # as of nearly all that is heard
        return np.full(len(powers), -1)
    fine = (low_top + high_top >= _PURITY * energies) & (np.minimum(low_top, high_top) >= _LEAST_LEVEL**2)
    fine &= (high_top <= _HIGH_OVER_LOW * low_top) & (low_top <= _LOW_OVER_HIGH * high_top)
    fine &= (_runner_up(low) * _ALONE <= low_top) & (_runner_up(high) * _ALONE <= high_top)
    return np.where(fine, 4 * row + column, -1)


def _runner_up(group: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.partition(group, 2, axis=1)[:, 2])


def _both(powers: NDArray[np.float64], of: _Tone) -> float:
    return float(powers[of.row] + powers[4 + of.column])


def _crossing(powers: list[float], level: float) -> float:
    """Where, in blocks, power first rises through a level."""
    after = next(number for number, power in enumerate(powers) if power >= level)
    if not after:
        return 0.0
    # Power under a window is smoother as an amplitude.
    below, above, through = (value**0.5 for value in (powers[after - 1], powers[after], level))
    return float(after - 1 + (through - below) / (above - below))
