"""Where a known recording is heard inside a longer track, and how much of it.

The recording is cut into windows of a second. Each is laid over the whole track; the place where it agrees
best says where the recording would begin, if that is what is heard. Places on which windows agree are looked
at closely: there, every step of the recording is held against what was heard, and counts as heard where both
correlate. Windows at a place that is known need to agree little, so that a recording is found under speech;
chance alone never makes two windows name one place. All of it is on differences from sample to sample, which
are less alike from one voice to another than the sounds themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import frame_energies, frame_width, threshold_of, voiced_span
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, position_at, time_of

RATE_HZ: Final = 8_000
WINDOW: Final = RATE_HZ
STEP: Final = RATE_HZ // 10
AROUND: Final = RATE_HZ // 4  # of a step, what is compared with it
MOST_WINDOWS: Final = 60
SHORTEST: Final = RATE_HZ // 4  # less than that has no pattern of its own
SURE: Final = 0.6  # one window that agrees so well needs no other
LIKELY: Final = 0.2
HEARD: Final = 0.3  # a step that is known where to be
ITSELF: Final = 0.1  # the same without what is around it
ALIKE: Final = 0.4  # all that was heard; another sentence comes to less
DRIFT: Final = 4  # samples by which one place may be told differently
JITTER: Final = RATE_HZ // 5  # a line that ran dry goes on so much later

Signal: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Passage:
    """A recording as heard: `start_us` is where its first sound lies in the track, or would lie.

    `heard_us` of its sounding `whole_us` were heard, from `from_us` to `to_us` of the track; `likeness` is
    their correlation, 0 to 1.
    """

    start_us: int
    from_us: int
    to_us: int
    heard_us: int
    whole_us: int
    likeness: float

    @property
    def share(self) -> float:
        """How much of the recording's sound was heard, 0 to 1."""
        return self.heard_us / self.whole_us


def find_passage(track: Samples, clip: Samples, rate_hz: int) -> Passage | None:
    """Where `clip` is heard in `track`, both at `rate_hz`; None if it is not. Of several times, the best."""
    span = voiced_span(clip, rate_hz)
    if span is None:
        return None
    voiced = clip[position_at(span[0], rate_hz) : position_at(span[1], rate_hz)]
    sound = resample(voiced, rate_hz, RATE_HZ)
    heard = resample(track, rate_hz, RATE_HZ)
    if len(sound) < SHORTEST or len(heard) < SHORTEST:
        return None
    found = (_followed(place, heard, sound) for place in _places(_steep(heard), _steep(sound)))
    likely = [passage for passage in found if passage is not None]
    return max(likely, key=lambda passage: passage.heard_us, default=None)


def _steep(samples: Samples) -> Signal:
    return np.diff(samples.astype(np.float64), prepend=0.0)


def _places(heard: Signal, sound: Signal) -> list[int]:
    """Where in the track the recording may begin, most likely first."""
    votes = list(_votes(heard, sound))
    places: list[tuple[float, int]] = []
    for place, score in votes:
        near = [each for at, each in votes if abs(at - place) <= DRIFT]
        if score >= SURE or len(near) > 1:
            places.append((sum(near), place))
    kept: list[int] = []
    for _, place in sorted(places, reverse=True):
        if all(abs(place - other) > DRIFT for other in kept):
            kept.append(place)
    return kept[:5]


def _votes(heard: Signal, sound: Signal) -> Iterator[tuple[int, float]]:
    """For each window of the recording: where the recording would begin, and how well that agrees."""
    width = min(WINDOW, len(sound), len(heard))
    size = 1 << (len(heard) + width - 1).bit_length()
    spectrum = np.fft.rfft(heard, size)
    energy = np.concatenate(([0.0], np.cumsum(heard * heard)))
    local = np.maximum(energy[width:] - energy[:-width], 1.0)
    for start in _window_starts(len(sound), width):
        window = sound[start : start + width]
        own = float(np.einsum("i,i->", window, window))
        if own <= 0:
            continue
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(window, size)), size)[: len(local)]
        scores = product / np.sqrt(local * own)
        best = int(np.argmax(scores))
        if scores[best] >= LIKELY:
            yield best - start, float(scores[best])


