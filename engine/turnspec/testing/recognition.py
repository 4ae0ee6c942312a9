"""A transcriber that knows some sounds, and what is said in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from turnspec.audio.passage import Passage, find_passage
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of
from turnspec.call import Track
from turnspec.speech.transcription import Transcript, TranscriptionError, Word

SLACK_US: Final = 100_000
"""How far from the end of a word its sound may break off: where it does is known no better."""


@dataclass(frozen=True, slots=True)
class ScriptedTranscriber:
    """Knows `sounds` by what they sound like, whatever line they came over: {words: their sound}.

    Of a sound that breaks off it makes out the words that are over by then, each taking as long as its
    letters; of one that it does not know, nothing. It gives up at the words `fails`.
    """

    sounds: Mapping[str, Track] = field(hash=False)
    fails: str = ""
    name: str = "scripted"
    version: str = "1"
    model: str = ""

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """The words of the known sounds in a track, in the order in which they are heard.

        Raises:
            TranscriptionError: These are the words that it gives up at.
        """
        del language
        words = sorted(self._heard(track), key=lambda word: word.from_us)
        return Transcript(" ".join(word.text for word in words), tuple(words))

    def _heard(self, track: Track) -> Iterator[Word]:
        for text, sound in self.sounds.items():
            passage = _passage(track, sound)
            if passage is None:
                continue
            if self.fails and self.fails in text:
                raise TranscriptionError(f"nobody could make out {text!r}")
            yield from _words(text, passage)


def _passage(track: Track, sound: Track) -> Passage | None:
    at_rate = resample(samples_of(sound), sound.rate_hz, track.rate_hz)
    return find_passage(samples_of(track), at_rate, track.rate_hz)


def _words(text: str, passage: Passage) -> Iterator[Word]:
    """The words that were heard to their end."""
    letters, done = sum(map(len, text.split())), 0
    for word in text.split():
        from_us = passage.start_us + passage.whole_us * done // letters
        done += len(word)
        to_us = passage.start_us + passage.whole_us * done // letters
        if passage.from_us <= from_us + SLACK_US and to_us <= passage.to_us + SLACK_US:
            yield Word(word, from_us, to_us, round(passage.likeness, 3))
