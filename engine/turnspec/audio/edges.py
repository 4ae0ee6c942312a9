"""Where speech begins and ends, by energy.

Frames of 10 ms decide what is sound, with hysteresis over a threshold that follows the line's own noise;
inside the frames at an edge, steps of 1 ms place it. The threshold is a mean square per sample:

    max(QUIET, min(NOISE_RATIO x noise, max(loudest / LOUD_RATIO, LOW_SPEECH)))

so a line without noise gets QUIET, noise raises it, and it never climbs to within 14 dB of the loudest
frame, so that a steady loud sound is not taken for noise. Digital silence (also A-law's, which is +8) is
no noise: how much of it surrounds the speech changes nothing. All of that is integer arithmetic. Over noise
that is louder than QUIET itself, on a whole recording, the spectrum finds the edges instead (`in_noise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.background import NOISE_FRAMES, SPEECH_RATIO, floor, is_tonal
from turnspec.audio.grain import grain
from turnspec.audio.in_noise import DROWNED_US, IN_NOISE_US, Sound, sounds_over
from turnspec.audio.noise_stretches import Stretch, noise_stretches
from turnspec.audio.samples import Samples, time_of
from turnspec.call.formats import MICROSECONDS

FRAME_US: Final = 10_000
STEP_US: Final = 1_000
MIN_SPEECH_US: Final = 30_000
BRIDGE_US: Final = 200_000
CLUSTER_US: Final = 100_000  # sounds this close are of one piece: a stop consonant and its vowel
REACH_US: Final = 500_000  # an engine is late by its chunks and by what it must hear before it is sure
LATE_US: Final = 150_000  # a sound this close to a span is of it: a soft beginning, a last stop
RESOLUTION_US: Final = 5_000  # an edge is this close to the truth, fades of up to 20 ms included

COARSE: Final = 256  # steps of samples of eight bits: what is fainter than half of one is lost
RISES_US: Final = 20_000  # in which voices rise to where that is heard
FADES_US: Final = 45_000  # in which they fade from there
QUIET: Final = 64**2  # -54 dBFS
LOW_SPEECH: Final = 292**2  # -41 dBFS: a steady sound below it counts as noise
IDLE_PEAK: Final = 8  # A-law's silence
IDLE_BLOCK: Final = 4_096  # samples looked at together
NOISE_RATIO: Final = 4  # +6 dB
LOOK_OUT: Final = 2  # frames outside of the sound in which its edge may lie
BESIDE: Final = 5  # milliseconds
EDGE_RATIO: Final = 6  # +8 dB over the few milliseconds beside an edge
LOUD_RATIO: Final = 25  # -14 dB
HYSTERESIS: Final = 2  # sound goes on until 3 dB below what began it


@dataclass(frozen=True, slots=True)
class Segment:
    """Speech from its first to its last sounding sample.

    `start_blur_us` and `end_blur_us` are how far off each of its edges may be beyond `RESOLUTION_US`.
    """

    start_us: int
    end_us: int
    start_blur_us: int = field(default=0, compare=False)
    end_blur_us: int = field(default=0, compare=False)

    @property
    def duration_us(self) -> int:
        """How long it is."""
        return self.end_us - self.start_us

    def holds(self, at_us: int) -> bool:
        """Whether a moment lies in it, its end left out."""
        return self.start_us <= at_us < self.end_us


@dataclass(frozen=True, slots=True)
class Speech:
    """All speech on a recording, in order."""

    segments: tuple[Segment, ...]

    @property
    def error_us(self) -> int:
        """How far off any of its edges may be at most."""
        blurs = (max(each.start_blur_us, each.end_blur_us) for each in self.segments)
        return RESOLUTION_US + max(blurs, default=0)


def refined(
    samples: Samples,
    rate_hz: int,
    spans: Sequence[Segment] | None,
    *,
    bridge_us: int = BRIDGE_US,
    min_speech_us: int = MIN_SPEECH_US,
    quiet: int = QUIET,
    reach_us: int = REACH_US,
) -> Speech:
    """Speech where an engine found it (`spans`, in order), with edges placed by energy; None: energy alone.

    Sound that is not within 150 ms of any span is no speech, and no edge lies more than `reach_us` outside
    of the span that it belongs to. Gaps shorter than `bridge_us` are bridged. Sounds of less than
    `min_speech_us` that stand alone are clicks, not speech. `quiet` is the mean square that no threshold
    goes below.
    """
    lead = idle_lead(samples)
    sound = samples[lead:]
    lead_us = time_of(lead, rate_hz)
    if spans is not None:
        spans = [Segment(span.start_us - lead_us, span.end_us - lead_us) for span in spans]
    energies = frame_energies(sound, rate_hz)
    beside = None if spans is None else _beside(spans, len(energies), reach_us)
    fine: list[Sound] = []
    coarse = grain(sound)
    for stretch in noise_stretches(energies, beside, quiet):
        part = energies[stretch.first : stretch.last]
        _add(fine, _found_in(sound, rate_hz, stretch, part, quiet, min_speech_us), rate_hz, stretch.first)
    segments: list[Segment] = []
    for each in fine:
        segment = _segment(_blurred(each, coarse * RISES_US // COARSE, coarse * FADES_US // COARSE), rate_hz)
        for piece in [segment] if spans is None else in_reach(segment, spans, reach_us):
            _join(segments, _later(piece, lead_us), 0)
    return bridged(Speech(tuple(segments)), bridge_us)


def bridged(speech: Speech, bridge_us: int) -> Speech:
    """The same speech without the gaps that are, or may be where noise hides edges, shorter than that."""
    segments: list[Segment] = []
    for segment in speech.segments:
        doubt_us = _doubt_us(segments[-1].end_blur_us, segment.start_blur_us) if segments else 0
        _join(segments, segment, bridge_us + doubt_us if bridge_us else 0)
    return Speech(tuple(segments))


def _doubt_us(*blurs_us: int) -> int:
    """By how much more a gap between such edges may be no gap; between clear ones there is no doubt."""
    return len(blurs_us) * IN_NOISE_US if any(blurs_us) else 0


def _found_in(
    sound: Samples,
    rate_hz: int,
    stretch: Stretch,
    energies: NDArray[np.int64],
    quiet: int,
    min_speech_us: int,
) -> list[Sound]:
    """The sounds of a stretch, counted from the beginning of the recording."""
    width, loudest = frame_width(rate_hz), int(energies.max(initial=0))
    start, count = stretch.first * width, len(sound)
    sound = sound[start : stretch.last * width]
    if len(sound) < count and loudest < SPEECH_RATIO * stretch.level and _is_signal(sound, rate_hz, stretch):
        found = _sounds(sound, rate_hz, energies, quiet, min_speech_us)
    elif stretch.level > quiet:
        least_us = 0 if loudest >= SPEECH_RATIO * stretch.level else DROWNED_US
        found = sounds_over(sound, rate_hz, stretch.noise, CLUSTER_US, min_speech_us)
        found = [_blurred(each, least_us, least_us) for each in found]
    else:
        threshold = threshold_over(stretch.level, loudest, quiet)
        found = _sounds(sound, rate_hz, energies, threshold, min_speech_us)
    return [replace(each, first=start + each.first, last=start + each.last) for each in found]


def _is_signal(sound: Samples, rate_hz: int, stretch: Stretch) -> bool:
    """Whether what keeps to one level in a stretch is tones that are played, and no noise."""
    return is_tonal(sound[np.repeat(stretch.noise, frame_width(rate_hz))[: len(sound)]], rate_hz)


def _add(sounds: list[Sound], more: list[Sound], rate_hz: int, frame: int) -> None:
    """Take those of the next stretch, which begins with a frame; what goes on over it is one sound."""
    apart, border = rate_hz * CLUSTER_US // MICROSECONDS, frame * frame_width(rate_hz)
    if sounds and more and more[0].first - border < apart and more[0].first - sounds[-1].last < apart:
        sounds[-1] = replace(sounds[-1], last=more[0].last, offset_us=more[0].offset_us)
        more = more[1:]
    sounds.extend(more)


def _blurred(sound: Sound, onset_us: int, offset_us: int) -> Sound:
    """The same with edges that are at least so far off."""
    return replace(sound, onset_us=max(sound.onset_us, onset_us), offset_us=max(sound.offset_us, offset_us))


def _segment(sound: Sound, rate_hz: int) -> Segment:
    return Segment(
        time_of(sound.first, rate_hz),
        time_of(sound.last, rate_hz),
        max(0, sound.onset_us - RESOLUTION_US),
        max(0, sound.offset_us - RESOLUTION_US),
    )


def _later(segment: Segment, by_us: int) -> Segment:
    return replace(segment, start_us=segment.start_us + by_us, end_us=segment.end_us + by_us)


def _beside(spans: Sequence[Segment], count: int, reach_us: int) -> NDArray[np.intp]:
    """The frames right outside of the reach of the spans; they may lie outside of the recording, too."""
    margin = NOISE_FRAMES + NOISE_FRAMES // 2
    far = np.zeros(count + 2 * margin, np.int8)
    for widened, mark in ((margin, 1), (0, 2)):
        for span in spans:
            first = (span.start_us - reach_us) // FRAME_US - widened
            last = -(-(span.end_us + reach_us) // FRAME_US) + widened
            far[max(0, margin + first) : max(0, margin + last)] = mark
    return np.flatnonzero(far == 1) - margin


def in_reach(segment: Segment, spans: Sequence[Segment], reach_us: int) -> list[Segment]:
    """What of a sound lies in reach of the spans that it touches, or nearly; spans that are in order."""
    parts: list[Segment] = []
    for span in spans:
        if span.start_us - LATE_US < segment.end_us and segment.start_us < span.end_us + LATE_US:
            _join(parts, _cut(segment, span.start_us - reach_us, span.end_us + reach_us, reach_us), 1)
    return parts


def _cut(segment: Segment, from_us: int, until_us: int, reach_us: int) -> Segment:
    """A segment between two moments at most; where it is cut, nothing tells where speech does."""
    if segment.start_us < from_us:
        segment = replace(segment, start_us=from_us, start_blur_us=reach_us)
    if segment.end_us > until_us:
        segment = replace(segment, end_us=until_us, end_blur_us=reach_us)
    return segment


def _sounds(
    sound: Samples, rate_hz: int, energies: NDArray[np.int64], threshold: int, min_speech_us: int
) -> list[Sound]:
    """The sounds over a threshold."""
    width = frame_width(rate_hz)
    return [
        Sound(
            onset_at(sound, first * width, width, threshold), offset_at(sound, last * width, width, threshold)
        )
        for first, last in _speech_frames(sounding_runs(energies, threshold), min_speech_us // FRAME_US)
    ]


def speech_segments(
    samples: Samples,
    rate_hz: int,
    *,
    bridge_us: int = BRIDGE_US,
    min_speech_us: int = MIN_SPEECH_US,
    quiet: int = QUIET,
) -> tuple[Segment, ...]:
    """All speech in `samples` by energy alone, as `refined` finds it."""
    return refined(
        samples, rate_hz, None, bridge_us=bridge_us, min_speech_us=min_speech_us, quiet=quiet
    ).segments


def voiced_span(samples: Samples, rate_hz: int) -> tuple[int, int] | None:
    """From the first to the last speech of a clip, in microseconds; None if there is none."""
    segments = speech_segments(samples, rate_hz)
    return (segments[0].start_us, segments[-1].end_us) if segments else None


def idle_lead(samples: Samples) -> int:
    """How many samples of digital silence come first.

    Frames are counted from there: the same sound has the same frames, and edges, wherever it lies.
    """
    for start in range(0, len(samples), IDLE_BLOCK):
        block = samples[start : start + IDLE_BLOCK]
        busy = (block > IDLE_PEAK) | (block < -IDLE_PEAK)
        if busy.any():
            return start + int(busy.argmax())
    return 0


def frame_width(rate_hz: int) -> int:
    """Samples of one frame."""
    return rate_hz * FRAME_US // MICROSECONDS


def frame_energies(samples: Samples, rate_hz: int) -> NDArray[np.int64]:
    """The mean square of each 10 ms, the last frame filled up with silence."""
    return mean_squares(samples, frame_width(rate_hz))


def mean_squares(samples: Samples, width: int) -> NDArray[np.int64]:
    """The mean square of each `width` samples, rounded down, the last part filled up with silence."""
    whole = len(samples) // width
    wide = samples.astype(np.int64)
    frames = wide[: whole * width].reshape(whole, width)
    squares = np.einsum("ij,ij->i", frames, frames)
    rest = wide[whole * width :]
    if len(rest):
        squares = np.append(squares, rest @ rest)
    return np.asarray(squares // width, np.int64)


def threshold_of(energies: NDArray[np.int64], quiet: int = QUIET) -> int:
    """The mean square at which sound begins, for a whole recording."""
    return threshold_over(floor(energies), int(energies.max(initial=0)), quiet)


def threshold_over(noise: int, loudest: int, quiet: int) -> int:
    """The mean square at which sound begins, over a noise and under the loudest frame."""
    threshold = NOISE_RATIO * noise
    if threshold <= quiet:  # as on most lines, on which this is asked every 10 ms
        return quiet
    return max(quiet, min(threshold, max(loudest // LOUD_RATIO, LOW_SPEECH)))


def sounding_runs(energies: NDArray[np.int64], threshold: int) -> list[tuple[int, int]]:
    """First and last frame of each sound: it begins at the threshold and ends below half of it."""
    steps = np.flatnonzero(np.diff(energies >= threshold // HYSTERESIS, prepend=False, append=False))
    starts, ends = steps[::2], steps[1::2]
    loud = np.append(np.flatnonzero(energies >= threshold), len(energies))
    firsts = loud[np.searchsorted(loud, starts)]
    begun = firsts < ends
    return list(zip(firsts[begun].tolist(), (ends[begun] - 1).tolist(), strict=True))


def _speech_frames(runs: list[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """Runs less than `CLUSTER_US` apart as one, if they hold at least `least` sounding frames."""
    clusters: list[tuple[int, int, int]] = []  # first frame, last frame, sounding frames
    for first, last in runs:
        frames = last - first + 1
        if clusters and first - clusters[-1][1] <= CLUSTER_US // FRAME_US:
            begin, _, before = clusters.pop()
            clusters.append((begin, last, before + frames))
        else:
            clusters.append((first, last, frames))
    return [(first, last) for first, last, frames in clusters if frames >= least]


def onset_at(samples: Samples, position: int, width: int, threshold: int) -> int:
    """The sample at which the sound whose first frame is at `position` begins."""
    start = position - LOOK_OUT * width
    step = _first_step(_window(samples, start, position + 2 * width), width, threshold)
    return max(0, position if step is None else start + step)


def offset_at(samples: Samples, position: int, width: int, threshold: int) -> int:
    """The sample after which the sound whose last frame is at `position` is over."""
    end = position + (1 + LOOK_OUT) * width
    step = _first_step(_window(samples, position - width, end)[::-1], width, threshold)
    return min(len(samples), position + width if step is None else end - step)


def _window(samples: Samples, start: int, end: int) -> Samples:
    """The samples from `start` to `end`, silence before the first and after the last."""
    inside = samples[max(0, start) : max(0, end)]
    if len(inside) == end - start:
        return inside
    return np.pad(inside, (max(0, -start), end - max(0, start) - len(inside)))


def _first_step(samples: Samples, width: int, threshold: int) -> int | None:
    """Where the first 1 ms that sounds, and does not do so alone, begins; the quiet side comes first."""
    step = width * STEP_US // FRAME_US
    energies = mean_squares(samples, step)
    # Right beside an edge the line's noise is known better than on the whole: a fade is found from its foot.
    beside = int(energies[:BESIDE].sum()) // BESIDE
    loud = energies >= min(threshold, max(QUIET, EDGE_RATIO * beside))
    # A single loud millisecond is a click of the noise; speech fills at least two of three.
    company = np.zeros(len(loud), bool)
    company[:-1] |= loud[1:]
    company[:-2] |= loud[2:]
    sounding = np.flatnonzero(loud & company)
    if not len(sounding):
        return None
    first = int(sounding[0]) * step
    return first + idle_lead(samples[first : first + step])


def _join(segments: list[Segment], segment: Segment, bridge_us: int) -> None:
    """Add a segment, or lengthen the last one if the gap is shorter than `bridge_us`."""
    if segments and segment.start_us - segments[-1].end_us < bridge_us:
        segments[-1] = replace(segments[-1], end_us=segment.end_us, end_blur_us=segment.end_blur_us)
    else:
        segments.append(segment)
