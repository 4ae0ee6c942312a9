"""Functions that the agent's side may call, and what they give back."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, JsonValue

from turnspec.dsl import matchers
from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.durations import Duration
from turnspec.dsl.matchers import Matcher
from turnspec.dsl.parameters import is_long_form, report_parameters


class FunctionCase(Model):
    """One answer: the first case whose `when` matches the arguments is given."""

    WORD = "a case of a function"

    when: Matcher | None = None
    returns: JsonValue = None
    error: str | None = None
    takes: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the condition into the form of a matcher."""
        if "returns" in data and "error" in data:
            message = "a case returns something or is an error, not both"
            reading.problem("clash", message, data.place.child("error"), hint="keep one of the two", key=True)
        if data.get("when") is None:
            return data
        return data.but(when=matchers.located(data["when"], data.place.child("when"), reading))


class FunctionSpec(Model):
    """A function: its parameters, and what it returns where the engine answers it."""

    WORD = "a function"

    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    returns: tuple[FunctionCase, ...] = ()
    returns_in_turn: tuple[JsonValue, ...] = ()
    takes: Duration | None = None
    description: str = ""

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring one returned value into a list of one case."""
        if isinstance(data.get("parameters"), Mapping):
            report_parameters(data["parameters"], data.place.child("parameters"), reading)
        if "returns" in data and "returns_in_turn" in data:
            message = "a function has returns or returns_in_turn, not both"
            place = data.place.child("returns_in_turn")
            reading.problem("clash", message, place, hint="keep one of the two", key=True)
        if "returns" not in data or _has_cases(data["returns"]):
            return data
        return data.but(returns=[Located({"returns": data["returns"]}, data.place)])

    @property
    def json_schema(self) -> dict[str, JsonValue]:
        """The JSON Schema of its arguments, whichever way the parameters were written."""
        if is_long_form(self.parameters):
            return self.parameters
        return {
            "type": "object",
            "properties": {name.removesuffix("?"): _long(kind) for name, kind in self.parameters.items()},
            "required": [name for name in self.parameters if not name.endswith("?")],
        }


def _has_cases(value: Any) -> bool:
    """Whether a list tells cases apart; a list of mappings may as well be what is returned."""
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return False
    return any(
        "returns" in item or "error" in item or isinstance(item.get("when"), Mapping) for item in value
    )


def _long(kind: JsonValue) -> JsonValue:
    return {"type": kind} if isinstance(kind, str) else kind
