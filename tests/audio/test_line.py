"""What a line does to a voice: noise at its level, frames late and in order, frames lost, all by a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from turnspec.audio.codecs import decode, encode
from turnspec.audio.conditions import NO_SPEECH_LEVEL, Conditions, speech_level
from turnspec.audio.line import FRAME_US, Line, LineSettings
from turnspec.audio.samples import Samples
from turnspec.call.formats import MULAW_8K, PCM_16K

SILENT = encode(np.zeros(160, np.int16), MULAW_8K)


def line(**settings: Any) -> Line:
    """A line of a telephone."""
    conditions = Conditions(loss=settings.pop("loss", 0.0))
    return Line(LineSettings(**{"seed": "7", "conditions": conditions, **settings}), MULAW_8K, 1_000.0)


def numbered(count: int) -> list[bytes]:
    """Frames that can be told apart."""
    return [bytes([number % 100]) * 160 for number in range(count)]


def carried(through: Line, frames: list[bytes]) -> list[tuple[bytes, ...]]:
    """What arrives in each 20 ms."""
    return [through.carry(frame).arrived for frame in frames]


def test_a_line_without_conditions_changes_nothing() -> None:
    """Every frame arrives at once, as it went in."""
    frames = numbered(20)

    assert carried(line(), frames) == [(frame,) for frame in frames]


def test_latency_moves_every_frame_by_as_much() -> None:
    """80 ms are four frames: the first four ticks bring nothing, then all come in order."""
    frames = numbered(20)
    arrived = carried(line(latency_us=80_000), frames)

    assert arrived[:4] == [()] * 4
    assert arrived[4:] == [(frame,) for frame in frames[:-4]]


def test_latency_is_told_of_moments() -> None:
    """A moment of what goes in comes out as much later, within its frame."""
    assert line(latency_us=80_000).delayed_us(123_456) == 203_456


@given(st.integers(0, 100_000), st.integers(0, 200_000), st.integers(0, 1_000))
def test_jitter_keeps_the_order_and_its_bound(latency_us: int, jitter_us: int, seed: int) -> None:
    """Frames come in the order in which they went in, none earlier than latency or later than both allow."""
    frames = [number.to_bytes(2) * 80 for number in range(60)]
    through = line(latency_us=latency_us, jitter_us=jitter_us, seed=str(seed))
    arrived = [(frame, tick) for tick, got in enumerate(carried(through, frames)) for frame in got]

    assert [frame for frame, _ in arrived] == frames[: len(arrived)]
    least, most = latency_us // FRAME_US, -(-(latency_us + jitter_us) // FRAME_US)
    assert all(number + least <= tick <= number + most for number, (_, tick) in enumerate(arrived))


@given(st.integers(0, 100_000), st.integers(0, 200_000), st.integers(0, 40))
def test_what_is_foretold_of_a_frame_is_what_happens(latency_us: int, jitter_us: int, ahead: int) -> None:
    """The moment at which a frame will arrive is known before it goes in."""
    through = line(latency_us=latency_us, jitter_us=jitter_us)
    carried(through, [bytes(160)] * 5)
    foretold = through.arrives(5 + ahead)
    for _ in range(ahead + 1):
        through.carry(bytes(160))

    assert through.arrives(5 + ahead) == foretold


def test_lost_frames_are_silent_and_as_many_as_asked() -> None:
    """Of 5,000 frames at 10 % loss 500 are lost, give or take three standard deviations (64)."""
    frame = encode(np.full(160, 8_000, np.int16), MULAW_8K)
    sound = [line_frame for got in carried(line(loss=0.1), [frame] * 5_000) for line_frame in got]

    assert set(sound) == {frame, SILENT}
    assert 436 < sound.count(SILENT) < 564


def test_the_seed_decides() -> None:
    """Two lines of one seed do the same; of another seed, something else."""
    frames = numbered(200)
    settings = {"loss": 0.1, "jitter_us": 60_000}

    assert carried(line(**settings), frames) == carried(line(**settings), frames)
    assert carried(line(**settings), frames) != carried(line(**settings, seed="8"), frames)


def test_noise_has_the_level_that_was_asked_for() -> None:
    """At 20 dB below a voice of RMS 1,000, noise of any loudness has RMS 100, over and over."""
    noise = np.random.default_rng(1).normal(0, 5_000, 16_001).clip(-32_768, 32_767).astype(np.int16)
    settings = LineSettings("7", Conditions(noise=noise, voice_to_noise=10.0))
    through = Line(settings, PCM_16K, voice_level=1_000.0)
    frames = [through.carry(bytes(640)).sound for _ in range(100)]
    heard = np.concatenate([decode(frame, PCM_16K) for frame in frames]).astype(np.float64)

    assert abs(np.sqrt(np.mean(heard**2)) - 100) < 2
    assert frames[0] != frames[51]  # the noise is not a whole number of frames long: it goes round


def test_a_voice_is_measured_without_the_silence_around_it() -> None:
    """The level of what is said does not sink with the silence that a recording ends with."""
    tone: Samples = (4_000 * np.sin(np.arange(8_000) * 0.5)).astype(np.int16)
    quiet = np.zeros(80_000, np.int16)

    assert abs(speech_level([np.concatenate([quiet, tone, quiet])], 8_000) - 4_000 / np.sqrt(2)) < 60


def test_where_nothing_is_said_noise_is_measured_against_usual_speech() -> None:
    """A call without recordings has noise too, as loud as if people spoke as they do."""
    assert speech_level([], 8_000) == NO_SPEECH_LEVEL
    assert speech_level([np.zeros(800, np.int16)], 8_000) == NO_SPEECH_LEVEL
