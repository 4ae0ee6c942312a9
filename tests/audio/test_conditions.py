"""What a line does to sound: level, clipping, band, echo, noise, codecs, a drifting clock, bursts of loss."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from turnspec.audio.beds import BEDS, bed
from turnspec.audio.codecs import decode, encode
from turnspec.audio.conditions import Conditioned, Conditions, Draws, Losses, speech_level
from turnspec.audio.drift import AHEAD, DriftingClock
from turnspec.audio.line import EchoSettings, Line, LineSettings
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import Samples
from turnspec.audio.way_back import HeardPlayback
from turnspec.call import AudioFormat, Encoding
from turnspec.call.formats import ALAW_8K, MULAW_8K, PCM_8K, PCM_16K, PCM_24K

FORMATS = {"8k": PCM_8K, "16k": PCM_16K, "24k": PCM_24K}


def through(
    what: Conditions, samples: Samples, audio: AudioFormat = PCM_8K, level: float = 1_000.0
) -> Samples:
    """All of it, in one piece."""
    return Conditioned(what, audio, level, Draws("7")).feed(samples)


def sine(hz: float, rate_hz: int, amplitude: float = 8_000, seconds: float = 1.0) -> Samples:
    """A tone."""
    moments = np.arange(round(seconds * rate_hz)) * (2 * np.pi * hz / rate_hz)
    return np.asarray(np.rint(amplitude * np.sin(moments)), np.int16)


def rms(samples: NDArray[Any]) -> float:
    """How loud it is."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))


def decibels(one: NDArray[Any], other: NDArray[Any]) -> float:
    """By how much one is louder than the other."""
    return 20 * float(np.log10(rms(one) / rms(other)))


def test_gain_is_in_the_amplitude() -> None:
    """-6 dB is half of it, +6 dB twice as much, and no sample goes over the top."""
    tone = sine(500, 8_000)

    assert abs(decibels(through(Conditions(gain=10 ** (-6 / 20)), tone), tone) + 6) < 0.01
    assert through(Conditions(gain=10.0), tone).max() == 32_767


def test_clipping_cuts_what_is_louder_and_leaves_the_rest() -> None:
    """At -20 dBFS nothing is louder than 3,277, and what was below is as it was."""
    tone = sine(500, 8_000)
    clipped = through(Conditions(clip=32_768 * 10 ** (-20 / 20)), tone)

    assert np.abs(clipped).max() == 3_277
    assert (clipped[np.abs(tone) < 3_276] == tone[np.abs(tone) < 3_276]).all()


