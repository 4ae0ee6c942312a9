"""Where a known recording is heard inside a longer track, and how much of it.

At each place where it may begin the recording is followed, step by step, from the window that named the
place: forwards and backwards, a sample earlier or later where the clocks of both sides drift, later after a
line that ran dry. A step counts as heard where it correlates with the track. Then both ends are placed to a
hundredth of a second: each frame of the recording speaks for having been heard as far as the track is more
like it than like nothing, and what lies between the ends was heard but for the steps that were not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import frame_energies, frame_width, threshold_of, voiced_span
from turnspec.audio.places import RATE_HZ, SHORTEST, WINDOW, Place, Searched, Signal, Sought, steep
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, position_at, time_of

STEP: Final = RATE_HZ // 10
AROUND: Final = RATE_HZ // 4  # of a step, what is compared with it
HEARD: Final = 0.3  # a step that is known where to be
ITSELF: Final = 0.1  # the same without what is around it
AFRESH: Final = 0.6  # a step that was looked for
ALIKE: Final = 0.4  # all that was heard; another sentence comes to less
JITTER: Final = RATE_HZ // 5  # a line that ran dry goes on so much later
SEARCH: Final = 1 << 13  # a transform that holds a step, what is around it and `JITTER`
NEARLY: Final = 0.95  # of the most of a recording that is heard anywhere
MISSED: Final = 3  # steps in a row after which nothing is looked for
FRAME: Final = frame_width(RATE_HZ)
HIDDEN: Final = 2.0  # standard deviations of noise within which the end of a recording may hide


@dataclass(frozen=True, slots=True)
class Passage:
    """A recording as heard: `start_us` is where its first sound lies in the track, or would lie.

    Of `whole_us`, from its first to its last sound, `heard_us` were heard, from `from_us` to `to_us` of the
    track; `likeness` is their correlation, 0 to 1.
    """

    start_us: int
    from_us: int
    to_us: int
    heard_us: int
    whole_us: int
    likeness: float

    @property
    def share(self) -> float:
        """How much of the recording was heard, 0 to 1."""
        return self.heard_us / self.whole_us


@dataclass(frozen=True, slots=True)
class _Step:
    """A tenth of a second of the recording, from `start` on, if its first sample lies at `place`."""

    place: int
    start: int
    sounding: int
    likeness: float
    heard: bool


class Recording:
    """A recording to be looked for, from its first to its last sound; it may be looked for in many tracks."""

    def __init__(self, clip: Samples, rate_hz: int) -> None:
        span = voiced_span(clip, rate_hz) or (0, 0)
        voiced = clip[position_at(span[0], rate_hz) : position_at(span[1], rate_hz)]
        sound = resample(voiced, rate_hz, RATE_HZ)
        self.sought = Sought(steep(sound))
        energies = frame_energies(sound, RATE_HZ)
        self._sounding = energies >= threshold_of(energies)

    @property
    def steep(self) -> Signal:
        """The differences from sample to sample."""
        return self.sought.sound

    def sounding(self, start: int) -> int:
        """How many samples of the step at `start` are sound."""
        return int(np.count_nonzero(self._sounding[start // FRAME : (start + STEP) // FRAME])) * FRAME

    @property
    def telling(self) -> int:
        """How many samples of sound it can be known by: half of it, or a second."""
        return min(WINDOW, int(np.count_nonzero(self._sounding)) * FRAME // 2)


class Listening:
    """A track in which recordings are looked for."""

    def __init__(self, track: Samples, rate_hz: int) -> None:
        heard = resample(track, rate_hz, RATE_HZ)
        self._searched = Searched(steep(heard)) if len(heard) >= SHORTEST else None

    def find(self, recording: Recording) -> Passage | None:
        """Where it is heard; None if it is not. Of several times the first that has nearly most of it."""
        if self._searched is None or len(recording.steep) < SHORTEST:
            return None
        track = self._searched.track
        found = (_followed(place, track, recording) for place in self._searched.places(recording.sought))
        likely = [passage for passage in found if passage is not None]
        # In noise no two times are heard for quite as long.
        enough_us = NEARLY * max((passage.heard_us for passage in likely), default=0)
        whole = (passage for passage in likely if passage.heard_us >= enough_us)
        return min(whole, key=lambda one: one.from_us, default=None)


def find_passage(track: Samples, clip: Samples, rate_hz: int) -> Passage | None:
    """Where `clip` is heard in `track`, both at `rate_hz`; None if it is not."""
    return Listening(track, rate_hz).find(Recording(clip, rate_hz))


def _followed(place: Place, track: Signal, recording: Recording) -> Passage | None:
    """What is heard of the recording if it is heard at `place`."""
    first = place.window - place.window % STEP
    clip = recording.steep
    onwards = _steps(place.start, range(first, len(clip), STEP), track, recording)
    back = _steps(place.start, range(first - STEP, -1, -STEP), track, recording, later=False)
    steps = sorted((*onwards, *back), key=lambda step: step.start)
    heard = [step for step in steps if step.heard]
    sounding = sum(step.sounding for step in heard)
    if not heard or sounding < recording.telling:
        return None
    likeness = sum(step.likeness * step.sounding for step in heard) / sounding
    if likeness < ALIKE:
        return None
    begin, end = _begun(track, clip, heard[0]), _ended(track, clip, heard[-1])
    count = max(0, end - begin - _missed(steps))
    return Passage(
        start_us=time_of(max(0, heard[0].place), RATE_HZ),
        from_us=time_of(max(0, heard[0].place + begin), RATE_HZ),
        to_us=time_of(heard[-1].place + end, RATE_HZ),
        heard_us=time_of(count, RATE_HZ),
        whole_us=time_of(len(clip), RATE_HZ),
        likeness=round(likeness, 3),
    )


def _missed(steps: list[_Step]) -> int:
    """How many samples between the first and the last step that was heard were not: two steps at least."""
    gaps = "".join("x" if step.heard else "-" for step in steps).strip("-").split("x")
    return sum(STEP * len(gap) for gap in gaps if len(gap) > 1)


def _steps(
    place: int, starts: range, track: Signal, recording: Recording, *, later: bool = True
) -> Iterator[_Step]:
    """Each step with a sound in it, in this order; what ran dry lies later forwards and earlier backwards."""
    missed = 0
    for start in starts:
        sounding = recording.sounding(start)
        if not sounding:
            continue
        at, likeness = _kept_up(track, recording.steep, place, start)
        if likeness < HEARD and missed < MISSED:
            at, likeness = _looked_for(track, recording.steep, place, start, later=later)
        heard = likeness >= HEARD and _agreement(track, recording.steep, at, start, 0) >= ITSELF
        place, missed = (at, 0) if heard else (place, missed + 1)
        yield _Step(place, start, sounding, likeness, heard)


def _kept_up(track: Signal, clip: Signal, place: int, start: int) -> tuple[int, float]:
    """Where a step agrees best near `place`, and how well."""
    near = [(_agreement(track, clip, at, start), -abs(at - place), at) for at in range(place - 1, place + 2)]
    likeness, _, at = max(near)
    return at, likeness


def _looked_for(track: Signal, clip: Signal, place: int, start: int, *, later: bool) -> tuple[int, float]:
    """The same a little later, or earlier; it must agree well."""
    begin, end = max(0, start - AROUND), min(len(clip), start + STEP + AROUND)
    since = max(0, place + begin - (0 if later else JITTER))
    region = track[since : max(0, place + end + (JITTER if later else 0))]
    room = len(region) - (end - begin)
    if room <= 0:
        return place, 0.0
    spectrum = np.fft.rfft(region, SEARCH) * np.conj(np.fft.rfft(clip[begin:end], SEARCH))
    at = since + int(np.argmax(np.fft.irfft(spectrum, SEARCH)[: room + 1])) - begin
    likeness = _agreement(track, clip, at, start)
    return (at, likeness) if likeness >= AFRESH else (place, 0.0)


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


def _ended(track: Signal, clip: Signal, last: _Step) -> int:
    """The sample of the recording up to which it was heard, near the last step that was."""
    known = max(0, last.start - 2 * AROUND, -last.place)
    return known + _reach(*_laid(track, clip, last.place, known, last.start + STEP + 2 * AROUND))


def _begun(track: Signal, clip: Signal, first: _Step) -> int:
    """The sample of the recording from which on it was heard, near the first step that was."""
    known = min(len(clip), first.start + STEP + 2 * AROUND)
    ours, theirs = _laid(track, clip, first.place, first.start - 2 * AROUND, known)
    return known - _reach(ours[::-1], theirs[::-1])


def _laid(track: Signal, clip: Signal, place: int, begin: int, end: int) -> tuple[Signal, Signal]:
    """A part of the recording, and what the track has in its place: silence outside of it."""
    begin, end = max(0, begin), min(len(clip), end)
    theirs = track[max(0, place + begin) : max(0, place + end)]
    before = min(end - begin, max(0, -(place + begin)))
    return clip[begin:end], np.pad(theirs, (before, end - begin - before - len(theirs)))


def _reach(ours: Signal, theirs: Signal) -> int:
    """How many samples of a part were heard, from its beginning; its first `AROUND` are known to be."""
    own = float(np.einsum("i,i->", ours[:AROUND], ours[:AROUND]))
    gain = max(0.0, float(np.einsum("i,i->", ours[:AROUND], theirs[:AROUND])) / own) if own > 0 else 0.0
    rest = theirs[:AROUND] - gain * ours[:AROUND]
    noise = float(np.einsum("i,i->", rest, rest)) / max(1, len(rest))
    played, product = _by_frame(ours, ours), _by_frame(ours, theirs)
    # By so much is the track less like silence than like the recording, up to each frame.
    likelier = np.cumsum(2 * gain * product - gain * gain * played)
    best = int(np.argmax(likelier))
    hidden = HIDDEN * 2 * gain * (noise * float(played[best + 1 :].sum())) ** 0.5
    if likelier[-1] >= likelier[best] - hidden:
        return len(ours)
    return min(len(ours), (best + 1) * FRAME) if likelier[best] > 0 else 0


def _by_frame(ours: Signal, theirs: Signal) -> NDArray[np.float64]:
    """The sum of the products of each 10 ms."""
    count = -(-len(ours) // FRAME) * FRAME - len(ours)
    product = np.pad(ours * theirs, (0, count))
    return np.asarray(product.reshape(-1, FRAME).sum(axis=1))
