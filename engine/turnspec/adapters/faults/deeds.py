"""What is to be done to a line, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from turnspec.adapters.faults.dialect import Frame


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Drop:
    """End the connection at once, without a word."""


@dataclass(frozen=True, slots=True)
class CloseWith:
    """Close the WebSocket with this code."""

    code: int


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send nothing more, not even that the line is closed; go on reading."""


@dataclass(frozen=True, slots=True)
class StopReading:
    """Leave unread what arrives."""


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Read what has arrived, and what arrives."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Record that a fault was injected."""

    fault: str
    detail: str


Deed: TypeAlias = Send | Drop | CloseWith | HalfClose | StopReading | ReadOn | Tell
