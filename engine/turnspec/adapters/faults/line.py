"""Faults of an open line, without I/O: messages and times in, deeds out.

Theory of operation: every message that an end sends passes `sending`, which gives what is sent in its place.
What happens at a time of its own is given by `due`, once `next_us` has come. Each message leaves once and
unchanged, in order, but for what a fault does to it: one that is delayed is overtaken by others, one that is
reordered leaves behind the next one (or after a second, if none comes), and before the line is closed in
order all that was held back leaves. Once a fault has ended the line nothing leaves any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.adapters.faults.declared import ENDS_LINE, ON_LINE, ON_MESSAGES, CallFaults
from turnspec.adapters.faults.deeds import (
    CloseWith,
    Deed,
    Drop,
    HalfClose,
    ReadOn,
    Send,
    StopReading,
    Tell,
)
from turnspec.adapters.faults.dialect import Dialect, Frame
from turnspec.adapters.faults.words import told
from turnspec.dsl.faults import DelayedEvent, Fault

HELD_AT_MOST_US: Final = 1_000_000
SPOILS: Final = frozenset({"malformed"})
ACTS: Final = ON_LINE - SPOILS


class LineFaults:
    """The faults of one connection of a call; `faults` is what the call's connections have in common."""

    def __init__(self, faults: CallFaults, dialect: Dialect) -> None:
        self._faults = faults
        self._dialect = dialect
        self._held: list[tuple[int, Frame]] = []  # due when, in the order in which they were sent
        self._swapped: list[tuple[int, Frame]] = []  # leave behind the next message, or then at the latest
        self._reads_on_us: int | None = None
        self._gone = False

    @property
    def next_us(self) -> int | None:
        """When `due` has something to do; None: only a message or a turn can change anything."""
        times = [] if self._reads_on_us is None else [self._reads_on_us]
        if not self._gone:
            times += [due_us for due_us, _ in (*self._held, *self._swapped)]
            times += self._moments()
        return min(times, default=None)

    def up(self, at_us: int) -> list[Deed]:
        """The line is open; what is done at once."""
        if self._faults.up_us is None:
            self._faults.up_us = at_us
        at_once = [(number, fault) for number, fault in self._faults.of(ACTS) if fault.at is None]
        return self._all_happen(at_once, at_us)

    def sending(self, frame: Frame, at_us: int) -> list[Deed]:
        """What is sent in place of `frame`, and what is done at it."""
        if self._gone:
            return []
        name = self._dialect.name(frame)
        deeds = list(self._spoilt_copies(name, frame, at_us))
        deeds += self._changed(name, frame, at_us)
        counted = [(number, fault) for number, fault in self._faults.of(ACTS) if self._counts(number, name)]
        return deeds + self._all_happen(counted, at_us)

    def turn_over(self, at_us: int) -> list[Deed]:
        """A turn of the caller is over; what is done then."""
        timely = [
            (number, fault)
            for number, fault in self._faults.of(ACTS)
            if fault.at is not None and self._faults.reached(fault.at, at_us)
        ]
        return self._all_happen(timely, at_us)

    def due(self, at_us: int) -> list[Deed]:
        """What is to be done by now."""
        deeds: list[Deed] = []
        if self._reads_on_us is not None and self._reads_on_us <= at_us:
            self._reads_on_us = None
            deeds.append(ReadOn())
        return deeds + self._released(at_us) + self.turn_over(at_us)

    def closing(self) -> list[Deed]:
        """The line is about to be closed in order: what was held back leaves before."""
        held, self._held = self._held, []
        swapped, self._swapped = self._swapped, []
        return [] if self._gone else [Send(frame) for _, frame in (*held, *swapped)]

    # --- messages -----------------------------------------------------------------------------

    def _changed(self, name: str, frame: Frame, at_us: int) -> Iterator[Deed]:
        """The message as it leaves now, if it does, and behind it the one that it overtakes."""
        frames, swapped = [frame], list[Frame]()
        for number, fault in self._faults.of(ON_MESSAGES):
            # A message that overtakes another is not reordered itself: else none would ever leave.
            overtakes = fault.word == "reorder" and bool(self._swapped)
            if not frames or overtakes or _event(fault) != name or not self._faults.befalls(number, at_us):
                continue
            yield Tell(fault.word, told(fault))
            match fault.value:
                case DelayedEvent(by=by):
                    self._held += [(at_us + by.us, each) for each in frames]
                    frames = []
                case _ if fault.word == "duplicate":
                    frames = [*frames, *frames]
                case _:
                    swapped = frames if fault.word == "reorder" else swapped
                    frames = []
        if frames:
            yield from map(Send, (*frames, *(each for _, each in self._swapped)))
            self._swapped = []
        self._swapped += [(at_us + HELD_AT_MOST_US, each) for each in swapped]

    def _spoilt_copies(self, name: str, frame: Frame, at_us: int) -> Iterator[Deed]:
        for number, fault in self._faults.of(SPOILS):
            at = fault.at
            if at is None or self._faults.reached(at, at_us) or self._counts(number, name):
                copy = self._dialect.spoilt(frame, fault.value)
                if copy is not None:
                    self._faults.spend(number)
                    yield Tell(fault.word, told(fault, name))
                    yield Send(copy)

    def _released(self, at_us: int) -> list[Deed]:
        if self._gone:
            return []
        due = [each for each in (*self._held, *self._swapped) if each[0] <= at_us]
        self._held = [each for each in self._held if each[0] > at_us]
        self._swapped = [each for each in self._swapped if each[0] > at_us]
        return [Send(frame) for _, frame in sorted(due, key=lambda each: each[0])]

    # --- the line -----------------------------------------------------------------------------

    def _moments(self) -> Iterator[int]:
        up_us = self._faults.up_us
        for _, fault in self._faults.of(ACTS):
            if up_us is not None and fault.at is not None and fault.at.after is not None:
                yield up_us + fault.at.after.us

    def _counts(self, number: int, name: str) -> bool:
        return self._faults.counts(number, name)

    def _all_happen(self, numbered: list[tuple[int, Fault]], at_us: int) -> list[Deed]:
        deeds: list[Deed] = []
        for number, fault in numbered:
            if not self._gone:
                self._faults.spend(number)
                deeds += [Tell(fault.word, told(fault)), *self._done(fault, at_us)]
        return deeds

    def _done(self, fault: Fault, at_us: int) -> list[Deed]:
        held = self.closing() if fault.word == "close" else []
        self._gone = fault.word in ENDS_LINE
        self._faults.ended = self._faults.ended or self._gone
        match fault.word:
            case "drop":
                return [Drop()]
            case "close":
                return [*held, CloseWith(fault.value)]
            case "half_close":
                return [HalfClose()]
            case "stall":
                self._reads_on_us = max(self._reads_on_us or 0, at_us + fault.value.us)
                return [StopReading()]
            case _:
                assert self._dialect.error is not None, "checked before any call is made"
                return [Send(self._dialect.error(fault.value))]


def _event(fault: Fault) -> str:
    value = fault.value
    return value.event if isinstance(value, DelayedEvent) else str(value)
