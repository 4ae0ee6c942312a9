"""What a local agent understood and why it answered as it did: worth showing, judged by nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from turnspec.call.events import CallerHeard, Event, ResponseChosen, Side
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.results import Finding, Status


def choices(stage: Stage) -> Iterator[Finding]:
    """A note for each reply that a script chose in this turn."""
    heard: CallerHeard | None = None
    for event in stage.scene.view.events:
        if isinstance(event, CallerHeard) and event.side is not Side.LINE:  # what it told the platform later
            heard = event
        elif isinstance(event, ResponseChosen):
            if event.scores and _belongs(stage, event):
                yield _choice(stage, heard, event)
            heard = None


def _belongs(stage: Stage, event: Event) -> bool:
    return stage.scene.owner_of(event) == stage.turn.index


def _choice(stage: Stage, heard: CallerHeard | None, chosen: ResponseChosen) -> Finding:
    points = chosen.scores.get(chosen.name)
    score = f" with {shown.many(round(points), 'point')}" if isinstance(points, int | float) else ""
    return stage.found(
        "chosen",
        Status.NOTE,
        f"{_understood(heard)} and chose {shown.quoted(chosen.name)}{score}.",
        actual=chosen.name,
        at_us=chosen.at_us,
        details=tuple(_others(chosen.scores, chosen.name)),
    )


def _understood(heard: CallerHeard | None) -> str:
    if heard is None:
        return "The agent's script was asked for a reply"
    if heard.text is None:
        return "The agent's script heard the caller, did not understand it,"
    how = heard.source if heard.score is None else f"{heard.source}, {heard.score:.2f}"
    return f"The agent's script heard {shown.quoted(heard.text)} ({how})"


def _others(scores: Mapping[str, float | str], name: str) -> Iterator[str]:
    for other, points in scores.items():
        if other != name:
            told = points if isinstance(points, str) else shown.many(round(points), "point")
            yield f"{other}: {told}"
