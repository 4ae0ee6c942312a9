"""What is left to chance in an agent script: drawn from the seed of the call, so that it can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from turnspec.dsl.base import Model
from turnspec.dsl.durations import Duration
from turnspec.dsl.percent import Percent
from turnspec.dsl.refusals import refusal


class Spread(Model):
    """A time that is drawn anew for each reply; any between the two ends is as likely as another."""

    WORD = "a spread of times"

    from_: Duration = Field(alias="from")
    to: Duration


def _tag(written: Any) -> str:
    return "<spread>" if isinstance(written, Mapping | Spread) else "<duration>"


def _wide(written: Duration | Spread) -> Duration | Spread:
    if isinstance(written, Spread) and written.to <= written.from_:
        message = f"nothing lies between {written.from_} and {written.to}"
        raise refusal("bad-spread", message, hint="write the shorter time first, or one time alone")
    return written


DrawnTime = Annotated[
    Annotated[Duration, Tag("<duration>")] | Annotated[Spread, Tag("<spread>")],
    Discriminator(_tag),
    AfterValidator(_wide),
]
"""A time, or the ends between which it is drawn."""


def _open(written: Percent) -> Percent:
    if 0 < written.of_hundred < 100:
        return written
    always = "leave it out: it happens always" if written.of_hundred else "take it out: it would never happen"
    raise refusal("bad-chance", f"{written} leaves nothing to chance", hint=always)


Chance = Annotated[Percent, AfterValidator(_open)]
"""How likely something is, more than 0 % and less than 100 %."""
