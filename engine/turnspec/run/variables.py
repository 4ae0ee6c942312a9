"""The environment variables that name engines and the folder of models, and what they name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SPEECH: Final = "TURNSPEC_SPEECH"
TRANSCRIPTION: Final = "TURNSPEC_TRANSCRIPTION"
VOICE_ACTIVITY: Final = "TURNSPEC_VOICE_ACTIVITY"
ENGINES: Final = (SPEECH, TRANSCRIPTION, VOICE_ACTIVITY)


def engine_asked_for(variable: str, option: str | None = None) -> str | None:
    """The engine that the command line, else the environment names; None: neither does."""
    return option or os.environ.get(variable) or None


def hub_of(environment: Mapping[str, str]) -> Path:
    """The folder in which the Hugging Face hub keeps what was fetched."""
    if hub := environment.get("HF_HUB_CACHE"):
        return Path(hub)
    if home := environment.get("HF_HOME"):
        return Path(home) / "hub"
    cached = environment.get("XDG_CACHE_HOME")
    return (Path(cached) if cached else Path.home() / ".cache") / "huggingface" / "hub"
