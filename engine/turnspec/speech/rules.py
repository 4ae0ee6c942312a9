"""What decides an intent by itself, whatever engine there is: patterns, phrases, keywords, and `not`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import regex

from turnspec.speech.text import find_words, words

if TYPE_CHECKING:
    from turnspec.speech.intents import Intent

PATTERN_SCORE: Final = 1.0
PHRASE_SCORE: Final = 1.0
KEYWORD_SCORE: Final = 0.9
PATTERN_SECONDS: Final = 0.25


class PatternError(ValueError):
    """A pattern of an intent that does not compile, or takes too long on a text."""

    def __init__(self, intent: str, pattern: str, reason: str) -> None:
        super().__init__(f"intent {intent}: the pattern {pattern!r} {reason}")
        self.intent = intent
        self.pattern = pattern
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule says of one intent; a text that is `excluded` does not have it, however alike it is."""

    score: float
    why: str
    excluded: bool = False


class Rules:
    """The rules of a catalogue.

    Raises:
        PatternError: A pattern does not compile.
    """

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        self._intents = tuple(catalogue.items())
        self._patterns = {name: _compiled(name, intent.patterns) for name, intent in self._intents}

    def rulings(self, text: str) -> dict[str, Ruling]:
        """The strongest rule of each intent that has one for this text.

        Raises:
            PatternError: A pattern took longer than a quarter of a second.
        """
        said = words(text)
        found = ((name, self._ruling(name, intent, text, said)) for name, intent in self._intents)
        return {name: ruling for name, ruling in found if ruling is not None}

    def _ruling(self, name: str, intent: Intent, text: str, said: tuple[str, ...]) -> Ruling | None:
        if unwanted := _first_said(said, intent.not_):
            return Ruling(0.0, f"'{unwanted}' rules it out", excluded=True)
        for pattern in self._patterns[name]:
            if _found(name, pattern, text):
                return Ruling(PATTERN_SCORE, f"pattern '{pattern.pattern}'")
        if phrase := _first_said(said, intent.phrases):
            return Ruling(PHRASE_SCORE, f"phrase '{phrase}'")
        if keyword := _first_said(said, intent.keywords):
            return Ruling(KEYWORD_SCORE, f"keyword '{keyword}'")
        return None


def _compiled(name: str, patterns: tuple[str, ...]) -> tuple[regex.Pattern[str], ...]:
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(regex.compile(pattern, regex.IGNORECASE))
        except regex.error as error:
            raise PatternError(name, pattern, f"does not compile: {error}") from error
    return tuple(compiled)


def _found(name: str, pattern: regex.Pattern[str], text: str) -> bool:
    try:
        return pattern.search(text, timeout=PATTERN_SECONDS) is not None
    except TimeoutError as error:
        reason = f"takes too long on {text[:60]!r}; make its repetitions less open"
        raise PatternError(name, pattern.pattern, reason) from error


def _first_said(said: tuple[str, ...], phrases: tuple[str, ...]) -> str:
    return next((phrase for phrase in phrases if find_words(said, phrase) is not None), "")
