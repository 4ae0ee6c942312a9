"""Engines that speak: real ones, programs that fail, an endpoint, and what is kept of all of them."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support_openai_stub import Reply, error, stub
from support_voices import INSTALLED_HERE, first_on_path, program, speech
from turnspec.audio.edges import voiced_span
from turnspec.audio.samples import samples_of, track_of
from turnspec.call import Track
from turnspec.run.asking import Api, Endpoint
from turnspec.run.voices.base import CannotSay
from turnspec.run.voices.child import ChildFailed, TimedOut, run_child
from turnspec.run.voices.endpoint import EndpointVoices
from turnspec.run.voices.kept import KeptTracks
from turnspec.run.voices.programs import Piper
from turnspec.run.voices.speaking import EngineSpeech
from turnspec.speech.synthesis import SynthesisError
from turnspec.speech.voices import Voice

LINE = "I lost my card ending in four eight two one."
BEEP = """
import sys, wave
text = sys.stdin.buffer.read()
with wave.open(sys.argv[sys.argv.index("--output_file") + 1], "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(22050)
    out.writeframes(bytes(range(1, 101)) * len(text) * 10)
open(MODEL + ".said", "ab").write(text + repr(sys.argv[1:]).encode())
"""


def seconds(track: Track) -> float:
    """How long its speech is, the silence around it left out."""
    span = voiced_span(samples_of(track), track.rate_hz)
    assert span is not None
    return (span[1] - span[0]) / 1_000_000


@pytest.mark.parametrize("engine", INSTALLED_HERE)
def test_an_engine_says_a_line_the_same_each_time(engine: str) -> None:
    """Two processes, the same samples; a line of nine words takes some seconds."""
    one, other = (speech(engine).synthesize(LINE, "en-US") for _ in range(2))

    assert one == other
    assert 2.0 < seconds(one) < 5.0


@pytest.mark.parametrize("engine", INSTALLED_HERE)
def test_lines_made_at_once_are_those_made_alone(engine: str) -> None:
    """No state goes from line to line, whatever is made beside it."""
    texts = [f"Line number {number}." for number in range(6)]
    alone = [speech(engine).synthesize(text, "en-US") for text in texts]
    together = speech(engine)
    together.make_ready((text, "en-US") for text in texts)

    assert alone == [together.synthesize(text, "en-US") for text in texts]


def test_markup_of_pico_is_said_and_not_obeyed() -> None:
    """A text that looks like a tag is words: the voice does not slow down, and nothing after it is lost."""
    pico = speech("nanotts")
    plain, marked = (pico.synthesize(text, "en-US") for text in ("slow down", '<speed level="20">slow down'))

    assert seconds(marked) > seconds(plain) + 0.5
    assert pico.synthesize("<slow down", "en-US") == pico.synthesize(" slow down", "en-US")


@pytest.mark.parametrize("engine", ["nanotts", "flite"])
@pytest.mark.parametrize("text", ["你好", "", "   "])
def test_what_an_engine_cannot_read_is_an_error_that_names_it(engine: str, text: str) -> None:
    """Empty audio is never speech."""
    with pytest.raises(SynthesisError, match=f"{engine} cannot say '{text.strip()}"):
        speech(engine).synthesize(text, "en-US")


@pytest.mark.parametrize(("engine", "tag", "name"), [("flite", "en-GB", "awb"), ("espeak-ng", "de-DE", "de")])
def test_a_language_is_a_voice(engine: str, tag: str, name: str) -> None:
    """A tag and the name of the voice that speaks it are one and the same."""
    engines = speech(engine)

    assert engines.voice(tag).name == name
    assert engines.synthesize(LINE, tag) == engines.synthesize(LINE, name)


def test_a_text_is_never_an_option() -> None:
    """What begins with a dash is said like all else."""
    assert seconds(speech("espeak-ng").synthesize("--version", "en-US")) > 0.3
    assert seconds(speech("flite").synthesize("-lv", "en-US")) > 0.2


def test_what_was_said_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """By engine, version, voice and text; a broken entry is made again."""
    first = speech("flite", tmp_path).synthesize(LINE, "rms")
    (kept,) = tmp_path.glob("*/*.voice")
    now = kept.stat().st_mtime_ns
    assert KeptTracks(tmp_path).get(kept.stem) == first

    kept.write_bytes(kept.read_bytes()[:-100])
    assert KeptTracks(tmp_path).get(kept.stem) is None
    assert speech("flite", tmp_path).synthesize(LINE, "rms") == first
    assert kept.stat().st_mtime_ns != now


def test_the_folder_stays_small(tmp_path: Path) -> None:
    """What was of no use for longest goes first."""
    track = track_of(np.ones(1_000, np.int16), 8_000)
    for number in range(8):
        KeptTracks(tmp_path, most_on_disk=6_500).keep(f"{number:02}", track)
        os.utime(tmp_path / f"{number:02}" / f"{number:02}.voice", ns=(number, number))
    KeptTracks(tmp_path, most_on_disk=6_500).keep("99", track)

    assert sorted(path.stem for path in tmp_path.glob("*/*.voice")) == ["06", "07", "99"]


def test_one_thread_makes_what_others_wait_for() -> None:
    """A line that many calls need at once is made once."""
    made = []

    class Slow:
        name, version = "slow", "1"

        def voices(self) -> tuple[Voice, ...]:
            return (Voice("v", "en"),)

        def speak(self, text: str, voice: Voice) -> Track:
            made.append((text, voice.name))
            return track_of(np.full(800, 1_000, np.int16), 8_000)

    slow = EngineSpeech(Slow(), KeptTracks(None))
    with ThreadPoolExecutor(8) as pool:
        tracks = list(pool.map(lambda _: slow.synthesize("hello", "en"), range(32)))

    assert len(set(map(id, tracks))) == 1
    assert made == [("hello", "v")]


def piper(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> Piper:
    """A piper that does what `source` says, with one voice."""
    model = folder / "voices" / "en_GB-alan-low.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    program(folder / "bin", "piper", f"MODEL = {str(model)!r}\n{source}")
    first_on_path(monkeypatch, folder / "bin")
    return Piper(model.parent)


def test_piper_is_given_its_text_by_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one line, however it was written, and by the file of the voice that is meant."""
    engine = piper(tmp_path, monkeypatch, BEEP)
    said = EngineSpeech(engine, KeptTracks(None)).synthesize("--hello\nthere; rm -rf $HOME", "en-GB")

    told = (tmp_path / "voices" / "en_GB-alan-low.onnx.said").read_text("utf-8")
    assert said.rate_hz == 22_050
    assert told.startswith("--hello there; rm -rf $HOME\n")
    assert engine.voices() == (Voice("en_GB-alan-low", "en-GB"),)
    assert "'--noise_scale', '0'" in told


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise SystemExit('no such model')", "piper failed (exit code 1): no such model"),
        ("pass", "it made no sound"),
        ("import sys; open(sys.argv[4], 'wb').write(b'garbage' * 99)", "is no sound that can be read"),
        ("import os; os.kill(os.getpid(), 9)", "piper failed (signal 9)"),
        (BEEP.replace("range(1, 101)", "100"), "it made no sound of it"),
    ],
)
def test_a_program_that_fails_is_told_with_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    """Each failure has its reason."""
    engine = EngineSpeech(piper(tmp_path, monkeypatch, source), KeptTracks(None))

    with pytest.raises(SynthesisError) as told:
        engine.synthesize("hello", "en-GB")
    assert str(told.value).startswith("piper cannot say 'hello': ")
    assert reason in str(told.value)


