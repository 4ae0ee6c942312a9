"""Ears for which not any sound is speech: steady sound is none, and hides none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_activity import NOT_SPEECH, RATE_HZ, on_the_line, pink
from support_sound import real_prompts
from turnspec.audio import (
    ActivityTracker,
    Samples,
    SpeechBegan,
    SpeechEnded,
    decode,
    encode,
    load_clip,
    samples_of,
    silence,
    speech_segments,
)
from turnspec.audio.activity import Activity
from turnspec.call.formats import MULAW_8K

FRAME = 160
BEDS = {"pink": pink, **{name: NOT_SPEECH[name] for name in ("white", "hum-50", "ringback")}}
PROMPTS = ("vm-intro", "conf-getchannel", "call-waiting", "agent-pass", "vm-goodbye")
BEFORE_US = 2_000_000
SEVEN_OF_CLUBS = Path(__file__).parents[2] / "scenarios" / "audio" / "caller" / "seven-of-clubs.flac"


def heard(samples: Samples, *, any_sound: bool = False, size: int = FRAME) -> list[tuple[Activity, int]]:
    """What ears notice of a line, and when."""
    ears = ActivityTracker(RATE_HZ, any_sound=any_sound)
    return [
        (activity, (at + size) * 125)
        for at in range(0, len(samples), size)
        for activity in ears.feed(at * 125, samples[at : at + size])
    ]


@pytest.mark.parametrize("name", [*sorted(NOT_SPEECH), "pink"])
@pytest.mark.parametrize("level_db", [-35, -25, -15])
def test_steady_sound_is_no_speech(name: str, level_db: int) -> None:
    """Not at its beginning, and not later, however loud; by energy alone it would be."""
    line = on_the_line(pink() if name == "pink" else NOT_SPEECH[name](), level_db)

    assert heard(line, any_sound=True)
    assert heard(line) == []


def in_noise(prompt: Samples, bed: str) -> Samples:
    """A prompt, 10 dB louder than the noise in which it comes after 2 s, through G.711."""
    loud = prompt[np.abs(prompt) > 300].astype(np.float64)
    level = 2_000 / float(np.sqrt((loud**2).mean()))
    line = np.concatenate([np.zeros(BEFORE_US // 125), prompt * level, np.zeros(12_000)])
    noise = np.resize(BEDS[bed](), len(line))
    mixed = line + noise / float(np.sqrt((noise**2).mean())) * 2_000 * 10 ** (-10 / 20)
    return decode(encode(np.rint(mixed).astype(np.int16), MULAW_8K), MULAW_8K)


@pytest.mark.parametrize("bed", sorted(BEDS))
def test_speech_in_noise_is_heard_from_its_beginning_to_its_end(bed: str) -> None:
    """At 10 dB: the noise before it begins no turn, that after it keeps none open."""
    for name, prompt in real_prompts(*PROMPTS).items():
        noticed = [activity for activity, _ in heard(in_noise(prompt, bed))]
        began, ended = noticed[0], noticed[-1]
        edges = speech_segments(prompt, RATE_HZ)
        from_us, over_us = BEFORE_US + edges[0].start_us, BEFORE_US + edges[-1].end_us

        assert isinstance(began, SpeechBegan), name
        assert isinstance(ended, SpeechEnded), name
        assert from_us - 50_000 <= began.began_us <= from_us + 300_000, name
        assert over_us - 600_000 <= ended.ended_us <= over_us + 100_000, name


def test_on_a_quiet_line_edges_are_where_energy_alone_places_them() -> None:
    """Speech is noticed at most 200 ms later, and its end at the same time."""
    for prompt in real_prompts(*PROMPTS).values():
        line = np.concatenate([silence(1_000_000, RATE_HZ), prompt, silence(1_000_000, RATE_HZ)])
        by_energy, by_both = heard(line, any_sound=True), heard(line)

        assert [each for each, _ in by_both] == [each for each, _ in by_energy]
        late_us = [one - other for (_, one), (_, other) in zip(by_both, by_energy, strict=True)]
        assert all(0 <= each <= 200_000 for each in late_us)


def test_a_tone_that_stops_hides_nothing_after_it() -> None:
    """What follows ringback is heard though it is no louder."""
    (prompt,) = real_prompts("vm-goodbye").values()
    ringback = on_the_line(NOT_SPEECH["ringback"](), -20)[:16_000]
    line = np.concatenate([ringback, silence(300_000, RATE_HZ), prompt, silence(500_000, RATE_HZ)])
    alone = np.concatenate([np.zeros(len(ringback), np.int16), line[len(ringback) :]])

    noticed = [each for each, _ in heard(line)]
    assert isinstance(noticed[0], SpeechBegan)
    assert noticed == [each for each, _ in heard(alone)]


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(1, 2_000), min_size=1, max_size=40), seed=st.integers(0, 5))
def test_how_the_audio_is_cut_changes_nothing(sizes: list[int], seed: int) -> None:
    """The same is noticed of it in pieces of any length."""
    draws = np.random.default_rng(seed)
    level = np.repeat(draws.choice([0, 40, 3_000], 60), 400)
    line = np.rint(draws.standard_normal(len(level)) * level).clip(-32_768, 32_767).astype(np.int16)
    ears, at, noticed = ActivityTracker(RATE_HZ, any_sound=False), 0, []
    for size in [*sizes, len(line)]:
        noticed += ears.feed(at * 125, line[at : at + size])
        at = min(len(line), at + size)

    assert noticed == [each for each, _ in heard(line, size=len(line))]


def test_the_last_hiss_of_a_word_is_of_it() -> None:
    """A steady sound right after speech is no line's noise: the end is where energy alone places it."""
    prompt = load_clip(SEVEN_OF_CLUBS, RATE_HZ)  # "...clubs": a stop, 106 ms of nothing, 50 ms of hiss
    line = np.concatenate([silence(1_000_000, RATE_HZ), samples_of(prompt), silence(1_000_000, RATE_HZ)])

    edges = [activity for activity, _ in heard(line)]

    assert edges == [activity for activity, _ in heard(line, any_sound=True)]
    assert isinstance(edges[-1], SpeechEnded)
