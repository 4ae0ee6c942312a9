"""Engines of intents by name: those of turnspec, and installed ones (entry points)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from typing import Final

from turnspec.speech.intents import EngineFactory, Intent, IntentClassifier
from turnspec.speech.plug_ins import EngineProblem, Family

__all__ = ["ENDPOINT", "GROUP", "NO_ENCODER", "TFIDF", "USE", "EngineError", "engine", "engine_names"]

GROUP: Final = "turnspec.intent_engines"
TFIDF: Final = "tfidf"
USE: Final = "use"
ENDPOINT: Final = "endpoint"
NO_ENCODER: Final = "pip install 'turnspec[intent]'"
"""The line that installs what the engine `use` needs."""


class EngineError(EngineProblem):
    """No such engine of intents, or one that cannot be used here."""


_FAMILY: Final[Family[Mapping[str, Intent], IntentClassifier]] = Family(
    GROUP,
    own=(TFIDF, USE, ENDPOINT),
    parts=("name", "version", "scores", "threshold"),
    problem=EngineError,
    given="a catalogue",
)


def engine_names(installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The words that `engine:` may have here; nothing is loaded."""
    return _FAMILY.names(installed)


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
            return _FAMILY.factory(name, installed)
