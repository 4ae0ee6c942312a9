"""What decides an intent by itself, whatever engine there is: patterns, phrases, keywords, and `not`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import regex

from turnspec.speech.text import letters, run_of, words

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


@dataclass(frozen=True, slots=True)
class _Words:
    """Phrases of one intent, each with its letters: a catalogue has thousands, and a call cannot wait."""

    phrases: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, phrases: tuple[str, ...]) -> _Words:
        return cls(tuple((letters(phrase), phrase) for phrase in phrases))

    def first_in(self, said: tuple[str, ...], run: str) -> str:
        """The first phrase that stands in these words; `run` is all of them in one piece."""
        return next(
            (phrase for wanted, phrase in self.phrases if wanted in run and run_of(said, wanted) is not None),
            "",
        )


@dataclass(frozen=True, slots=True)
class _IntentRules:
    """The rules of one intent, ready to be looked for."""

    name: str
    patterns: tuple[regex.Pattern[str], ...]
    phrases: _Words
    keywords: _Words
    not_: _Words

    @classmethod
    def of(cls, name: str, intent: Intent) -> _IntentRules:
        return cls(
            name,
            _compiled(name, intent.patterns),
            _Words.of(intent.phrases),
            _Words.of(intent.keywords),
            _Words.of(intent.not_),
        )

    def ruling(self, text: str, said: tuple[str, ...], run: str) -> Ruling | None:
        """The strongest rule for this text, if there is one."""
        if unwanted := self.not_.first_in(said, run):
            return Ruling(0.0, f"'{unwanted}' rules it out", excluded=True)
        for pattern in self.patterns:
            if _found(self.name, pattern, text):
                return Ruling(PATTERN_SCORE, f"pattern '{pattern.pattern}'")
        if phrase := self.phrases.first_in(said, run):
            return Ruling(PHRASE_SCORE, f"phrase '{phrase}'")
        if keyword := self.keywords.first_in(said, run):
            return Ruling(KEYWORD_SCORE, f"keyword '{keyword}'")
        return None


class Rules:
    """The rules of a catalogue.

    Raises:
        PatternError: A pattern does not compile.
    """

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        self._intents = tuple(_IntentRules.of(name, intent) for name, intent in catalogue.items())

    def rulings(self, text: str) -> dict[str, Ruling]:
        """The strongest rule of each intent that has one for this text.

        Raises:
            PatternError: A pattern took longer than a quarter of a second.
        """
        said = words(text)
        run = "".join(said)
        found = ((each.name, each.ruling(text, said, run)) for each in self._intents)
        return {name: ruling for name, ruling in found if ruling is not None}


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
