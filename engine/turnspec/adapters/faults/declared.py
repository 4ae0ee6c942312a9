"""The faults of one end of one call, and what of them has happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from turnspec.dsl.faults import Fault, FaultMoment

ON_MESSAGES: Final = frozenset({"duplicate", "reorder", "delay", "lose"})
"""Faults of messages: without a moment they befall each of their name."""
ON_LINE: Final = frozenset({"drop", "close", "half_close", "stall", "malformed", "error"})
"""Faults that happen once: without a moment as soon as the line is open."""
ON_ANSWER: Final = frozenset({"refuse", "answer_late"})
"""Faults of the moment in which the line is opened."""
ON_REPLY: Final = frozenset({"truncate_audio", "slow_first_audio"})
"""Faults of what a local agent says."""
ENDS_LINE: Final = frozenset({"drop", "close", "half_close"})


class Listener(Protocol):
    """An open connection of the call."""

    def up(self) -> None:
        """The call is up."""
        ...

    def turn_over(self) -> None:
        """A turn of the caller is over."""
        ...


class CallFaults:
    """Which faults one end of a call has. It outlives a lost connection: what happened once is over.

    Turns are the caller's, from 1; a fault with a moment happens at most once.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.turn = 0
        self.is_up = False
        self.up_us: int | None = None
        self.ended = False  # the connection was ended by one of them
        self.closes_with: int | None = None  # the line is opened only to be closed with this code
        self._spent: set[int] = set()
        self._seen: dict[int, int] = {}
        self._attempts = 0
        self._listener: Listener | None = None

    def notify(self, listener: Listener) -> None:
        """Tell `listener`, the connection that is open now, what happens in the call."""
        self._listener = listener
        self.ended = False
        if self.is_up:
            listener.up()

    def came_up(self) -> None:
        """The call is up, as its protocol defines it."""
        self.is_up = True
        if self._listener is not None:
            self._listener.up()

    def turn_over(self, turn: int) -> None:
        """The caller has said what it says in its turn `turn`."""
        self.turn = turn
        if self._listener is not None:
            self._listener.turn_over()

    def of(self, words: frozenset[str]) -> list[tuple[int, Fault]]:
        """Those of these words that may still happen, each with its number."""
        return [
            (number, fault)
            for number, fault in enumerate(self.faults)
            if fault.word in words and number not in self._spent
        ]

    def attempt(self) -> list[Fault]:
        """Count an attempt to open the line; what is to go wrong with it."""
        self._attempts += 1
        return [fault for _, fault in self.of(ON_ANSWER) if _nth(fault.at) in (None, self._attempts)]

    def reply(self) -> list[Fault]:
        """What is to go wrong with the reply that begins now."""
        due = [each for each in self.of(ON_REPLY) if each[1].at is None or self.reached(each[1].at, 0)]
        for number, fault in due:
            if fault.at is not None:
                self.spend(number)
        return [fault for _, fault in due]

    def befalls(self, number: int, at_us: int) -> bool:
        """Whether fault `number`, one of messages, befalls the message that is being sent now."""
        at = self.faults[number].at
        if at is None:
            return True
        self._seen[number] = self._seen.get(number, 0) + 1
        due = self._seen[number] == at.nth if at.nth is not None else self.reached(at, at_us)
        if due:
            self.spend(number)
        return due

    def reached(self, at: FaultMoment, at_us: int) -> bool:
        """Whether a moment that is no event's has come."""
        if at.turn is not None:
            return self.turn >= at.turn
        return at.after is not None and self.up_us is not None and at_us >= self.up_us + at.after.us

    def counts(self, number: int, name: str) -> bool:
        """Count a message for fault `number`; whether it is the one at which that happens."""
        at = self.faults[number].at
        if at is None or at.event != name:
            return False
        self._seen[number] = self._seen.get(number, 0) + 1
        return self._seen[number] == (at.nth or 1)

    def spend(self, number: int) -> None:
        """Fault `number` has happened, and will not again."""
        self._spent.add(number)


def _nth(at: FaultMoment | None) -> int | None:
    return None if at is None else at.nth