def test_a_program_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    """After its time nothing of it is left: no process, no file."""
    path = tmp_path / "hangs"  # by a shell, which is up at once on a busy machine, too
    path.write_text(f'#!/bin/sh\nsleep 600 &\necho "$! $PWD" > {tmp_path / "pid"}\nwait\n', "utf-8")
    path.chmod(0o755)
    with pytest.raises(TimedOut, match=r"hangs was not done after 1 s"):
        run_child([str(path)], "hello", 1.0)

    pid, folder = (tmp_path / "pid").read_text("utf-8").split()
    assert not Path(folder).exists()
    until = time.monotonic() + 60
    while _is_alive(pid) and time.monotonic() < until:
        os.sched_yield()
    assert not _is_alive(pid)


def _is_alive(pid: str) -> bool:
    """Whether a process runs; one that nobody has asked for its end yet does not."""
    status = Path("/proc", pid, "status")
    try:
        return "State:\tZ" not in status.read_text("utf-8")
    except OSError:
        return False


def test_an_engine_that_hung_is_not_asked_again() -> None:
    """A hundred lines do not wait for a hundred time-outs."""
    asked = []

    class Hangs:
        name, version = "hangs", "1"

        def voices(self) -> tuple[Voice, ...]:
            return (Voice("v", "en"),)

        def speak(self, text: str, voice: Voice) -> Track:
            asked.append((text, voice))
            raise CannotSay("it was not done", gone=True)

    engine = EngineSpeech(Hangs(), KeptTracks(None))
    for text in ("one", "two"):
        with pytest.raises(SynthesisError, match=f"'{text}': it was not done"):
            engine.synthesize(text, "en")
    assert len(asked) == 1


