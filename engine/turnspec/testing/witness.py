"""A witness that remembers, with a clock that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from turnspec.call.events import Event, Side
from turnspec.call.evidence import select
from turnspec.run.clock import CallClock

AnyEvent = TypeVar("AnyEvent", bound=Event)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the wire log."""

    at_us: int
    side: Side
    direction: str
    text: str


@dataclass(slots=True)
class RecordingWitness:
    """Keeps every event and frame. Its time is `at_us`, for the test to set, or that of `clock`."""

    at_us: int = 0
    clock: Callable[[], int] | None = None
    events: list[Event] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    def on_loop(cls) -> RecordingWitness:
        """A witness whose call begins now, on the running loop."""
        return cls(clock=CallClock(asyncio.get_running_loop()).now_us)

    def now_us(self) -> int:
        """Microseconds since the call began."""
        return self.at_us if self.clock is None else self.clock()

    def happened(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep a frame."""
        self.frames.append(Frame(self.now_us(), side, direction, text))

    def of(self, event_class: type[AnyEvent], side: Side | None = None) -> Iterator[AnyEvent]:
        """The events of one class (and side), in order."""
        return select(tuple(self.events), event_class, side)
