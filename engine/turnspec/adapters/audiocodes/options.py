"""What a target's `options:` may say for AudioCodes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from turnspec.adapters.audiocodes.formats import MediaFormat
from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal

SHORTEST_CHUNK_US = 20_000
LONGEST_CHUNK_US = 5_000_000


def _offered(formats: tuple[MediaFormat, ...]) -> tuple[MediaFormat, ...]:
    if len(set(formats)) < len(formats):
        raise refusal("repeated", "a format is offered twice", hint="name each format once, the best first")
    return formats


def _chunk(length: Duration) -> Duration:
    if not SHORTEST_CHUNK_US <= length.us <= LONGEST_CHUNK_US:
        raise refusal("out-of-range", f"a chunk of {length} is not sent", hint="write 20 ms to 5 s")
    return length


class AudioCodesOptions(BaseModel):
    """Settings of calls over the AudioCodes Bot API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_at: Literal["call", "validate"] = Field(
        default="call",
        description="What is done: a call, or `connection.validate` on a connection of its own.",
    )
    barge_in: bool = Field(
        default=True,
        description="Whether the caller can be heard, and stop the bot, while it speaks.",
    )
    direct_stt: bool = Field(
        default=True, description="Whether the bot gets the caller's audio, or else the words as messages."
    )
    direct_tts: bool = Field(
        default=True, description="Whether the bot answers in audio, or else in messages."
    )
    formats: Annotated[tuple[MediaFormat, ...], Field(min_length=1), AfterValidator(_offered)] = Field(
        default=("raw/lpcm16", "raw/lpcm16_24", "raw/lpcm16_8", "raw/mulaw"),
        description="The media formats that are offered, the preferred one first.",
    )
    chunk: Annotated[Duration, AfterValidator(_chunk)] = Field(
        default=Duration(100_000), description="How much of the caller's audio one chunk carries."
    )
    start: bool = Field(default=True, description="Whether the event `start` is sent.")
    start_message: str | None = Field(
        default=None, min_length=1, description="A text message that is sent in place of the event `start`."
    )
    start_order: Literal["activity_first", "stream_first", "after_greeting"] = Field(
        default="activity_first",
        description="When `userStream.start` is sent: after `start`, before it, or after the greeting.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Added to the parameters of `start`, such as SIP headers."
    )
    bot_name: str = Field(default="turnspec", description="The bot's name in `session.initiate`.")
    language: str = Field(default="en-US", description="The language of activities.")
    send_events: tuple[Literal["playFinished", "playUrlFailed"], ...] = Field(
        default=(), description="Events that the bot has asked for."
    )
    dtmf: Literal["single", "collected", "off"] = Field(
        default="single", description="How keys are sent: one event each, one for several, or not at all."
    )
    dtmf_name: str = Field(default="DTMF", min_length=1, description="The name of the event with keys.")
    dtmf_submit: str = Field(default="#", pattern=r"^[0-9A-D*#]?$", description="The key that sends others.")
    dtmf_most: int = Field(
        default=0, ge=0, le=20, description="After so many keys they are sent; 0: no limit."
    )
    dtmf_pause: Duration = Field(
        default=Duration(2_000_000), description="Collected keys are sent after so long without another."
    )
    resume_recognition: Duration = Field(
        default=Duration(10_000_000),
        description="Without barge-in: the caller is heard again after so long without a reply.",
    )
    resume: int = Field(default=3, ge=0, le=20, description="How often a lost connection is tried again.")
    resume_after: Duration = Field(
        default=Duration(1_000_000), description="How long after an attempt that failed the next one is made."
    )
    hang_up_code: Literal[
        "client-disconnected", "error", "machine-detected", "no-answer", "busy", "declined"
    ] = Field(default="client-disconnected", description="The reason code when the caller hangs up.")
    call_headers: bool = Field(
        default=False, description="Whether the upgrade has `AC-Conversation-Id` and `AC-Caller-Number`."
    )
