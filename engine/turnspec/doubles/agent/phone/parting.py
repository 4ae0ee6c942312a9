"""What replies do to the call itself once they have been heard: keys, a transfer, hanging up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.port import Port
from turnspec.doubles.agent.reply import Reply

PAUSE_US: Final = 500_000  # for each `w` among keys


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to be done to the call; `leaves`: the agent is out of it then."""

    do: Callable[[Port, int], None]
    leaves: bool = False


class Parting:
    """What is still to be done, in order."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._acts: deque[Act] = deque()
        self._pausing = False

    @property
    def due(self) -> bool:
        """Whether the next of it may be done: there is one, and no pause between keys is going on."""
        return bool(self._acts) and not self._pausing

    def note(self, reply: Reply) -> None:
        """Take in what a reply does."""
        for number, digits in enumerate(reply.digits.split("w")):
            if number:
                self._acts.append(Act(self._pause))
            if digits:
                self._acts.append(Act(partial(_press, reply, digits)))
        if reply.transfer is not None:
            self._acts.append(Act(partial(_transfer, reply), leaves=True))
        if reply.hang_up:
            self._acts.append(Act(_hang_up, leaves=True))

    def take(self) -> Act:
        """The next of it."""
        return self._acts.popleft()

    def drop(self) -> None:
        """Do none of it; a pause that has begun is over when it would have been."""
        self._acts.clear()

    def lost(self) -> None:
        """Do none of it, and wait for nothing: the agenda was cleared, too."""
        self._acts.clear()
        self._pausing = False

    def _pause(self, port: Port, at_us: int) -> None:
        del port
        self._pausing = True
        self._agenda.at(at_us + PAUSE_US, self._paused)

    def _paused(self, at_us: int) -> None:
        del at_us
        self._pausing = False


def _press(reply: Reply, digits: str, port: Port, at_us: int) -> None:
    port.press(reply, digits, at_us)


def _transfer(reply: Reply, port: Port, at_us: int) -> None:
    assert reply.transfer is not None
    port.transfer(reply, reply.transfer, at_us)


def _hang_up(port: Port, at_us: int) -> None:
    port.hang_up(at_us)
