"""How alike a text is to known phrases: TF-IDF over letters and words, cosine, in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Final

from turnspec.speech.text import words

Vector = dict[str, float]

# What no phrase has counts half as much as the rarest thing that one has: a long strange text stays unlike
# all of them, and a paraphrase may have words of its own.
UNSEEN: Final = 0.5

_CONTRACTIONS: Final = {
    "im": "i am",
    "ive": "i have",
    "ill": "i will",
    "youre": "you are",
    "youve": "you have",
    "youll": "you will",
    "weve": "we have",
    "theyre": "they are",
    "theyve": "they have",
    "its": "it is",
    "thats": "that is",
    "theres": "there is",
    "whats": "what is",
    "dont": "do not",
    "doesnt": "does not",
    "didnt": "did not",
    "cant": "can not",
    "cannot": "can not",
    "couldnt": "could not",
    "wont": "will not",
    "wouldnt": "would not",
    "isnt": "is not",
    "arent": "are not",
    "wasnt": "was not",
    "hasnt": "has not",
    "havent": "have not",
}


class PhraseBook:
    """Known phrases, each a vector of the rarity of its letter and word runs."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = tuple(dict.fromkeys(phrases))
        counts = [Counter(_features(phrase)) for phrase in self._phrases]
        spread = Counter(chain.from_iterable(counts))
        self._rarity = {
            feature: 1 + math.log((1 + len(counts)) / (1 + phrases_with))
            for feature, phrases_with in spread.items()
        }
        self._unseen = UNSEEN * (1 + math.log(1 + len(counts)))
        self._with = self._weights(counts)

    def likeness(self, text: str) -> dict[str, float]:
        """The cosine of `text` with each phrase, 0 to 1."""
        products: list[list[float]] = [[] for _ in self._phrases]
        for feature, weight in self._vector(Counter(_features(text))).items():
            for number, known in self._with.get(feature, ()):
                products[number].append(known * weight)
        # Exact sums: the order of what is summed is none of theirs.
        return {phrase: math.fsum(each) for phrase, each in zip(self._phrases, products, strict=True)}

    def _weights(self, counts: Sequence[Counter[str]]) -> dict[str, list[tuple[int, float]]]:
        """By feature: which phrases have it, by number, and how much it weighs in each."""
        found: dict[str, list[tuple[int, float]]] = {}
        for number, features in enumerate(counts):
            for feature, weight in self._vector(features).items():
                found.setdefault(feature, []).append((number, weight))
        return found

    def _vector(self, counts: Counter[str]) -> Vector:
        """Unit length."""
        vector = {
            feature: (1 + math.log(count)) * self._rarity.get(feature, self._unseen)
            for feature, count in counts.items()
        }
        length = math.sqrt(math.fsum(weight * weight for weight in vector.values()))
        return {feature: weight / length for feature, weight in vector.items()}


def _features(text: str) -> Iterator[str]:
    """Runs of 3 and 4 letters within words, words, and pairs of words; contractions are spelt out."""
    said = [part for word in words(text) for part in _CONTRACTIONS.get(word, word).split()]
    for word in said:
        padded = f"<{word}>"
        for size in (3, 4):
            yield from (padded[start : start + size] for start in range(len(padded) - size + 1))
    yield from (f" {word}" for word in said)
    yield from (f" {first} {second}" for first, second in pairwise(said))
