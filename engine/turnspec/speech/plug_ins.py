"""Engines that other packages bring: each family of them is a group of entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


class EngineProblem(Exception):  # noqa: N818 - it is the base of what each family calls it
    """No such engine, or one that cannot be used here; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Family(Generic[Given, Made]):
    """One kind of engine: turnspec's own names of it, and the entry points that may name others.

    `kind` and `given` are for people: what an engine is called, and what one is made of. `parts` is what it
    must have to be used, and `problem` is raised with a message and a hint where it cannot be.
    """

    group: str
    own: tuple[str, ...]
    parts: tuple[str, ...]
    problem: Callable[[str, str], Exception]
    kind: str = "engine"
    given: str = "nothing"

    def points(self, installed: Iterable[EntryPoint] | None = None) -> tuple[EntryPoint, ...]:
        """The entry points of the family; `installed` replaces those of this machine."""
        return _installed(self.group) if installed is None else tuple(installed)

    def names(self, installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
        """The words that name an engine here, turnspec's own first; nothing is loaded."""
        return (*self.own, *sorted({point.name for point in self.points(installed)} - set(self.own)))

    def factory(self, name: str, installed: Iterable[EntryPoint] | None = None) -> Callable[[Given], Made]:
        """What makes the installed engine of this name; what it makes is looked at when it does.

        Raises:
            The family's problem: Nobody brings it, several do, or it does not load.
        """
        point = self._only(name, self.points(installed))
        try:
            make: Any = point.load()
        except (ImportError, AttributeError) as error:
            why = f"the engine '{name}' ({point.value}) does not load: {error}"
            raise self.problem(why, "") from error
        return partial(self._made, name, make)

    def version(self, name: str) -> str:
        """The version of the package that an installed engine comes with; empty if it is of none."""
        point = next(point for point in self.points() if point.name == name)
        return "" if point.dist is None else point.dist.version

    def _only(self, name: str, points: tuple[EntryPoint, ...]) -> EntryPoint:
        found = [point for point in points if point.name == name]
        if not found:
            there_are = f"there are {', '.join(self.names(points))}"
            raise self.problem(f"there is no {self.kind} '{name}'", there_are)
        if len({point.value for point in found}) > 1:
            places = " and ".join(sorted(point.value for point in found))
            raise self.problem(f"the engine '{name}' is offered by {places}", "uninstall all but one")
        return found[0]

    def _made(self, name: str, make: Any, given: Given) -> Made:
        if not callable(make):
            why = f"the engine '{name}' is {make!r}, not a function that makes one of {self.given}"
            raise self.problem(why, "")
        made: Made = make(given)
        lacking = [part for part in self.parts if not hasattr(made, part)]
        if lacking:
            raise self.problem(f"the engine '{name}' cannot be used: it has no {', no '.join(lacking)}", "")
        return made


@lru_cache
def _installed(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))
