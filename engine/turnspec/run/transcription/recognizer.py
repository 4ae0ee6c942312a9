"""Making out words beside the loop of a call, each sound once: what was made of it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from turnspec.call.evidence import Track
from turnspec.run.answers_kept import KeptAnswers, key_of
from turnspec.run.transcription.models import Found
from turnspec.run.transcription.pool import Pool
from turnspec.run.transcription_worker import UNCLEAR, as_answer, is_answer
from turnspec.speech.secrets import SpokenSecrets
from turnspec.speech.spoken import ENGLISH
from turnspec.speech.transcription import Transcriber, Transcript, TranscriptionError, Word

SETTINGS_VERSION: Final = 2
"""Raised when the same engine is asked in another way."""


@dataclass(frozen=True, slots=True)
class PooledTranscriber:
    """An engine that works in the processes of a pool; `written` is what it is made of there."""

    pool: Pool
    name: str
    version: str
    known_by: Found | str
    written: Mapping[str, Any]

    @property
    def model(self) -> str:
        """What it knows speech by: a model on disk by its name and the digest of its weights."""
        return self.known_by if isinstance(self.known_by, str) else self.known_by.label

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """What the engine makes of a sound, whenever a process is free.

        Raises:
            TranscriptionError: It makes nothing of it, or its process came to an end.
        """
        return transcript_of(self.pool.ask(self.written, track, language))


@dataclass(frozen=True, slots=True)
class Recognizer:
    """Makes out the words of sounds by one engine, and keeps them; `language` None leaves it to the call.

    Words with one of the `secrets` among them are not kept: they are made out anew in each run.
    """

    transcriber: Transcriber
    kept: KeptAnswers = field(default_factory=lambda: KeptAnswers(None))
    language: str | None = None
    secrets: SpokenSecrets = field(default_factory=SpokenSecrets)

    @property
    def needs_phrases(self) -> bool:
        """Whether its engine has to be told what may be said."""
        mine = self.transcriber
        return isinstance(mine, PooledTranscriber) and "phrases" in mine.written

    def with_phrases(self, phrases: tuple[str, ...]) -> Recognizer:
        """The same, told what may be said, if its engine has to know."""
        mine = self.transcriber
        if not isinstance(mine, PooledTranscriber) or not self.needs_phrases:
            return self
        told = replace(mine, written={**mine.written, "phrases": list(phrases)})
        return replace(self, transcriber=told)

    def key(self, track: Track, language: str | None) -> str:
        """What the words of a sound are kept by."""
        mine = self.transcriber
        written = mine.written if isinstance(mine, PooledTranscriber) else {}
        settings = {name: value for name, value in written.items() if name != "folder"}
        sound = hashlib.sha256(track.pcm).hexdigest()
        heard = (sound, track.rate_hz, self.language or language)
        return key_of("transcript", SETTINGS_VERSION, *heard, mine.name, mine.version, mine.model, settings)

    def transcript(self, track: Track, language: str | None = None) -> Transcript:
        """The words of a sound, secrets masked; blocks, so it is never asked on a loop.

        Raises:
            TranscriptionError: They cannot be made out.
        """
        language = self.language or language
        key = self.key(track, language)
        kept = self.kept.get(key)
        known = kept is not None and is_answer(kept)
        made = kept if known else as_answer(self.transcriber.transcribe(track, language))
        assert made is not None, "it was kept, or has been made"
        heard = transcript_of(made)
        hidden = self.secrets.hidden(heard, language or ENGLISH)
        if not known and hidden == heard:
            self.kept.keep(key, made)
        return hidden

    def close(self) -> None:
        """End the processes of the engine."""
        if isinstance(self.transcriber, PooledTranscriber):
            self.transcriber.pool.close()


def transcript_of(answer: Mapping[str, Any]) -> Transcript:
    """A transcript from plain data.

    Raises:
        TranscriptionError: It is none.
    """
    if not is_answer(answer):
        raise TranscriptionError(UNCLEAR)
    words = (
        Word(word["text"], word["from_us"], word["to_us"], word.get("probability"))
        for word in answer.get("words", ())
    )
    return Transcript(answer["text"], tuple(words))
