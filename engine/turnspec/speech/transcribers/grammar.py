"""PocketSphinx with a grammar of the phrases that may be said: it finds one of them, or nothing.

For open words it is of no use; told what may come, it tells 44 prompts apart faster than anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from turnspec.audio.resample import resample
from turnspec.audio.samples import joined, samples_of, silence
from turnspec.call.evidence import Track
from turnspec.speech.transcription import Transcript, TranscriptionError, Word

RATE_HZ: Final = 16_000
AROUND_US: Final = 200_000
"""Silence before and after: the grammar begins and ends in it."""

_FRAMES_A_SECOND: Final = 100
_NO_WORD: Final = re.compile(r"<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+")
_VARIANT: Final = re.compile(r"\(\d+\)$")


class Grammar:
    """Knows `phrases`; those with a word that is in no dictionary are never found."""

    name = "grammar"
    model = "en-us"

    def __init__(self, phrases: Iterable[str], folder: str | None = None) -> None:
        self.version = version("pocketsphinx")
        self._decoder = _decoder(folder)
        spelt = ((phrase, _spelt(phrase)) for phrase in phrases)
        self._phrases = {" ".join(words): phrase for phrase, words in spelt if self._knows(words)}
        if self._phrases:
            self._decoder.add_jsgf_string("phrases", _jsgf(self._phrases))

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """The phrase that a sound is, with its words' times; no text if it is none of them.

        Raises:
            TranscriptionError: None of the phrases can be known, or the language is not English.
        """
        if language not in (None, "en"):
            reason = f"the grammar's model knows English only, and the call is in '{language}'"
            raise TranscriptionError(reason, refused=True)
        if not self._phrases:
            raise TranscriptionError("no phrase is expected whose words it knows", refused=True)
        self._decode(track)
        found = self._decoder.hyp()
        phrase = self._phrases.get(found.hypstr) if found is not None else None
        return Transcript("") if phrase is None else Transcript(phrase, tuple(self._words()))

    def _decode(self, track: Track) -> None:
        around = silence(AROUND_US, RATE_HZ)
        sound = joined([around, resample(samples_of(track), track.rate_hz, RATE_HZ), around])
        self._decoder.activate_search("phrases")
        self._decoder.start_utt()
        self._decoder.process_raw(sound.tobytes(), no_search=False, full_utt=True)
        self._decoder.end_utt()

    def _words(self) -> Iterable[Word]:
        for segment in self._decoder.seg():
            if not _NO_WORD.fullmatch(segment.word):
                yield Word(
                    _VARIANT.sub("", segment.word), _us(segment.start_frame), _us(segment.end_frame + 1)
                )

    def _knows(self, words: Sequence[str]) -> bool:
        return bool(words) and all(self._decoder.lookup_word(word) is not None for word in words)


@lru_cache(maxsize=1)
def _models() -> str:
    from pocketsphinx import get_model_path

    return str(get_model_path())


def _decoder(folder: str | None) -> Any:
    from pocketsphinx import Decoder

    acoustic = folder or f"{_models()}/en-us/en-us"
    return Decoder(hmm=acoustic, dict=f"{_models()}/en-us/cmudict-en-us.dict", lm=None, loglevel="FATAL")


def _spelt(phrase: str) -> tuple[str, ...]:
    """The words of a phrase as a dictionary of pronunciations has them."""
    return tuple(
        re.findall(r"[a-z]+(?:'[a-z]+)*", phrase.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    )


def _jsgf(phrases: Iterable[str]) -> str:
    ways = " | ".join(f"( {phrase} )" for phrase in phrases)
    return f"#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {ways} ;\n"


def _us(frame: int) -> int:
    return max(0, frame * 1_000_000 // _FRAMES_A_SECOND - AROUND_US)
