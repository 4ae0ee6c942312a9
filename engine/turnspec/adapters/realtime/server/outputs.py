"""What the server wants done with its connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text frame."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection."""

    code: int
    reason: str = ""


Output: TypeAlias = Send | Close
