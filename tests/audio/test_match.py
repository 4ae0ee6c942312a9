"""Recognising known clips by their audio."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_sound import joined, noise, pink, real_prompts, tone
from turnspec.audio import (
    EMPTY,
    ClipIndex,
    Samples,
    decode,
    encode,
    position_at,
    resample,
    silence,
    time_of,
    track_of,
    voiced_span,
)
from turnspec.call import ALAW_8K, MULAW_8K

PROMPTS = (
    "agent-pass",
    "agent-user",
    "agent-newlocation",
    "conf-invalid",
    "vm-goodbye",
    "vm-repeat",
    "vm-tooshort",
    "vm-passchanged",
    "please-try-call-later",
    "privacy-prompt",
    "invalid",
    "auth-incorrect",
)


def babble(seed: int, duration_us: int = 2_000_000) -> Samples:
    """Noise that comes and goes like syllables: a voice that nobody else has."""
    envelope = np.random.default_rng(seed).uniform(0.02, 1.0, duration_us // 100_000 + 1)
    sound = noise(duration_us, rms=4_000, seed=seed)
    return (sound * np.repeat(envelope, 800)[: len(sound)]).astype(np.int16)


CLIPS = {f"clip {seed}": babble(seed) for seed in range(10)}
INDEX = ClipIndex(CLIPS)


def through_mulaw(samples: Samples) -> Samples:
    """As on a telephone line."""
    return decode(encode(samples, MULAW_8K), MULAW_8K)


def through_24k(samples: Samples) -> Samples:
    """As through a bridge: resampled up and down, off by a fraction of a sample, in another codec."""
    back = resample(resample(through_mulaw(samples), 8_000, 24_000)[1:], 24_000, 8_000)
    return decode(encode(back, ALAW_8K), ALAW_8K)


def with_noise(samples: Samples) -> Samples:
    """Noise 15 dB below the sound."""
    rms = int(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / 5.6)
    under = noise(len(samples) * 125, rms=rms, seed=99)
    return (samples.astype(np.int32) + under).clip(-32_768, 32_767).astype(np.int16)


def padded(samples: Samples) -> Samples:
    """With silence around it."""
    return joined(silence(700_125, 8_000), samples, silence(900_000, 8_000))


def quieter(samples: Samples) -> Samples:
    """12 dB down."""
    return (samples // 4).astype(np.int16)


def over_a_slow_clock(samples: Samples) -> Samples:
    """As a clock that is 1,000 ppm off sends it."""
    at = np.arange(int(len(samples) * 1.001)) / 1.001
    return np.interp(at, np.arange(len(samples)), samples).astype(np.int16)


def over_a_slip(samples: Samples) -> Samples:
    """With 20 ms left out in the middle, as a line between two clocks does it."""
    middle = len(samples) // 2
    return joined(samples[:middle], samples[middle + 160 :])


def with_packets_lost(samples: Samples) -> Samples:
    """With three packets lost in a row of every forty."""
    frames = np.arange(len(samples)) // 160
    return np.where((frames % 40 >= 20) & (frames % 40 < 23), 0, samples).astype(np.int16)


def with_half_lost(samples: Samples) -> Samples:
    """With every other packet lost, which ones is chance."""
    frames = len(samples) // 160 + 1
    lost = np.random.default_rng(frames).permutation(frames) % 2 == 0
    return np.where(np.repeat(lost, 160)[: len(samples)], 0, samples).astype(np.int16)


def very_faint(samples: Samples) -> Samples:
    """20 dB down, in pink noise 10 dB below that, in A-law."""
    faint = samples / 10
    level = float(np.sqrt(np.mean(faint * faint))) * 10 ** (-10 / 20)
    noisy = np.pad(faint, 2_400) + pink(len(faint) + 4_800, 7) * level
    return decode(encode(noisy.astype(np.int16), ALAW_8K), ALAW_8K)


Route = Callable[[Samples], Samples]
ROUTES: list[Route] = [
    *(through_mulaw, through_24k, with_noise, padded, quieter),
    *(over_a_slow_clock, with_packets_lost, very_faint),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_the_clip_itself_is_recognised(route: Route) -> None:
    """Whatever a line does to a clip, it stays that clip."""
    for key, clip in CLIPS.items():
        match = INDEX.best(route(clip), 8_000)

        assert match is not None, key
        assert match.key == key
        assert match.score > 0.7


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_recorded_speech_is_recognised(route: Route) -> None:
    """The sentences of one human voice are told apart, whatever the line did to them."""
    clips = real_prompts(*PROMPTS)
    index = ClipIndex(clips)
    for key, clip in clips.items():
        match = index.best(route(clip), 8_000)

        assert match is not None, key
        assert match.key == key
        assert match.score > 0.7


def test_a_slip_of_a_clock_hides_few_of_them() -> None:
    """At least ten of twelve sentences are known with 20 ms left out of their middle, and none is another."""
    clips = real_prompts(*PROMPTS)
    index = ClipIndex(clips)
    found = {key: index.best(over_a_slip(clip), 8_000) for key, clip in clips.items()}

    assert all(match is None or match.key == key for key, match in found.items())
    assert sum(match is not None for match in found.values()) >= 10


def test_another_sentence_of_the_same_voice_is_not_taken_for_it() -> None:
    """With a clip's own recording left out, none of the others will do."""
    clips = real_prompts(*PROMPTS)
    for key, clip in clips.items():
        others = ClipIndex({other: samples for other, samples in clips.items() if other != key})

        assert others.best(through_mulaw(clip), 8_000) is None, key