def test_an_engine_that_hung_is_known_to_whoever_asked_before() -> None:
    """A line that it could not read, and told of later, does not have it asked again."""
    asked, reads, hung = [], threading.Event(), threading.Event()

    class Hangs:
        name, version = "hangs", "1"

        def voices(self) -> tuple[Voice, ...]:
            return (Voice("v", "en"),)

        def speak(self, text: str, voice: Voice) -> Track:
            asked.append((text, voice))
            if text == "unreadable":
                reads.set()
                assert hung.wait(20)
                raise CannotSay("nothing to read")
            raise CannotSay("it was not done", gone=True)

    engine = EngineSpeech(Hangs(), KeptTracks(None))
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(engine.synthesize, "unreadable", "en")
        assert reads.wait(20)
        with pytest.raises(SynthesisError, match="it was not done"):
            engine.synthesize("one", "en")
        hung.set()
        with pytest.raises(SynthesisError, match="nothing to read"):
            before.result()
    with pytest.raises(SynthesisError, match="is not asked again"):
        engine.synthesize("two", "en")

    assert len(asked) == 2


def test_a_program_that_is_not_there_is_named() -> None:
    """The system's own words, without a traceback."""
    with pytest.raises(ChildFailed, match="no-such-program cannot be started"):
        run_child(["/nowhere/no-such-program"])


def wav(rate_hz: int = 16_000) -> bytes:
    """A second of a tone as a file."""
    import io
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(tone(rate_hz).astype("<i2").tobytes())
    return out.getvalue()


def tone(rate_hz: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A second of a tone."""
    return (8_000 * np.sin(np.arange(rate_hz) * 2 * np.pi * 440 / rate_hz)).astype(np.int16)


def endpoint(url: str) -> EngineSpeech:
    """The voices of one model there."""
    api = Api(Endpoint(url, "tts-1", "sk-0123456789abcdef", 5.0), lambda _: None)
    return EngineSpeech(EndpointVoices(api), KeptTracks(None), otherwise="alloy")


def test_an_endpoint_is_asked_as_openai_defines_it() -> None:
    """Model, voice, text and form; a language means the voice of the project."""
    with stub(Reply(200, wav(), "audio/wav")) as api:
        engine = endpoint(api.url)
        track = engine.synthesize("Hello", "nova")
        engine.synthesize("Hello", "en-US")

    first, second = api.requests
    assert (track.rate_hz, round(track.duration_us / 1e6)) == (16_000, 1)
    assert first.path == "/v1/audio/speech"
    assert first.headers["authorization"] == "Bearer sk-0123456789abcdef"
    assert first.document == {"model": "tts-1", "input": "Hello", "voice": "nova", "response_format": "wav"}
    assert second.document["voice"] == "alloy"


def test_bare_samples_of_an_endpoint_are_24_khz() -> None:
    """As the API defines them."""
    with stub(Reply(200, tone(24_000).astype("<i2").tobytes(), "audio/pcm")) as api:
        track = endpoint(api.url).synthesize("Hello", "nova")

    assert (track.rate_hz, track.duration_us) == (24_000, 1_000_000)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(400, "no voice 'nova'"), "the endpoint answered 400: no voice 'nova'"),
        (Reply(200, b"", "audio/wav"), "answered with nothing"),
        (Reply(200, b"<html>", "text/html"), "text/html in place of sound"),
        (Reply(200, b"RIFFgarbage", "audio/wav"), "no sound that can be read"),
        (Reply(200, bytes(48_000), "audio/pcm"), "it made no sound of it"),
    ],
)
def test_an_endpoint_that_gives_no_speech_is_told(reply: Reply, reason: str) -> None:
    """Whatever it answers in place of sound."""
    with stub(reply) as api, pytest.raises(SynthesisError) as told:
        endpoint(api.url).synthesize("Hello", "nova")
    assert str(told.value).startswith("endpoint cannot say 'Hello': ")
    assert reason in str(told.value)
