"""Expectations beyond the words of the language: events of the protocol as they came, checks in Python."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, JsonValue

from turnspec.dsl import matchers
from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.refusals import refusal
from turnspec.dsl.spans import Place

IN_PYTHON: Final = "python:"
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_REGISTERED = re.compile(r"[A-Za-z_][\w.-]*")


def _check_name(written: str) -> str:
    prefix, colon, rest = written.partition(":")
    if written.startswith(IN_PYTHON):
        if not _FUNCTION.fullmatch(rest):
            hint = "write check: python:module.function, the module as it is imported from the project folder"
            raise refusal("bad-check", f"'{rest}' is not a function of a module", hint=hint)
    elif colon:
        suggestion = f"{IN_PYTHON}{rest}" if _FUNCTION.fullmatch(rest) else None
        hint = "" if suggestion else "write check: python:module.function, or the name of an installed check"
        message = f"a check is in Python or installed, not in '{prefix}'"
        raise refusal("bad-check", message, hint=hint, suggestion=suggestion)
    elif not _REGISTERED.fullmatch(written):
        hint = "write check: python:module.function, or the name of an installed check"
        raise refusal("bad-check", f"'{written}' is no name of a check", hint=hint)
    return written


class CheckExpectation(Model):
    """A check in Python: a function of a module (`python:`), or one that is installed under its name."""

    WORD = "a check"

    name: Annotated[str, AfterValidator(_check_name)]
    with_: dict[str, JsonValue] = Field(default_factory=dict, alias="with")

    @property
    def function(self) -> tuple[str, str] | None:
        """The module and the name of its function; None where it is installed."""
        if not self.name.startswith(IN_PYTHON):
            return None
        module, _, name = self.name.removeprefix(IN_PYTHON).rpartition(".")
        return module, name


def located_checks(written: Any, place: Place, reading: Reading) -> list[Located]:
    """Bring what `check` may hold into a list of checks with their arguments."""
    return [made for item, at in _each(written, place) for made in _checks(item, at, reading)]


def _checks(item: Any, place: Place, reading: Reading) -> list[Located]:
    if isinstance(item, str):
        return [Located({"name": item}, place)]
    if not isinstance(item, Located):
        hint = "write check: python:module.function, or {python:module.function: {argument: value}}"
        reading.problem("wrong-type", "a check is a name, or a name with its arguments", place, hint=hint)
        return []
    if "name" in item and "with" in item:
        return [item]
    return [made for name, given in item.items() for made in _with_arguments(name, given, item, reading)]


def _with_arguments(name: str, given: Any, item: Located, reading: Reading) -> Iterator[Located]:
    place = item.place.child(name)
    if given is None or isinstance(given, Located):
        yield Located({"name": name, "with": given or {}}, place)
    else:
        hint = f"write {{{name}: {{argument: value}}}}"
        reading.problem("wrong-type", "the arguments of a check have names", place, hint=hint)


def located_events(written: Any, place: Place, reading: Reading) -> list[Located]:
    """Bring what `event` may hold into a list of matchers: of a name, or of a partial document."""
    return [made for item, at in _each(written, place) for made in _event(item, at, reading)]


def _event(item: Any, place: Place, reading: Reading) -> list[Located]:
    if isinstance(item, str) and item not in {"any", "absent"}:
        return [Located({"<plain>": item}, place)]
    if isinstance(item, Located) and item:
        return [matchers.located(item, place, reading)]
    message = "an expected event is its name, or a mapping of some of what it carries"
    hint = "write event: response.done, or event: {type: response.done, response: {status: cancelled}}"
    if item == "absent":
        hint = "to expect no event for a while, write nothing: 2 s"
    reading.problem("wrong-type", message, place, hint=hint)
    return []


def _each(written: Any, place: Place) -> Iterator[tuple[Any, Place]]:
    if isinstance(written, list):
        yield from ((item, place.child(index)) for index, item in enumerate(written))
    else:
        yield written, place
