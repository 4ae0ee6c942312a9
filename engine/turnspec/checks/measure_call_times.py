"""Times of the call as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.call.events import CallRefused, Dialled, ReplyRequested
from turnspec.checks.measure_answers import unanswered
from turnspec.checks.measure_readings import Reading, at_least, between, error_bar, not_applicable, unseen
from turnspec.checks.scene import Scene


def connect(scene: Scene, lateness_us: int) -> Reading:
    """From dialling to the call being up."""
    del lateness_us  # both ends are messages
    dialled = next((event.at_us for event in scene.view.of(Dialled)), None)
    if dialled is None or scene.up_us is None:
        refused = any(scene.view.of(CallRefused))
        return unseen("the call was refused" if refused else "the call was never up")
    return between(dialled, scene.up_us, 0)


def greeting(scene: Scene, lateness_us: int) -> Reading:
    """From the call being up to the agent's first words, if the caller was not first."""
    if scene.up_us is None:
        return unseen("the call was never up")
    # A Realtime agent is asked for its greeting: it cannot begin before.
    asked_us = next((event.at_us for event in scene.view.of(ReplyRequested)), scene.up_us)
    first_act = min((act.start_us for act in scene.acts), default=None)
    first = scene.first
    waits = not first.turn.caller  # a caller who waits acts after the greeting, if only just
    for at_us, error in _first_words(scene, lateness_us):
        if first_act is None or at_us < first_act + waits:
            return between(asked_us, at_us, error)
    if first.turn.caller:
        return not_applicable("the caller speaks first")
    return _no_greeting(scene, asked_us, lateness_us)


def _first_words(scene: Scene, lateness_us: int) -> Iterator[tuple[int, int]]:
    """The first agent speech, and the first text, each with its error."""
    found = [(each.start_us, error_bar(lateness_us, each.start_blur_us)) for each in scene.speech[:1]]
    found += [(event.at_us, 0) for event in scene.texts[:1]]
    yield from sorted(found)


def _no_greeting(scene: Scene, since_us: int, lateness_us: int) -> Reading:
    turn = scene.turn(scene.first.index)
    if turn is None:
        return unseen("the call was over before the first turn began")
    return unanswered(scene, turn, since_us, lateness_us)


def call_length(scene: Scene, lateness_us: int) -> Reading:
    """From the call being up to its end."""
    del lateness_us
    if scene.up_us is None:
        return unseen("the call was never up")
    if scene.ended_us is None:
        return at_least(scene.up_us, scene.last_us, 0, "the call goes on")
    return between(scene.up_us, scene.ended_us, 0)
