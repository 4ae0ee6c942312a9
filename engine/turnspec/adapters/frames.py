"""Frames of JSON: what the object of one is, and how it is told what its protocol does not allow."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from turnspec.adapters.excerpts import excerpt, kind


@dataclass(frozen=True, slots=True)
class Fault:
    """What the protocol does not allow in a frame; `frame` is an excerpt of it."""

    rule: str
    detail: str
    frame: str = ""


def parsed(frame: str, decoder: json.JSONDecoder) -> tuple[dict[str, Any], Fault | None]:
    """The object of a frame, or why it has none."""
    try:
        document = decoder.decode(frame)
    except (ValueError, RecursionError) as error:
        return {}, Fault("not-json", f"not JSON: {error}", excerpt(frame))
    if not isinstance(document, dict):
        return {}, Fault("not-json", f"JSON, but {kind(document)} and not an object", excerpt(frame))
    return document, None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise ValueError(f"{written[:20]} is too large a number")
    return number


# Python's own decoder takes NaN and Infinity, which JSON cannot spell.
JSON: Final = json.JSONDecoder(parse_constant=_no_constant)
FINITE_JSON: Final = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
