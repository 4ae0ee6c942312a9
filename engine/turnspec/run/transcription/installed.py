"""The engines that make out words, by name: which are installed, and the line that brings the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Final

from turnspec.dsl.problems import nearest
from turnspec.run.variables import TRANSCRIPTION, engine_asked_for
from turnspec.speech.transcription import Transcriber, TranscriptionError

GROUP: Final = "turnspec.transcription_engines"
AUTO, NONE, WHISPER, GRAMMAR, ENDPOINT = "auto", "none", "whisper", "grammar", "endpoint"
OWN: Final = (AUTO, NONE, WHISPER, GRAMMAR, ENDPOINT)
MODULES: Final = {WHISPER: "faster_whisper", GRAMMAR: "pocketsphinx"}
BRINGS: Final[Mapping[str, str]] = {
    WHISPER: "pip install 'turnspec[stt]'",
    GRAMMAR: "pip install 'turnspec[grammar]'",
}
"""The line that brings each engine."""


def asked_for(option: str | None) -> str | None:
    """The engine that the command line or the environment names; None: neither does."""
    return engine_asked_for(TRANSCRIPTION, option)


def is_installed(name: str) -> bool:
    """Whether what an engine needs is there; nothing is loaded."""
    return name not in MODULES or find_spec(MODULES[name]) is not None


def names() -> tuple[str, ...]:
    """The words that `engine:` may have here."""
    return (*OWN, *sorted({point.name for point in _points()} - set(OWN)))


def wrong_name(name: str | None) -> str:
    """What is wrong with an engine that was asked for outside of any file; empty if nothing is."""
    if name is None:
        return ""
    if name not in names():
        near = nearest(name, names())
        meant = f"; did you mean '{near}'?" if near else ""
        return f"there is no transcription engine '{name}'{meant}\n  known are: {', '.join(names())}"
    return "" if is_installed(name) else f"{not_installed(name)}: {BRINGS[name]}"


def not_installed(name: str) -> str:
    """What is the matter with an engine that is known, but not there."""
    return f"the transcription engine '{name}' is not installed"


def plug_in(name: str) -> Callable[[str | None], Transcriber]:
    """What makes an installed engine, given its `model`.

    Raises:
        TranscriptionError: There is none of this name, or it does not load.
    """
    point = next((point for point in _points() if point.name == name), None)
    if point is None:
        raise TranscriptionError(f"there is no transcription engine '{name}'")
    try:
        make: Callable[[str | None], Transcriber] = point.load()
    except (ImportError, AttributeError) as error:
        raise TranscriptionError(f"the engine '{name}' ({point.value}) does not load: {error}") from error
    return make


def version_of_plug_in(name: str) -> str:
    """The version of the package that an installed engine comes with."""
    point = next(point for point in _points() if point.name == name)
    return "" if point.dist is None else point.dist.version


@lru_cache(maxsize=1)
def _points() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))
