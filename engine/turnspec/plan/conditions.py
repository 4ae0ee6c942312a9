"""Which turns are run in a setting, and what becomes of names that only skipped turns would have bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from turnspec.call import Capability
from turnspec.dsl.models import Condition, Turn
from turnspec.dsl.names import captures_of
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.references import texts_of_turn
from turnspec.dsl.templates import TemplateError, names
from turnspec.plan.model import TurnPlan
from turnspec.plan.setting import Setting


def why_skipped(turn: Turn, setting: Setting) -> str:
    """Why a turn is not run in this setting; empty where it is."""
    lacking = _lacking(turn.when, setting)
    if lacking:
        return f"{setting.protocol} does not support {', '.join(lacking)} here"
    if turn.unless and not _lacking(turn.unless, setting):
        had = dict.fromkeys(word for condition in turn.unless for word in condition.supports)
        return f"{setting.protocol} supports {', '.join(had)}"
    return ""


def _lacking(conditions: Sequence[Condition], setting: Setting) -> list[str]:
    words = dict.fromkeys(word for condition in conditions for word in condition.supports)
    return [word for word in words if not setting.can(Capability(word))]


def unbound_names(turns: Sequence[TurnPlan], variables: Mapping[str, Any]) -> Iterator[Problem]:
    """Uses of captures whose only turns are skipped here."""
    bound = set(variables)
    never: dict[str, TurnPlan] = {}
    for plan in turns:
        caught = captures_of(plan.turn.expect)
        if plan.skipped:
            never |= dict.fromkeys(caught, plan)
            continue
        for text, place in texts_of_turn(plan.turn):
            for name in sorted(_roots(text) & set(never) - bound):
                skipped = never[name]
                yield problem_at(
                    place,
                    "undefined-name",
                    f"nothing gives '{name}' a value here: '{skipped.name}' is skipped, "
                    f"because {skipped.skipped}",
                    hint="give this turn the same condition, or capture it in a turn that is always run",
                )
        bound |= caught


def _roots(text: str) -> set[str]:
    try:
        return {name.partition(".")[0] for name in names(text)}
    except TemplateError:
        return set()  # it was refused when the file was read
