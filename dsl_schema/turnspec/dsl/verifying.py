"""Whether the words that are told of an agent are those of its recording, and how much they may differ."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from turnspec.dsl.base import Located, Model
from turnspec.dsl.percent import Percent

AT_MOST: Final = Percent(Decimal(35))
"""Recognition's own errors stay below it; the how-to "When the transcript lies" has the measurements."""

_IS_ON: Final = "<is_on>"


class Verification(Model):
    """Words that are told are held against those made out of the sound; `gate`: a turn can fail by it."""

    WORD = "verify"

    is_on: bool = Field(default=True, alias=_IS_ON)
    at_most: Percent = AT_MOST
    gate: Annotated[bool, Field(strict=True)] = False


def verify_of(data: Located) -> Located:
    """The same mapping, where `verify: true` is the usual settings and `false` has it off."""
    written = data.get("verify")
    if not isinstance(written, bool):
        return data
    return data.but(verify=Located({} if written else {_IS_ON: False}, data.place.child("verify")))
