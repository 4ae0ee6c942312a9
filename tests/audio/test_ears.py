"""Ears on noisy lines: who speaks up is heard, where it begins and ends, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from support_accuracy import AUDIBLE, cut, voices
from support_activity import RATE_HZ, needs_silero
from support_sound import PROMPTS, real_readings
from turnspec.audio import Samples, SpeechBegan, decode, encode, load_clip, samples_of, silence
from turnspec.audio.activity import Activity
from turnspec.audio.beds import bed
from turnspec.audio.ears import EVERY_SOUND, NO_STEADY_SOUND, Ears
from turnspec.call.formats import MULAW_8K
from turnspec.speech.activity import activity_engine

pytestmark = pytest.mark.skipif(not PROMPTS.is_dir(), reason="needs people: asterisk-core-sounds-en-wav")

FRAME = 160
CALLS = 4
STEADY = ("pink", "white", "hum")
BEDS = (*STEADY, "babble", "cafe")


@dataclass(frozen=True, slots=True)
class Line:
    """A line on which people speak, and from when to when each of them is above its noise."""

    samples: Samples
    spoken: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Speech as it was told: from when to when, and when each was told."""

    began_us: int
    ended_us: int
    began_told_us: int
    ended_told_us: int


@cache
def crowd() -> NDArray[np.float64]:
    """Five people who read aloud at once."""
    readings = [samples_of(load_clip(path, RATE_HZ)).astype(np.float64) for path in real_readings()[:5]]
    together = [np.resize(np.roll(each / each.std(), 7_919 * at), 96_000) for at, each in enumerate(readings)]
    return np.asarray(np.sum(together, axis=0), np.float64)


def noise(kind: str, count: int, seed: int) -> NDArray[np.float64]:
    """So much of a noise, of RMS 1."""
    sound = crowd() if kind == "crowd" else bed(kind, RATE_HZ).astype(np.float64)
    return np.resize(np.roll(sound, -12_345 * seed), count) / float(sound.std())


@cache
def line(kind: str, seed: int) -> Line:
    """Four people one after the other, 10 dB louder than the noise (`clean`: none), through G.711."""
    draw = np.random.default_rng(seed)
    clips = [voices()[int(at)] for at in draw.permutation(len(voices()))[:4]]
    level = float(np.sqrt(np.mean(np.square(np.concatenate(clips).astype(np.float64))))) / 10**0.5
    level = 0.0 if kind == "clean" else level
    at, parts = int(draw.integers(12_000, 20_000)), []
    for clip in clips:
        heard = cut(clip, max(AUDIBLE, level))
        parts.append((at, heard))
        at += len(heard) + int(draw.integers(9_600, 20_000))
    sound = np.zeros(at) if kind == "clean" else level * noise(kind, at, seed)
    for start, clip in parts:
        sound[start : start + len(clip)] += clip
    sent = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    spoken = tuple((start * 125, (start + len(clip)) * 125) for start, clip in parts)
    return Line(decode(encode(sent, MULAW_8K), MULAW_8K), spoken)


def heard(samples: Samples, ears: Ears = NO_STEADY_SOUND, size: int = FRAME) -> list[tuple[Activity, int]]:
    """What is noticed of a line that comes in such pieces, and when."""
    listens = ears.on(RATE_HZ)
    return [
        (activity, (at + size) * 125)
        for at in range(0, len(samples), size)
        for activity in listens.feed(at * 125, samples[at : at + size])
    ]


def told(samples: Samples, ears: Ears = NO_STEADY_SOUND) -> list[Told]:
    """The speech that is told, what goes on at the end left out."""
    edges = heard(samples, ears)
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [
        Told(began.began_us, ended.ended_us, began_us, ended_us)
        for (began, began_us), (ended, ended_us) in pairs
        if isinstance(began, SpeechBegan) and not isinstance(ended, SpeechBegan)
    ]


def beginnings(found: Sequence[Told], spoken: Sequence[tuple[int, int]]) -> list[int]:
    """How late each person is told to begin; those who are not heard for themselves are left out."""
    return [
        min((each.began_us - start for each in found if abs(each.began_us - start) < 400_000), key=abs)
        for start, _ in spoken
        if any(abs(each.began_us - start) < 400_000 for each in found)
    ]