def _window_starts(length: int, width: int) -> list[int]:
    last = length - width
    hop = max(width // 2, -(-last // MOST_WINDOWS), 1)
    return sorted({*range(0, last + 1, hop), last})


def _followed(place: int, heard: Samples, sound: Samples) -> Passage | None:
    """What is heard of the recording if it begins at `place`, step by step, later where the line ran dry."""
    energies = frame_energies(sound, RATE_HZ)
    sounding = energies >= threshold_of(energies)
    track, clip = _steep(heard), _steep(sound)
    steps: list[tuple[int, int, int, float]] = []  # where in the track, where in the clip, sounding, likeness
    for start in range(0, len(clip), STEP):
        frames = sounding[start // frame_width(RATE_HZ) : (start + STEP) // frame_width(RATE_HZ)]
        count = int(np.count_nonzero(frames)) * frame_width(RATE_HZ)
        if not count:
            continue
        place, likeness = _kept_up(track, clip, place, start)
        if likeness >= HEARD and _agreement(track, clip, place, start, 0) >= ITSELF:
            steps.append((place + start, start, count, likeness))
    whole = int(np.count_nonzero(sounding)) * frame_width(RATE_HZ)
    return _passage(steps, whole)


def _kept_up(track: Signal, clip: Signal, place: int, start: int) -> tuple[int, float]:
    """How well a step agrees where it is to be, or a little later; where that is."""
    here = max((_agreement(track, clip, at, start), -abs(at - place)) for at in range(place - 1, place + 2))
    if here[0] >= HEARD:
        return place, here[0]
    begin, end = max(0, start - AROUND), min(len(clip), start + STEP + AROUND)
    window = clip[begin:end]
    region = track[max(0, place + begin) : max(0, place + end + JITTER)]
    if len(region) <= len(window):
        return place, here[0]
    product = np.correlate(region, window, "valid")
    later = int(np.argmax(product))
    at = max(0, place + begin) + later - begin
    likeness = _agreement(track, clip, at, start)
    return (at, likeness) if likeness >= SURE else (place, here[0])


def _agreement(track: Signal, clip: Signal, place: int, start: int, around: int = AROUND) -> float:
    """The correlation of the recording around a step with the track, if it begins there at `place`."""
    begin = max(0, start - around, -place)
    end = min(len(clip), start + STEP + around, len(track) - place)
    if end - begin < STEP // 2:
        return 0.0
    ours, theirs = clip[begin:end], track[place + begin : place + end]
    # Not `@`: BLAS splits long products among however many threads there are, and sums in that order.
    energy = float(np.einsum("i,i->", ours, ours)) * float(np.einsum("i,i->", theirs, theirs))
    return float(np.einsum("i,i->", ours, theirs)) / energy**0.5 if energy > 0 else 0.0


def _passage(steps: list[tuple[int, int, int, float]], whole: int) -> Passage | None:
    """All that was heard, if it is enough to know the recording by: half of it, or a second."""
    heard = sum(count for _, _, count, _ in steps)
    if not steps or heard < min(WINDOW, whole // 2):
        return None
    likeness = sum(count * each for _, _, count, each in steps) / heard
    if likeness < ALIKE:
        return None
    first, last = steps[0], steps[-1]
    return Passage(
        start_us=time_of(max(0, first[0] - first[1]), RATE_HZ),
        from_us=time_of(max(0, first[0]), RATE_HZ),
        to_us=time_of(last[0] + last[2], RATE_HZ),
        heard_us=time_of(heard, RATE_HZ),
        whole_us=time_of(whole, RATE_HZ),
        likeness=round(likeness, 3),
    )
