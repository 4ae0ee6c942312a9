"""Asking an OpenAI-compatible API for embeddings, and understanding what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from turnspec.speech.answers import ApiAnswer, NoAnswer, document_of

PATH: Final = "/embeddings"
MOST_TEXTS: Final = 128
"""Texts of one request: servers take at least so many."""


def embeddings_body(model: str, texts: Sequence[str]) -> dict[str, Any]:
    """The body of a request."""
    return {"model": model, "input": list(texts), "encoding_format": "float"}


def embeddings(answer: ApiAnswer, count: int) -> tuple[tuple[float, ...], ...]:
    """The vectors of `count` texts, in their order.

    Raises:
        NoAnswer: They are not there, or they are no vectors of one length.
    """
    data = document_of(answer).get("data")
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise NoAnswer("the endpoint's answer has no embeddings: is it an OpenAI-compatible one?")
    by_index = {each.get("index", place): _vector(each) for place, each in enumerate(data)}
    if sorted(by_index, key=str) != sorted(range(count), key=str):
        raise NoAnswer(f"the endpoint gave {len(by_index)} embeddings for {count} texts")
    vectors = tuple(by_index[index] for index in range(count))
    if len({len(vector) for vector in vectors}) > 1:
        raise NoAnswer("the endpoint's embeddings are not all of one length")
    return vectors


def _vector(each: Mapping[str, Any]) -> tuple[float, ...]:
    numbers = each.get("embedding")
    if not (isinstance(numbers, list) and numbers and all(map(_is_number, numbers))):
        raise NoAnswer("the endpoint's answer has embeddings that are no lists of numbers")
    return tuple(map(float, numbers))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
