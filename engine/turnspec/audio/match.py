"""Which known clip an utterance is, by its audio alone.

An utterance is laid over each clip where their waveforms agree best, and judged there by two numbers:
the normalised correlation of what overlaps, and how much of the sounding time of both lies in the
overlap. Level, codec, a detour over another rate, silence around it or an end cut off by the endpointer
change neither much; another sentence of the same voice does not correlate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import frame_energies, frame_width, threshold_of, voiced_span
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, position_at, samples_of
from turnspec.call.evidence import Track

RATE_HZ: Final = 8_000
LEAST_SCORE: Final = 0.75  # the same clip reaches 0.95 and more; other sentences stay below 0.5, words 0.71
LEAST_COVERAGE: Final = 0.75  # of the sounding time; four fifths, and some slack at the cut
NEAR: Final = 3  # samples around the coarse peak
MOST_SHIFT: Final = 4  # the utterance may lie a quarter of the longer one's length beside the clip

Signal: TypeAlias = NDArray[np.float64]
Spectrum: TypeAlias = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Match:
    """The clip that an utterance is, by its key, and the correlation with it (0 to 1)."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class _Sound:
    """Speech from its first to its last sounding sample, around zero.

    `energy[n]` is the energy of the first n samples, `sounding[n]` says how many of the first n frames
    are sound.
    """

    signal: Signal
    energy: Signal
    sounding: NDArray[np.int64]

    def energy_between(self, start: int, end: int) -> float:
        return float(self.energy[end] - self.energy[start])

    def coverage(self, start: int, end: int) -> float:
        """How much of the sounding time lies between two samples, 0 to 1."""
        width = frame_width(RATE_HZ)
        inside = self.sounding[-(-end // width)] - self.sounding[start // width]
        return float(inside) / float(self.sounding[-1])


class ClipIndex:
    """Known clips, ready to be recognised; the samples are at 8 kHz."""

    def __init__(self, clips: Mapping[str, Samples]) -> None:
        self._clips = {key: sound for key, clip in clips.items() if (sound := _sound(clip)) is not None}
        self._spectra: dict[tuple[str, int], Spectrum] = {}

    @classmethod
    def from_tracks(cls, tracks: Mapping[str, Track]) -> ClipIndex:
        """An index of tracks at any rate."""
        return cls(
            {key: resample(samples_of(track), track.rate_hz, RATE_HZ) for key, track in tracks.items()}
        )

    def best(self, samples: Samples, rate_hz: int) -> Match | None:
        """The clip that `samples` are, or None if they are none of them; of equals the first."""
        heard = _sound(resample(samples, rate_hz, RATE_HZ))
        if heard is None:
            return None
        spectra: dict[int, Spectrum] = {}
        matches = [
            Match(key, round(score, 3))
            for key, clip in self._clips.items()
            if _comparable(len(heard.signal), len(clip.signal))
            and (score := self._score(heard, key, clip, spectra)) is not None
        ]
        return max(matches, key=lambda match: match.score, default=None)

    def _score(self, heard: _Sound, key: str, clip: _Sound, spectra: dict[int, Spectrum]) -> float | None:
        """The correlation where both agree best, or None if that is not the clip."""
        most = max(len(heard.signal), len(clip.signal)) // MOST_SHIFT
        size = _transform_size(MOST_SHIFT * most + most + MOST_SHIFT)
        if size not in spectra:
            spectra[size] = _half_band(heard.signal, size)
        agreement = np.fft.irfft(spectra[size] * self._spectrum(key, clip, size), size // 2)
        return _best_near(heard, clip, _coarse_shift(agreement, most // 2))

    def _spectrum(self, key: str, clip: _Sound, size: int) -> Spectrum:
        if (key, size) not in self._spectra:
            self._spectra[key, size] = np.conj(_half_band(clip.signal, size))
        return self._spectra[key, size]


def _sound(samples: Samples) -> _Sound | None:
    span = voiced_span(samples, RATE_HZ)
    if span is None:
        return None
    voiced = samples[position_at(span[0], RATE_HZ) : position_at(span[1], RATE_HZ)]
    signal = voiced - np.mean(voiced)
    energies = frame_energies(voiced, RATE_HZ)
    sounding = energies >= threshold_of(energies)
    return _Sound(
        signal,
        np.concatenate(([0.0], np.cumsum(signal * signal))),
        np.concatenate(([0], np.cumsum(sounding, dtype=np.int64))),
    )


def _comparable(heard: int, clip: int) -> bool:
    """Whether lengths alone allow a match; silence inside may be cut off with the words after it."""
    return heard < 2 * clip and clip < 2 * heard


def _transform_size(least: int) -> int:
    """The next power of two or three quarters of one, so that few sizes serve all utterances."""
    size: int = 1 << (least - 1).bit_length()
    return size * 3 // 4 if size * 3 // 4 >= least else size


def _half_band(signal: Signal, size: int) -> Spectrum:
    """The spectrum up to 2 kHz, where speech has its energy: it halves the work of every comparison."""
    return np.asarray(np.fft.rfft(signal, size)[: size // 4 + 1], np.complex128)


def _coarse_shift(agreement: Signal, most: int) -> int:
    """The sample of the utterance at which the clip's first sample lies, to within two or so."""
    near = np.concatenate((agreement[len(agreement) - most :], agreement[: most + 1]))
    return 2 * (int(np.argmax(near)) - most)


def _best_near(heard: _Sound, clip: _Sound, shift: int) -> float | None:
    """The score at the true peak around `shift`, which may lie between two samples."""
    scores = [_overlap_score(heard, clip, shift + step) for step in range(-NEAR, NEAR + 1)]
    index = max(range(1, len(scores) - 1), key=scores.__getitem__)
    before, top, after = scores[index - 1 : index + 2]
    bend = 2 * top - before - after
    between = (after - before) ** 2 / (8 * bend) if bend > 0 else 0.0
    score = min(1.0, top + between)
    return score if score >= LEAST_SCORE else None


def _overlap_score(heard: _Sound, clip: _Sound, shift: int) -> float:
    """Correlation of the overlap when the clip lies at sample `shift`; 0 if too much is outside of it."""
    start, end = max(0, shift), min(len(heard.signal), shift + len(clip.signal))
    if end <= start:
        return 0.0
    if min(heard.coverage(start, end), clip.coverage(start - shift, end - shift)) < LEAST_COVERAGE:
        return 0.0
    energy = heard.energy_between(start, end) * clip.energy_between(start - shift, end - shift)
    # Not `@`: BLAS splits long products among however many threads there are, and sums in that order.
    product = float(np.einsum("i,i->", heard.signal[start:end], clip.signal[start - shift : end - shift]))
    return product / math.sqrt(energy) if energy > 0 else 0.0
