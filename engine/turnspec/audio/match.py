"""Which known clip an utterance is, by its audio alone.

The few clips that agree best with an utterance are laid over it (`overlay`). It is the clip whose sound it
is, with no word more and no word less: level, codec, a detour over another rate, noise, lost packets, a clock
that drifts or silence around it change neither; another sentence of the same voice, a part of one or one with
another word in it does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import (
    QUIET,
    RESOLUTION_US,
    Segment,
    Speech,
    frame_energies,
    frame_width,
    refined,
    threshold_of,
)
from turnspec.audio.in_noise import DROWNED_US
from turnspec.audio.overlay import RATE_HZ, Overlay, Signal, differences, overlay
from turnspec.audio.resample import resample
from turnspec.audio.samples import EMPTY, Samples, position_at, samples_of, time_of
from turnspec.call.evidence import Track

LEAST_SCORE: Final = 0.4  # the same clip reaches 0.6 on the worst of lines; other sentences stay below 0.2
MOST_EXTRA_US: Final = 80_000  # the shortest of words is 150 ms and more of it; babble at 10 dB is 50
MOST_MISSING_US: Final = 80_000  # at either end
MOST_LOST_US: Final = 200_000  # in between, where the rest keeps its place: nobody but a line leaves that out
MOST_LOST: Final = 1 / 3  # of all, packet by packet: of half of them lost more than that is seen
LEAST_AGREEMENT: Final = (
    0.06  # of a whole clip at one shift; a clock off by 1,000 ppm leaves 0.08 of hisses, 0.16 of voices
)
CANDIDATES: Final = 8
WORTH: Final = 0.5  # of the best agreement: where one is right, no other comes near
MOST_SHIFT: Final = 4  # an utterance may begin or end a quarter of the longer one's length beside the clip
MOST_BEFORE: Final = RATE_HZ * 2 // 5  # or so much, which is what an utterance has before it
SHORTEST_OPENING: Final = 20  # sounding frames: less is alike in many sentences
LOUD_SHARE: Final = 40  # percent of the mean energy: what noise 10 dB below the speech does not hide
FAINT_RATIO: Final = 100  # -20 dB: what fades below that may end anywhere
LOUD_FRAMES: Final = 6  # so many of them are noticed as speech

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
    """A sound as differences, all of it and from its first to its last speech, which begins at `before`.

    `energy[n]` is the energy of the first n samples of the speech, `loud` says which of its frames are heard
    in noise, too, `sounding` how many are sound; at its sample `ends` all but a fading is over.
    """

    whole: Signal
    speech: Signal
    before: int
    energy: Signal
    sounding: int
    loud: NDArray[np.bool_]
    ends: int
    in_noise: bool

    def energy_between(self, start: int, end: int) -> float:
        start, end = max(0, start), min(len(self.speech), end)
        return float(self.energy[end] - self.energy[start]) if start < end else 0.0

    def loud_after(self, position: int) -> int | None:
        """The sample, from `position` on, at which it goes on; None: there is nothing more to be noticed."""
        first = max(0, -(-position // frame_width(RATE_HZ)))
        rest = np.flatnonzero(self.loud[first:])
        return None if len(rest) < LOUD_FRAMES else (first + int(rest[0])) * frame_width(RATE_HZ)


class ClipIndex:
    """Known clips, ready to be recognised; the samples are at 8 kHz."""

    def __init__(self, clips: Mapping[str, Samples]) -> None:
        self._clips = {key: sound for key, clip in clips.items() if (sound := _known(clip)) is not None}
        self._spectra: dict[tuple[str, int], Spectrum] = {}

    @classmethod
    def from_tracks(cls, tracks: Mapping[str, Track]) -> ClipIndex:
        """An index of tracks at any rate; what is known of a track is worked out once for all indexes."""
        index = cls({})
        index._clips = {
            key: sound for key, track in tracks.items() if (sound := _known_track(track)) is not None
        }
        return index

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
            self._spectra[key, size] = np.conj(_half_band(self._clips[key].speech, size))
        return self._spectra[key, size]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A clip that begins at about `shift` in the speech of an utterance, and how well that agrees."""

    key: str
    shift: int
    agreement: float


