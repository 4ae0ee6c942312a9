"""Changing the rate of samples, by soxr at its HQ setting. Never resample frame by frame in one shot.

soxr adds a random dither to what it rounds to integers; it is given floats instead and the rounding is
done here, so that the same samples always give the same samples.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import EMPTY, Samples

if TYPE_CHECKING:
    import soxr

QUALITY: Final = "HQ"
_LOWEST, _HIGHEST = np.array([-32_768], np.float32), np.array([32_767], np.float32)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole utterance or recording at another rate, with no delay; the same array when rates are equal."""
    if from_hz == to_hz or not len(samples):
        return samples
    import soxr  # imported where used: it costs a tenth of a second

    return _rounded(soxr.resample(samples.astype(np.float32), from_hz, to_hz, QUALITY))


class StreamResampler:
    """Live audio at another rate, chunk by chunk.

    What comes out is aligned with what went in: it is held back (20-70 ms), not shifted, so a position
    in the output is a position in the input times the ratio of the rates.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = _stream(from_hz, to_hz) if from_hz != to_hz else None
        if self._stream is not None:
            _alive.add(self)

    def let_go(self) -> None:
        """Give back what is not Python's; nothing is fed any more."""
        self._stream = None

    def feed(self, samples: Samples) -> Samples:
        """The next chunk in; what is ready out, often less and at first nothing."""
        if self._stream is None or not len(samples):
            return samples
        return _rounded(self._stream.resample_chunk(samples.astype(np.float32)))

    def finish(self) -> Samples:
        """What was held back; the stream starts afresh after it."""
        if self._stream is None:
            return EMPTY
        rest = _rounded(self._stream.resample_chunk(EMPTY.astype(np.float32), last=True))
        self._stream.clear()
        return rest


# soxr's binding complains on standard error of streams that are alive when Python is gone, as those are that
# lie in cycles which nobody looks for at the end.
_alive: WeakSet[StreamResampler] = WeakSet()


@atexit.register
def _let_go_of_all() -> None:
    for each in tuple(_alive):
        each.let_go()


def _stream(from_hz: int, to_hz: int) -> soxr.ResampleStream:
    import soxr

    return soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=QUALITY)


def _rounded(values: NDArray[np.float32]) -> Samples:
    # In place, and not by `np.clip`, which takes three times as long as these two for the samples of a frame.
    np.rint(values, out=values)
    np.maximum(values, _LOWEST, out=values)
    np.minimum(values, _HIGHEST, out=values)
    return values.astype(np.int16)