def endings(found: Sequence[Told], spoken: Sequence[tuple[int, int]]) -> list[int]:
    """The same of their ends."""
    return [
        min((each.ended_us - end for each in found if abs(each.ended_us - end) < 400_000), key=abs)
        for _, end in spoken
        if any(abs(each.ended_us - end) < 400_000 for each in found)
    ]


def of_nobody_us(found: Sequence[Told], spoken: Sequence[tuple[int, int]]) -> int:
    """How much is taken for speech more than 300 ms from everybody's."""
    near = [(start - 300_000, end + 300_000) for start, end in spoken]
    return sum(
        each.ended_us
        - each.began_us
        - sum(max(0, min(each.ended_us, end) - max(each.began_us, start)) for start, end in near)
        for each in found
    )


def within(off_us: Sequence[int], share: float) -> int:
    """By how much so many are off at most."""
    return int(np.quantile(np.abs(off_us), share))


@pytest.mark.parametrize("kind", BEDS)
def test_people_over_noise_are_heard_from_where_they_begin_to_where_they_end(kind: str) -> None:
    """At 10 dB all of them are, half to within 10 ms, among voices 40; nothing else is, and all at once."""
    calls = [line(kind, seed) for seed in range(CALLS)]
    found = [told(each.samples) for each in calls]
    began = [late for call, got in zip(calls, found, strict=True) for late in beginnings(got, call.spoken)]
    ended = [late for call, got in zip(calls, found, strict=True) for late in endings(got, call.spoken)]

    assert len(began) == len(ended) == 4 * CALLS
    assert within(began, 0.5) <= (10_000 if kind in STEADY else 40_000)
    assert within(ended, 0.5) <= (10_000 if kind in STEADY else 40_000)
    assert within(began, 0.9) <= 65_000
    assert within(ended, 0.9) <= 130_000
    assert sum(of_nobody_us(got, call.spoken) for call, got in zip(calls, found, strict=True)) == 0
    assert all(each.began_told_us - each.began_us <= 300_000 for got in found for each in got)
    assert all(each.ended_told_us - each.ended_us <= 400_000 for got in found for each in got)


def test_a_person_is_heard_over_a_crowd() -> None:
    """Five people who read aloud, 10 dB less loud, hide hardly anybody, and are hardly heard themselves."""
    calls = [line("crowd", seed) for seed in range(CALLS)]
    found = [told(each.samples) for each in calls]
    by_energy = [told(each.samples, EVERY_SOUND) for each in calls]
    pairs = list(zip(calls, found, strict=True))

    assert sum(len(beginnings(got, call.spoken)) for call, got in pairs) >= 4 * CALLS - 2
    assert sum(of_nobody_us(got, call.spoken) for call, got in pairs) <= 3_000_000
    assert sum(len(beginnings(got, call.spoken)) for call, got in zip(calls, by_energy, strict=True)) < CALLS


@pytest.mark.parametrize("kind", BEDS)
def test_noise_alone_is_no_speech_from_its_first_sample_on(kind: str) -> None:
    """However loud, for half a minute."""
    sound = np.rint(3_000 * noise(kind, 30 * RATE_HZ, 3)).clip(-32_768, 32_767).astype(np.int16)

    assert heard(sound) == []


def test_on_a_clean_line_edges_are_those_of_energy_to_the_microsecond() -> None:
    """Where nobody but the energy is asked, though people talk on for seconds."""
    for seed in range(CALLS):
        clean = line("clean", seed)
        assert len(told(clean.samples)) >= 4
        assert [(each.began_us, each.ended_us) for each in told(clean.samples)] == [
            (each.began_us, each.ended_us) for each in told(clean.samples, EVERY_SOUND)
        ]


