"""Engines of voice activity: what they call speech, and which there are."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_activity import NOT_SPEECH, RATE_HZ, needs_silero, on_the_line, pink
from support_sound import noise, real_prompts, real_readings, tone
from turnspec.audio import Samples, load_clip, resample, samples_of, silence, speech_segments, track_of
from turnspec.audio.edges import Segment
from turnspec.audio.samples import time_of
from turnspec.speech.activity import (
    NO_NETWORK,
    ActivitySettings,
    NoActivityEngine,
    VoiceActivity,
    activity_engine,
    activity_names,
)

SILERO = pytest.param("silero", marks=needs_silero)
LEVELS_DB = (-10, -25, -40)


def said(engine: VoiceActivity, samples: Samples, rate_hz: int = RATE_HZ) -> tuple[Segment, ...]:
    """What of the samples an engine calls speech."""
    return engine.spans(track_of(samples, rate_hz))


@needs_silero
@pytest.mark.parametrize("name", sorted(NOT_SPEECH))
def test_silero_calls_no_chunk_of_what_a_line_carries_beside_speech_speech(name: str) -> None:
    """Ringback, keys, hum and white noise, loud or low: not a single one."""
    engine = activity_engine("silero")

    assert {
        level: said(engine, on_the_line(NOT_SPEECH[name](), level)) for level in LEVELS_DB
    } == dict.fromkeys(LEVELS_DB, ())


@pytest.mark.parametrize("name", sorted(NOT_SPEECH))
def test_webrtc_takes_the_same_for_speech_as_is_told_where_it_is_chosen(name: str) -> None:
    """Its known weakness: if it knew better one day, the documents would be wrong."""
    samples = on_the_line(NOT_SPEECH[name]())
    sounds_us = sum(part.duration_us for part in speech_segments(samples, RATE_HZ))
    found_us = sum(part.duration_us for part in said(activity_engine("webrtc"), samples))

    assert found_us > 0.9 * sounds_us


@pytest.mark.parametrize("name", [SILERO, "webrtc"])
def test_people_are_found(name: str) -> None:
    """Of prompts through G.711, nine tenths of what sounds, and not much of the silence around them."""
    engine = activity_engine(name)
    prompts = real_prompts("vm-goodbye", "vm-intro", "conf-getchannel", "call-waiting", "agent-pass")
    for prompt in prompts.values():
        line = on_the_line(np.concatenate([silence(500_000, RATE_HZ), prompt]).astype(np.float64), -22)
        sounds = speech_segments(line, RATE_HZ)
        found = said(engine, line)

        assert abs(found[0].start_us - sounds[0].start_us) <= 100_000
        assert sum(part.duration_us for part in found) > 0.75 * sum(part.duration_us for part in sounds)


@needs_silero
def test_silero_judges_a_prompt_the_same_wherever_it_lies() -> None:
    """After a second of digital silence it listens afresh, so that what came before changes nothing."""
    prompt = next(iter(real_prompts("vm-intro").values()))
    engine = activity_engine("silero")
    alone = said(engine, prompt)
    at_us = 2 * time_of(len(prompt), RATE_HZ) + 1_234_500
    line = np.concatenate([prompt, prompt[::-1], silence(1_234_500, RATE_HZ), prompt])

    assert alone
    assert (
        tuple(
            Segment(part.start_us - at_us, part.end_us - at_us)
            for part in said(engine, line)
            if part.start_us >= at_us
        )
        == alone
    )


@needs_silero
def test_silero_hears_a_live_line_afresh_after_a_second_of_digital_silence() -> None:
    """So it answers a prompt then as it would on a new line, chunk by chunk."""
    prompt = next(iter(real_prompts("vm-intro").values()))
    fresh, used = (activity_engine("silero").stream(RATE_HZ) for _ in range(2))
    used.feed(np.concatenate([prompt, silence(1_600_000, RATE_HZ)]))
    used.feed(np.zeros(-len(prompt) % 256, np.int16))

    assert any(answers := list(fresh.feed(prompt)))
    assert list(used.feed(prompt)) == answers


@pytest.mark.parametrize("name", [SILERO, "webrtc"])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_every_rate_is_listened_to(name: str, rate_hz: int) -> None:
    """Speech at any rate is found where it is, within two chunks."""
    reading = samples_of(load_clip(real_readings()[0], rate_hz))[: 3 * rate_hz]
    low = said(activity_engine(name), resample(reading, rate_hz, 8_000))
    found = said(activity_engine(name), reading, rate_hz)

    assert abs(found[0].start_us - low[0].start_us) <= 100_000
    assert found[-1].end_us <= 3_000_000


@settings(max_examples=25, deadline=None)  # to load a network takes long
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=60), rate_hz=st.sampled_from([8_000, 16_000]))
@pytest.mark.parametrize("name", [SILERO, "webrtc"])
def test_live_audio_is_answered_as_the_recording_is(name: str, sizes: list[int], rate_hz: int) -> None:
    """However it is cut into pieces."""
    engine = activity_engine(name, ActivitySettings(min_speech_us=0))
    count = sum(sizes) // (rate_hz // 250) * (rate_hz // 250)  # whole chunks of both
    samples = np.concatenate([noise(500_000, rate_hz), tone(3_000_000, rate_hz)])[:count]
    size = engine.chunk_us * rate_hz // 1_000_000
    live = engine.stream(rate_hz)
    cuts = np.cumsum(sizes)[:-1]
    answers = [each for part in np.split(samples, cuts[cuts < count]) for each in live.feed(part)]

    whole = samples[: len(samples) // size * size]
    spans = said(engine, whole, rate_hz)
    speaks = [any(span.holds(at * engine.chunk_us) for span in spans) for at in range(len(answers))]

    assert len(answers) == len(whole) // size
    assert answers == speaks


@pytest.mark.parametrize("name", [SILERO, "webrtc", "energy"])
def test_an_engine_says_what_it_is(name: str) -> None:
    """With version, chunk and settings: they are kept with what it found."""
    engine = activity_engine(name, ActivitySettings(min_speech_us=90_000))

    assert engine.name == name
    assert engine.version[0].isdigit()
    assert engine.chunk_us == {"silero": 32_000, "webrtc": 20_000, "energy": 10_000}[name]
    assert engine.settings["min_speech_us"] == 90_000


@needs_silero
def test_silero_must_be_as_sure_as_is_asked() -> None:
    """The higher the threshold, the less is speech; what is shorter than is asked for is none."""
    prompt = next(iter(real_prompts("vm-intro").values()))
    noisy = on_the_line(prompt / 2_000 + pink()[: len(prompt)] * 2)
    found = {
        threshold: sum(
            part.duration_us
            for part in said(activity_engine("silero", ActivitySettings(threshold=threshold)), noisy)
        )
        for threshold in (0.3, 0.9)
    }
    longest = said(activity_engine("silero", ActivitySettings(min_speech_us=60_000_000)), prompt)

    assert found[0.3] > found[0.9]
    assert longest == ()


def test_webrtc_is_as_strict_as_is_asked() -> None:
    """Mode 0 calls more speech than mode 3."""
    prompt = next(iter(real_prompts("vm-intro").values()))
    found = [
        sum(
            part.duration_us
            for part in said(activity_engine("webrtc", ActivitySettings(mode=mode, min_speech_us=0)), prompt)
        )
        for mode in (0, 3)
    ]

    assert found[0] > found[1]


def test_energy_calls_every_sound_speech() -> None:
    """As it finds them, pauses and all."""
    line = np.concatenate([tone(300_000), silence(100_000, RATE_HZ), tone(300_000)])

    assert said(activity_engine("energy"), line) == (Segment(0, 300_000), Segment(400_000, 700_000))
    live = activity_engine("energy").stream(RATE_HZ).feed(line[:800])
    assert (live[0], live[-1]) == (False, True)


def test_auto_is_the_best_that_is_installed() -> None:
    """Silero where it is, else WebRTC, which always is."""
    assert activity_engine("auto", find=lambda _: None).name == "webrtc"
    assert activity_engine("auto", find=lambda _: object()).name == "silero"


def test_what_is_not_installed_is_named_with_the_line_that_installs_it() -> None:
    """The engine that was asked for by name is not replaced by another one."""
    with pytest.raises(NoActivityEngine) as told:
        activity_engine("silero", find=lambda _: None)

    assert told.value.hint == NO_NETWORK == "pip install 'turnspec[vad]'"


def test_an_unknown_engine_is_refused_with_those_there_are() -> None:
    """None of the names stands for another."""
    with pytest.raises(NoActivityEngine, match="there is no engine of voice activity 'silro'") as told:
        activity_engine("silro", installed=())

    assert told.value.hint == "there are auto, silero, webrtc, energy"


class Sleepy:
    """An engine of somebody else's, which hears nothing."""

    name, version, chunk_us = "sleepy", "1", 10_000

    def __init__(self, settings: ActivitySettings) -> None:
        self.settings = {"mode": settings.mode}

    def spans(self, track: object) -> tuple[Segment, ...]:
        """Nothing."""
        del track
        return ()

    def stream(self, rate_hz: int) -> object:
        """Nothing, too."""
        return rate_hz


