"""JSON of a client: what it may hold is bounded, so that it can be kept and sent back as it came."""

from __future__ import annotations

import json
from typing import Any, Final

from turnspec.adapters.frames import FINITE_JSON

DEEPEST: Final = 100


def value_of(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: It is no JSON, too deep, or has a number or half of a character that JSON cannot spell.
    """
    try:
        value = FINITE_JSON.decode(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    if text.count("{") + text.count("[") > DEEPEST:
        _check_depth(value)
    if "\\ud" in text or "\\uD" in text:
        # Half of a surrogate pair can be spelt in JSON but is no text.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
