"""Phrases of a catalogue that say something else than they should: another intent too, or not their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from turnspec.speech.intents import Classification, Intent, Scored


@dataclass(frozen=True, slots=True)
class Overlap:
    """A phrase of `intent`, and what it is instead, or besides; `other` is `intent` where it is ruled out."""

    intent: str
    phrase: str
    other: Scored


def overlaps(catalogue: Mapping[str, Intent], classify: Callable[[str], Classification]) -> Iterator[Overlap]:
    """Every phrase that holds another intent of the catalogue, or does not hold its own."""
    for name, intent in catalogue.items():
        for phrase in intent.phrases:
            for scored in classify(phrase).ranking:
                another = scored.name in catalogue and scored.name != name
                if scored.holds if another else scored.name == name and not scored.holds:
                    yield Overlap(name, phrase, scored)
