"""What a project says its lines by, where no recording of them is written."""

from __future__ import annotations

from pydantic import Field

from turnspec.dsl.base import Model
from turnspec.dsl.durations import Duration
from turnspec.dsl.endpoints import ApiUrl, Timeout

ANSWERS_WITHIN = Duration(30_000_000)
"""How long an endpoint may take for one line where nothing else is written."""


class SpeechEngine(Model):
    """What turns texts into speech: `auto`, `none`, or an engine by name.

    `voice` is that of whoever has none of their own: a language tag, or a name of the engine's. `model` is an
    endpoint's, or the file or folder of piper's voices.
    """

    WORD = "engines.speech"

    engine: str = Field(default="auto", min_length=1)
    voice: str | None = Field(default=None, min_length=1)
    url: ApiUrl | None = None
    model: str | None = Field(default=None, min_length=1)
    key: str | None = None
    timeout: Timeout = ANSWERS_WITHIN
