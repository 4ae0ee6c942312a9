"""Recordings whose names have templates: looked for once it is known what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from turnspec.dsl.files import Files
from turnspec.dsl.models import Place, Play
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.templates import TemplateError, is_template, render
from turnspec.plan import CallPlan
from turnspec.plan.model import TurnPlan
from turnspec.plan.scope import variables_for


def recording_problems(plan: CallPlan, files: Files) -> Iterator[Problem]:
    """What is wrong with them: all are made ready, or listened to, without a call that is up."""
    for turn in plan.active:
        written = [*_said(turn), *_played(turn)]
        known = variables_for(plan, turn.index, {}) if written else {}
        for name, place in written:
            yield from _problems(name, place, known, files)


def _said(turn: TurnPlan) -> Iterator[tuple[str, Place]]:
    for action in turn.turn.caller:
        if isinstance(action, Play) and is_template(action.audio):
            yield action.audio, action.place.child("audio")


def _played(turn: TurnPlan) -> Iterator[tuple[str, Place]]:
    for expect in turn.expects():
        for number, written in enumerate(expect.plays):
            if is_template(written):
                yield written, expect.place.child("plays", number)


def _problems(name: str, place: Place, known: Mapping[str, Any], files: Files) -> Iterator[Problem]:
    try:
        written = str(render(name, known))
    except TemplateError as error:
        message = f"which recording this is must be known before the call: {error}"
        yield problem_at(
            place, "template-not-allowed", message, hint="captures come too late; use a variable"
        )
        return
    yield from files.audio_problems(written, place)