class Utterance:
    """What was heard, against known clips; what both questions need is worked out once."""

    def __init__(
        self, samples: Samples, clips: Mapping[str, _Sound], spectrum: Callable[[str, int], Spectrum]
    ) -> None:
        self._clips = clips
        self._spectrum = spectrum
        self._heard = _heard(samples) if clips else None
        self._spectra: dict[int, Spectrum] = {}
        self._laid: list[tuple[str, Overlay]] | None = None

    def best(self) -> Match | None:
        """The clip that it is, or None if it is none of them; of equals the first."""
        whole = (match for laid, match in self._begun() if laid.missing_after_us < MOST_MISSING_US)
        return max(whole, key=lambda match: match.score, default=None)

    def opening(self) -> Match | None:
        """The clip that begins with it and goes on, as far as one is known to."""
        if self._heard is None or self._heard.sounding < SHORTEST_OPENING:
            return None
        go_on = (
            match
            for laid, match in self._begun()
            if match.goes_on_us is not None and laid.overdue_us < MOST_LOST_US
        )
        return max(go_on, key=lambda match: match.score, default=None)

    def _begun(self) -> Iterator[tuple[Overlay, Match]]:
        """The clips that it is, or is the beginning of."""
        if self._heard is None:
            return
        if self._laid is None:
            self._laid = [
                (each.key, _overlay(self._heard, self._clips[each.key], each.shift))
                for each in self._candidates(self._heard)
            ]
        for key, laid in self._laid:
            if _is_so_far(laid):
                yield laid, _match(key, laid, self._heard, self._clips[key])

    def _candidates(self, heard: _Sound) -> list[_Candidate]:
        """The clips that may be it, in their order."""
        all_of_them = [self._candidate(heard, key, clip) for key, clip in self._clips.items()]
        least = max(LEAST_AGREEMENT, WORTH * max((each.agreement for each in all_of_them), default=0.0))
        ranked = sorted(all_of_them, key=lambda each: -each.agreement)[:CANDIDATES]
        return [each for each in all_of_them if each in ranked and each.agreement >= least]

    def _candidate(self, heard: _Sound, key: str, clip: _Sound) -> _Candidate:
        longest = max(len(heard.speech), len(clip.speech))
        most = max(longest // MOST_SHIFT, MOST_BEFORE)
        size = _transform_size(longest + most)
        if size not in self._spectra:
            self._spectra[size] = _half_band(heard.speech, size)
        agreement = np.fft.irfft(self._spectra[size] * self._spectrum(key, size), size // 2)
        shift, peak = _highest(agreement, most // 2)
        ours = clip.energy_between(-shift, len(heard.speech) - shift)
        energy = heard.energy_between(shift, shift + len(clip.speech)) * ours
        return _Candidate(key, shift, peak / energy**0.5 if energy > 0 else 0.0)


def _overlay(heard: _Sound, clip: _Sound, shift: int) -> Overlay:
    """The clip over the utterance, where the speech of both begins at about `shift` from one another."""
    speech = slice(clip.before, clip.before + len(clip.speech))
    return overlay(heard.whole, clip.whole, speech, heard.before + shift - clip.before)


def _is_so_far(laid: Overlay) -> bool:
    """Whether the utterance is the clip as far as it goes."""
    return (
        laid.likeness >= LEAST_SCORE
        and laid.extra_us < MOST_EXTRA_US
        and laid.missing_before_us < MOST_MISSING_US
        and laid.missing_between_us < MOST_LOST_US
        and laid.lost < MOST_LOST
    )


def _match(key: str, laid: Overlay, heard: _Sound, clip: _Sound) -> Match:
    length, begins = len(heard.whole), laid.end - len(clip.speech)  # as its end says, where clocks drift
    goes_on = clip.loud_after(length - begins)
    return Match(
        key,
        round(min(1.0, laid.likeness), 3),
        begins_us=time_of(laid.begin, RATE_HZ),
        ends_us=time_of(begins + clip.ends, RATE_HZ),
        fades_us=time_of(laid.end, RATE_HZ),
        goes_on_us=None if goes_on is None else time_of(max(0, goes_on + begins - length), RATE_HZ),
        in_noise=heard.in_noise,
    )


def _known(samples: Samples) -> _Sound | None:
    """A clip; None: it holds no speech."""
    found = refined(samples, RATE_HZ, None)
    return _sound(samples, found) if found.segments else None


@lru_cache(maxsize=64)  # some 25 MB of sentences; each call of a run knows the same ones
def _known_track(track: Track) -> _Sound | None:
    return _known(resample(samples_of(track), track.rate_hz, RATE_HZ))


def _heard(samples: Samples) -> _Sound | None:
    """An utterance; None: it is silent. What is no speech by itself may be a clip for all that."""
    found = refined(samples, RATE_HZ, None)
    if not found.segments and frame_energies(samples, RATE_HZ).max(initial=0) >= QUIET:
        found = Speech((Segment(0, time_of(len(samples), RATE_HZ), DROWNED_US, DROWNED_US),))
    return _sound(samples, found) if found.segments else None


def _sound(samples: Samples, found: Speech) -> _Sound:
    before, after = (
        position_at(each, RATE_HZ) for each in (found.segments[0].start_us, found.segments[-1].end_us)
    )
    whole = differences(samples)
    speech = whole[before:after]
    energies = frame_energies(samples[before:after], RATE_HZ)
    sounding = energies >= threshold_of(energies)
    loudness = int(energies[sounding].mean()) if sounding.any() else 0
    last = int(np.flatnonzero(energies >= loudness // FAINT_RATIO)[-1])
    return _Sound(
        whole,
        speech,
        before,
        np.concatenate(([0.0], np.cumsum(speech * speech))),
        int(np.count_nonzero(sounding)),
        sounding & (energies >= loudness * LOUD_SHARE // 100),
        min(len(speech), (1 + last) * frame_width(RATE_HZ)),
        found.error_us > RESOLUTION_US,
    )


def _transform_size(least: int) -> int:
    """The next power of two or three quarters of one, so that few sizes serve all utterances."""
    size: int = 1 << (least - 1).bit_length()
    return size * 3 // 4 if size * 3 // 4 >= least else size


def _half_band(signal: Signal, size: int) -> Spectrum:
    """The spectrum up to 2 kHz, where the differences have theirs: it halves the work of every comparison."""
    return np.asarray(np.fft.rfft(signal, size)[: size // 4 + 1], np.complex128)


def _highest(agreement: Signal, most: int) -> tuple[int, float]:
    """The sample of the utterance at which the clip's first sample lies, to within two or so; how high."""
    near = np.concatenate((agreement[len(agreement) - most :], agreement[: most + 1]))
    best = int(np.argmax(near))
    return 2 * (best - most), float(near[best]) / 2  # at half the rate each counts twice
