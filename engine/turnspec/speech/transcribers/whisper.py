"""Whisper by faster-whisper (CTranslate2): open words, offline, in integers, one way on at a time.

Without the text before it, and at one temperature: what is made of a sound depends on nothing but it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from turnspec.audio.files import AUDIBLE_PEAK
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, samples_of, time_of
from turnspec.call.evidence import Track
from turnspec.speech.transcription import Transcript, TranscriptionError, Word

RATE_HZ: Final = 16_000
MOST_AT_ONCE: Final = 60 * RATE_HZ
"""Ten minutes in one take 800 MB, a minute 300."""

CUT_WITHIN: Final = 10 * RATE_HZ
CUT_STEP: Final = RATE_HZ // 10
_FULL_SCALE: Final = 32_768.0
_ENGLISH: Final = "en"


class Whisper:
    """One model in memory; `folder` holds it in the form of CTranslate2."""

    name = "whisper"

    def __init__(self, folder: str, model: str, beam: int = 1) -> None:
        from faster_whisper import WhisperModel

        self.model = model
        self.version = version("faster-whisper")
        self._beam = beam
        # Of two threads the second brings nothing, and each process has a model of its own.
        self._whisper = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """The words of a sound, each with its time.

        Raises:
            TranscriptionError: The model does not know the language.
        """
        sound = resample(samples_of(track), track.rate_hz, RATE_HZ)
        made = [self._made_of(piece, start, language) for start, piece in pieces(sound)]
        words = tuple(word for each in made for word in each.words)
        return Transcript(" ".join(each.text for each in made if each.text), words)

    def _made_of(self, piece: Samples, start: int, language: str | None) -> Transcript:
        if not len(piece) or np.abs(piece.astype(np.int32)).max() < AUDIBLE_PEAK:
            return Transcript("")  # it makes "you" of digital silence
        sound = piece.astype(np.float32) / _FULL_SCALE
        segments, _ = self._whisper.transcribe(
            sound,
            language=self._known(language),
            beam_size=self._beam,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return _transcript(segments, time_of(start, RATE_HZ))

    def _known(self, language: str | None) -> str | None:
        if self._whisper.model.is_multilingual:
            return language
        if language not in (None, _ENGLISH):
            reason = f"the model {self.model} knows English only, and the call is in '{language}'"
            raise TranscriptionError(reason, refused=True)
        return _ENGLISH


def pieces(sound: Samples) -> Iterator[tuple[int, Samples]]:
    """A long sound in parts, each with where it begins: what is listened to at once costs memory.

    Parts end where it is quietest, so that no word is cut if there is any pause.
    """
    start = 0
    while len(sound) - start > MOST_AT_ONCE:
        last = sound[start + MOST_AT_ONCE - CUT_WITHIN : start + MOST_AT_ONCE].astype(np.float64)
        loud = np.square(last).reshape(-1, CUT_STEP).sum(axis=1)
        end = start + MOST_AT_ONCE - CUT_WITHIN + int(loud.argmin()) * CUT_STEP + CUT_STEP // 2
        yield start, sound[start:end]
        start = end
    yield start, sound[start:]


def _transcript(segments: Iterable[Any], from_us: int) -> Transcript:
    found = list(segments)
    words = tuple(
        Word(word.word.strip(), from_us + _us(word.start), from_us + _us(word.end), _probability(word))
        for segment in found
        for word in segment.words or ()
    )
    return Transcript(" ".join(segment.text.strip() for segment in found).strip(), words)


def _probability(word: Any) -> float:
    return round(float(word.probability), 3)


def _us(seconds: float) -> int:
    return round(float(seconds) * 1_000_000)
