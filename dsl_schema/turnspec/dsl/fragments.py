"""Turns in a file of their own, to be used in many scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, JsonValue, Tag

from turnspec.dsl.base import Model
from turnspec.dsl.flow import Entry
from turnspec.dsl.naming import Name


def _parameters_tag(value: Any) -> str:
    return "<defaults>" if isinstance(value, Mapping) else "<names>"


Parameters = Annotated[
    Annotated[tuple[Name, ...], Tag("<names>")] | Annotated[dict[Name, JsonValue], Tag("<defaults>")],
    Discriminator(_parameters_tag),
]


class Fragment(Model):
    """Turns that scenarios use by the path of their file.

    Parameters are a list of names, or a mapping of names to defaults; nothing behind the colon is no default.
    """

    WORD = "a fragment"

    name: str = Field(alias="fragment", min_length=1)
    description: str = ""
    parameters: Parameters = ()
    turns: tuple[Entry, ...] = Field(min_length=1)

    @property
    def path(self) -> str:
        """The file it was read from, relative to the project folder."""
        return self.place.table.file

    @property
    def defaults(self) -> Mapping[str, JsonValue]:
        """The parameters that need not be given, with what they are then."""
        if not isinstance(self.parameters, dict):
            return {}
        return {name: value for name, value in self.parameters.items() if value is not None}

    def bound(self, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The value of each parameter, where this is what `with` gives."""
        return {**self.defaults, **given}
