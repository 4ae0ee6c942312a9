"""Which value a name has in a turn: captures first, then what the fragments around it were given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from turnspec.dsl.templates import TemplateError, render_value

if TYPE_CHECKING:
    from turnspec.plan.model import CallPlan  # which a turn of it is given back to

Frames = Sequence[Mapping[str, Any]]
"""What `with` gives the fragments around a turn, the outermost first; values may be templates."""


def variables_for(plan: CallPlan, turn_index: int, captured: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every name that has a value in a turn: captures > `with` > examples row > scenario > project.

    A value of `with` that needs a capture which did not happen has none itself.
    """
    return scoped(plan.variables, plan.turns[turn_index].frames, captured)


def scoped(variables: Mapping[str, Any], frames: Frames, captured: Mapping[str, Any]) -> dict[str, Any]:
    """The same for given frames; each frame's values are worked out in the scope around it."""
    known = dict(variables)
    for frame in frames:
        outside = {**known, **captured}
        known = {name: value for name, value in known.items() if name not in frame}
        known |= _filled(frame, outside)
    return {**known, **captured}


def _filled(frame: Mapping[str, Any], outside: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in frame.items():
        try:
            found[name] = render_value(value, outside)
        except TemplateError:
            continue  # whoever needs it is skipped for want of it
    return found
