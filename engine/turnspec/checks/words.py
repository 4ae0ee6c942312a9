"""The words of both sides as they were heard: the transcript of a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from turnspec.call.events import CallerPressed, CallerSpoke, CallerTexted, Event, Origin, Side
from turnspec.checks.playback import Heard, heard_items
from turnspec.checks.turns import EventsView, Window, owner, responses_started, windows
from turnspec.results import Line

CALLER: Final = "caller"
AGENT: Final = "agent"
SOURCES: Final = {
    Side.MODEL: "model's transcript",
    Side.AGENT: "agent's script",
    Side.LINE: "message text",
}


def transcript(view: EventsView, side: Side | None) -> tuple[Line, ...]:
    """What the caller and the agent said, by time; `side` tells whose account of the agent is taken.

    An item of which a part was flushed unheard keeps the share of its words that was heard.
    """
    turns = windows(view)
    agent = () if side is None else _agent_lines(view, side, turns)
    return tuple(sorted((*_caller_lines(view), *agent), key=lambda line: line.began_us))


def text_of(lines: Iterable[Line]) -> str:
    """The agent's words in these lines, in one text."""
    return " ".join(line.text for line in lines if line.who == AGENT and line.text)


def heard_words(text: str, heard_us: int, whole_us: int) -> str:
    """The words of `text` that were wholly heard, taking each to last equally long."""
    words = text.split()
    return " ".join(words[: len(words) * max(0, heard_us) // whole_us])


def _agent_lines(view: EventsView, side: Side, turns: tuple[Window, ...]) -> Iterator[Line]:
    started = responses_started(view, side)
    for heard in heard_items(view, side):
        begun = started.get(heard.item.response_id, heard.item.began_us)
        yield _agent_line(heard, side, owner(turns, begun))


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


def _caller_lines(view: EventsView) -> Iterator[Line]:
    pressed: list[CallerPressed] = []
    for event in view.events:
        if isinstance(event, CallerPressed) and (not pressed or pressed[-1].turn == event.turn):
            pressed.append(event)
            continue
        if pressed and isinstance(event, CallerSpoke | CallerTexted | CallerPressed):
            yield _digits(pressed)
            pressed = [event] if isinstance(event, CallerPressed) else []
        if line := _caller_line(event):
            yield line
    if pressed:
        yield _digits(pressed)


def _caller_line(event: Event) -> Line | None:
    match event:
        case CallerSpoke():
            text = event.text if event.text is not None else f"[{event.clip or 'a recording without text'}]"
            return _said(text, event.speech_start_us, event.speech_end_us, event.origin, event.turn)
        case CallerTexted():
            return _said(event.text, event.at_us, event.at_us, Origin.SCRIPTED, event.turn)
        case _:
            return None


def _digits(pressed: list[CallerPressed]) -> Line:
    keys = "".join(event.digit for event in pressed)
    first, last = pressed[0], pressed[-1]
    return _said(f"[keys {keys}]", first.at_us, last.at_us, Origin.SCRIPTED, first.turn)


def _said(text: str, began_us: int, ended_us: int, origin: Origin, turn: int) -> Line:
    return Line(who=CALLER, text=text, began_us=began_us, ended_us=ended_us, source=origin.value, turn=turn)
