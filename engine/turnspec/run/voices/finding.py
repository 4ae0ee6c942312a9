"""The engines that speak, by name: which are installed, what brings the others, and one of them made."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from turnspec.dsl.problems import nearest
from turnspec.run.asking import Api, Endpoint
from turnspec.run.variables import SPEECH, engine_asked_for
from turnspec.run.voices import pico
from turnspec.run.voices.base import VoiceEngine
from turnspec.run.voices.endpoint import EndpointVoices
from turnspec.run.voices.pico import Pico
from turnspec.run.voices.programs import EspeakNg, Flite, Piper
from turnspec.speech.synthesis import BRINGS_A_VOICE

AUTO, NONE, ENDPOINT, PIPER = "auto", "none", "endpoint", "piper"
BY_ITSELF: Final = ("nanotts", "flite", "espeak-ng")
"""What `auto` takes, the first that is installed."""

ENGINES: Final = (*BY_ITSELF, PIPER, ENDPOINT)
NAMES: Final = (AUTO, NONE, *ENGINES)
BRINGS: Final[Mapping[str, str]] = {
    "nanotts": BRINGS_A_VOICE,
    "flite": "apt install flite",
    "espeak-ng": "apt install espeak-ng",
    PIPER: "pip install piper-tts",
    ENDPOINT: "write engines: {speech: {engine: endpoint, url: ..., model: ..., voice: ...}}",
}
"""The line that brings each engine."""


@dataclass(frozen=True, slots=True)
class Means:
    """What some engines need beside their name: piper its voices, an endpoint its address."""

    model: Path = Path()
    endpoint: Endpoint | None = None


def asked_for(option: str | None) -> str | None:
    """The engine that the command line or the environment names; None: neither does."""
    return engine_asked_for(SPEECH, option)


def is_installed(name: str) -> bool:
    """Whether an engine is there on this machine; an endpoint always is."""
    if name == "nanotts":
        return pico.is_installed()
    return name == ENDPOINT or shutil.which(name) is not None


def best_installed() -> str | None:
    """The engine that is taken where nobody names one."""
    return next((name for name in BY_ITSELF if is_installed(name)), None)


def wrong_name(name: str | None) -> str:
    """What is wrong with an engine that was asked for outside of any file; empty if nothing is."""
    if name is None or name in (AUTO, NONE):
        return ""
    if name not in ENGINES:
        near = nearest(name, NAMES)
        meant = f"; did you mean '{near}'?" if near else ""
        return f"there is no speech engine '{name}'{meant}\n  known are: {', '.join(NAMES)}"
    return "" if is_installed(name) else f"the speech engine '{name}' is not installed: {BRINGS[name]}"


def engine_named(name: str, means: Means) -> VoiceEngine:
    """One of the engines, which nothing is asked of yet."""
    match name:
        case "nanotts":
            return Pico()
        case "flite":
            return Flite()
        case "espeak-ng":
            return EspeakNg()
        case "piper":
            return Piper(means.model)
        case _:
            assert means.endpoint is not None, f"{name} is an endpoint"
            return EndpointVoices(Api(means.endpoint))
