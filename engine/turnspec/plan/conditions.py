"""Which turns are run in a setting, and what becomes of names that only skipped turns would have bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from turnspec.call import Capability
from turnspec.dsl.models import Condition
from turnspec.dsl.names import captures_of, captures_of_conditions
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.references import texts_of_turn
from turnspec.dsl.templates import TemplateError, names
from turnspec.plan.model import TurnPlan
from turnspec.plan.scope import Frames, scoped
from turnspec.plan.setting import Setting


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of a condition before the call: `why` it is not run, else what the call will decide."""

    why: str = ""
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the call decides."""
        return bool(self.when or self.unless)


@dataclass(frozen=True, slots=True)
class Settling:
    """Decides conditions as far as that can be done before the call; `captured` may have a value later."""

    setting: Setting
    variables: Mapping[str, Any]
    frames: Frames = ()
    captured: frozenset[str] = frozenset()
    _known: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", scoped(self.variables, self.frames, {}))

    def settle(self, when: Sequence[Condition], unless: Sequence[Condition]) -> Settled:
        """`when` wants all of its conditions, `unless` is against all of them together."""
        wanted = [(each, self._holds(each)) for each in _single(when)]
        if lacking := [condition for condition, holds in wanted if holds is False]:
            return Settled(self._lacks(lacking))
        against = [(each, self._holds(each)) for each in _single(unless)]
        if against and all(holds for _, holds in against):
            return Settled(self._has([condition for condition, _ in against]))
        dead = any(holds is False for _, holds in against)
        return Settled(
            when=tuple(condition for condition, holds in wanted if holds is None),
            unless=() if dead else tuple(condition for condition, holds in against if holds is None),
        )

    def _holds(self, condition: Condition) -> bool | None:
        """Whether a single condition holds; None where only the call can tell."""
        if condition.supports:
            return self.setting.can(Capability(condition.supports[0]))
        if condition.reply is not None or self.setting.holds is None or captures_of_conditions([condition]):
            return None
        name, matcher = next(iter(condition.variables.items()))
        root = name.partition(".")[0]
        awaited = any(root in frame for frame in self.frames) and root not in self._known
        if awaited or root in self.captured:
            return None
        return self.setting.holds(name, matcher, self._known)

    def _lacks(self, conditions: Sequence[Condition]) -> str:
        words = dict.fromkeys(word for condition in conditions for word in condition.supports)
        if words:
            return f"{self.setting.protocol} does not support {', '.join(words)} here"
        return f"'{next(iter(conditions[0].variables))}' is not what `when` asks for"

    def _has(self, conditions: Sequence[Condition]) -> str:
        words = dict.fromkeys(word for condition in conditions for word in condition.supports)
        if words:
            return f"{self.setting.protocol} supports {', '.join(words)}"
        return f"'{next(iter(conditions[0].variables))}' is what `unless` asks for"


def _single(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """The conditions one by one, each with one thing that it asks."""
    nothing: dict[str, Any] = {"supports": (), "variables": {}, "reply": None}
    for condition in conditions:
        for word in condition.supports:
            yield condition.model_copy(update={**nothing, "supports": (word,)})
        for name, matcher in condition.variables.items():
            yield condition.model_copy(update={**nothing, "variables": {name: matcher}})
        if condition.reply is not None:
            yield condition.model_copy(update={**nothing, "reply": condition.reply})


def unbound_names(turns: Sequence[TurnPlan], variables: Mapping[str, Any]) -> Iterator[Problem]:
    """Uses of captures whose only turns are skipped here."""
    bound = set(variables)
    never: dict[str, TurnPlan] = {}
    for plan in turns:
        caught = {name for expect in plan.expects() for name in captures_of(expect)} | set(plan.turn.save)
        if plan.skipped:
            never |= dict.fromkeys(caught, plan)
            continue
        given = {name for frame in plan.frames for name in frame}
        for text, place in texts_of_turn(plan.turn):
            for name in sorted(_roots(text) & set(never) - bound - given):
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
