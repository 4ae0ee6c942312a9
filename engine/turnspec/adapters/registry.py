"""Adapters by name: found through entry points and checked when they are loaded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from pydantic import BaseModel

from turnspec.adapters.base import Adapter

GROUP: Final = "turnspec.adapters"
_PARTS: Final = ("name", "options_model", "capabilities", "dial")


class AdapterError(Exception):
    """No such adapter, or one that is not made as adapters are."""


def adapter_names(installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The words that `protocol:` may have here, in alphabetical order; nothing is loaded."""
    return tuple(sorted({point.name for point in _points(installed)}))


def adapter(name: str, installed: Iterable[EntryPoint] | None = None) -> Adapter:
    """The adapter of this name; `installed` replaces the entry points of group `turnspec.adapters`.

    Raises:
        AdapterError: Nobody offers it, several do, it does not import, or it is not an adapter.
    """
    points = [point for point in _points(installed) if point.name == name]
    if not points:
        raise AdapterError(_unknown(name, adapter_names(installed)))
    if len({point.value for point in points}) > 1:
        places = " and ".join(sorted(_source(point) for point in points))
        raise AdapterError(f"protocol {name!r} is offered by {places}: uninstall all but one")
    return _loaded(points[0])


@lru_cache(maxsize=1)
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _points(installed: Iterable[EntryPoint] | None) -> tuple[EntryPoint, ...]:
    return _installed() if installed is None else tuple(installed)


def _loaded(point: EntryPoint) -> Adapter:
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise AdapterError(f"adapter {_source(point)} does not load: {error}") from error
    wrong = _what_is_wrong(found, point.name)
    if wrong:
        raise AdapterError(f"adapter {_source(point)} cannot be used: {'; '.join(wrong)}")
    assert isinstance(found, Adapter)
    return found


def _what_is_wrong(found: object, name: str) -> list[str]:
    lacking = [part for part in _PARTS if not hasattr(found, part)]
    if lacking:
        return [f"it has no {', no '.join(lacking)}"]
    if isinstance(found, type):
        return ["it is a class: the entry point must name an object made from it"]
    wrong = [f"{part} is not a method" for part in _PARTS[2:] if not callable(getattr(found, part))]
    said: object = getattr(found, "name")  # noqa: B009 # `found` is only known to be an object
    if said != name:
        wrong.append(f"it calls itself {said!r}, its entry point {name!r}")
    return wrong + _wrong_options(getattr(found, "options_model"))  # noqa: B009 # as above


def _wrong_options(model: Any) -> list[str]:
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ["options_model is not a pydantic model"]
    wrong = []
    if not model.model_config.get("frozen"):
        wrong.append("options_model is not frozen: set ConfigDict(frozen=True)")
    if model.model_config.get("extra") != "forbid":
        wrong.append('options_model lets unknown keys pass: set ConfigDict(extra="forbid")')
    return wrong


def _source(point: EntryPoint) -> str:
    origin = f" of {point.dist.name}" if point.dist is not None else ""
    return f"{point.name!r} ({point.value}{origin})"


def _unknown(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    there = f"installed are {', '.join(names)}" if names else "no adapter is installed"
    return f"no adapter speaks protocol {name!r}{meant} ({there})"
