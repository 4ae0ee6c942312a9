"""The environment variables that name engines, and what they name."""

from __future__ import annotations

import os
from typing import Final

SPEECH: Final = "TURNSPEC_SPEECH"
TRANSCRIPTION: Final = "TURNSPEC_TRANSCRIPTION"
VOICE_ACTIVITY: Final = "TURNSPEC_VOICE_ACTIVITY"
ENGINES: Final = (SPEECH, TRANSCRIPTION, VOICE_ACTIVITY)


def engine_asked_for(variable: str, option: str | None = None) -> str | None:
    """The engine that the command line, else the environment names; None: neither does."""
    return option or os.environ.get(variable) or None
