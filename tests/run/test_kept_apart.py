"""What engines made is kept by all it depends on: nothing is heard in the voice or words of another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from turnspec.audio import track_of
from turnspec.call import Track
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.saved_call import recording_of
from turnspec.run.transcription.pool import Pool
from turnspec.run.transcription.recognizer import PooledTranscriber, Recognizer
from turnspec.run.voices.kept import KeptTracks
from turnspec.run.voices.speaking import EngineSpeech
from turnspec.speech.voices import Voice

TRACK = track_of(np.full(800, 1_000, np.int16), 8_000)
SETTINGS = {"engine": "whisper", "folder": "/models", "beam": 1}


@dataclass
class Spoken:
    """An engine that counts what it says."""

    name: str = "one"
    version: str = "1"
    made: list[str] = field(default_factory=list)

    def voices(self) -> tuple[Voice, ...]:
        """Two."""
        return (Voice("ada", "en"), Voice("ben", "en"))

    def speak(self, text: str, voice: Voice) -> Track:
        """The same sound for every text."""
        self.made.append(f"{voice.name}: {text}")
        return TRACK


@pytest.mark.parametrize(
    ("engine", "text", "voice", "made"),
    [
        (Spoken(), "hello", "ada", []),
        (Spoken(), "hello", "ben", ["ben: hello"]),
        (Spoken(), "Hello", "ada", ["ada: Hello"]),
        (Spoken(version="2"), "hello", "ada", ["ada: hello"]),
        (Spoken(name="two"), "hello", "ada", ["ada: hello"]),
    ],
    ids=["the same", "voice", "text", "version", "engine"],
)
def test_a_line_is_of_one_engine_version_voice_and_text(
    tmp_path: Path, engine: Spoken, text: str, voice: str, made: list[str]
) -> None:
    """What another run kept is taken where all four are the same, and made where one is not."""
    EngineSpeech(Spoken(), KeptTracks(tmp_path)).synthesize("hello", "ada")

    EngineSpeech(engine, KeptTracks(tmp_path)).synthesize(text, voice)

    assert engine.made == made


def key(
    engine: tuple[str, str, str] = ("whisper", "1", "tiny"), sound: Track = TRACK, **written: object
) -> str:
    """What the words of a sound are kept by."""
    listens = PooledTranscriber(Pool(1), *engine, {**SETTINGS, **written})
    return Recognizer(listens, KeptAnswers(None)).key(sound, "en")


def test_words_are_of_one_engine_version_model_settings_and_sound() -> None:
    """Each of them is a part of the key; the folder in which a model lies is none."""
    others = (
        key(("grammar", "1", "tiny")),
        key(("whisper", "2", "tiny")),
        key(("whisper", "1", "base")),
        key(beam=5),
        key(sound=track_of(np.full(800, 1_001, np.int16), 8_000)),
        key(sound=Track(16_000, TRACK.pcm)),
    )

    assert len({key(), *others}) == 1 + len(others)
    assert key(folder="/elsewhere") == key()


def test_of_two_recordings_the_one_that_grew_counts(tmp_path: Path) -> None:
    """A FLAC beside it was not whole when the process died."""
    (tmp_path / "call.flac").write_bytes(b"fLaC")
    alone = recording_of(tmp_path)
    (tmp_path / "call.wav").write_bytes(b"RIFF")

    assert (alone, recording_of(tmp_path)) == (tmp_path / "call.flac", tmp_path / "call.wav")
