"""A scenario as written: who calls, what is said, what must happen and how fast."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.caller import CallerAction, QuotedText, located_actions
from turnspec.dsl.conditions import Condition, conditions_listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.expect import Expect
from turnspec.dsl.faults import ScenarioFault, faults_listed
from turnspec.dsl.functions import FunctionSpec
from turnspec.dsl.project import Budgets, Limits, TargetSpec

DEFAULT_PATIENCE = Duration(15_000_000)


class CallerSpec(Model):
    """Who calls."""

    WORD = "caller"
    NOT_YET = frozenset({"line"})

    from_: QuotedText | None = Field(default=None, alias="from")
    voice: str | None = None


class Turn(Model):
    """What the caller does, what the agent must do, and how fast."""

    WORD = "a turn"
    NOT_YET = frozenset({"choose", "repeat", "together", "use", "with", "save", "retries", "filler"})

    name: str | None = Field(default=None, alias="turn")
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    caller: tuple[CallerAction, ...] = ()
    expect: Expect | None = None
    budget: Budgets = Field(default_factory=Budgets)
    patience: Duration | None = None
    reply_ends_after: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the caller's part into a list of actions; of a block of turns only its word matters."""
        for block in ("choose", "repeat", "together", "use"):
            if block in data:
                reading.unknown_key(cls, data, block)
                return Located({}, data.place)
        data = conditions_listed(data, reading, "when", "unless")
        if "caller" not in data:
            return data
        return data.but(caller=located_actions(data["caller"], data, reading))


def _target_tag(value: Any) -> str:
    return "<name>" if isinstance(value, str) else "<target>"


class Scenario(Model):
    """One scripted conversation with a target."""

    WORD = "a scenario"
    NOT_YET: ClassVar[frozenset[str]] = frozenset(
        {"examples", "setup", "teardown", "filler", "repeat_run", "retries", "seed"}
    )

    name: str = Field(alias="scenario", min_length=1)
    description: str = ""
    tags: tuple[str, ...] = ()
    target: Annotated[
        Annotated[str, Tag("<name>")] | Annotated[TargetSpec, Tag("<target>")], Discriminator(_target_tag)
    ]
    variables: dict[str, JsonValue] = Field(default_factory=dict)
    caller: CallerSpec = Field(default_factory=CallerSpec)
    functions: dict[str, FunctionSpec] = Field(default_factory=dict)
    budgets: Budgets = Field(default_factory=Budgets)
    limits: Limits = Field(default_factory=Limits)
    patience: Duration = DEFAULT_PATIENCE
    on_failure: Literal["continue", "end_call"] = "continue"
    reply_ends_after: Duration | None = None
    faults: tuple[ScenarioFault, ...] = ()
    turns: tuple[Turn, ...] = Field(min_length=1)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # the signature is the base's
        """Make one fault a list of it."""
        return faults_listed(data)

    @property
    def path(self) -> str:
        """The file it was read from, relative to the project folder."""
        return self.place.table.file

    def titles(self) -> Iterator[str]:
        """What each turn is called in reports: its name, else its number."""
        return (turn.name or f"turn {number}" for number, turn in enumerate(self.turns, start=1))
