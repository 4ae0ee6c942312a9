"""An application of the user's, imported afresh from the project folder, and taken away again.

Its environment, its modules and the path it is imported from belong to the whole process: only one
application is at home at a time.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from turnspec.run.errors import AppNotLoaded

_INSTALLED = ("site-packages", "dist-packages")


@contextmanager
def at_home(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """For the length of the block, imports look into `folder` first and `environment` is set.

    Modules of the folder that are there before, and others of their names, are put aside, so that what is
    imported is fresh; those that came are dropped.
    """
    variables, path, folder = dict(os.environ), list(sys.path), folder.resolve()
    aside = _modules_of(folder)
    _forget(aside)
    os.environ.update(environment)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        _forget(_modules_of(folder))
        sys.modules.update(aside)
        sys.path[:] = path
        _restore(variables)


def _restore(variables: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)


def _modules_of(home: Path) -> dict[str, ModuleType]:
    return {name: module for name, module in list(sys.modules.items()) if _is_of(name, module, home)}


def _is_of(name: str, module: ModuleType | None, home: Path) -> bool:
    """Whether a module is the folder's, or another's of a name that the folder has, too."""
    top = name.partition(".")[0]
    place = _place_of(module)
    if top in {"__main__", "turnspec"} or top in sys.stdlib_module_names or place is None:
        return False
    if place.is_relative_to(home):
        return not set(_INSTALLED) & set(place.relative_to(home).parts)
    named_here = (home / f"{top}.py").is_file() or (home / top).is_dir()
    return named_here and not set(_INSTALLED) & set(place.parts)


def _place_of(module: ModuleType | None) -> Path | None:
    places = [getattr(module, "__file__", None), *list(getattr(module, "__path__", ()))[:1]]
    written = next((place for place in places if isinstance(place, str)), "")
    return Path(written) if Path(written).is_absolute() else None


def _forget(modules: Mapping[str, ModuleType]) -> None:
    for name in modules:
        del sys.modules[name]


def load_application(where: str, folder: Path) -> Any:
    """Import the application that `where` names, as `module:name`.

    Raises:
        AppNotLoaded: There is none, or importing it failed, and where.
    """
    module_name, _, name = where.partition(":")
    folder = folder.resolve()
    try:
        application = _made(attrgetter(name)(importlib.import_module(module_name)))
    except (Exception, SystemExit) as error:
        raise not_loaded(where, error, folder) from error
    if not callable(application):
        reason = f"'{name}' is {type(application).__name__}, not an application"
        raise AppNotLoaded(where, reason, "name an ASGI application, or a function that makes one")
    return application


def _made(found: Any) -> Any:
    """The application itself: a function that takes nothing makes it."""
    makes = inspect.isfunction(found) and not inspect.signature(found).parameters
    return found() if makes else found


def not_loaded(where: str, error: BaseException, folder: Path) -> AppNotLoaded:
    """What kept an application from being run, with the place in its code."""
    module_name, _, name = where.partition(":")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    if not own and isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
        return AppNotLoaded(where, f"there is no module '{error.name}' in {folder}", _HINT)
    if not own and isinstance(error, AttributeError):
        return AppNotLoaded(where, f"'{module_name}' has no '{name}'", _HINT)
    place = f", {_place(error, own, folder)}" if own or isinstance(error, SyntaxError) else ""
    reason = f"{type(error).__name__}: {error}{place}"
    return AppNotLoaded(where, reason, "", tuple(_told(error, folder)))


_HINT = "write module:name, with the module as it is imported from the folder of turnspec.yaml"


def _place(error: BaseException, own: list[traceback.FrameSummary], folder: Path) -> str:
    file, line = (own[-1].filename, own[-1].lineno) if own else (folder, None)
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno
    path = Path(file)
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path}:{line}"


def _told(error: BaseException, folder: Path) -> Iterator[str]:
    """The traceback from the application's own code on."""
    trace = error.__traceback__
    while trace is not None and not Path(trace.tb_frame.f_code.co_filename).is_relative_to(folder):
        trace = trace.tb_next
    for part in traceback.format_exception(type(error), error, trace):
        yield from part.rstrip("\n").split("\n")