@pytest.mark.parametrize("rate", ["8k", "16k", "24k"])
def test_a_narrow_band_is_that_of_a_telephone(rate: str) -> None:
    """400 to 3,200 Hz get through within half a decibel; 100 Hz loses 20 dB, and so does 4.2 kHz."""
    audio = FORMATS[rate]
    passed = {hz: sine(hz, audio.rate_hz) for hz in (100, 400, 1_000, 3_200, 4_200) if 2 * hz < audio.rate_hz}
    middle = slice(audio.rate_hz // 4, -audio.rate_hz // 4)
    loss = {
        hz: decibels(through(Conditions(narrow=True), tone, audio)[middle], tone[middle])
        for hz, tone in passed.items()
    }

    assert all(abs(loss[hz]) < 0.5 for hz in (400, 1_000, 3_200))
    assert all(loss[hz] < -20 for hz in (100, 4_200) if hz in loss)


@pytest.mark.parametrize("rate", ["8k", "16k", "24k"])
@pytest.mark.parametrize(
    "what", [Conditions(narrow=True), Conditions(codecs=(Encoding.MULAW,)), Conditions(drift_ppm=300)]
)
def test_what_delays_says_by_how_much(rate: str, what: Conditions) -> None:
    """A click comes out at the sample that is foretold, within a quarter of a millisecond."""
    audio = FORMATS[rate]
    line = Conditioned(what, audio, 1_000.0, Draws("7"))
    sound = np.zeros(audio.rate_hz, np.int16)
    at = audio.rate_hz // 2
    sound[at : at + 3] = 20_000

    heard = np.abs(line.feed(sound).astype(np.int64))
    assert abs(int(heard.argmax()) - line.lands(at + 1)) <= audio.rate_hz // 4_000


@pytest.mark.parametrize("format_", [MULAW_8K, ALAW_8K])
def test_a_codec_pass_is_that_codec(format_: AudioFormat) -> None:
    """On a telephone line it gives what encoding and decoding gives; twice is no worse, as G.711 is made."""
    noise = np.random.default_rng(5).integers(-20_000, 20_000, 4_000).astype(np.int16)
    once = decode(encode(noise, format_), format_)

    assert (through(Conditions(codecs=(format_.encoding,)), noise) == once).all()
    assert (through(Conditions(codecs=(format_.encoding,) * 2), noise) == once).all()


def test_tandem_codecs_add_their_noise() -> None:
    """Mu-law and then A-law is further from the original than either alone."""
    voice = sine(440, 8_000)
    mulaw, alaw, both = (
        rms(through(Conditions(codecs=codecs), voice).astype(np.int64) - voice)
        for codecs in ((Encoding.MULAW,), (Encoding.ALAW,), (Encoding.MULAW, Encoding.ALAW))
    )

    assert both > max(mulaw, alaw) > 10


@pytest.mark.parametrize("rate", ["16k", "24k"])
def test_a_codec_of_telephones_makes_a_wide_line_narrow(rate: str) -> None:
    """6 kHz is gone, 1 kHz is as loud as before and as clean as G.711 leaves it."""
    audio = FORMATS[rate]
    high, low = sine(6_000, audio.rate_hz), sine(1_000, audio.rate_hz)
    middle = slice(1_000, -1_000)
    coded = through(Conditions(codecs=(Encoding.MULAW,)), low, audio)
    spectrum = np.square(np.abs(np.fft.rfft(coded * np.hanning(len(coded)))))

    assert decibels(through(Conditions(codecs=(Encoding.MULAW,)), high, audio)[middle], high[middle]) < -40
    assert abs(decibels(coded[middle], low[middle])) < 0.3
    assert spectrum[998:1_003].sum() > 0.999 * spectrum.sum()


@pytest.mark.parametrize("name", sorted(BEDS))
@pytest.mark.parametrize(
    "voice",
    [
        Conditions(),
        Conditions(gain=0.25, narrow=True, codecs=(Encoding.MULAW,)),
        Conditions(clip=2_000),
        Conditions(gain=100.0),
    ],
)
def test_the_ratio_to_noise_is_as_written(name: str, voice: Conditions) -> None:
    """Whatever was done to the voice, it comes out 10 dB above the noise, within half a decibel."""
    spoken = (sine(440, 8_000, 6_000, 4.0).astype(np.float64) * np.abs(sine(3, 8_000, 1, 4.0) + 1)).astype(
        np.int16
    )
    fields = {name: getattr(voice, name) for name in ("gain", "narrow", "codecs", "clip")}
    noisy = Conditions(**fields, noise=bed(name, 8_000), voice_to_noise=10 ** (10 / 20), noise_from=4_321)
    level = speech_level([spoken], 8_000, voice)
    quiet = np.zeros(12 * 8_000, np.int16)

    alone = through(voice, np.concatenate([spoken] * 3))[2_000:]
    assert abs(decibels(alone, through(noisy, quiet, level=level)[2_000:]) - 10) < 0.5


def test_an_echo_is_the_other_side_at_its_level() -> None:
    """The agent as the caller hears it, 20 dB below, and nothing where the agent is silent."""
    line = Line(LineSettings("7", echo=EchoSettings(120_000, 0.1)), PCM_8K, 1_000.0)
    agent = sine(600, 8_000, 10_000, 0.02)

    assert abs(decibels(line.heard(line.carry(bytes(320), agent).sound), agent) + 20) < 0.1
    assert line.carry(bytes(320), np.zeros(160, np.int16)).sound == bytes(320)


@pytest.mark.parametrize("ppm", [500, -500])
def test_a_drifting_clock_changes_the_pitch_by_as_much(ppm: int) -> None:
    """A fast clock's tone is heard lower, a slow one's higher: by millionths, measured over ten seconds."""
    heard = DriftingClock(ppm, 160).feed(sine(1_000, 8_000, 8_000, 10.0))
    pieces = heard[1_000 : 1_000 + 4_096 * 3].astype(np.float64)  # 0.5 ms of drift a second: no slip in it
    turned = np.exp(-2j * np.pi * np.arange(len(pieces)) / 8) * pieces
    smooth = np.convolve(turned, np.ones(800) / 800, "valid")
    slope = np.polyfit(np.arange(len(smooth)), np.unwrap(np.angle(smooth)), 1)[0]

    assert abs(slope * 8_000 / (2 * np.pi) / 1_000 * 1_000_000 + ppm) < 15


@pytest.mark.parametrize(("ppm", "slips"), [(1_000, 3), (-1_000, 3), (40, 0)])
def test_a_drifting_clock_slips_and_is_never_more_than_a_frame_late(ppm: int, slips: int) -> None:
    """In 70 s, at 1 ms a second, it slips by a frame after each 20 s, and nothing is later than a frame."""
    clock = DriftingClock(ppm, 160)
    late = [clock.lands(position) - position for position in range(0, 70 * 8_000, 97)]

    assert min(late) >= AHEAD
    assert max(late) <= 160 + AHEAD
    assert sum(1 for one, next_ in pairwise(late) if abs(next_ - one) > 80) == slips


@settings(max_examples=30)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=20), st.sampled_from(["8k", "16k", "24k"]))
def test_pieces_do_not_matter(pieces: list[int], rate: str) -> None:
    """Sound that goes through piece by piece comes out as it does in one piece."""
    audio = FORMATS[rate]
    what = Conditions(
        gain=0.7,
        narrow=True,
        noise=bed("pink", 8_000),
        voice_to_noise=10.0,
        codecs=(Encoding.MULAW, Encoding.ALAW),
        drift_ppm=700,
        loss=0.2,
        burst=3,
    )
    sound = np.random.default_rng(3).integers(-9_000, 9_000, sum(pieces)).astype(np.int16)
    line, cuts = Conditioned(what, audio, 1_000.0, Draws("7")), np.cumsum([0, *pieces])
    parts = [line.feed(sound[start:end]) for start, end in pairwise(cuts)]

    # A filter's sums depend on their order by far less than a step of the codec, but they do.
    whole = through(what, sound, audio).astype(np.int64)
    assert np.mean(np.concatenate(parts) != whole) < 0.01


