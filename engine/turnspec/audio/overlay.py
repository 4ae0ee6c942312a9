"""A known clip laid over an utterance: how alike they are, and what of each the other does not have.

All of it is on differences from sample to sample up to 2 kHz: there neither the lowest tones, in which all
voices are alike, nor noise outweigh what tells words apart. The clip is followed in windows, a sample
earlier or later from each to the next as the clocks of both sides drift, or many at once where a line
slipped. Then each 10 ms and those around them are compared. What the utterance has over the noise and the
clip has not is *extra*; what the clip has and the utterance has not is *missing*: a word more, less or
instead shows there, however like the clip the rest may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.edges import FRAME_US, frame_width
from turnspec.audio.samples import Samples

RATE_HZ: Final = 8_000
HIGHEST_HZ: Final = 2_000
FRAME: Final = frame_width(RATE_HZ)
STEP: Final = RATE_HZ // 10  # drifting by a sample in each is 1,250 ppm
WINDOW: Final = RATE_HZ // 5  # two syllables, which are not like others by chance
ASIDE: Final = (WINDOW - STEP) // 2
MOST_LAG: Final = RATE_HZ // 40  # a slip of a frame of 20 ms, and a drift besides
TRANSFORM: Final = 1 << 11  # holds a window and the lags on both sides of it
SLIPPED: Final = 0.15  # of all likeness: what a slip must gain
DRIFTED: Final = 0.01  # the same for a drift by one sample in every step
TOGETHER: Final = 8  # frames that are compared as one: a lost packet among them does no harm
UNLIKE: Final = 0.4  # what noise leaves of the likeness of the same sound is 0.7, of another sound 0.2
GONE: Final = 0.25  # -6 dB: a frame of which that is left was lost for the better part
FAINT: Final = 0.02  # -17 dB below the clip's own level: not missed
FAINT_BESIDE: Final = 0.05  # -13 dB: an echo of the agent, a breath
OVER_NOISE: Final = 1.5  # what of a clip is so much louder than the noise is heard in it
OVER_NOISE_BESIDE: Final = 2.0  # more than noise varies, if it is the noise of elsewhere
USUAL: Final = 0.3  # of all frames hold no more noise than this one
SWELLING: Final = 0.9  # the same where it comes and goes, or the line distorts
MOST_SWELLING: Final = 0.125  # -9 dB below the clip's own level
NEARBY: Final = 40  # frames in which what is extra or missing counts as of one word

Signal: TypeAlias = NDArray[np.float64]
Frames: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A clip over an utterance: `begin` and `end` are the samples of the utterance where its own ends lie.

    `likeness` is the correlation of what both have. The most that is extra, or missing before, between and
    after what both have, within 0.4 s: what of a word, or of several; `overdue_us` is what of the last of
    these should have come by now. `lost` is the share of the clip that is gone of what both have, however
    little at a time, as a line loses packets.
    """

    likeness: float
    begin: int
    end: int
    extra_us: int
    missing_before_us: int
    missing_between_us: int
    missing_after_us: int
    overdue_us: int
    lost: float


@dataclass(frozen=True, slots=True)
class _Compared:
    """Energies around each 10 ms: of the utterance, of the clip at its level, of what that leaves of it.

    `like`: both are the same sound there. `gone`: most of that frame itself is not, however like those around
    are. `speech`: there is speech in the clip. `come`: so many of the frames have been heard yet.
    """

    heard: Frames
    clip: Frames
    left: Frames
    like: NDArray[np.bool_]
    gone: NDArray[np.bool_]
    speech: NDArray[np.bool_]
    come: int


