"""Checks in Python that scenarios name: imported from the project folder, or installed, or why not.

A module is imported once in a process, with the project folder first on the path. The folder then stays at
the end of it, for what a check imports only when it is called - until another project's checks are imported.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from turnspec.dsl.models import CheckExpectation
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.run.messages import expectations_in

GROUP: Final = "turnspec.checks"
Check = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class CustomChecks:
    """The checks that a part of a scenario names, by these names, and what is wrong with the others."""

    checks: Mapping[str, Check] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class CheckNotLoaded(Exception):  # noqa: N818 # named after the fact
    """A check that cannot be had; `hint` says what to do about it."""

    def __init__(self, reason: str, hint: str = "", suggestion: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint
        self.suggestion = suggestion


def custom_checks(part: object, folder: Path, installed: Iterable[EntryPoint] | None = None) -> CustomChecks:
    """Load every check that is named somewhere in `part`, and try its arguments on its signature.

    `installed` replaces the entry points of group `turnspec.checks`.
    """
    checks: dict[str, Check] = {}
    problems: list[Problem] = []
    for item in (item for expect in expectations_in(part) for item in expect.check):
        try:
            check = checks.setdefault(item.name, _loaded(item, folder, installed))
            _try_arguments(check, item)
        except CheckNotLoaded as wrong:
            problems.append(_problem(item, wrong))
    return CustomChecks(checks, tuple(problems))


def _problem(item: CheckExpectation, wrong: CheckNotLoaded) -> Problem:
    is_key = item.place.path[-1:] == (item.name,)
    place = item.place if is_key else item.place.child("name")
    return problem_at(
        place, "bad-check", str(wrong), hint=wrong.hint, suggestion=wrong.suggestion, key=is_key
    )


def _loaded(item: CheckExpectation, folder: Path, installed: Iterable[EntryPoint] | None) -> Check:
    if item.function is None:
        found: Any = _installed(item.name, entry_points(group=GROUP) if installed is None else installed)
    else:
        found = _imported(*item.function, folder.resolve())
    if not callable(found):
        raise CheckNotLoaded(f"'{item.name}' is {type(found).__name__}, not a function")
    if inspect.iscoroutinefunction(found):
        raise CheckNotLoaded(
            f"'{item.name}' is asynchronous, and nobody awaits it", "write def, without async"
        )
    check: Check = found
    return check


def _imported(module_name: str, name: str, folder: Path) -> Any:
    with _at_home(folder):
        try:
            module = importlib.import_module(module_name)
        except (Exception, SystemExit) as error:
            raise _not_imported(module_name, error, folder) from error
    if not hasattr(module, name):
        found = vars(module).items()
        own = [each for each, value in found if getattr(value, "__module__", "") == module_name]
        near = nearest(name, own)
        hint = f"it has: {', '.join(own)}" if own and not near else ""
        raise CheckNotLoaded(f"'{module_name}' has no function '{name}'", hint, near)
    return getattr(module, name)


_home: dict[Path, set[str]] = {}
"""The one project that checks are imported from, and the modules that came of it."""


@contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """Imports look into `folder` first; what was imported from another project is let go of."""
    for other in [other for other in _home if other != folder]:
        for name in _home.pop(other):
            sys.modules.pop(name, None)
        if str(other) in sys.path:
            sys.path.remove(str(other))
    ours = _home.setdefault(folder, set())
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        ours |= {name for name in set(sys.modules) - before if _is_in(_file_of(sys.modules[name]), folder)}


def _file_of(module: object) -> str:
    return getattr(module, "__file__", None) or ""


def _not_imported(module_name: str, error: BaseException, folder: Path) -> CheckNotLoaded:
    if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
        there = sorted(path.stem for path in folder.glob("*.py"))
        near = nearest(str(error.name), there)
        hint = "" if near else "write the module as it is imported from the folder of turnspec.yaml"
        return CheckNotLoaded(f"there is no module '{error.name}'", hint, near)
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "mend the module: turnspec imports it before any call"
    return CheckNotLoaded(f"'{module_name}' cannot be imported: {said}{_place(error, folder)}", hint)


def _place(error: BaseException, folder: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return ""  # it says where itself
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_in(frame.filename, folder)]
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def _is_in(file: str, folder: Path) -> bool:
    return Path(file).is_absolute() and Path(file).is_relative_to(folder)


def _installed(name: str, points: Iterable[EntryPoint]) -> Any:
    known = {point.name: point for point in points}
    if name not in known:
        hint = f"installed are: {', '.join(sorted(known))}" if known else "none is installed"
        near = nearest(name, known)
        hint = "" if near else f"{hint}; one in the project folder is written python:module.function"
        raise CheckNotLoaded(f"no check '{name}' is installed", hint, near)
    try:
        return known[name].load()
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        raise CheckNotLoaded(
            f"the installed check '{name}' ({known[name].value}) does not load: {said}"
        ) from error


def _try_arguments(check: Check, item: CheckExpectation) -> None:
    """Whether it takes a turn and these arguments; what has no signature is taken at its word."""
    try:
        signature = inspect.signature(check)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(object(), **item.with_)
    except TypeError as error:
        hint = f"it is written {_short_name(item)}{signature}: the turn, then its arguments by name"
        raise CheckNotLoaded(f"'{_short_name(item)}' cannot be called so: {error}", hint) from error


def _short_name(item: CheckExpectation) -> str:
    return item.function[1] if item.function is not None else item.name
