"""What an engine of voice activity is: it says which stretches of a recording are speech.

Most engines look at one chunk after the other. `ByChunks` makes stretches of their answers, and lets live
audio be fed in pieces of any length: at a rate of the engine's own, it is answered as the recording is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import numpy as np

from turnspec.audio.edges import Segment
from turnspec.audio.resample import StreamResampler, resample
from turnspec.audio.samples import EMPTY, Samples, position_at, samples_of, time_of
from turnspec.call.evidence import Track

MIN_SPEECH_US: Final = 60_000
"""Less than this at a stretch is no speech: the shortest words take twice as long."""

ChunkSpeaks: TypeAlias = Callable[[Samples], bool]
"""Whether the next chunk of one line is speech; it may remember those before it."""


@dataclass(frozen=True, slots=True)
class ActivitySettings:
    """How an engine is to decide; None leaves it to the engine.

    `threshold` (0 to 1) is how sure a neural engine must be, `mode` (0 to 3) how strict WebRTC's is; a
    stretch of less than `min_speech_us` is no speech.
    """

    threshold: float | None = None
    mode: int | None = None
    min_speech_us: int | None = None


class ActivityStream(Protocol):
    """An engine on one live line."""

    def feed(self, samples: Samples) -> Sequence[bool]:
        """Take the next audio; for each chunk that is complete by it, whether it is speech."""
        ...


class VoiceActivity(Protocol):
    """Says what of a recording is speech, at its own resolution."""

    @property
    def name(self) -> str:
        """The engine, as reports name it."""
        ...

    @property
    def version(self) -> str:
        """The version of the engine and its model."""
        ...

    @property
    def chunk_us(self) -> int:
        """How much audio it decides on at a time."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What it decides by, as it is kept with what it found."""
        ...

    def spans(self, track: Track) -> tuple[Segment, ...]:
        """Where speech is, in order."""
        ...

    def stream(self, rate_hz: int) -> ActivityStream:
        """The engine on one live line."""
        ...


class ByChunks(ABC):
    """An engine that answers chunk by chunk, at the `RATES` that it knows."""

    RATES: ClassVar[tuple[int, ...]]

    chunk_us: int
    min_speech_us: int

    @abstractmethod
    def line(self, rate_hz: int) -> ChunkSpeaks:
        """The engine, without any memory, at one of its rates."""

    def spans(self, track: Track) -> tuple[Segment, ...]:
        """Where speech is; the last chunk is filled up with silence."""
        samples, rate_hz = self.heard(track)
        said = [*map(self.line(rate_hz), chunks_of(samples, position_at(self.chunk_us, rate_hz)))]
        return spans_of(said, self.chunk_us, time_of(len(samples), rate_hz), self.min_speech_us)

    def heard(self, track: Track) -> tuple[Samples, int]:
        """A recording at a rate that the engine knows, and that rate."""
        rate_hz = self._rate(track.rate_hz)
        return resample(samples_of(track), track.rate_hz, rate_hz), rate_hz

    def stream(self, rate_hz: int) -> ActivityStream:
        """The engine on one live line."""
        own_hz = self._rate(rate_hz)
        size = position_at(self.chunk_us, own_hz)
        return _Chunks(self.line(own_hz), size, StreamResampler(rate_hz, own_hz))

    def _rate(self, rate_hz: int) -> int:
        return max((own for own in self.RATES if own <= rate_hz), default=min(self.RATES))


class _Chunks:
    """Cuts a line into chunks at the engine's rate, and asks about each."""

    def __init__(self, speaks: ChunkSpeaks, size: int, resampler: StreamResampler) -> None:
        self._speaks = speaks
        self._size = size
        self._resampler = resampler
        self._rest = EMPTY

    def feed(self, samples: Samples) -> list[bool]:
        held = np.concatenate([self._rest, self._resampler.feed(samples)])
        whole = len(held) - len(held) % self._size
        self._rest = held[whole:]
        return [self._speaks(held[at : at + self._size]) for at in range(0, whole, self._size)]


def chunks_of(samples: Samples, size: int) -> Iterator[Samples]:
    """Chunks of a recording, the last one filled up with silence."""
    filled = np.pad(samples, (0, -len(samples) % size))
    return (filled[at : at + size] for at in range(0, len(filled), size))


def spans_of(said: Sequence[bool], chunk_us: int, end_us: int, least_us: int) -> tuple[Segment, ...]:
    """The stretches of chunks that are speech, none shorter than `least_us` nor past `end_us`."""
    steps = np.flatnonzero(np.diff(np.asarray(said, bool), prepend=False, append=False)).tolist()
    pairs = zip(steps[::2], steps[1::2], strict=True)
    return tuple(
        Segment(first * chunk_us, min(after * chunk_us, end_us))
        for first, after in pairs
        if (after - first) * chunk_us >= least_us
    )
