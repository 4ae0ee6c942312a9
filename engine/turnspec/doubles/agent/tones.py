"""Keys that an agent presses as tones: they are a part of its audio, after what it says."""

from __future__ import annotations

from typing import Final

from turnspec.audio.resample import resample
from turnspec.audio.samples import joined, samples_of, silence, track_of
from turnspec.audio.tones import pressed
from turnspec.call.actions import Tones
from turnspec.call.evidence import Track
from turnspec.dsl.agent import Keys

RATE_HZ: Final = 8_000
BEFORE_US: Final = 200_000  # of silence between the last word and the first key
GAP_US: Final = 50_000


def with_tones(said: Track | None, keys: Keys | None) -> Track | None:
    """What is said, and after it the keys that are pressed as tones; unchanged where none are."""
    if keys is None or keys.in_band is None:
        return said
    how = Tones(duration_us=keys.in_band.tone.us, level=keys.in_band.level.amplitude)
    rate_hz = RATE_HZ if said is None else max(RATE_HZ, said.rate_hz)
    tones = pressed(keys.digits, rate_hz, how, how.duration_us + GAP_US).samples
    if said is None:
        return track_of(tones, rate_hz)
    spoken = resample(samples_of(said), said.rate_hz, rate_hz)
    return track_of(joined([spoken, silence(BEFORE_US, rate_hz), tones]), rate_hz)
