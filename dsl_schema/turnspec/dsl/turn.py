"""One turn as written: what the caller does, what the agent must do, and how fast."""

from pydantic import Field, JsonValue

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.caller import CallerAction, Words, located_actions
from turnspec.dsl.conditions import Condition, conditions_listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.expect import Expect
from turnspec.dsl.project import Budgets


class Turn(Model):
    """What the caller does, what the agent must do, and how fast; `save` names what later turns use of it."""

    WORD = "a turn"
    NEARBY = frozenset({"choose", "repeat", "together", "use"})

    name: str | None = Field(default=None, alias="turn")
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    caller: tuple[CallerAction, ...] = ()
    expect: Expect | None = None
    budget: Budgets = Field(default_factory=Budgets)
    patience: Duration | None = None
    reply_ends_after: Duration | None = None
    filler: tuple[Words, ...] | None = None
    save: dict[str, JsonValue] = Field(default_factory=dict)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the caller's part into a list of actions."""
        data = listed(conditions_listed(data, reading, "when", "unless"), "filler")
        if "caller" not in data:
            return data
        return data.but(caller=located_actions(data["caller"], data, reading))
