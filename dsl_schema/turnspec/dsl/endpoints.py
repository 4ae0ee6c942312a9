"""Where an OpenAI-compatible API is, as projects write it."""

from typing import Annotated

from pydantic import AfterValidator

from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal
from turnspec.dsl.templates import is_template

ENDPOINT = "endpoint"
"""The engine that asks an OpenAI-compatible API."""

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
