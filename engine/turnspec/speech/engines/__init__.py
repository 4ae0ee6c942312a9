"""Engines of intents by name: those of turnspec, and installed ones (entry points)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, Final

from turnspec.speech.intents import EngineFactory, Intent, IntentClassifier

__all__ = ["ENDPOINT", "GROUP", "NO_ENCODER", "TFIDF", "USE", "EngineError", "engine", "engine_names"]

GROUP: Final = "turnspec.intent_engines"
TFIDF: Final = "tfidf"
USE: Final = "use"
ENDPOINT: Final = "endpoint"
NO_ENCODER: Final = "pip install 'turnspec[intent]'"
"""The line that installs what the engine `use` needs."""

_OWN: Final = (TFIDF, USE, ENDPOINT)
_PARTS: Final = ("name", "version", "scores", "threshold")


class EngineError(Exception):
    """No such engine, or one that cannot be used here; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def engine_names(installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The words that `engine:` may have here; nothing is loaded."""
    return (*_OWN, *sorted({point.name for point in _points(installed)} - set(_OWN)))


def engine(
    name: str,
    model: str = "",
    *,
    installed: Iterable[EntryPoint] | None = None,
    find: Callable[[str], object] = find_spec,
) -> EngineFactory:
    """What makes the engine of this name; `model` is that of an endpoint.

    `installed` replaces the entry points of group `turnspec.intent_engines`, `find` what looks for modules.

    Raises:
        EngineError: Nobody offers it, or what it needs is not installed, or it is no engine.
    """
    match name:
        case "tfidf":
            from turnspec.speech.engines.tfidf import TfIdf

            return TfIdf
        case "use":
            from turnspec.speech.engines.use import MODULE, SentenceEncoder

            if find(MODULE) is None:
                raise EngineError(
                    "the engine 'use' needs a sentence encoder, which is not installed", NO_ENCODER
                )
            return SentenceEncoder
        case "endpoint":
            from turnspec.speech.engines.endpoint import Endpoint

            return partial(Endpoint, model=model)
        case _:
            return _installed_engine(name, _points(installed))


@lru_cache(maxsize=1)
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _points(installed: Iterable[EntryPoint] | None) -> tuple[EntryPoint, ...]:
    return _installed() if installed is None else tuple(installed)


def _installed_engine(name: str, points: tuple[EntryPoint, ...]) -> EngineFactory:
    found = [point for point in points if point.name == name]
    if not found:
        raise EngineError(f"there is no engine '{name}'", f"there are {', '.join(engine_names(points))}")
    if len({point.value for point in found}) > 1:
        places = " and ".join(sorted(point.value for point in found))
        raise EngineError(f"the engine '{name}' is offered by {places}", "uninstall all but one")
    try:
        make = found[0].load()
    except (ImportError, AttributeError) as error:
        raise EngineError(f"the engine '{name}' ({found[0].value}) does not load: {error}") from error
    return partial(_checked, name, make)


def _checked(name: str, make: Any, catalogue: Mapping[str, Intent]) -> IntentClassifier:
    """The engine that an entry point makes, if it is one.

    Raises:
        EngineError: It is not.
    """
    if not callable(make):
        raise EngineError(f"the engine '{name}' is {make!r}, not a function that makes one of a catalogue")
    made: IntentClassifier = make(catalogue)
    lacking = [part for part in _PARTS if not hasattr(made, part)]
    if lacking:
        raise EngineError(f"the engine '{name}' cannot be used: it has no {', no '.join(lacking)}")
    return made
