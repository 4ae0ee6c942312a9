"""What a target's `options:` may say for Twilio."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal

LONGEST_PARAMETER = 499  # Twilio docs, "TwiML Voice: Stream": name and value under 500 characters


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

    start_at: Literal["socket", "webhook"] = Field(
        default="socket",
        description="Where a call begins: at the WebSocket itself, or at the voice webhook, whose TwiML "
        "says what comes next.",
    )
    timestamp_offset: Duration = Field(
        default=Duration(102_000),
        description="The timestamp of the first media message; live calls do not start at 0.",
    )
    parameters: Annotated[dict[str, str], AfterValidator(_parameters)] = Field(
        default_factory=dict,
        description="What arrives as start.customParameters; from the webhook on, more form parameters "
        "of its request.",
    )
    signature: Literal["right", "wrong", "none"] = Field(
        default="right",
        description="How requests are signed, where there is an auth token; a wrong signature is to be "
        "refused.",
    )
    signed_url: str | None = Field(
        default=None,
        description="The address that X-Twilio-Signature covers, where the agent believes in another "
        "than the one called; by default that one, as wss.",
    )
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-f]{32}$")] | None = Field(
        default=None, description="The account that the call belongs to; one made up by default."
    )
    webhook_method: Literal["POST", "GET"] = Field(
        default="POST", description="How the voice webhook is asked."
    )
    prompts: Literal["skip", "spend"] = Field(
        default="skip",
        description="Whether the time of Say, Play and Pause passes before a stream is open.",
    )
    stream_host: Literal["webhook", "written"] = Field(
        default="webhook",
        description="Where the streams of TwiML are opened: on the webhook's host, or on this machine as "
        "written.",
    )