@given(seed=st.integers(100, 100_000), duration_us=st.integers(300_000, 4_000_000))
@settings(max_examples=30, deadline=None)
def test_strange_sound_is_no_clip(seed: int, duration_us: int) -> None:
    """Noise and unknown voices match nothing."""
    assert INDEX.best(babble(seed, duration_us), 8_000) is None
    assert INDEX.best(noise(duration_us, seed=seed), 8_000) is None


@pytest.mark.parametrize(
    "sound",
    [EMPTY, silence(1_000_000, 8_000), tone(10_000), tone(2_000_000)],
    ids=["empty", "silent", "click", "tone"],
)
def test_silence_and_tones_are_no_clip(sound: Samples) -> None:
    """What holds no speech is not recognised."""
    assert INDEX.best(sound, 8_000) is None


def test_a_clip_among_other_words_is_not_the_utterance() -> None:
    """The whole utterance must be the clip: one that goes on with as much again is not."""
    assert INDEX.best(joined(CLIPS["clip 1"], babble(77)), 8_000) is None
    assert INDEX.best(joined(babble(77, 1_000_000), CLIPS["clip 1"]), 8_000) is None


def test_half_a_clip_is_not_the_clip() -> None:
    """Too little of it is there."""
    assert INDEX.best(CLIPS["clip 1"][:8_000], 8_000) is None


def test_a_clip_of_which_half_is_lost_is_not_the_clip() -> None:
    """What nobody would understand is hardly ever known, though what is left of it lies in its place."""
    clips = real_prompts(*PROMPTS)
    index = ClipIndex(clips)
    known = [key for key, clip in clips.items() if index.best(with_half_lost(clip), 8_000) is not None]

    assert len(known) <= 1, known


def test_a_clip_without_its_last_words_goes_on() -> None:
    """Whoever pauses in it has not said it yet, but begun it."""
    whole = joined(babble(50, 2_000_000), silence(400_000, 8_000), babble(51, 400_000))
    index = ClipIndex({"with a pause": whole, **CLIPS})
    begun = joined(babble(50, 2_000_000), silence(300_000, 8_000))
    opening = index.opening(begun, 8_000)

    assert index.best(begun, 8_000) is None
    assert opening is not None
    assert opening.key == "with a pause"
    assert opening.goes_on_us is not None
    assert 100_000 <= opening.goes_on_us <= 200_000


def test_an_index_of_tracks_takes_any_rate() -> None:
    """Clips at 24 kHz recognise an utterance at 8 kHz, and the other way round."""
    up = resample(CLIPS["clip 2"], 8_000, 24_000)
    index = ClipIndex.from_tracks({"up": track_of(up, 24_000)})
    match = index.best(CLIPS["clip 2"], 8_000)

    assert match is not None
    assert match.key == "up"
    assert (INDEX.best(up, 24_000) or match).key == "clip 2"


def test_of_two_equal_clips_the_first_is_meant() -> None:
    """The order of the clips decides, always the same way."""
    index = ClipIndex({"first": CLIPS["clip 1"], "second": CLIPS["clip 1"]})
    match = index.best(CLIPS["clip 1"], 8_000)

    assert match is not None
    assert match.key == "first"


def test_a_clip_without_speech_is_never_meant() -> None:
    """A silent clip in the index does no harm."""
    assert ClipIndex({"silent": silence(1_000_000, 8_000)}).best(tone(500_000), 8_000) is None


@given(
    number=st.integers(0, 9),
    percent=st.integers(10, 180),
    before_us=st.integers(150_000, 600_000),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=40, deadline=None)
def test_where_a_clip_lies_is_known_in_noise(number: int, percent: int, before_us: int, seed: int) -> None:
    """At any level, wherever it lies and in whatever noise at 10 dB: the clip, to 2 ms, and it is over."""
    clip = CLIPS[f"clip {number}"] * (percent / 100)
    lead = position_at(before_us, 8_000)
    sound = np.pad(clip, (lead, 2_400))
    level = float(np.sqrt(np.mean(clip * clip))) * 10 ** (-10 / 20)
    noisy = np.clip(sound + pink(len(sound), seed) * level, -32_768, 32_767).astype(np.int16)
    match = INDEX.best(through_mulaw(noisy), 8_000)
    start_us = (voiced_span(CLIPS[f"clip {number}"], 8_000) or (0, 0))[0]

    assert match is not None
    assert match.key == f"clip {number}"
    assert abs(match.begins_us - time_of(lead, 8_000) - start_us) <= 2_000
    assert match.goes_on_us is None


@given(number=st.integers(0, 9), tenths=st.integers(5, 6), seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_beginning_of_a_clip_is_known_for_that(number: int, tenths: int, seed: int) -> None:
    """A part is not the clip, but which clip goes on, and how soon, is told from it, in noise too."""
    whole = CLIPS[f"clip {number}"].astype(np.float64)
    part = whole[: len(whole) * tenths // 10]
    level = float(np.sqrt(np.mean(whole * whole))) * 10 ** (-10 / 20)
    sound = np.pad(part, (2_400, 0))
    noisy = np.clip(sound + pink(len(sound), seed) * level, -32_768, 32_767).astype(np.int16)
    opening = INDEX.opening(through_mulaw(noisy), 8_000)

    assert INDEX.best(through_mulaw(noisy), 8_000) is None
    assert opening is not None
    assert opening.key == f"clip {number}"
    assert opening.goes_on_us is not None
    assert opening.goes_on_us <= 400_000
