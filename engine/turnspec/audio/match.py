"""Which known clip an utterance is, by its audio alone.

An utterance is laid over each clip where their waveforms agree best, and judged there by two numbers:
the normalised correlation of what overlaps, and how much of the sounding time of both lies in the
overlap. Level, codec, a detour over another rate, silence around it or an end cut off by the endpointer
change neither much; another sentence of the same voice does not correlate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import RESOLUTION_US, frame_energies, frame_width, refined, threshold_of
from turnspec.audio.resample import resample
from turnspec.audio.samples import EMPTY, Samples, position_at, samples_of, time_of
from turnspec.call.evidence import Track

RATE_HZ: Final = 8_000
LEAST_SCORE: Final = 0.75  # the same clip reaches 0.95 and more; other sentences stay below 0.5, words 0.71
LEAST_COVERAGE: Final = 0.75  # of the sounding time; four fifths, and some slack at the cut
NEAR: Final = 3  # samples around the coarse peak
MOST_SHIFT: Final = 4  # the utterance may lie a quarter of the longer one's length beside the clip
MOST_BEFORE: Final = RATE_HZ * 2 // 5  # and a beginning so much beside the clip's own
SHORTEST_OPENING: Final = 20  # sounding frames: less is alike in many sentences
LOUD_SHARE: Final = 40  # percent of the mean energy: what noise 10 dB below the speech does not hide
FAINT_RATIO: Final = 100  # -20 dB: what fades below that may end anywhere
LOUD_FRAMES: Final = 6  # so many of them are noticed as speech

Signal: TypeAlias = NDArray[np.float64]
Spectrum: TypeAlias = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Match:
    """The clip that an utterance is, by its key, and the correlation with it (0 to 1).

    `begins_us` and `fades_us` are where the clip's first and last sound lie in what was heard, or would lie;
    from `ends_us` on it is no more than a fading, or the clip's own noise.
    `goes_on_us`: so soon after all that was heard the next sound of the clip comes that is loud enough to be
    noticed in noise; None: there is no more. `in_noise`: noise hides where what was heard begins and ends.
    """

    key: str
    score: float
    begins_us: int = 0
    ends_us: int = 0
    fades_us: int = 0
    goes_on_us: int | None = None
    in_noise: bool = False


@dataclass(frozen=True, slots=True)
class _Sound:
    """Speech from its first to its last sounding sample, around zero; `before` samples of `whole` precede it.

    `energy[n]` is the energy of the first n samples, `sounding[n]` says how many of the first n frames
    are sound, `loud` which frames are heard in noise, too; at the sample `ends` all but a fading is over.
    """

    signal: Signal
    energy: Signal
    sounding: NDArray[np.int64]
    loud: NDArray[np.bool_]
    ends: int
    before: int
    whole: Signal
    in_noise: bool

    def energy_between(self, start: int, end: int) -> float:
        return float(self.energy[end] - self.energy[start])

    def coverage(self, start: int, end: int) -> float:
        """How much of the sounding time lies between two samples, 0 to 1."""
        width = frame_width(RATE_HZ)
        start, end = max(0, start), min(len(self.signal), end)
        inside = self.sounding[-(-end // width)] - self.sounding[start // width]
        return float(inside) / float(self.sounding[-1])

    def loud_after(self, position: int) -> int | None:
        """The sample, from `position` on, at which it goes on; None: there is nothing more to be noticed."""
        first = max(0, -(-position // frame_width(RATE_HZ)))
        rest = np.flatnonzero(self.loud[first:])
        return None if len(rest) < LOUD_FRAMES else (first + int(rest[0])) * frame_width(RATE_HZ)


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

    def listen(self, samples: Samples, rate_hz: int) -> Utterance:
        """An utterance, ready to be compared with the clips."""
        return Utterance(
            resample(samples, rate_hz, RATE_HZ) if self._clips else EMPTY, self._clips, self._spectrum
        )

    def best(self, samples: Samples, rate_hz: int) -> Match | None:
        """The clip that `samples` are, or None if they are none of them; of equals the first."""
        return self.listen(samples, rate_hz).best()

    def opening(self, samples: Samples, rate_hz: int) -> Match | None:
        """The clip that begins with `samples` and goes on, as far as one is known to."""
        return self.listen(samples, rate_hz).opening()

    def _spectrum(self, key: str, size: int) -> Spectrum:
        if (key, size) not in self._spectra:
            self._spectra[key, size] = np.conj(_half_band(self._clips[key].signal, size))
        return self._spectra[key, size]


class Utterance:
    """What was heard, against known clips; what both questions need is worked out once."""

    def __init__(
        self, samples: Samples, clips: Mapping[str, _Sound], spectrum: Callable[[str, int], Spectrum]
    ) -> None:
        self._clips = clips
        self._spectrum = spectrum
        self._length = len(samples)
        self._heard = _sound(samples) if clips else None
        self._spectra: dict[int, Spectrum] = {}
        self._shifts: dict[str, int] = {}

    def best(self) -> Match | None:
        """The clip that it is, or None if it is none of them; of equals the first."""
        return max(self._matches(_comparable, _of_both), key=lambda match: match.score, default=None)

    def opening(self) -> Match | None:
        """The clip that begins with it and goes on, as far as one is known to."""
        go_on = (match for match in self._matches(_shorter, _of_a_beginning) if match.goes_on_us is not None)
        return max(go_on, key=lambda match: match.score, default=None)

    def _matches(self, comparable: Callable[[int, int], bool], covered: _Covered) -> list[Match]:
        heard = self._heard
        if heard is None:
            return []
        return [
            _match(key, found, heard, clip, self._length)
            for key, clip in self._clips.items()
            if comparable(len(heard.signal), len(clip.signal))
            and (found := _best_near(heard, clip, self._shift(heard, key, clip), covered)) is not None
        ]

    def _shift(self, heard: _Sound, key: str, clip: _Sound) -> int:
        """About where in the utterance the clip begins, if it is that clip."""
        if key not in self._shifts:
            most = max(len(heard.signal), len(clip.signal)) // MOST_SHIFT
            size = _transform_size(MOST_SHIFT * most + most + MOST_SHIFT)
            if size not in self._spectra:
                self._spectra[size] = _half_band(heard.signal, size)
            agreement = np.fft.irfft(self._spectra[size] * self._spectrum(key, size), size // 2)
            self._shifts[key] = _coarse_shift(agreement, most // 2)
        return self._shifts[key]


def _match(key: str, found: tuple[float, int], heard: _Sound, clip: _Sound, length: int) -> Match:
    score, shift = found
    begins = heard.before + shift
    goes_on = clip.loud_after(length - begins)
    return Match(
        key,
        round(score, 3),
        begins_us=time_of(begins, RATE_HZ),
        ends_us=time_of(begins + clip.ends, RATE_HZ),
        fades_us=time_of(begins + len(clip.signal), RATE_HZ),
        goes_on_us=None if goes_on is None else time_of(max(0, goes_on + begins - length), RATE_HZ),
        in_noise=heard.in_noise,
    )


def _sound(samples: Samples) -> _Sound | None:
    speech = refined(samples, RATE_HZ, None)
    if not speech.segments:
        return None
    before = position_at(speech.segments[0].start_us, RATE_HZ)
    voiced = samples[before : position_at(speech.segments[-1].end_us, RATE_HZ)]
    signal = voiced - np.mean(voiced)
    energies = frame_energies(voiced, RATE_HZ)
    sounding = energies >= threshold_of(energies)
    loudness = int(energies[sounding].mean()) if sounding.any() else 0
    return _Sound(
        signal,
        np.concatenate(([0.0], np.cumsum(signal * signal))),
        np.concatenate(([0], np.cumsum(sounding, dtype=np.int64))),
        sounding & (energies >= loudness * LOUD_SHARE // 100),
        min(
            len(signal),
            (1 + int(np.flatnonzero(energies >= loudness // FAINT_RATIO)[-1])) * frame_width(RATE_HZ),
        ),
        before,
        samples - np.mean(voiced),
        speech.error_us > RESOLUTION_US,
    )


def _comparable(heard: int, clip: int) -> bool:
    """Whether lengths alone allow a match; silence inside may be cut off with the words after it."""
    return heard < 2 * clip and clip < 2 * heard


def _shorter(heard: int, clip: int) -> bool:
    """Whether lengths alone allow that more of the clip is to come."""
    return heard < clip + MOST_BEFORE


_Covered: TypeAlias = Callable[[_Sound, _Sound, int, slice], float]
"""How much of what must be in both is in the overlap of an utterance with a clip at a shift, 0 to 1."""


def _of_both(heard: _Sound, clip: _Sound, shift: int, overlap: slice) -> float:
    """As one whole is to the other."""
    start, end = overlap.start, overlap.stop
    return min(heard.coverage(start, end), clip.coverage(start - shift, end - shift))


def _of_a_beginning(heard: _Sound, _clip: _Sound, shift: int, overlap: slice) -> float:
    """As a beginning is to the whole: all of it, where the clip begins."""
    if abs(shift) > MOST_BEFORE or heard.sounding[-1] < SHORTEST_OPENING:
        return 0.0
    return heard.coverage(overlap.start, overlap.stop)


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


def _best_near(heard: _Sound, clip: _Sound, shift: int, covered: _Covered) -> tuple[float, int] | None:
    """The score at the true peak around `shift`, between samples perhaps, and the sample nearest to it."""
    shifts = range(shift - NEAR, shift + NEAR + 1)
    scores = [_overlap_score(heard, clip, each) for each in shifts]
    index = max(range(1, len(scores) - 1), key=scores.__getitem__)
    before, top, after = scores[index - 1 : index + 2]
    bend = 2 * top - before - after
    between = (after - before) ** 2 / (8 * bend) if bend > 0 else 0.0
    score = min(1.0, top + between)
    if score < LEAST_SCORE:
        return None
    overlap = _with_what_noise_hides(heard, clip, shifts[index])
    return (score, shifts[index]) if covered(heard, clip, shifts[index], overlap) >= LEAST_COVERAGE else None


def _overlap(heard: _Sound, clip: _Sound, shift: int) -> slice:
    """The samples of the utterance that overlap when the clip lies at its sample `shift`."""
    return slice(max(0, shift), max(0, min(len(heard.signal), shift + len(clip.signal))))


def _overlap_score(heard: _Sound, clip: _Sound, shift: int) -> float:
    """The correlation of the overlap; 0 if there is none."""
    overlap = _overlap(heard, clip, shift)
    start, end = overlap.start, overlap.stop
    if end <= start:
        return 0.0
    energy = heard.energy_between(start, end) * clip.energy_between(start - shift, end - shift)
    product = _product(heard.signal[start:end], clip.signal[start - shift : end - shift])
    return product / math.sqrt(energy) if energy > 0 else 0.0


def _with_what_noise_hides(heard: _Sound, clip: _Sound, shift: int) -> slice:
    """The overlap, and what lies before and after it where that is more like the clip than like nothing."""
    overlap = _overlap(heard, clip, shift)
    start, end = overlap.start, overlap.stop
    first = max(-heard.before, shift)
    last = min(len(heard.whole) - heard.before, shift + len(clip.signal))
    ours = clip.signal[start - shift : end - shift]
    gain = _product(heard.signal[start:end], ours) / _product(ours, ours)

    def hidden(begin: int, until: int) -> bool:
        if begin >= until:
            return False
        theirs = heard.whole[heard.before + begin : heard.before + until]
        ours = clip.signal[begin - shift : until - shift]
        return 2 * _product(theirs, ours) > gain * _product(ours, ours)

    return slice(first if hidden(first, start) else start, last if hidden(end, last) else end)


def _product(one: Signal, other: Signal) -> float:
    # Not `@`: BLAS splits long products among however many threads there are, and sums in that order.
    return float(np.einsum("i,i->", one, other))
