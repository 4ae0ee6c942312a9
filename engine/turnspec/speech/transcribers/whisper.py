"""Whisper by faster-whisper (CTranslate2): open words, offline, in integers, one way on at a time.

Without the text before it, and at one temperature: what is made of a sound depends on nothing but it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from turnspec.audio.files import AUDIBLE_PEAK
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of
from turnspec.call.evidence import Track
from turnspec.speech.transcription import Transcript, TranscriptionError, Word

RATE_HZ: Final = 16_000
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
        samples = samples_of(track)
        if not len(samples) or np.abs(samples.astype(np.int32)).max() < AUDIBLE_PEAK:
            return Transcript("")  # it makes "you" of digital silence
        sound = resample(samples, track.rate_hz, RATE_HZ).astype(np.float32) / _FULL_SCALE
        segments, _ = self._whisper.transcribe(
            sound,
            language=self._known(language),
            beam_size=self._beam,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return _transcript(segments)

    def _known(self, language: str | None) -> str | None:
        if self._whisper.model.is_multilingual:
            return language
        if language not in (None, _ENGLISH):
            reason = f"the model {self.model} knows English only, and the call is in '{language}'"
            raise TranscriptionError(reason, refused=True)
        return _ENGLISH


def _transcript(segments: Iterable[Any]) -> Transcript:
    found = list(segments)
    words = tuple(
        Word(word.word.strip(), _us(word.start), _us(word.end), round(float(word.probability), 3))
        for segment in found
        for word in segment.words or ()
    )
    return Transcript(" ".join(segment.text.strip() for segment in found).strip(), words)


def _us(seconds: float) -> int:
    return round(float(seconds) * 1_000_000)
