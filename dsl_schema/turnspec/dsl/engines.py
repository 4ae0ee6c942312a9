"""What a project takes to know things by: the engine of its intents, and the model that judges replies."""

from typing import Annotated

from pydantic import AfterValidator, Field

from turnspec.dsl.base import Model
from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal
from turnspec.dsl.templates import is_template

ENDPOINT = "endpoint"
"""The engine that asks an OpenAI-compatible API for embeddings."""

ANSWERS_WITHIN = Duration(20_000_000)
"""How long one request may take where nothing else is written."""


def _timeout(written: Duration) -> Duration:
    if written.us:
        return written
    raise refusal("bad-duration", "nothing can be answered in no time", hint="write timeout: 20 s")


def _api_url(written: str) -> str:
    """The address of an API, which may be a template; `https` or `http`."""
    if is_template(written) or written.startswith(("https://", "http://")):
        return written
    message = f"'{written}' is not the address of an API"
    raise refusal("bad-url", message, hint="write where it is: https://api.openai.com/v1")


ApiUrl = Annotated[str, AfterValidator(_api_url)]
Timeout = Annotated[Duration, AfterValidator(_timeout)]


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
