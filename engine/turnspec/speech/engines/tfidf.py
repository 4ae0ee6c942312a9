"""The engine of the core: TF-IDF over letters and words. No model, no network, the same everywhere."""

from __future__ import annotations

from functools import cached_property

from turnspec.speech.engines.phrases import ByPhrases
from turnspec.speech.likeness import PhraseBook


class TfIdf(ByPhrases):
    """Likens a text to phrases by the letters and words they share."""

    name = "tfidf"
    version = "2"
    THRESHOLD = 0.24
    BROAD_THRESHOLD = 0.65

    def likeness(self, text: str) -> dict[str, float]:
        """How like each phrase a text is, 0 to 1."""
        return self._book.likeness(text)

    @cached_property
    def _book(self) -> PhraseBook:
        return PhraseBook(self.phrases)
