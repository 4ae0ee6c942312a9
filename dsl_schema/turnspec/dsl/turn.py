"""One turn as written: what the caller does, what the agent must do, and how fast."""

from typing import Any, Final

from pydantic import Field, JsonValue

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.caller import ACTIONS, CallerAction, Words, located_actions
from turnspec.dsl.conditions import Condition, conditions_listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.expect import Expect
from turnspec.dsl.naming import Name
from turnspec.dsl.project import Budgets
from turnspec.dsl.spans import Place

_ACTS, _EXPECTED, _LIMITS = frozenset(ACTIONS), Expect.keys(), Budgets.keys()
_PARTING = "ways that part are branches of `choose`: - choose: [{when: ..., turns: ...}]"
_ELSEWHERE: Final = {
    **{key: f"a limit of time goes below `budget`: budget: {{{key}: 1 s}}" for key in _LIMITS},
    **{key: f"what the caller does goes below `caller`: caller: {{{key}: ...}}" for key in _ACTS},
    **{key: f"what the reply must be goes below `expect`: expect: {{{key}: ...}}" for key in _EXPECTED},
    **{
        key: f"a deed of the caller goes below `caller`, one of the agent below `expect`: {{{key}: ...}}"
        for key in _ACTS & _EXPECTED
    },
    **dict.fromkeys(("agent", "assert"), "expect"),
    **dict.fromkeys(("user", "customer"), "caller"),
    **dict.fromkeys(("if", "then", "else"), _PARTING),
}


class Turn(Model):
    """What the caller does, what the agent must do, and how fast; `save` names what later turns use of it."""

    WORD = "a turn"
    NEARBY = frozenset({"choose", "repeat", "together", "use"})
    ELSEWHERE = _ELSEWHERE

    name: str | None = Field(default=None, alias="turn")
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    caller: tuple[CallerAction, ...] = ()
    expect: Expect | None = None
    budget: Budgets = Field(default_factory=Budgets)
    patience: Duration | None = None
    reply_ends_after: Duration | None = None
    filler: tuple[Words, ...] | None = None
    save: dict[Name, JsonValue] = Field(default_factory=dict)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the caller's part into a list of actions."""
        data = listed(conditions_listed(_named(data, reading), reading, "when", "unless"), "filler")
        if "save" in data:
            _report_saved(data["save"], data.place.child("save"), reading)
        if "caller" not in data:
            return data
        return data.but(caller=located_actions(data["caller"], data, reading))


def _named(data: Located, reading: Reading) -> Located:
    """The turn below the name that is written in place of `turn`, which is reported."""
    name, inner = next(iter(data.items()), ("", None))
    if (
        len(data) != 1
        or name in Turn.keys() | Turn.NEARBY | set(_ELSEWHERE)
        or not isinstance(inner, Located)
    ):
        return data
    message = f"a turn has no key '{name}'"
    hint = f"write - turn: {name}, and the keys of the turn below that, in the same column"
    reading.problem("unknown-key", message, data.place.child(name), hint=hint, key=True)
    return inner


def _report_saved(written: Any, place: Place, reading: Reading) -> None:
    """Report what would save nothing."""
    hint = 'write save: {name: "{{ reply.text }}"}'
    if written == {}:
        reading.problem("empty", "nothing is saved here", place, hint=hint)
    for name, value in written.items() if isinstance(written, Located) else ():
        if value is None:
            reading.problem("empty", f"nothing is saved as '{name}'", place.child(name), hint=hint, key=True)