@pytest.mark.parametrize(("loss", "burst"), [(0.02, 3), (0.1, 5), (0.3, 2), (0.05, 1)])
def test_bursts_are_as_long_and_as_many_as_asked(loss: float, burst: int) -> None:
    """Over 60,000 frames the share is within a tenth, the mean burst too, and lengths are geometric."""
    losses = Losses(loss, burst, Draws("7"))
    lost = [losses.lost(number) for number in range(60_000)]
    runs = [len([*group]) for was_lost, group in groupby(lost) if was_lost]

    assert abs(sum(lost) / len(lost) / loss - 1) < 0.1
    assert abs(sum(runs) / len(runs) / burst - 1) < 0.1
    expected = (1 - 1 / burst) ** burst  # of bursts longer than the mean, if their lengths are geometric
    assert abs(sum(run > burst for run in runs) / len(runs) - expected) < 0.04


def test_losses_alone_come_each_by_itself() -> None:
    """At 10 % a frame after a lost one is lost in 10 % of the cases too."""
    losses = Losses(0.1, None, Draws("7"))
    lost = [losses.lost(number) for number in range(30_000)]
    again = [second for first, second in pairwise(lost) if first]

    assert abs(sum(lost) / len(lost) - 0.1) < 0.006
    assert abs(sum(again) / len(again) - 0.1) < 0.02


def test_the_seed_decides_all_of_it() -> None:
    """The same seed makes the same samples, another one others."""
    what = Conditions(loss=0.2, burst=2, noise=bed("cafe", 8_000), voice_to_noise=3.0)
    sound = sine(300, 8_000, 4_000, 2.0)
    one, same, other = (Conditioned(what, PCM_8K, 1_000.0, Draws(seed)).feed(sound) for seed in "778")

    assert (one == same).all()
    assert (one != other).any()


def test_what_is_heard_comes_through_the_line() -> None:
    """60 ms later, 6 dB lower, lost frames silent; the platform's own clock is as it was."""
    plain = PlaybackClock(8_000)
    ear = HeardPlayback(PCM_8K, Conditions(gain=0.5, loss=0.3), "7", latency_us=60_000)
    tone = sine(500, 8_000, 8_000, 1.0)
    placed = [clock.enqueue(100_000, tone) for clock in (plain, ear)]
    heard = ear.heard(0, 1_500_000)
    frames = heard.reshape(-1, 160)
    lost = [number for number in range(8 + 1, 55) if not frames[number].any()]

    assert placed[0] == placed[1]
    assert not heard[: 8 * 160].any()
    assert 5 < len(lost) < 25
    kept = next(number for number in range(9, 55) if number not in lost)
    assert abs(decibels(frames[kept], tone[:160]) + 6) < 0.1


def test_what_is_heard_does_not_depend_on_when_it_is_asked_for() -> None:
    """Frame by frame while the call is up, or all of it afterwards, with a flush in the middle."""
    what = Conditions(narrow=True, noise=bed("pink", 8_000), voice_to_noise=10.0, drift_ppm=200, loss=0.1)
    clocks = [HeardPlayback(MULAW_8K, what, "7", latency_us=33_000) for _ in range(2)]
    for clock in clocks:
        clock.enqueue(110_000, sine(500, 8_000, 8_000, 1.0))
    live = [clocks[0].heard(start_us, start_us + 20_000) for start_us in range(0, 600_000, 20_000)]
    for clock in clocks:
        clock.flush(600_000)
    live.append(clocks[0].heard(600_000, 900_000))

    difference = np.concatenate(live).astype(np.int64) - clocks[1].heard(0, 900_000)
    assert np.abs(difference).max() <= 1
    assert np.mean(difference != 0) < 0.01


def test_silence_over_a_line_with_noise_is_not_silent() -> None:
    """Nor is what is still on its way; what has come through is."""
    quiet = HeardPlayback(PCM_8K, Conditions(gain=0.5), "7", latency_us=200_000)
    noisy = HeardPlayback(PCM_8K, Conditions(noise=bed("hum", 8_000), voice_to_noise=10.0), "7")
    quiet.enqueue(0, sine(500, 8_000, 8_000, 0.1))

    assert not noisy.silent_from(5_000_000)
    assert not quiet.silent_from(250_000)
    assert quiet.silent_from(500_000)
