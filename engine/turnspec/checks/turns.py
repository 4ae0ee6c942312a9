"""Which turn owns what: every moment of a call belongs to the turn that had begun last."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from turnspec.call.events import (
    AgentHungUp,
    CallEnded,
    CallerHungUp,
    Event,
    LineBroke,
    ResponseStarted,
    Side,
    TurnBegan,
    TurnEnded,
)

AnyEvent = TypeVar("AnyEvent", bound=Event)

ENDINGS = AgentHungUp | CallerHungUp | LineBroke | CallEnded
"""After the first of these nothing is heard any more; what follows it is only the closing of the line."""


class EventsView(Protocol):
    """What happened in a call so far, its audio left aside."""

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event in the order in which it was recorded."""
        ...

    def of(self, event_class: type[AnyEvent], side: Side | None = None) -> Iterator[AnyEvent]:
        """The events of one class (and side), in order."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A turn that was begun: it owns `began_us` up to, not with, `until_us` (None: to the call's end).

    `ended_us` and `how` tell of its end, which comes before the next turn's beginning. `number` is the
    place of its beginning in the record: what happened in the same microsecond is told apart by it.
    """

    index: int
    began_us: int
    until_us: int | None
    ended_us: int | None = None
    how: str = ""
    number: int = field(default=-1, compare=False)

    def has(self, at_us: int) -> bool:
        """Whether this moment lies in it."""
        return self.began_us <= at_us and (self.until_us is None or at_us < self.until_us)


def windows(view: EventsView, places: Mapping[int, int] | None = None) -> tuple[Window, ...]:
    """The turns that were begun, in order; what came before the first belongs to the first.

    `places` are the `numbers` of the record, where they are known already.
    """
    begun = sorted(view.of(TurnBegan), key=lambda event: event.turn)
    ended = {event.turn: event for event in view.of(TurnEnded)}
    bounds = [*(event.at_us for event in begun[1:]), None][: len(begun)]
    if places is None:
        places = numbers(view)
    return tuple(
        Window(event.turn, event.at_us, until, *_end(ended.get(event.turn)), places[id(event)])
        for event, until in zip(begun, bounds, strict=True)
    )


def numbers(view: EventsView) -> dict[int, int]:
    """The place of each event in the record, by its identity."""
    events = view.events
    return dict(zip(map(id, events), range(len(events)), strict=True))


def owner(turns: tuple[Window, ...], at_us: int, number: int | None = None) -> int | None:
    """The turn that owns a moment; None where no turn was ever begun.

    `number` is the place of what happened then in the record; without it, a turn owns the very
    microsecond in which it begins.
    """
    if not turns:
        return None
    if number is None:
        begun = bisect_right(turns, at_us, key=lambda window: window.began_us)
    else:
        begun = bisect_left(turns, (at_us, number), key=lambda window: (window.began_us, window.number))
    return turns[max(begun - 1, 0)].index


def responses_started(view: EventsView, side: Side) -> dict[str, ResponseStarted]:
    """The beginning of each response of one side."""
    started: dict[str, ResponseStarted] = {}
    for event in view.of(ResponseStarted, side):
        started.setdefault(event.response_id, event)
    return started


def end_of_call(view: EventsView) -> int | None:
    """When the call ended; None while it goes on."""
    return next((event.at_us for event in view.events if isinstance(event, ENDINGS)), None)


def _end(event: TurnEnded | None) -> tuple[int | None, str]:
    return (None, "") if event is None else (event.at_us, event.how)
