"""Asking an OpenAI-compatible API for embeddings, and understanding what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from turnspec.speech.answers import ApiAnswer, NoAnswer, document_of

PATH: Final = "/embeddings"
MOST_TEXTS: Final = 32
"""Texts of one request: reading what comes of more holds up calls on the wall clock."""

LARGEST: Final = 1e100
"""Of a number in a vector, whose square must still be one; what is no number at all is not below it."""


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
    placed = [(each.get("index", place), _vector(each)) for place, each in enumerate(data)]
    by_index = {index: vector for index, vector in placed if type(index) is int}
    if len(placed) != count or set(by_index) != set(range(count)):
        raise NoAnswer(f"the endpoint gave {len(placed)} embeddings for {count} texts, or numbers them amiss")
    vectors = tuple(by_index[index] for index in range(count))
    if len({len(vector) for vector in vectors}) > 1:
        raise NoAnswer("the endpoint's embeddings are not all of one length")
    return vectors


def _vector(each: Mapping[str, Any]) -> tuple[float, ...]:
    vector = vector_of(each.get("embedding"))
    if vector is None:
        raise NoAnswer("the endpoint's answer has embeddings that are no lists of numbers")
    return vector


def vector_of(numbers: object) -> tuple[float, ...] | None:
    """The vector that is meant; None if this is no list of numbers, or one without any."""
    if not (isinstance(numbers, list) and numbers and all(map(_is_number, numbers))):
        return None
    return tuple(map(float, numbers))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
