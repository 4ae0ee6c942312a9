"""The words of both sides as they were heard: the transcript of a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from turnspec.call.derived import Derived
from turnspec.call.events import (
    CallerPressed,
    CallerSent,
    CallerSpoke,
    CallerTexted,
    Event,
    Origin,
    Side,
)
from turnspec.checks.playback import Heard, heard_items
from turnspec.checks.recognised import AGENT, CALLER, recognised_lines
from turnspec.checks.turns import EventsView, Window, numbers, owner, responses_started, windows
from turnspec.results import Line

__all__ = ["AGENT", "CALLER", "SOURCES", "heard_words", "text_of", "told_lines", "transcript"]

SAID: Final = frozenset({CallerSpoke, CallerTexted, CallerPressed, CallerSent})
SOURCES: Final = {
    Side.MODEL: "model's transcript",
    Side.AGENT: "agent's script",
    Side.LINE: "message text",
}


def transcript(view: EventsView, side: Side | None, derived: Iterable[Derived] = ()) -> tuple[Line, ...]:
    """What the caller and the agent said, by time; `side` tells whose account of the agent is taken.

    An item of which a part was flushed unheard keeps the share of its words that was heard. What nobody told
    is as far as `derived` knows as it was recognised.
    """
    told = told_lines(view, side)
    made_out = tuple(recognised_lines(view, derived))
    if not made_out:
        return told
    spoken = {line.began_us for line in made_out if line.who == CALLER}
    kept = (line for line in told if not (line.who == CALLER and line.began_us in spoken))
    return tuple(sorted((*kept, *made_out), key=lambda line: line.began_us))


def told_lines(view: EventsView, side: Side | None) -> tuple[Line, ...]:
    """What is known to have been said without listening."""
    places = numbers(view)
    turns = windows(view, places)
    agent = () if side is None else _agent_lines(view, side, turns, places)
    found = (*_caller_lines(view, places), *agent)
    return tuple(line for _, line in sorted(found, key=lambda each: (each[1].began_us, each[0])))


def text_of(lines: Iterable[Line]) -> str:
    """The agent's words in these lines, in one text."""
    return " ".join(line.text for line in lines if line.who == AGENT and line.text)


def heard_words(text: str, heard_us: int, whole_us: int) -> str:
    """The words of `text` that were wholly heard, taking each to last equally long."""
    words = text.split()
    return " ".join(words[: len(words) * max(0, heard_us) // whole_us])


def _agent_lines(
    view: EventsView, side: Side, turns: tuple[Window, ...], places: Mapping[int, int]
) -> Iterator[tuple[int, Line]]:
    for heard, turn in told_items(view, side, turns, places):
        yield places[id(heard.told_by)], _agent_line(heard, side, turn)


def told_items(
    view: EventsView, side: Side, turns: tuple[Window, ...], places: Mapping[int, int]
) -> Iterator[tuple[Heard, int | None]]:
    """All that one side tells of the agent's words, with what was heard of it and the turn it belongs to."""
    started = responses_started(view, side)
    for heard in heard_items(view, side):
        begun = started.get(heard.item.response_id)
        if begun is None:
            yield heard, owner(turns, heard.item.began_us)
        else:
            yield heard, owner(turns, begun.at_us, places[id(begun)])


def _agent_line(heard: Heard, side: Side, turn: int | None) -> Line:
    text = heard.item.text if heard.share is None else heard_words(heard.item.text, *heard.share)
    return Line(
        who=AGENT,
        text=text,
        began_us=heard.from_us,
        ended_us=heard.to_us,
        source=SOURCES[side],
        turn=turn,
        cut=heard.share is not None,
    )


def _caller_lines(view: EventsView, places: Mapping[int, int]) -> Iterator[tuple[int, Line]]:
    pressed: list[CallerPressed] = []
    for event in [event for event in view.events if type(event) in SAID]:
        if isinstance(event, CallerPressed) and (not pressed or pressed[-1].turn == event.turn):
            pressed.append(event)
            continue
        if pressed:
            yield places[id(pressed[0])], _digits(pressed)
            pressed = [event] if isinstance(event, CallerPressed) else []
        if line := _caller_line(event):
            yield places[id(event)], line
    if pressed:
        yield places[id(pressed[0])], _digits(pressed)


def _caller_line(event: Event) -> Line | None:
    match event:
        case CallerSpoke():
            text = event.text if event.text is not None else f"[{event.clip or 'a recording without text'}]"
            return _said(text, event.speech_start_us, event.speech_end_us, event.origin, event.turn)
        case CallerTexted():
            return _said(event.text, event.at_us, event.at_us, Origin.SCRIPTED, event.turn)
        case CallerSent():
            return _said(f"[{event.name}]", event.at_us, event.at_us, Origin.SCRIPTED, event.turn)
        case _:
            return None


def _digits(pressed: list[CallerPressed]) -> Line:
    keys = "".join(event.digit for event in pressed)
    first, last = pressed[0], pressed[-1]
    return _said(f"[keys {keys}]", first.at_us, last.at_us, Origin.SCRIPTED, first.turn)


def _said(text: str, began_us: int, ended_us: int, origin: Origin, turn: int) -> Line:
    return Line(who=CALLER, text=text, began_us=began_us, ended_us=ended_us, source=origin.value, turn=turn)
