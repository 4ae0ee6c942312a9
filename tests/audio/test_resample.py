"""Changing rates."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from support_sound import noise, tone
from turnspec.audio import EMPTY, Samples, StreamResampler, resample


def in_chunks(samples: Samples, from_hz: int, to_hz: int, size: int) -> Samples:
    """What a live stream makes of the samples."""
    stream = StreamResampler(from_hz, to_hz)
    chunks = [stream.feed(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([*chunks, stream.finish()])


def test_the_same_rate_is_the_same_array() -> None:
    """Nothing is copied when there is nothing to do."""
    samples = tone(20_000)

    assert resample(samples, 8_000, 8_000) is samples
    assert StreamResampler(8_000, 8_000).feed(samples) is samples
    assert len(StreamResampler(8_000, 8_000).finish()) == 0


def test_nothing_in_gives_nothing_out() -> None:
    """No samples stay no samples."""
    assert len(resample(EMPTY, 8_000, 24_000)) == 0
    assert len(StreamResampler(8_000, 24_000).feed(EMPTY)) == 0


@pytest.mark.parametrize(("from_hz", "to_hz"), [(8_000, 24_000), (24_000, 8_000), (16_000, 8_000)])
def test_a_stream_is_the_whole_resampled_at_once(from_hz: int, to_hz: int) -> None:
    """Chunks of a live stream join without a seam and without a shift."""
    samples = noise(400_000, from_hz)
    whole = resample(samples, from_hz, to_hz).astype(int)
    streamed = in_chunks(samples, from_hz, to_hz, from_hz // 50).astype(int)

    assert len(whole) == len(streamed) == 400_000 * to_hz // 1_000_000
    assert np.abs(whole - streamed).max() <= 1


def test_a_tone_keeps_its_pitch_and_level() -> None:
    """Down and up again gives the tone back, to within a thousandth of full scale."""
    samples = tone(500_000, 24_000)
    back = resample(resample(samples, 24_000, 8_000), 8_000, 24_000)
    middle = slice(1_000, -1_000)

    assert np.abs(samples[middle].astype(int) - back[middle]).max() <= 32


def test_what_the_lower_rate_cannot_carry_does_not_alias() -> None:
    """A 6 kHz tone vanishes at 8 kHz instead of becoming one of 2 kHz."""
    assert np.abs(resample(tone(500_000, 24_000, hz=6_000), 24_000, 8_000)[100:-100]).max() <= 2


def test_a_finished_stream_starts_afresh() -> None:
    """What comes after `finish` knows nothing of what came before."""
    stream = StreamResampler(8_000, 24_000)
    first = np.concatenate((stream.feed(tone(100_000)), stream.finish()))
    second = np.concatenate((stream.feed(tone(100_000)), stream.finish()))

    assert first.tolist() == second.tolist()


def test_nobody_complains_of_streams_that_are_left() -> None:
    """A process that ends without looking for cycles, as a command does, ends in silence."""
    program = (
        "import gc\n"
        "from turnspec.audio import StreamResampler\n"
        "from turnspec.run.garbage import looked_for_seldom\n"
        "looked_for_seldom()\n"
        "class Line: pass\n"
        "line = Line()\n"
        "line.itself, line.stream = line, StreamResampler(8_000, 16_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr == ""