class _Loaded:
    """An entry point that is here already: tests are no installed package."""

    def __init__(self, name: str, made: object, value: str = "sleepy:make") -> None:
        self.name, self.value, self._made = name, value, made

    def load(self) -> object:
        """What it names."""
        return self._made


def test_an_installed_engine_is_found_by_its_name() -> None:
    """As its entry point makes it, with the settings that are asked for."""
    point = _Loaded("sleepy", Sleepy)
    engine = activity_engine("sleepy", ActivitySettings(mode=2), installed=[point])  # type: ignore[list-item]

    assert engine.settings == {"mode": 2}
    assert activity_names([point]) == ("auto", "silero", "webrtc", "energy", "sleepy")  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([_Loaded("sleepy", 3)], "the engine 'sleepy' is 3, not a function that makes one of settings"),
        ([_Loaded("sleepy", lambda _: object())], "it has no name, no version, no chunk_us"),
        (
            [_Loaded("sleepy", Sleepy, "a:b"), _Loaded("sleepy", Sleepy, "c:d")],
            "the engine 'sleepy' is offered by a:b and c:d",
        ),
        ([EntryPoint("sleepy", "nowhere_at_all:make", "x")], "does not load: No module named"),
    ],
)
def test_what_is_no_engine_is_refused(points: list[EntryPoint], told: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(NoActivityEngine, match=told):
        activity_engine("sleepy", installed=points)
