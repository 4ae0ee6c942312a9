"""Embeddings of an OpenAI-compatible endpoint as an engine. What it answers is derived after the call.

Embeddings, not a chat: they give a score for every intent in one request, the same ones every time, and what
the agent says cannot talk them into anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from turnspec.speech.engines.phrases import ByPhrases
from turnspec.speech.intents import Intent, Likeness


class NotAskedYetError(RuntimeError):
    """An endpoint was to be asked in the middle of a call."""


class Endpoint(ByPhrases):
    """Knows its intents and thresholds; the scores themselves come from `likened`."""

    name = "endpoint"
    asked_after_the_call = True
    # Not measured, and models differ: `engines.intents.threshold` is there to be set.
    THRESHOLD = 0.5
    BROAD_THRESHOLD = 0.8

    def __init__(self, catalogue: Mapping[str, Intent], model: str) -> None:
        super().__init__(catalogue)
        self.version = model

    def likeness(self, text: str) -> dict[str, float]:
        """Nothing: an endpoint is asked once the call is over.

        Raises:
            NotAskedYetError: Always.
        """
        raise NotAskedYetError(f"an endpoint cannot be asked about {text[:60]!r} in the middle of a call")

    def likened(self, text: Sequence[float], phrases: Mapping[str, Sequence[float]]) -> dict[str, Likeness]:
        """How like each intent a text is, from the vectors of the text and of all phrases."""
        nearest: dict[str, Likeness] = {}
        for name, intent in self._catalogue.items():
            scored = [(cosine(text, phrases[phrase]), phrase) for phrase in intent.phrases]
            if scored:
                score, phrase = max(scored, key=lambda each: each[0])
                nearest[name] = Likeness(score, f"like '{phrase}'")
        return nearest


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """How alike two vectors are, 0 to 1, to three places; 0 where one of them is nothing."""
    length = math.sqrt(math.fsum(x * x for x in one) * math.fsum(y * y for y in other))
    if not length or not math.isfinite(length):
        return 0.0
    return min(1.0, max(0.0, round(math.fsum(x * y for x, y in zip(one, other, strict=True)) / length, 3)))
