"""To whom a local agent gives a call."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from turnspec.dsl.base import Model


class Transfer(Model):
    """A target as its protocol writes it (`tel:+15550100`, `sip:desk@example.com`), and what goes with it."""

    WORD = "transfer"

    target: Annotated[str, Field(min_length=1)]
    reason: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)


__all__ = ["Transfer"]