def test_lost_frames_make_no_quiet_line_of_a_noisy_one() -> None:
    """Of babble with 3 % of its frames lost, nothing is heard but the person."""
    noisy = line("babble", 1)
    frames = noisy.samples[: len(noisy.samples) // FRAME * FRAME].reshape(-1, FRAME).copy()
    frames[np.random.default_rng(1).random(len(frames)) < 0.03] = 0
    found = told(frames.reshape(-1))

    assert len(beginnings(found, noisy.spoken)) == 4
    assert of_nobody_us(found, noisy.spoken) <= 50_000


def test_noise_that_begins_in_a_call_is_taken_for_speech_for_no_longer_than_it_takes_to_know_it() -> None:
    """Babble that begins after silence is over within some seconds, and hides nobody after that."""
    noisy = line("babble", 2)
    later = np.concatenate([silence(3_000_000, RATE_HZ), np.tile(noisy.samples[:8_000], 8), noisy.samples])
    before_us = (len(later) - len(noisy.samples)) * 125
    found = [
        Told(each.began_us - before_us, each.ended_us - before_us, 0, 0)
        for each in told(later)
        if each.ended_us > before_us - 2_000_000
    ]

    assert len(beginnings(found, noisy.spoken)) == 4
    assert of_nobody_us(found, noisy.spoken) == 0


def cups(noisy: Line, fades: int = 60) -> Samples:
    """The same line, and cups that clink between what people say, louder than they are, and fade so fast."""
    clinks, at = np.zeros(len(noisy.samples)), np.arange(960) / RATE_HZ
    clink = sum(np.sin(2 * np.pi * hz * at) for hz in (1_700, 2_600, 3_400)) * np.exp(-fades * at) * 6_000
    for start in range(4_000, len(clinks) - 2_400, 2_400):
        if all(not from_us - 400_000 < start * 125 < to_us + 300_000 for from_us, to_us in noisy.spoken):
            clinks[start : start + 960] += clink
            clinks[start + 1_000 : start + 1_960] += clink
    return np.clip(noisy.samples + clinks, -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize("kind", ["pink", "cafe"])
def test_cups_over_noise_are_no_speech_by_their_loudness_alone(kind: str) -> None:
    """They fade before somebody who speaks up would; without any engine, and with one that denies nothing."""
    noisy = line(kind, 4)
    sound, engine = cups(noisy), activity_engine("webrtc")
    for ears in (NO_STEADY_SOUND, Ears(any_sound=False, opens=engine.stream)):
        found = told(sound, ears)

        assert of_nobody_us(found, noisy.spoken) == 0
        assert len(beginnings(found, noisy.spoken)) == 4


@needs_silero
def test_an_engine_is_asked_about_what_rises_over_noise() -> None:
    """Glasses that ring louder than a voice are speech by their loudness alone; to Silero they are none."""
    noisy = line("pink", 4)
    sound, engine = cups(noisy, fades=30), activity_engine("silero")
    loud, asked = told(sound), told(sound, Ears(any_sound=False, opens=engine.stream))

    assert of_nobody_us(loud, noisy.spoken) > 500_000
    assert of_nobody_us(asked, noisy.spoken) == 0
    assert len(beginnings(asked, noisy.spoken)) == 4


@needs_silero
def test_an_engine_that_is_always_asked_knows_cups_on_a_quiet_line_too() -> None:
    """And whoever speaks there is heard at the same edges."""
    quiet = line("clean", 4)
    sound, engine = cups(quiet), activity_engine("silero")
    seldom = told(sound, Ears(any_sound=False, opens=engine.stream))
    always = told(sound, Ears(any_sound=False, opens=engine.stream, always=True))

    assert of_nobody_us(seldom, quiet.spoken) > 500_000
    assert of_nobody_us(always, quiet.spoken) < of_nobody_us(seldom, quiet.spoken) // 4
    assert len(beginnings(always, quiet.spoken)) == 4


@settings(max_examples=6, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 2_000), min_size=1, max_size=40), kind=st.sampled_from(["pink", "babble"])
)
def test_how_audio_that_is_noisy_throughout_is_cut_changes_nothing(sizes: list[int], kind: str) -> None:
    """The same is told of it in pieces of any length."""
    samples = line(kind, 5).samples[:48_000]
    listens, at, noticed = NO_STEADY_SOUND.on(RATE_HZ), 0, []
    for size in [*sizes, len(samples)]:
        noticed += listens.feed(at * 125, samples[at : at + size])
        at = min(len(samples), at + size)

    assert noticed == [each for each, _ in heard(samples)]
