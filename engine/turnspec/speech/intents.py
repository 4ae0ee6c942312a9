"""Which intents a text has: what its rules say, else how like the intent's phrases an engine finds it.

A keyword, pattern or phrase that is there decides, with every engine; else a text is as much of an intent as
the engine says. Scores mean something against the thresholds of their own engine only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeAlias, runtime_checkable

from turnspec.speech.rules import PatternError, Rules, Ruling

__all__ = [
    "AskedLater",
    "Classification",
    "EngineFactory",
    "ExplainedClassifier",
    "Intent",
    "IntentClassifier",
    "Intents",
    "Likeness",
    "PatternError",
    "Scored",
]

KNOWN_TEXTS: Final = 1_024


@dataclass(frozen=True, slots=True)
class Intent:
    """What a text of this intent says; `not_` are words that rule it out.

    `threshold` None is the engine's own; a `broad` intent, whose phrases could mean much else, needs more
    likeness. `weight` scales every score, so that a vague intent gives way to a definite one.
    """

    name: str
    phrases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    threshold: float | None = None
    weight: float = 1.0
    broad: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """One intent of a text: its score, what it needs, and what it has the score for.

    One that is `ruled`, by a pattern, a phrase or a keyword, holds whatever its score and threshold are.
    """

    name: str
    score: float
    threshold: float
    why: str = ""
    ruled: bool = False

    @property
    def holds(self) -> bool:
        """Whether the text has this intent."""
        return self.ruled or (self.score > 0 and self.score >= self.threshold)


@dataclass(frozen=True, slots=True)
class Classification:
    """How much each intent a text has: `scores` highest first, `held` those at or above their thresholds.

    `best` is the highest of those that hold; None if none does. `ranking` has those that hold first: its
    second is the runner-up, which may score higher where it would need more. `engine` is the name and version
    of what likened it.
    """

    best: str | None
    scores: tuple[tuple[str, float], ...]
    held: frozenset[str]
    ranking: tuple[Scored, ...] = ()
    engine: str = ""

    @property
    def margin(self) -> float:
        """How far the first of the ranking lies before the second; less than 0 where that needs more."""
        first, second = [*(each.score for each in self.ranking[:2]), 0.0, 0.0][:2]
        return round(first - second, 4)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like an intent an engine finds a text, and what it likened it to."""

    score: float
    why: str = ""


NO_LIKENESS: Final = Likeness(0.0)


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

    def scores(self, text: str) -> Mapping[str, float]:
        """Every intent's score for a text."""
        ...

    def threshold(self, intent: str) -> float:
        """The score from which a text has this intent, where the catalogue does not say."""
        ...


@runtime_checkable
class ExplainedClassifier(Protocol):
    """An engine that can also tell what it likened a text to."""

    def nearest(self, text: str, intent: str) -> str:
        """The phrase of an intent that a text is most like; empty if it is like none."""
        ...


@runtime_checkable
class AskedLater(Protocol):
    """An engine that cannot be asked while a call is up: its scores come as derived evidence."""

    asked_after_the_call: bool


EngineFactory: TypeAlias = Callable[[Mapping[str, Intent]], IntentClassifier]
"""Makes an engine that knows these intents; what an entry point of `turnspec.intent_engines` names."""


class Intents:
    """The intents of a project over the built-in ones; a name of both means the project's.

    `threshold` takes the place of the engine's own, but not of an intent's.
    """

    def __init__(
        self,
        catalogue: Mapping[str, Intent],
        make: EngineFactory | None = None,
        *,
        threshold: float | None = None,
    ) -> None:
        from turnspec.speech.builtin import BUILT_IN
        from turnspec.speech.engines.tfidf import TfIdf

        self.all: Mapping[str, Intent] = {**BUILT_IN, **catalogue}
        self.own = frozenset(catalogue)
        self.engine = (make or TfIdf)(self.all)
        self._threshold = threshold
        self._rules = Rules(self.all)
        # A local agent says and hears the same texts over and over, in every call of a run.
        self._known = lru_cache(maxsize=KNOWN_TEXTS)(self._asked)

    @property
    def asked_later(self) -> bool:
        """Whether only rules are known while a call is up."""
        return isinstance(self.engine, AskedLater) and self.engine.asked_after_the_call

    def threshold(self, name: str) -> float:
        """The score from which a text has this intent."""
        intent = self.all[name]
        if intent.threshold is not None:
            return intent.threshold
        own = self._threshold if not intent.broad else None
        return self.engine.threshold(name) if own is None else own

    def classify(self, text: str) -> Classification:
        """The intents of a text; at equal scores the project's own come first, then by name."""
        return self._known(text)

    def told(self, text: str, likeness: Mapping[str, Likeness]) -> Classification:
        """The intents of a text whose likeness to each of them is known already."""
        rulings = self._rules.rulings(text)
        ranking = [
            self._scored(name, intent, likeness.get(name, NO_LIKENESS), rulings.get(name))
            for name, intent in self.all.items()
        ]
        ranking.sort(key=lambda each: (-each.score, each.name not in self.own, each.name))
        held = [each.name for each in ranking if each.holds]
        return Classification(
            best=held[0] if held else None,
            scores=tuple((each.name, each.score) for each in ranking),
            held=frozenset(held),
            ranking=tuple(sorted(ranking, key=lambda each: not each.holds)),
            engine=f"{self.engine.name} {self.engine.version}",
        )

    def _scored(self, name: str, intent: Intent, likeness: Likeness, ruling: Ruling | None) -> Scored:
        score, why = likeness.score, likeness.why
        if ruling is not None and (ruling.excluded or ruling.score >= score):
            score, why = ruling.score, ruling.why
        ruled = ruling is not None and not ruling.excluded
        score = round(min(1.0, max(0.0, intent.weight * score)), 4)
        return Scored(name, score, self.threshold(name), why, ruled)

    def at_once(self, text: str) -> Classification:
        """The intents of a text while a call is up: by rules alone where an endpoint had to be asked."""
        return self.by_rules(text) if self.asked_later else self.classify(text)

    def prepare(self) -> None:
        """Load what the engine needs, so that no call has to wait for it."""
        if not self.asked_later:
            self.classify("hello")

    def by_rules(self, text: str) -> Classification:
        """The intents that patterns, phrases and keywords alone give a text."""
        return self.told(text, {})

    def _asked(self, text: str) -> Classification:
        scores = self.engine.scores(text)
        return self.told(text, {name: self._likeness(text, name, score) for name, score in scores.items()})

    def _likeness(self, text: str, name: str, score: float) -> Likeness:
        explains = score > 0 and isinstance(self.engine, ExplainedClassifier)
        phrase = self.engine.nearest(text, name) if explains else ""  # type: ignore[attr-defined] # it explains
        return Likeness(score, f"like '{phrase}'" if phrase else "")
