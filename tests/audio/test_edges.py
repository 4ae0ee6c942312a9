"""Where speech begins and ends on a recording."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_sound import faded, joined, noise, real_prompts, real_readings, tone
from turnspec.audio import (
    EMPTY,
    RESOLUTION_US,
    Samples,
    Segment,
    decode,
    encode,
    load_clip,
    refined,
    resample,
    samples_of,
    silence,
    speech_segments,
    voiced_span,
)
from turnspec.audio.in_noise import IN_NOISE_US
from turnspec.call import ALAW_8K, MULAW_8K, PCM_8K, AudioFormat

BURST_US = 400_000
LOW_COMFORT_NOISE = 33  # RMS, -60 dBFS


def burst(kind: str, rate_hz: int, fade_us: int) -> Samples:
    """400 ms of sound with fades."""
    sounds = {
        "tone": lambda: tone(BURST_US, rate_hz),
        "hum": lambda: tone(BURST_US, rate_hz, hz=120),
        "noise": lambda: noise(BURST_US, rate_hz),
        "quiet": lambda: tone(BURST_US, rate_hz, hz=300, peak=1_500),
    }
    return faded(sounds[kind](), fade_us, rate_hz)


def over_noise(samples: Samples, rms: int, rate_hz: int) -> Samples:
    """The samples with the line's own noise under them."""
    under = noise(len(samples) * 1_000_000 // rate_hz + 1_000, rate_hz, rms)[: len(samples)]
    return (samples.astype(np.int32) + under).clip(-32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize("format_", [PCM_8K, MULAW_8K, ALAW_8K])
@pytest.mark.parametrize("comfort_noise", [0, LOW_COMFORT_NOISE])
@pytest.mark.parametrize("kind", ["tone", "hum", "noise", "quiet"])
def test_a_burst_is_found_within_the_stated_resolution(
    kind: str, comfort_noise: int, format_: AudioFormat
) -> None:
    """Onset and offset are right whatever the sound, the fade, the codec and the silence around."""
    for fade_us, lead_us, tail_us in product([0, 5_000, 20_000], [0, 123_000, 777_125], [0, 2_000_125]):
        sound = joined(silence(lead_us, 8_000), burst(kind, 8_000, fade_us), silence(tail_us, 8_000))
        wire = decode(encode(over_noise(sound, comfort_noise, 8_000), format_), format_)
        speech = refined(wire, 8_000, None)
        (found,) = speech.segments

        assert speech.error_us == RESOLUTION_US
        assert abs(found.start_us - lead_us) <= speech.error_us
        assert abs(found.end_us - lead_us - BURST_US) <= speech.error_us


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_edges_do_not_depend_on_the_rate(rate_hz: int) -> None:
    """A 5 ms fade is placed to within 2 ms and a bit at any rate."""
    sound = joined(silence(300_000, rate_hz), burst("tone", rate_hz, 5_000), silence(300_000, rate_hz))
    start_us, end_us = voiced_span(sound, rate_hz) or (0, 0)

    assert abs(start_us - 300_000) <= 2_200
    assert abs(end_us - 700_000) <= 2_200


@given(lead=st.integers(0, 20_000), tail=st.integers(0, 20_000), seed=st.integers(0, 20))
@settings(max_examples=50, deadline=None)
def test_silence_around_a_sound_moves_nothing(lead: int, tail: int, seed: int) -> None:
    """Digital silence before shifts both edges by its length exactly; silence after does nothing."""
    sound = joined(faded(noise(300_000, seed=seed), 30_000), noise(70_000, rms=20, seed=seed))
    bare = voiced_span(sound, 8_000)
    padded = voiced_span(joined(np.zeros(lead, np.int16), sound, np.zeros(tail, np.int16)), 8_000)

    assert bare is not None
    assert (bare[0] + lead * 125, bare[1] + lead * 125) == padded


def test_trailing_comfort_noise_is_no_speech() -> None:
    """Two seconds of low noise after the sound do not lengthen it."""
    start_us, end_us = voiced_span(joined(tone(BURST_US), noise(2_000_000, rms=60)), 8_000) or (-1, -1)

    assert start_us == 0
    assert abs(end_us - BURST_US) <= RESOLUTION_US


def test_speech_over_a_noisy_line_is_found() -> None:
    """Noise 20 dB below the speech, on the whole line, is not speech."""
    sound = joined(silence(1_000_000, 8_000), burst("tone", 8_000, 5_000), silence(1_000_000, 8_000))
    speech = refined(over_noise(sound, 500, 8_000), 8_000, None)
    (found,) = speech.segments

    assert speech.error_us == IN_NOISE_US
    assert abs(found.start_us - 1_000_000) <= 2 * RESOLUTION_US
    assert abs(found.end_us - 1_400_000) <= 2 * RESOLUTION_US


def gapped(gap_us: int) -> Samples:
    """Two tones and a gap."""
    return joined(tone(BURST_US), silence(gap_us, 8_000), tone(BURST_US))


@pytest.mark.parametrize(
    ("gap_us", "bridge_us", "parts"),
    [(150_000, 200_000, 1), (250_000, 200_000, 2), (250_000, 300_000, 1), (130_000, 0, 2), (60_000, 0, 1)],
)
def test_gaps_shorter_than_the_bridge_are_bridged(gap_us: int, bridge_us: int, parts: int) -> None:
    """Two sounds are one when the gap is short; within 100 ms they always are."""
    assert parts == len(speech_segments(gapped(gap_us), 8_000, bridge_us=bridge_us))


def test_each_sound_has_its_own_edges() -> None:
    """Segments come in order, and their edges are those of the sounds."""
    first, second = speech_segments(gapped(500_000), 8_000)

    assert Segment(0, 400_000) == first
    assert Segment(900_000, 1_300_000) == second
    assert second.duration_us == 400_000


@pytest.mark.parametrize(("length_us", "parts"), [(8_000, 0), (15_000, 0), (45_000, 1)])
def test_a_click_is_no_speech(length_us: int, parts: int) -> None:
    """Less than 30 ms that stands alone is not speech."""
    sound = joined(silence(300_000, 8_000), tone(length_us, hz=1_000), silence(300_000, 8_000))

    assert parts == len(speech_segments(sound, 8_000))


@pytest.mark.parametrize(
    "nothing",
    [EMPTY, silence(1_000_000, 8_000), np.full(8_000, 8, np.int16), noise(1_000_000, rms=33), tone(5_000)],
    ids=["empty", "digital silence", "A-law silence", "low noise", "5 ms"],
)
def test_where_nothing_is_said_nothing_is_found(nothing: Samples) -> None:
    """Silence of any kind has no span."""
    assert voiced_span(nothing, 8_000) is None
    assert speech_segments(nothing, 8_000) == ()


def test_recorded_prompts_do_not_end_with_their_files() -> None:
    """What pads a human recording at its ends is not speech, whatever it was passed through."""
    for name, clip in real_prompts("vm-goodbye", "agent-pass", "conf-invalid", "vm-repeat").items():
        bare = voiced_span(clip, 8_000)
        wire = decode(encode(joined(clip, silence(2_000_000, 8_000)), MULAW_8K), MULAW_8K)
        sent = voiced_span(wire, 8_000)

        assert bare is not None, name
        assert sent is not None, name
        assert abs(sent[0] - bare[0]) <= RESOLUTION_US, name
        assert abs(sent[1] - bare[1]) <= 4 * RESOLUTION_US, name
        assert sent[1] <= len(clip) * 125, name


def test_read_speech_is_found_from_end_to_end() -> None:
    """In a reading the segments cover most of the file and do not overlap."""
    for path in real_readings():
        samples = resample(samples_of(load_clip(path, 16_000)), 16_000, 8_000)
        segments = speech_segments(samples, 8_000)
        spoken_us = sum(segment.duration_us for segment in segments)

        assert 0.5 < spoken_us / (len(samples) * 125) <= 1.0
        assert all(before.end_us < after.start_us for before, after in pairwise(segments))


def beeps() -> Samples:
    """Tones from 0.5 s, from 1.5 s and from 2.5 s on, each of 400 ms, in 4 s."""
    quiet = silence(600_000, 8_000)
    burst_ = tone(BURST_US)
    return joined(silence(500_000, 8_000), burst_, quiet, burst_, quiet, burst_, silence(1_100_000, 8_000))


def test_what_the_engine_denies_is_no_speech() -> None:
    """Of three sounds, only the one that a voice activity engine vouches for is speech."""
    speech = refined(beeps(), 8_000, [Segment(1_536_000, 2_016_000)])

    assert speech.segments == (Segment(1_500_000, 1_900_000),)
    assert refined(beeps(), 8_000, []).segments == ()


def test_without_an_engine_all_sound_is_speech() -> None:
    """Energy alone finds what `speech_segments` does."""
    assert refined(beeps(), 8_000, None).segments == speech_segments(beeps(), 8_000)


def test_an_edge_stays_in_reach_of_the_engine() -> None:
    """Where sound goes on and on, speech is as long as the engine says, and what it may be late by."""
    (found,) = refined(tone(4_000_000), 8_000, [Segment(2_016_000, 2_496_000)], reach_us=200_000).segments

    assert found == Segment(1_816_000, 2_696_000)


@given(lead=st.integers(0, 20_000), seed=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_a_sound_that_is_shifted_has_its_edges_shifted(lead: int, seed: int) -> None:
    """Speech over noise that an engine found: so many samples later, its edges are as much later."""
    sound = over_noise(
        joined(silence(900_000, 8_000), faded(tone(700_000), 80_000), silence(900_000, 8_000)), 400, 8_000
    )
    sound = np.roll(sound, seed * 40)
    spans = [Segment(960_000, 1_664_000)]
    later = [Segment(span.start_us + lead * 125, span.end_us + lead * 125) for span in spans]
    bare = refined(sound, 8_000, spans)
    moved = refined(joined(np.zeros(lead, np.int16), sound), 8_000, later)

    assert bare.segments
    assert moved.error_us == bare.error_us
    assert moved.segments == tuple(
        Segment(part.start_us + lead * 125, part.end_us + lead * 125) for part in bare.segments
    )


@given(spans=st.lists(st.tuples(st.integers(0, 3_900_000), st.integers(32_000, 900_000)), max_size=3))
@settings(max_examples=50, deadline=None)
def test_speech_is_never_far_from_where_the_engine_finds_it(spans: list[tuple[int, int]]) -> None:
    """Whatever an engine says: all that is speech lies within reach of it, and near to some of it."""
    said = [Segment(start, start + length) for start, length in sorted(spans)]
    for segment in refined(beeps(), 8_000, said, bridge_us=0, reach_us=100_000).segments:
        assert any(
            one.start_us - 100_000 <= segment.start_us and segment.start_us < one.end_us + 150_000
            for one in said
        )
        assert any(segment.end_us <= one.end_us + 150_000 for one in said)


@given(percent=st.integers(40, 200))
@settings(max_examples=20, deadline=None)
def test_loudness_moves_no_edge(percent: int) -> None:
    """Speech at 40 to 200 % of its loudness begins and ends where it did, within the resolution."""
    scaled = (beeps().astype(np.int32) * percent // 100).astype(np.int16)

    for one, same in zip(
        refined(beeps(), 8_000, None).segments, refined(scaled, 8_000, None).segments, strict=True
    ):
        assert abs(one.start_us - same.start_us) <= RESOLUTION_US
        assert abs(one.end_us - same.end_us) <= RESOLUTION_US
