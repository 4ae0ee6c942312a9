"""Recordings whose names have templates: looked for once it is known what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from turnspec.dsl.files import Files
from turnspec.dsl.models import Play
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.templates import TemplateError, is_template, render
from turnspec.plan import CallPlan
from turnspec.plan.scope import variables_for


def recording_problems(plan: CallPlan, files: Files) -> Iterator[Problem]:
    """What is wrong with them; all recordings are made ready before the call begins."""
    for turn in plan.active:
        for action in turn.turn.caller:
            if isinstance(action, Play) and is_template(action.audio):
                yield from _problems(action, variables_for(plan, turn.index, {}), files)


def _problems(action: Play, known: Mapping[str, Any], files: Files) -> Iterator[Problem]:
    place = action.place.child("audio")
    try:
        written = str(render(action.audio, known))
    except TemplateError as error:
        message = f"which recording this is must be known before the call: {error}"
        yield problem_at(
            place, "template-not-allowed", message, hint="captures come too late; use a variable"
        )
        return
    yield from files.audio_problems(written, place)
