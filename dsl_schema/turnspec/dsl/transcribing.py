"""What a project makes out words by, where only their sound is known."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.durations import Duration
from turnspec.dsl.endpoints import ApiUrl, Timeout
from turnspec.dsl.refusals import refusal
from turnspec.dsl.verifying import Verification, verify_of

ANSWERS_WITHIN = Duration(60_000_000)
"""How long one stretch of speech may take where nothing else is written."""

_CODE = re.compile(r"[a-z]{2,3}")
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]+)*", re.IGNORECASE)


def _language(written: str) -> str:
    if _CODE.fullmatch(written):
        return written
    tag = _TAG.fullmatch(written)
    raise refusal(
        "bad-language",
        f"'{written}' is not the code of a language",
        hint="write two letters, such as en, de or es",
        suggestion=tag and tag[1].lower(),
    )


class TranscriptionEngine(Model):
    """What turns speech into words: `auto`, `none`, or an engine by name.

    `model` is a folder or the name of a model; None leaves it to the engine. `language` None leaves it to the
    scenario's caller, `beam` is how many ways to go on are weighed at once. `verify`: words that are told are
    held against the sound, too.
    """

    WORD = "engines.transcription"

    engine: str = Field(default="auto", min_length=1)
    model: str | None = Field(default=None, min_length=1)
    language: Annotated[str, AfterValidator(_language)] | None = None
    beam: Annotated[int, Field(strict=True, ge=1, le=10)] = 1
    url: ApiUrl | None = None
    key: str | None = None
    timeout: Timeout = ANSWERS_WITHIN
    verify: Verification | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # as for all models
        """Bring `verify` into its long form."""
        return verify_of(data)
