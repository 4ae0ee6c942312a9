"""Each word under `line:` does to the sound what it says, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from support_plans import plan_of
from support_sound import tone
from turnspec.audio import decode, encode
from turnspec.audio.conditions import NO_SPEECH_LEVEL
from turnspec.audio.line import FRAME_US, Line
from turnspec.audio.samples import Samples
from turnspec.call import ALAW_8K, MULAW_8K, AudioFormat, Encoding
from turnspec.run.line import echo_of, line_of, playback_of

PCM16_8K = AudioFormat(Encoding.PCM16, 8_000)
TURNS = "- {turn: Ask, caller: {audio: clip.wav, text: hello}}\n"
FRAME = 160
SECONDS = 4
QUIET = np.zeros(SECONDS * 8_000, np.int16)
VOICE = tone(SECONDS * 1_000_000, hz=1_000)


def line(folder: Path, written: str, *, again: str = "") -> Line:
    """The caller's way through a line that is written so."""
    plan = replace(plan_of(folder, TURNS, head=f"caller: {{line: {{{written}}}}}\n"), again=again)
    way = line_of(plan, PCM16_8K, ())
    assert way is not None
    return way


def through(way: Line, sound: Samples = VOICE) -> Samples:
    """What becomes of a sound on it."""
    frames = (sound[at : at + FRAME] for at in range(0, len(sound), FRAME))
    return np.concatenate([decode(way.carry(encode(each, PCM16_8K)).sound, PCM16_8K) for each in frames])


def level(sound: Samples) -> float:
    """The RMS of a sound, its first tenth left out, in which filters begin."""
    return float(np.sqrt(np.mean(np.square(sound[len(sound) // 10 :].astype(np.float64)))))


@pytest.mark.parametrize(("written", "factor"), [("gain: 6 dB", 1.995), ("gain: -6 dB", 0.501)])
def test_gain(tmp_path: Path, written: str, factor: float) -> None:
    """As many decibels."""
    assert level(through(line(tmp_path, written))) == pytest.approx(factor * level(VOICE), rel=0.01)


def test_clip(tmp_path: Path) -> None:
    """No sample is above it."""
    assert np.abs(through(line(tmp_path, "clip: -26 dBFS"))).max() == pytest.approx(1_642, abs=2)


@pytest.mark.parametrize(("hz", "least", "most"), [(100, 0.0, 0.1), (1_000, 0.95, 1.05)])
def test_narrow_band(tmp_path: Path, hz: int, least: float, most: float) -> None:
    """What a telephone leaves out is gone; what it carries stays."""
    sound = tone(SECONDS * 1_000_000, hz=hz)

    assert least <= level(through(line(tmp_path, "band: narrow"), sound)) / level(sound) <= most


@pytest.mark.parametrize(("codec", "coding"), [("g711u", MULAW_8K), ("g711a", ALAW_8K)])
def test_codecs(tmp_path: Path, codec: str, coding: object) -> None:
    """Each codec is its own."""
    assert isinstance(coding, type(MULAW_8K))
    passed = through(line(tmp_path, f"codecs: [{codec}]"))

    assert passed.tolist() == decode(encode(VOICE, coding), coding).tolist()


@pytest.mark.parametrize(("snr", "factor"), [("10 dB", 0.316), ("20 dB", 0.1)])
def test_noise(tmp_path: Path, snr: str, factor: float) -> None:
    """So far below the level of people's voices, and there while nobody speaks."""
    noise = through(line(tmp_path, f"noise: {{bed: white, snr: {snr}}}"), QUIET)

    assert level(noise) == pytest.approx(factor * NO_SPEECH_LEVEL, rel=0.1)


def test_beds_are_different(tmp_path: Path) -> None:
    """Each name is a noise of its own."""
    beds = ("pink", "white", "babble", "cafe", "hum")
    noises = [through(line(tmp_path, f"noise: {{bed: {bed}, snr: 10 dB}}"), QUIET).tobytes() for bed in beds]

    assert len(set(noises)) == len(beds)


def lost(folder: Path, written: str) -> list[bool]:
    """Which frames a line loses."""
    loud = np.full(20 * len(VOICE), 1_000, np.int16)
    return [not frame.any() for frame in through(line(folder, written), loud).reshape(-1, FRAME)]


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [("loss: 20 %", 1.0, 1.6), ("loss: {rate: 20 %, burst: 6}", 4.5, 8.0)],
    ids=["each by itself", "in bursts"],
)
def test_loss(tmp_path: Path, written: str, least: float, most: float) -> None:
    """So many of a hundred frames, and as many in a row as is written."""
    frames = lost(tmp_path, written)
    runs = [len(list(run)) for is_lost, run in groupby(frames) if is_lost]

    assert 0.16 <= sum(frames) / len(frames) <= 0.24
    assert least <= sum(runs) / len(runs) <= most


def test_drift(tmp_path: Path) -> None:
    """After 4 s at 200 ppm a moment comes out 0.8 ms later than at first."""
    way = line(tmp_path, "drift: 200 ppm")

    assert way.delayed_us(4_000_000) - way.delayed_us(0) - 4_000_000 == pytest.approx(800, abs=130)


def test_echo(tmp_path: Path) -> None:
    """The agent as it was heard so long before, so much fainter."""
    way = line(tmp_path, "echo: {delay: 200 ms, level: -20 dB}")
    heard = tone(FRAME_US, hz=1_000)
    back = decode(way.carry(encode(QUIET[:FRAME], PCM16_8K), heard).sound, PCM16_8K)
    plan = plan_of(tmp_path, TURNS, head="caller: {line: {heard: {latency: 20 ms}}}\n")
    playback = playback_of(plan)
    assert playback is not None
    playback.enqueue(0, VOICE)

    assert level(back) == pytest.approx(0.1 * level(heard), rel=0.05)
    assert echo_of(playback, way, 180_000) is None
    assert (echo := echo_of(playback, way, 240_000)) is not None
    assert echo.tolist() == VOICE[FRAME : 2 * FRAME].tolist()


def waits(way: Line) -> list[int]:
    """How many frames after each have gone in when it comes out."""
    arrived = [len(way.carry(bytes([number % 250 + 1]) * 2 * FRAME).arrived) for number in range(200)]
    out = np.repeat(np.arange(len(arrived)), arrived)
    return (out - np.arange(len(out))).tolist()  # type: ignore[no-any-return] # numpy's own


def test_latency_and_jitter(tmp_path: Path) -> None:
    """All frames so late; with jitter some of them later, and none by more."""
    late, unsteady = (waits(line(tmp_path, each)) for each in ("latency: 60 ms", "jitter: 60 ms"))

    assert set(late) == {3}
    assert 0 <= min(unsteady) < max(unsteady) <= 3


def test_seed(tmp_path: Path) -> None:
    """The same seed is the same line; another one, and another run of a repeated scenario, is another."""
    written = "loss: 30 %, seed: 7"
    first, same, repeated = (
        through(line(tmp_path, written, again=again)).tobytes() for again in ("", "", "2")
    )
    other = through(line(tmp_path, written.replace("7", "8"))).tobytes()

    assert first == same
    assert len({first, repeated, other}) == 3
