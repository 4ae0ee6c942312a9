"""What the agent's side made of the caller's words, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from turnspec.call.events import CallerGuessed, CallerHeard, CallerPressed, CallerSpoke, CallerTexted, Side
from turnspec.checks.turns import EventsView, Window, numbers, owner

ACTS: Final = CallerSpoke | CallerTexted | CallerPressed


@dataclass(frozen=True, slots=True)
class Understood:
    """What was heard of the caller in one turn; `at_us` None: nothing tells of it.

    `text` is empty where the caller was heard, and no words were made of it.
    """

    text: str = ""
    at_us: int | None = None


def understood(view: EventsView, side: Side, turns: tuple[Window, ...], index: int) -> Understood:
    """What one side heard the caller say in a turn: what it made of it in the end, else its last guess."""
    places = numbers(view)
    heard: list[CallerHeard] = []
    guesses: list[CallerGuessed] = []
    for event in view.events:
        if not isinstance(event, CallerHeard | CallerGuessed) or event.side is not side:
            continue
        if _turn_of(event, view, turns, places) != index:
            continue
        if isinstance(event, CallerHeard):
            heard.append(event)
        else:
            guesses.append(event)
    told = [event for event in heard if event.text] or guesses[-1:]
    last = max((event.at_us for event in (*heard, *guesses)), default=None)
    return Understood(" ".join(event.text for event in told if event.text), last)


def _turn_of(
    heard: CallerHeard | CallerGuessed, view: EventsView, turns: tuple[Window, ...], places: dict[int, int]
) -> int | None:
    """The turn of what the caller did last before it: an account that comes late is of no later turn."""
    when = (heard.at_us, places[id(heard)])
    acts = [
        event for event in view.events if isinstance(event, ACTS) and (event.at_us, places[id(event)]) <= when
    ]
    if acts:
        return max(acts, key=lambda event: (event.at_us, places[id(event)])).turn
    return owner(turns, *when)
