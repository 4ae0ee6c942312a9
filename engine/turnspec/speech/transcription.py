"""The seam for speech recognition: sound to words, with when each of them was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from turnspec.call.evidence import Track


class TranscriptionError(ValueError):
    """A sound whose words could not be made out; the message says why. `refused`: asking again is no use."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Word:
    """One word, from when to when it is in the sound, and how sure the engine is (0 to 1), if it says so."""

    text: str
    from_us: int
    to_us: int
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a sound; `words` is empty where the engine knows no times."""

    text: str
    words: tuple[Word, ...] = ()


class Transcriber(Protocol):
    """Makes out the words of a sound; the same sound, version and model give the same words."""

    @property
    def name(self) -> str:
        """The engine, as reports name it."""
        ...

    @property
    def version(self) -> str:
        """The version of the engine."""
        ...

    @property
    def model(self) -> str:
        """What it knows speech by, as reports name it; empty where it has no model."""
        ...

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """The words of a sound at any rate; no text where nobody speaks. Blocks for as long as it takes.

        Raises:
            TranscriptionError: The words cannot be made out.
        """
        ...
