"""Speech as it begins and ends on a live line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_sound import faded, joined, noise, tone
from turnspec.audio import (
    RESOLUTION_US,
    Activity,
    ActivityTracker,
    Samples,
    SpeechBegan,
    SpeechEnded,
    silence,
    time_of,
)

FRAME = 160


def fed(tracker: ActivityTracker, samples: Samples, at_us: int = 0, size: int = FRAME) -> list[Activity]:
    """Everything noticed while `samples` come in chunks."""
    noticed: list[Activity] = []
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        noticed += tracker.feed(at_us + time_of(start, tracker.rate_hz), chunk)
    return noticed


def spans(noticed: Sequence[Activity]) -> list[tuple[int, int]]:
    """Beginnings paired with ends; they must alternate."""
    begins = [event.began_us for event in noticed if isinstance(event, SpeechBegan)]
    ends = [event.ended_us for event in noticed if isinstance(event, SpeechEnded)]
    kinds = [type(event) for event in noticed]

    assert kinds == [SpeechBegan, SpeechEnded] * (len(kinds) // 2)
    return list(zip(begins, ends, strict=True))


def around(start_us: int, end_us: int) -> tuple[object, object]:
    """A span, to within the resolution of its edges."""
    return pytest.approx(start_us, abs=RESOLUTION_US), pytest.approx(end_us, abs=RESOLUTION_US)


def test_speech_is_told_with_its_edges_not_with_its_notice() -> None:
    """A burst is noticed 30 ms after it began and a hangover after it ended, and placed exactly."""
    tracker = ActivityTracker(8_000)
    sound = joined(silence(200_000, 8_000), tone(400_000), silence(400_000, 8_000))
    when: list[tuple[int, Activity]] = []
    for at_us in range(0, 1_000_000, 20_000):
        chunk = sound[at_us // 125 : at_us // 125 + FRAME]
        when += [(at_us + 20_000, event) for event in tracker.feed(at_us, chunk)]
    (noticed_began, began), (noticed_ended, ended) = when

    assert (began, ended) == (SpeechBegan(200_000), SpeechEnded(600_000))
    assert (noticed_began, noticed_ended) == (240_000, 800_000)


@given(size=st.integers(1, 900), lead=st.integers(0, 3_000))
@settings(max_examples=40, deadline=None)
def test_chunk_sizes_change_nothing(size: int, lead: int) -> None:
    """The same audio in chunks of any size has its speech in the same place."""
    sound = joined(np.zeros(lead, np.int16), faded(tone(300_000), 5_000), silence(400_000, 8_000))
    (span,) = spans(fed(ActivityTracker(8_000), sound, size=size))

    assert span == around(lead * 125, lead * 125 + 300_000)


def test_audio_that_does_not_come_is_silence() -> None:
    """A gap in the times ends speech as silence would, and so does the mere passing of time."""
    tracker = ActivityTracker(8_000)
    first = fed(tracker, tone(300_000))
    second = fed(tracker, tone(300_000), at_us=1_000_000)

    assert tracker.speaking
    assert tracker.advance(1_400_000) == []
    assert spans([*first, *second, *tracker.advance(1_500_000)]) == [
        around(0, 300_000),
        around(1_000_000, 1_300_000),
    ]
    assert not tracker.speaking


def test_a_long_gap_costs_no_memory_and_keeps_time() -> None:
    """An hour without audio is skipped, and what comes after it is placed right."""
    tracker = ActivityTracker(8_000)
    hour = 3_600_000_000
    noticed = [*fed(tracker, tone(300_000), at_us=hour), *tracker.advance(2 * hour)]

    assert spans(noticed) == [around(hour, hour + 300_000)]


@pytest.mark.parametrize(("gap_us", "hangover_us", "parts"), [(150_000, 200_000, 1), (150_000, 100_000, 2)])
def test_the_hangover_decides_what_is_one_utterance(gap_us: int, hangover_us: int, parts: int) -> None:
    """A pause shorter than the hangover is part of the speech."""
    tracker = ActivityTracker(8_000, hangover_us=hangover_us)
    sound = joined(tone(300_000), silence(gap_us, 8_000), tone(300_000), silence(400_000, 8_000))

    assert parts == len(spans(fed(tracker, sound)))


def test_a_click_neither_begins_nor_lengthens_speech() -> None:
    """15 ms alone is not speech, and 15 ms half a hangover after speech is not part of it."""
    click = tone(15_000, hz=1_000)
    sound = joined(click, silence(500_000, 8_000), tone(300_000), silence(150_000, 8_000), click)
    tracker = ActivityTracker(8_000)
    noticed = [*fed(tracker, sound), *tracker.advance(2_000_000)]

    assert spans(noticed) == [around(515_000, 815_000)]


def test_steady_low_noise_is_not_speech_and_does_not_hide_it() -> None:
    """Comfort noise of -50 dBFS, coming and going with the speech, is not heard as speech."""
    line = noise(3_000_000, rms=104)
    line[8_000:11_200] += tone(400_000)
    (span,) = spans(fed(ActivityTracker(8_000), joined(line, silence(500_000, 8_000))))

    assert span == around(1_000_000, 1_400_000)


def test_loud_noise_counts_as_something_said() -> None:
    """Noise in place of speech is an utterance, from its beginning to its end."""
    (span,) = spans(fed(ActivityTracker(8_000), joined(noise(2_000_000), silence(400_000, 8_000))))

    assert span == around(0, 2_000_000)


STRETCHES = st.lists(
    st.tuples(st.booleans(), st.integers(1, 60) | st.integers(1, 3)), min_size=1, max_size=12
)


@given(STRETCHES, st.integers(0, 79))
def test_silence_by_its_length_is_silence_by_its_samples(
    stretches: list[tuple[bool, int]], offset: int
) -> None:
    """Counting digital silence notices what hearing it does, whatever came before, however frames fall."""
    counted, heard = ActivityTracker(8_000), ActivityTracker(8_000)
    position = offset
    for loud, tens in stretches:
        samples = np.full(tens * 80, 4_000 if loud else 0, np.int16)
        at_us = time_of(position, 8_000)
        told = counted.feed(at_us, samples) if loud else counted.feed_silence(at_us, len(samples))
        assert told == heard.feed(at_us, samples)
        position += len(samples)


@given(STRETCHES, st.integers(0, 79), st.integers(0, 2**32 - 1))
def test_while_speech_is_certain_hearing_can_wait(
    stretches: list[tuple[bool, int]], offset: int, seed: int
) -> None:
    """What is heard in one go once it may be over is noticed as if it had been heard at once."""
    at_once, late = ActivityTracker(8_000), ActivityTracker(8_000)
    noise_of = np.random.default_rng(seed)
    sound = [noise_of.normal(0, 3_000 if loud else 30, tens * 80) for loud, tens in stretches]
    samples = np.concatenate(sound).astype(np.int16)
    unheard = 0
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        end = start + FRAME
        told = at_once.feed(time_of(offset + start, 8_000), samples[start:end])
        if time_of(offset + end, 8_000) < late.certain_until_us:
            assert told == []
            continue
        assert told == late.feed(time_of(offset + unheard, 8_000), samples[unheard:end])
        unheard = end
