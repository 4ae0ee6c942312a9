"""Sound on its way between two clocks: a device's and ours.

One side puts, the other takes, and neither waits for the other. The two clocks never run quite alike, so a
little sound is kept as slack; once it is used up, silence is put in, and once it has piled up, the oldest
sound is left out. Both are counted.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from turnspec.audio.samples import EMPTY, Samples, position_at, time_of


@dataclass(frozen=True, slots=True)
class Slips:
    """How much sound was left out, and how much silence put in."""

    dropped_us: int = 0
    inserted_us: int = 0


STEP_US = 20_000


class Ring:
    """Slack of `slack_us` between two threads; it never holds more than `most_us`.

    A device that hands over much at a time, and seldom, needs more slack: each time it runs out there is a
    little more of it from then on, up to half of `most_us`.
    """

    def __init__(self, rate_hz: int, *, slack_us: int, most_us: int) -> None:
        self._rate_hz = rate_hz
        self._slack = position_at(slack_us, rate_hz)
        self._most = position_at(most_us, rate_hz)
        self._step = position_at(STEP_US, rate_hz)
        self._lock = threading.Lock()
        self._pieces: deque[Samples] = deque()
        self._held = 0
        self._flowing = False  # the slack is there
        self._began = False  # it was there before: silence is missing sound from now on
        self._dropped = self._inserted = 0

    @property
    def slips(self) -> Slips:
        """What the two clocks have cost so far."""
        return Slips(time_of(self._dropped, self._rate_hz), time_of(self._inserted, self._rate_hz))

    def put(self, samples: Samples) -> None:
        """Add sound; too much of it costs the oldest."""
        with self._lock:
            self._pieces.append(samples)
            self._held += len(samples)
            if self._held > self._most:
                surplus = self._held - self._slack
                self._pull(surplus)
                self._dropped += surplus

    def take(self, count: int) -> Samples:
        """The next `count` samples; silence until the slack is there, and again once there is too little."""
        with self._lock:
            self._flowing = self._flowing or self._held >= max(self._slack, count)
            found = self._pull(min(count, self._held)) if self._flowing else EMPTY
            missing = count - len(found)
            if missing:
                self._inserted += missing if self._began else 0
                found = np.concatenate((found, np.zeros(missing, np.int16)))
            if self._flowing and missing:
                self._slack = min(self._slack + self._step, self._most // 2)
            self._began = self._began or self._flowing
            self._flowing = self._flowing and not missing
            return found

    def clear(self) -> None:
        """Forget what is held: nobody wants it."""
        with self._lock:
            self._pieces.clear()
            self._held = 0
            self._flowing = self._began = False

    def _pull(self, count: int) -> Samples:
        taken = []
        missing = count
        while missing:
            piece = self._pieces.popleft()
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
                piece = piece[:missing]
            taken.append(piece)
            missing -= len(piece)
        self._held -= count
        return np.concatenate(taken) if taken else EMPTY
