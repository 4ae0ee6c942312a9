"""What a target's `options:` may say for Twilio."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal

LONGEST_PARAMETER = 499  # Twilio docs, "TwiML Voice: Stream": name and value under 500 characters


def _start_at(written: object) -> object:
    if written == "webhook":
        raise refusal(
            "not-yet",
            "calls that start at the voice webhook are not run yet",
            hint="write start_at: socket and give the WebSocket's own address as url",
        )
    return written


def _parameters(written: dict[str, str]) -> dict[str, str]:
    for name, value in written.items():
        if len(name) + len(value) > LONGEST_PARAMETER:
            raise refusal(
                "too-long",
                f"parameter {name!r} has {len(name) + len(value)} characters with its value",
                hint=f"Twilio carries at most {LONGEST_PARAMETER} of name and value together",
            )
    return written


class TwilioOptions(BaseModel):
    """Settings of calls over Twilio Media Streams."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_at: Annotated[Literal["socket"], BeforeValidator(_start_at)] = Field(
        default="socket", description="Where a call begins: at the WebSocket itself."
    )
    timestamp_offset: Duration = Field(
        default=Duration(102_000),
        description="The timestamp of the first media message; live calls do not start at 0.",
    )
    parameters: Annotated[dict[str, str], AfterValidator(_parameters)] = Field(
        default_factory=dict, description="What arrives as start.customParameters."
    )
    signed_url: str | None = Field(
        default=None,
        description="The address that X-Twilio-Signature covers, where the agent believes in another "
        "than the one called; by default that one, as wss.",
    )
