"""What a project takes to know things by: the engines of its intents, of what is said, and who judges."""

from typing import Annotated

from pydantic import Field

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.endpoints import ANSWERS_WITHIN, ENDPOINT, ApiUrl, Timeout
from turnspec.dsl.speaking import SpeechEngine
from turnspec.dsl.transcribing import TranscriptionEngine
from turnspec.dsl.voice_activity import VoiceActivityEngine

__all__ = ["ENDPOINT", "Engines", "IntentsEngine", "JudgeEngine"]

_BY_NAME = ("speech", "transcription", "voice_activity")
"""Keys under which the name of an engine may stand alone."""


class IntentsEngine(Model):
    """What likens replies to the phrases of intents; `threshold` None leaves it to the engine."""

    WORD = "engines.intents"

    engine: str = Field(default="tfidf", min_length=1)
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    url: ApiUrl | None = None
    model: str | None = Field(default=None, min_length=1)
    key: str | None = None
    timeout: Timeout = ANSWERS_WITHIN


class JudgeEngine(Model):
    """The model that answers `judge:`; `gate` holds where a question does not say otherwise."""

    WORD = "engines.judge"

    url: ApiUrl
    model: str = Field(min_length=1)
    key: str | None = None
    timeout: Timeout = ANSWERS_WITHIN
    gate: Annotated[bool, Field(strict=True)] = False


class Engines(Model):
    """The engines of a project."""

    WORD = "engines"

    intents: IntentsEngine = Field(default_factory=IntentsEngine)
    judge: JudgeEngine | None = None
    speech: SpeechEngine = Field(default_factory=SpeechEngine)
    transcription: TranscriptionEngine = Field(default_factory=TranscriptionEngine)
    voice_activity: VoiceActivityEngine = Field(default_factory=VoiceActivityEngine)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # as for all models
        """A name alone is an engine's."""
        named = {
            key: Located({"engine": data[key]}, data.place.child(key))
            for key in _BY_NAME
            if isinstance(data.get(key), str)
        }
        return data.but(**named) if named else data
