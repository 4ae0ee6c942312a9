"""Keys are taken out of live audio, and what is said beside them stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from turnspec.audio.activity import ActivityTracker
from turnspec.audio.files import load_clip
from turnspec.audio.keyed import KeyFilter
from turnspec.audio.samples import Samples, samples_of, time_of
from turnspec.audio.tones import DIGITS, Key, pressed
from turnspec.call.actions import Tones

CLIP = Path(__file__).parents[2] / "scenarios" / "audio" / "caller" / "forward.flac"
MS = 1_000


def filtered(samples: Samples, rate_hz: int, frame: int) -> tuple[Samples, list[Key]]:
    """All of it in frames."""
    through = KeyFilter(rate_hz)
    parts = [through.feed(samples[start : start + frame]) for start in range(0, len(samples), frame)]
    return np.concatenate([part for part, _ in parts]), [key for _, keys in parts for key in keys]


def noticed(samples: Samples, rate_hz: int) -> int:
    """How often speech is heard to begin, by who listens as the local agents do."""
    tracker = ActivityTracker(rate_hz, hangover_us=100_000, min_speech_us=60_000)
    return len([*tracker.feed(0, samples), *tracker.advance(time_of(len(samples), rate_hz) + 1_000_000)]) // 2


@pytest.mark.parametrize("frame_ms", [20, 100])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("noise", [0, 100])
def test_keys_are_no_speech(rate_hz: int, frame_ms: int, noise: int) -> None:
    """Wherever in a frame they begin, in silence and over noise: each is heard once, and no voice is."""
    for lead in range(0, rate_hz // 50, rate_hz // 400):
        keys = pressed(DIGITS, rate_hz, Tones(80 * MS, 4_000), 140 * MS).samples
        sound = np.concatenate([np.zeros(rate_hz + lead, np.int16), keys, np.zeros(rate_hz, np.int16)])
        sound = (sound + np.random.default_rng(2).normal(0, noise, len(sound))).astype(np.int16)
        left, heard = filtered(sound, rate_hz, rate_hz * frame_ms // 1000)

        assert "".join(key.digit for key in heard) == DIGITS
        assert len(left) == len(sound)
        assert noticed(sound, rate_hz) >= 1
        assert noticed(left, rate_hz) == 0


def test_what_is_said_after_a_key_stays_as_it_was() -> None:
    """A recording that begins right after a key comes out sample for sample, but for its first 20 ms."""
    keys = pressed("1", 8_000, Tones(100 * MS, 4_000), 100 * MS).samples
    said = samples_of(load_clip(CLIP, 8_000))
    left, heard = filtered(np.concatenate([keys, said]), 8_000, 160)

    assert [key.digit for key in heard] == ["1"]
    assert (left[len(keys) + 160 :] == said[160:]).all()


def test_silence_between_keys_need_not_be_looked_at() -> None:
    """A filter that is told of silence, as a line does it, hears the same keys at the same moments."""
    frame = 160
    sound = pressed("12w3", 8_000, Tones(70 * MS, 4_000), 200 * MS).samples
    through, told = KeyFilter(8_000), []
    for start in range(0, len(sound), frame):
        piece = sound[start : start + frame]
        told += through.feed(piece)[1] if piece.any() else through.rest(len(piece))

    assert [key.digit for key in told] == ["1", "2", "3"]
    for one, other in zip(told, filtered(sound, 8_000, frame)[1], strict=True):
        assert abs(one.start_us - other.start_us) <= 3 * MS
        assert abs(one.end_us - other.end_us) <= 3 * MS
