"""What engines share that liken a text to single phrases."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from turnspec.speech.intents import Intent


class ByPhrases:
    """A text is as much of an intent as it is like the nearest of its phrases."""

    THRESHOLD: ClassVar[float]
    BROAD_THRESHOLD: ClassVar[float]
    """Likeness alone is weak evidence for intents as broad as the built-in ones."""

    def __init__(self, catalogue: Mapping[str, Intent]) -> None:
        self._catalogue = catalogue
        self.phrases = tuple(
            dict.fromkeys(phrase for intent in catalogue.values() for phrase in intent.phrases)
        )
        self._known = lru_cache(maxsize=1)(self.likeness)  # scores first, then what they are for

    def likeness(self, text: str) -> Mapping[str, float]:
        """How like each phrase a text is, 0 to 1."""
        raise NotImplementedError

    def scores(self, text: str) -> dict[str, float]:
        """How like the nearest phrase of each intent a text is."""
        likeness = self._known(text)
        return {
            name: max((likeness[phrase] for phrase in intent.phrases), default=0.0)
            for name, intent in self._catalogue.items()
        }

    def threshold(self, intent: str) -> float:
        """The score from which a text has this intent, where the catalogue does not say."""
        return self.BROAD_THRESHOLD if self._catalogue[intent].broad else self.THRESHOLD

    def nearest(self, text: str, intent: str) -> str:
        """The phrase of an intent that a text is most like; empty if it is like none."""
        likeness = self._known(text)
        best = max(self._catalogue[intent].phrases, key=lambda phrase: likeness[phrase], default="")
        return best if best and likeness[best] > 0 else ""
