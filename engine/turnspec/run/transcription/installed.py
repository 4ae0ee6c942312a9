"""The engines that make out words, by name: which are installed, and the line that brings the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

from turnspec.dsl.problems import nearest
from turnspec.run.variables import TRANSCRIPTION, engine_asked_for
from turnspec.speech.plug_ins import Family
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

_FAMILY: Final[Family[str | None, Transcriber]] = Family(
    GROUP,
    own=OWN,
    parts=("name", "version", "model", "transcribe"),
    problem=lambda message, hint: TranscriptionError(f"{message} ({hint})" if hint else message),
    kind="transcription engine",
    given="the name of its model",
)


def asked_for(option: str | None) -> str | None:
    """The engine that the command line or the environment names; None: neither does."""
    return engine_asked_for(TRANSCRIPTION, option)


def is_installed(name: str) -> bool:
    """Whether what an engine needs is there; nothing is loaded."""
    return name not in MODULES or find_spec(MODULES[name]) is not None


def names() -> tuple[str, ...]:
    """The words that `engine:` may have here."""
    return _FAMILY.names()


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
        TranscriptionError: There is none of this name, several are, or it does not load or cannot be used.
    """
    return _FAMILY.factory(name)


def version_of_plug_in(name: str) -> str:
    """The version of the package that an installed engine comes with."""
    return _FAMILY.version(name)
