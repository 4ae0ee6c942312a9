"""What a target's `options:` may say for plain PCM."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PcmOptions(BaseModel):
    """Settings of calls over plain PCM."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: Literal[8000, 16000, 24000] = Field(
        default=16000, description="Samples a second of both directions, 16 bits each, mono."
    )
