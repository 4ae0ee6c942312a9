"""Which intents a text has: keywords, patterns and phrases, and likeness to phrases by TF-IDF.

A keyword, pattern or phrase that is there decides; else a text is as much of an intent as it is like the
intent's nearest phrase. All of it is deterministic and needs no model. Other engines keep the same
protocol and bring their own thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import regex

from turnspec.speech.likeness import PhraseBook
from turnspec.speech.text import find_words, words

PATTERN_SCORE: Final = 1.0
PHRASE_SCORE: Final = 1.0
KEYWORD_SCORE: Final = 0.9
THRESHOLD: Final = 0.2  # where TF-IDF tells apart best
PATTERN_SECONDS: Final = 0.25
KNOWN_TEXTS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Intent:
    """What a text of this intent says; `not_` are words that rule it out.

    `weight` scales every score, so that a vague intent gives way to a definite one.
    """

    name: str
    phrases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    threshold: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Classification:
    """How much each intent a text has: best first, `held` those at or above their thresholds.

    `best` is the highest of those that hold; None if none does.
    """

    best: str | None
    scores: tuple[tuple[str, float], ...]
    held: frozenset[str]


class IntentClassifier(Protocol):
    """An engine that scores texts; scores are 0 to 1 and mean something against its thresholds only."""

    @property
    def name(self) -> str:
        """The engine, as reports name it."""
        ...

    @property
    def version(self) -> str:
        """The version of the engine or model."""
        ...

    def scores(self, text: str) -> dict[str, float]:
        """Every intent's score for a text."""
        ...

    def threshold(self, intent: str) -> float:
        """The score from which a text has this intent."""
        ...


class PatternError(ValueError):
    """A pattern of an intent that does not compile, or takes too long on a text."""

    def __init__(self, intent: str, pattern: str, reason: str) -> None:
        super().__init__(f"intent {intent}: the pattern {pattern!r} {reason}")
        self.intent = intent
        self.pattern = pattern
        self.reason = reason


class KeywordClassifier:
    """The built-in engine."""

    name = "keywords"
    version = "1"

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        self._intents = tuple(catalogue.items())
        self._thresholds = {name: _threshold(intent) for name, intent in self._intents}
        self._patterns = {name: _compiled(name, intent.patterns) for name, intent in self._intents}
        self._book = PhraseBook([phrase for _, intent in self._intents for phrase in intent.phrases])

    def scores(self, text: str) -> dict[str, float]:
        """Every intent's score for a text, rounded to four places.

        Raises:
            PatternError: A pattern took longer than a quarter of a second.
        """
        said = words(text)
        likeness = self._book.likeness(text)
        return {name: self._score(name, intent, text, said, likeness) for name, intent in self._intents}

    def threshold(self, intent: str) -> float:
        """The intent's own threshold, else 0.2."""
        return self._thresholds[intent]

    def _score(
        self, name: str, intent: Intent, text: str, said: tuple[str, ...], likeness: Mapping[str, float]
    ) -> float:
        if _any_said(said, intent.not_):
            return 0.0
        evidence = [likeness[phrase] for phrase in intent.phrases]
        if any(_found(name, pattern, text) for pattern in self._patterns[name]):
            evidence.append(PATTERN_SCORE)
        if _any_said(said, intent.phrases):
            evidence.append(PHRASE_SCORE)
        if _any_said(said, intent.keywords):
            evidence.append(KEYWORD_SCORE)
        return round(intent.weight * max(evidence, default=0.0), 4)


class Intents:
    """The intents of a project over the built-in ones; a name of both means the project's."""

    def __init__(self, catalogue: Mapping[str, Intent], engine: IntentClassifier | None = None) -> None:
        from turnspec.speech.builtin import BUILT_IN

        self.engine = engine or KeywordClassifier({**BUILT_IN, **catalogue})
        self._own = frozenset(catalogue)
        # A local agent says and hears the same texts over and over, in every call of a run.
        self._known = lru_cache(maxsize=KNOWN_TEXTS)(self._classified)

    def classify(self, text: str) -> Classification:
        """The intents of a text; at equal scores the project's own come first, then by name."""
        return self._known(text)

    def _classified(self, text: str) -> Classification:
        scores = self.engine.scores(text)
        order = sorted(scores.items(), key=lambda item: (-item[1], item[0] not in self._own, item[0]))
        held = [name for name, score in order if score > 0 and score >= self.engine.threshold(name)]
        return Classification(held[0] if held else None, tuple(order), frozenset(held))


def _threshold(intent: Intent) -> float:
    return THRESHOLD if intent.threshold is None else intent.threshold


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


def _any_said(said: tuple[str, ...], phrases: tuple[str, ...]) -> bool:
    return any(find_words(said, phrase) is not None for phrase in phrases)
