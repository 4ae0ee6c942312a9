"""PocketSphinx with a grammar of the phrases that may be said: it finds one of them, or nothing.

For open words it is of no use; told what may come, it tells 44 prompts apart faster than anybody else. A
grammar fits whatever is said to its likeliest phrase, so the sound is also taken for any row of phones: where
those explain it much better, it was none of the phrases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, joined, samples_of, silence
from turnspec.call.evidence import Track
from turnspec.speech.transcription import Transcript, TranscriptionError, Word

RATE_HZ: Final = 16_000
AROUND_US: Final = 200_000
"""Silence before and after: the grammar begins and ends in it."""

WORSE_THAN_PHONES: Final = -3.2e-4
"""So much worse than any row of phones, for each 10 ms, and a phrase was not said. Right ones stay above
-2.6e-4; of 15 prompts that were no phrase 11 came to nothing, the others shared most words with one."""

_FRAMES_A_SECOND: Final = 100
_NO_WORD: Final = re.compile(r"<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+")
_VARIANT: Final = re.compile(r"\(\d+\)$")
_INITIALS: Final = re.compile(r"\b[B-DF-HJ-NP-TV-Z]{2,4}\b")
_WIDE: Final = {"lm": None, "lw": 2.0, "beam": 1e-20, "pbeam": 1e-20}
"""How wide the search for phones is."""


class Grammar:
    """Knows `phrases`; those with a word that is in no dictionary are never found."""

    name = "grammar"
    model = "en-us"

    def __init__(self, phrases: Iterable[str], folder: str | None = None) -> None:
        self.version = version("pocketsphinx")
        acoustic = folder or f"{_models()}/en-us/en-us"
        self._decoder = _decoder(acoustic, dict=f"{_models()}/en-us/cmudict-en-us.dict", lm=None)
        self._phones = _decoder(
            acoustic, allphone=f"{_models()}/en-us/en-us-phone.lm.bin", dict=None, **_WIDE
        )
        spelt = ((phrase, _spelt(phrase)) for phrase in phrases)
        self._phrases = {" ".join(words): phrase for phrase, words in spelt if self._knows(words)}
        if self._phrases:
            self._decoder.add_jsgf_string("phrases", _jsgf(self._phrases))
            self._decoder.activate_search("phrases")

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
        around = silence(AROUND_US, RATE_HZ)
        sound = joined([around, resample(samples_of(track), track.rate_hz, RATE_HZ), around])
        found, score = _searched(self._decoder, sound)
        phrase = self._phrases.get(found)
        if phrase is None or self._is_rather_phones(sound, score):
            return Transcript("")
        return Transcript(phrase, tuple(self._words()))

    def _is_rather_phones(self, sound: Samples, score: float) -> bool:
        _, any_row = _searched(self._phones, sound)
        frames = len(sound) * _FRAMES_A_SECOND // RATE_HZ
        return score - any_row < WORSE_THAN_PHONES * frames

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


def _decoder(acoustic: str, **more: Any) -> Any:
    from pocketsphinx import Decoder

    return Decoder(hmm=acoustic, loglevel="FATAL", **more)


def _searched(decoder: Any, sound: Samples) -> tuple[str, float]:
    """What a search finds in a whole sound, and how likely that is; nothing is as unlikely as can be."""
    decoder.start_utt()
    decoder.process_raw(sound.tobytes(), no_search=False, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return ("", -math.inf) if found is None else (found.hypstr, found.best_score)


def _spelt(phrase: str) -> tuple[str, ...]:
    """The words of a phrase as a dictionary of pronunciations has them; PBX is three of them."""
    plain = phrase.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    apart = _INITIALS.sub(lambda found: " ".join(found[0]), plain)
    return tuple(re.findall(r"[a-z]+(?:'[a-z]+)*", apart.casefold()))


def _jsgf(phrases: Iterable[str]) -> str:
    ways = " | ".join(f"( {phrase} )" for phrase in phrases)
    return f"#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {ways} ;\n"


def _us(frame: int) -> int:
    return max(0, frame * 1_000_000 // _FRAMES_A_SECOND - AROUND_US)