def differences(samples: Samples) -> Signal:
    """From sample to sample, up to 2 kHz."""
    steps = np.diff(samples.astype(np.float64), prepend=samples[:1].astype(np.float64))
    if not len(steps):
        return steps
    size = 1 << (len(steps) - 1).bit_length()
    spectrum = np.fft.rfft(steps, size)
    spectrum[1 + size * HIGHEST_HZ // RATE_HZ :] = 0
    return np.asarray(np.fft.irfft(spectrum, size)[: len(steps)], np.float64)


def overlay(heard: Signal, clip: Signal, speech: slice, shift: int) -> Overlay:
    """The clip over the utterance; it begins at about the sample `shift` of it, which may be before it.

    `speech` is from where to where in the clip there is speech: nothing else is missed.
    """
    come = clip[: max(0, min(len(clip), len(heard) - shift + MOST_LAG))]
    lags = _followed(heard, come, shift)
    aligned = np.concatenate(
        [_cut(heard, shift + lag + number * STEP, STEP) for number, lag in enumerate(lags)]
    )[: len(come)]
    energy = _product(aligned, aligned) * _product(come, come)
    likeness = _product(aligned, come) / energy**0.5 if energy > 0 else 0.0
    before, after = heard[: max(0, shift + lags[0])], heard[max(0, shift + lags[-1] + len(clip)) :]
    compared = _compared(aligned, clip, speech, before, after)
    last = lags[min(len(lags) - 1, (speech.stop - 1) // STEP)]
    begin = shift + speech.start + lags[min(len(lags) - 1, speech.start // STEP)]
    return Overlay(likeness, begin, shift + speech.stop + last, *_apart(compared))


def _apart(compared: _Compared) -> tuple[int, int, int, int, int, float]:
    """How much is extra, how much missing before, between and after what both have, overdue, and lost."""
    like, left = compared.like, compared.left
    sounding = compared.clip[compared.clip > FAINT * compared.clip.max(initial=0.0)]
    level = float(sounding.mean()) if len(sounding) else 0.0
    usual = _below(left[: compared.come], USUAL)
    swelling = min(_below(left[like], SWELLING), MOST_SWELLING * level)
    is_extra = ~like & (compared.heard > max(OVER_NOISE_BESIDE * max(usual, swelling), FAINT_BESIDE * level))
    is_due = compared.speech & (compared.clip > max(OVER_NOISE * usual, FAINT * level))
    is_missing = is_due & ~like
    had = np.flatnonzero(is_due & like)
    if not len(had):
        return _most(is_extra), _most(is_missing), 0, 0, 0, 0.0
    first, last = int(had[0]), int(had[-1])
    parts = is_missing[:first], is_missing[first:last], is_missing[last:], is_missing[last : compared.come]
    before, between, after, overdue = (_most(part) for part in parts)
    sounds = compared.speech[first:last] & (compared.clip[first:last] > FAINT * level)
    lost = float((compared.gone[first:last] & sounds).sum() / max(1, sounds.sum()))
    return _most(is_extra), before, between, after, overdue, lost


def _below(values: Frames, share: float) -> float:
    """What so many of them are not above."""
    # Not between two of them: only for that does numpy load its masked arrays, in 20 ms.
    return float(np.quantile(values, share, method="lower")) if len(values) else 0.0


def _most(frames: NDArray[np.bool_]) -> int:
    """The most of them within what is one word, in microseconds."""
    if not len(frames):
        return 0
    return int(np.convolve(frames, np.ones(NEARBY, np.int64)).max()) * FRAME_US


def _compared(aligned: Signal, clip: Signal, speech: slice, before: Signal, after: Signal) -> _Compared:
    before, after = before[len(before) % FRAME :], after[: len(after) // FRAME * FRAME]
    come = len(before) + len(aligned) + len(after)
    aligned = np.pad(aligned, (0, len(clip) - len(aligned)))
    ends = (len(before) // FRAME, len(after) // FRAME)
    each_both, each_own = (np.pad(_by_frame(clip, other), ends) for other in (aligned, clip))
    each_heard = np.concatenate([_by_frame(part, part) for part in (before, aligned, after)])
    both, own, heard = (_together(frames) for frames in (each_both, each_own, each_heard))
    like = both >= UNLIKE * np.sqrt(heard * own)
    like &= both > 0
    gain = float(both[like].sum() / own[like].sum()) if like.any() else 0.0
    left = np.maximum(heard - 2 * gain * both + gain * gain * own, 0.0)
    gone = each_heard < GONE * gain * gain * each_own
    spoken = np.zeros(len(own), bool)
    spoken[ends[0] + speech.start // FRAME : ends[0] - (-speech.stop // FRAME)] = True
    return _Compared(heard, gain * gain * own, left, like, gone, spoken, -(-come // FRAME))


def _together(frames: Frames) -> Frames:
    """Each with those around it."""
    return np.convolve(frames, np.ones(TOGETHER), "same") if len(frames) >= TOGETHER else frames


def _by_frame(one: Signal, other: Signal) -> Frames:
    """The sum of the products of each 10 ms."""
    product = np.pad(one * other, (0, -len(one) % FRAME))
    return np.asarray(product.reshape(-1, FRAME).sum(axis=1))


def _followed(heard: Signal, clip: Signal, shift: int) -> list[int]:
    """By how much later than `shift` each step of the clip lies: what agrees best on the whole."""
    agreement = _agreement(heard, clip, shift)
    total, sources = agreement[0], []
    for gained in agreement[1:]:
        before, source = _best_before(total, DRIFTED / len(agreement))
        sources.append(source)
        total = before + gained
    path = [int(np.argmax(total))]
    for source in reversed(sources):
        path.append(int(source[path[-1]]))
    return [lag - MOST_LAG for lag in reversed(path)]


def _best_before(total: Signal, drifted: float) -> tuple[Signal, NDArray[np.intp]]:
    """For each lag the best way to come to it, and the lag that it comes from."""
    lags, top = np.arange(len(total)), int(np.argmax(total))
    best, sources = total.copy(), lags.copy()
    ways = (
        (slice(1, None), total[:-1] - drifted, lags[:-1]),
        (slice(None, -1), total[1:] - drifted, lags[1:]),
        (slice(None), np.full_like(total, total[top] - SLIPPED), np.full_like(lags, top)),
    )
    for to, way, source in ways:
        better = way > best[to]
        np.copyto(best[to], way, where=better)
        np.copyto(sources[to], source, where=better)
    return best, sources


def _agreement(heard: Signal, clip: Signal, shift: int) -> Signal:
    """For each step and each lag how well the window around it agrees; of the same sound all add up to 1.

    Each counts by how strong it is, not by its energy, so that a few loud vowels do not decide alone.
    """
    steps = max(1, -(-len(clip) // STEP))
    width = WINDOW + 2 * MOST_LAG
    ours = _windows(_cut(clip, -ASIDE, (steps - 1) * STEP + WINDOW), WINDOW)
    theirs = _windows(_cut(heard, shift - ASIDE - MOST_LAG, (steps - 1) * STEP + width), width)
    spectrum = np.fft.rfft(theirs, TRANSFORM) * np.conj(np.fft.rfft(ours, TRANSFORM))
    agreement = np.fft.irfft(spectrum, TRANSFORM)[:, : 2 * MOST_LAG + 1]
    ours_squared, theirs_squared = (np.einsum("ij,ij->i", each, each) for each in (ours, theirs))
    ours_squared = np.maximum(ours_squared, FAINT * ours_squared.max(initial=0.0))
    strength = (ours_squared * theirs_squared * WINDOW / width) ** 0.25
    return np.asarray(agreement / np.maximum(strength, 1.0)[:, None] / max(float(strength.sum()), 1.0))


def _windows(signal: Signal, width: int) -> Signal:
    return np.lib.stride_tricks.sliding_window_view(signal, width)[::STEP]


def _cut(signal: Signal, start: int, length: int) -> Signal:
    """So many samples from `start` on, silence where there are none."""
    cut = np.zeros(length)
    inside = signal[max(0, start) : max(0, start + length)]
    before = min(length, max(0, -start))
    cut[before : before + len(inside)] = inside
    return cut


def _product(one: Signal, other: Signal) -> float:
    # Not `@`: BLAS splits long products among however many threads there are, and sums in that order.
    return float(np.einsum("i,i->", one, other))
