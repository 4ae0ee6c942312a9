"""A scenario as written: who calls, what is said, what must happen and how fast."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.caller import QuotedText, Words
from turnspec.dsl.durations import Duration
from turnspec.dsl.faults import ScenarioFault, faults_listed
from turnspec.dsl.flow import Entry, plain_turns
from turnspec.dsl.functions import FunctionSpec
from turnspec.dsl.line import Line
from turnspec.dsl.project import Budgets, Limits, TargetSpec
from turnspec.dsl.repeating import RepeatRun, clash_of_repeats, examples_checked
from turnspec.dsl.turn import Turn

DEFAULT_PATIENCE = Duration(15_000_000)


class CallerSpec(Model):
    """Who calls."""

    WORD = "caller"

    from_: QuotedText | None = Field(default=None, alias="from")
    voice: str | None = Field(default=None, min_length=1)
    line: Line | None = None


def _target_tag(value: Any) -> str:
    return "<name>" if isinstance(value, str) else "<target>"


class Scenario(Model):
    """One scripted conversation with a target."""

    WORD = "a scenario"
    ELSEWHERE = MappingProxyType(
        {
            **dict.fromkeys(("steps", "conversation"), "turns"),
            "repeat": "repeat_run",
            "protocol": "write it at the target, in turnspec.yaml, or choose it by --protocol",
        }
    )

    name: str = Field(alias="scenario", min_length=1)
    description: str = ""
    tags: tuple[str, ...] = ()
    target: Annotated[
        Annotated[str, Tag("<name>")] | Annotated[TargetSpec, Tag("<target>")], Discriminator(_target_tag)
    ]
    variables: dict[str, JsonValue] = Field(default_factory=dict)
    examples: tuple[dict[str, JsonValue], ...] = ()
    caller: CallerSpec = Field(default_factory=CallerSpec)
    functions: dict[str, FunctionSpec] = Field(default_factory=dict)
    budgets: Budgets = Field(default_factory=Budgets)
    limits: Limits = Field(default_factory=Limits)
    patience: Duration = DEFAULT_PATIENCE
    on_failure: Literal["continue", "end_call"] = "continue"
    reply_ends_after: Duration | None = None
    filler: tuple[Words, ...] | None = None
    faults: tuple[ScenarioFault, ...] = ()
    repeat_run: RepeatRun | None = None
    retries: Annotated[int, Field(strict=True, ge=0, le=10)] = 0
    seed: Annotated[int, Field(strict=True)] | None = None
    setup: tuple[Entry, ...] = ()
    turns: tuple[Entry, ...] = Field(min_length=1)
    teardown: tuple[Entry, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one fault a list of it; hold the examples to a table."""
        clash_of_repeats(data, reading)
        return examples_checked(listed(faults_listed(data), "filler"), reading)

    @property
    def path(self) -> str:
        """The file it was read from, relative to the project folder."""
        return self.place.table.file

    @property
    def given(self) -> frozenset[str]:
        """The names that its variables and its examples give values."""
        return frozenset({*self.variables, *(self.examples[0] if self.examples else ())})

    def plain_turns(self) -> Iterator[Turn]:
        """Every turn written in the scenario itself, nested ones too, in reading order."""
        return plain_turns((*self.setup, *self.turns, *self.teardown))

    def titles(self) -> Iterator[str]:
        """What each of these is called in reports: its name, else its number."""
        return (turn.name or f"turn {number}" for number, turn in enumerate(self.plain_turns(), start=1))


__all__ = ["DEFAULT_PATIENCE", "CallerSpec", "Scenario"]
