"""Keys that an agent presses as tones: they are a part of its audio, after what it says."""

from __future__ import annotations

from typing import Final

from turnspec.audio.edges import voiced_span
from turnspec.audio.resample import resample
from turnspec.audio.samples import joined, samples_of, silence, track_of
from turnspec.audio.tones import keys_in, pressed
from turnspec.call.actions import Tones
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Heard
from turnspec.dsl.agent import Keys

RATE_HZ: Final = 8_000
BEFORE_US: Final = 200_000  # of silence between the last word and the first key
GAP_US: Final = 50_000
AROUND_US: Final = 100_000  # of sound before and after keys that is nothing else


def keys_heard(speech: Track) -> Heard | None:
    """The keys that all of an utterance is; None where something else is heard too."""
    samples = samples_of(speech)
    keys = keys_in(samples, speech.rate_hz)
    span = voiced_span(samples, speech.rate_hz) if keys else None
    if span is None or keys[0].start_us - span[0] > AROUND_US or span[1] - keys[-1].end_us > AROUND_US:
        return None
    digits = "".join(key.digit for key in keys)
    return Heard(digits.removesuffix("#") or digits, "tones", "dtmf")


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
