"""Secrets among words that were made out: "four eight two one" is 4821, however it was read out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import regex

from turnspec.call.evidence import MASK
from turnspec.speech.spoken import ENGLISH, shown_word, spoken
from turnspec.speech.transcription import Transcript, Word

SHORTEST: Final = 4
"""Letters and figures; shorter ones are left, as they are wherever texts are masked."""

LONGEST: Final = 32
"""Nobody reads out more."""

_WORD: Final = regex.compile(r"\S+")
_SIGNS: Final = frozenset({"capital", "dash", "dot", "hyphen", "slash", "underscore"})
_REPEATS: Final = frozenset({"double", "triple"})  # they begin a row of figures

Run = tuple[int, int]
"""From which word to which, the last one not counted."""


@dataclass(frozen=True, slots=True)
class SpokenSecrets:
    """Values by their letters and figures alone, which is all of them that is heard."""

    forms: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[str]) -> SpokenSecrets:
        """Those of these values that somebody may read out."""
        forms = {form for value in values if SHORTEST <= len(form := _letters(value)) <= LONGEST}
        return cls(tuple(sorted(forms)))

    def hidden(self, transcript: Transcript, language: str = ENGLISH) -> Transcript:
        """The transcript with a mask in place of each of them, which has the time of all of its words."""
        if not self.forms:
            return transcript
        words = transcript.words
        runs = self._runs([word.text for word in words], language)
        hidden = replace(transcript, text=self._hidden_text(transcript.text, language))
        return replace(hidden, words=tuple(_hidden_words(words, runs)))

    def _hidden_text(self, text: str, language: str) -> str:
        places = [found.span() for found in _WORD.finditer(text)]
        for first, end in reversed(self._runs(text.split(), language)):
            start, stop = places[first][0], places[end - 1][1]
            while not text[stop - 1].isalnum():
                stop -= 1
            text = text[:start] + MASK + text[stop:]
        return text

    def _runs(self, words: Sequence[str], language: str) -> list[Run]:
        """Where secrets are, none over another."""
        found: list[Run] = []
        place = 0
        while self.forms and place < len(words):
            end = max(_end(words, place, form, language) for form in self.forms)
            if end > place:
                found.append((place, end))
            place = max(place + 1, end)
        return found


def _end(words: Sequence[str], first: int, form: str, language: str) -> int:
    """Where a secret ends that begins with this word; 0 if none does."""
    if not _may_begin(words[first], form, language):
        return 0
    for end in range(first + 1, min(len(words), first + 2 * len(form) + 2) + 1):
        said = " ".join(word for word in words[first:end] if word.casefold() not in _SIGNS)
        if form in (_letters(said), _read(said, language)):
            return end
    return 0


def _may_begin(word: str, form: str, language: str) -> bool:
    read = _read(word, language)
    if read[:1].isdigit():  # what follows may make another number of it: "forty" begins 4821
        return form.startswith(read[0])
    return (bool(read) and form.startswith(read)) or word.casefold() in _REPEATS


def _hidden_words(words: Sequence[Word], runs: Sequence[Run]) -> Iterator[Word]:
    done = 0
    for first, end in runs:
        yield from words[done:first]
        yield Word(MASK, words[first].from_us, words[end - 1].to_us)
        done = end
    yield from words[done:]


def _read(text: str, language: str) -> str:
    return _letters(" ".join(map(shown_word, spoken(text, language))))


def _letters(text: str) -> str:
    """The letters and figures; who reads a zero out says the letter."""
    return "".join(filter(str.isalnum, text.casefold())).replace("o", "0")
