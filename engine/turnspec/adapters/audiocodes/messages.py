"""What the two ends of an AudioCodes Bot API WebSocket tell each other, as values.

"Platform" is VoiceAI Connect, which is the client; the bot is the server. `participant` names a side
of an assisted call and is absent in plain ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from turnspec.adapters.frames import Fault


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry of an `activities` message: an event with a name, or a message with a text.

    `params` are for this activity only, `session_params` for the rest of the call. `parameters` and
    `value` belong to some events that the platform sends.
    """

    type: str
    name: str = ""
    text: str = ""
    value: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    session_params: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    timestamp: str = ""
    language: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)  # of somebody's own making, sent as it is

    @property
    def is_message(self) -> bool:
        """Whether it is text to be spoken, or the caller's words."""
        return self.type == "message"


@dataclass(frozen=True, slots=True)
class Activities:
    """Events and texts, in order; only the platform's name the conversation."""

    activities: tuple[Activity, ...]
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionValidate:
    """Somebody presses "Validate": a connection of its own, which no call follows."""


@dataclass(frozen=True, slots=True)
class SessionInitiate:
    """A call begins; `formats` are offered in order of preference."""

    conversation_id: str
    bot_name: str
    caller: str
    expect_audio: bool
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionResume:
    """The connection was lost, and the call goes on over this one."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class UserStreamStart:
    """The platform wants to stream the caller."""

    conversation_id: str
    participant: str | None = None


class UserStreamChunk(NamedTuple):
    """Audio of the caller, in the format that the bot accepted."""

    conversation_id: str
    payload: bytes
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class UserStreamStop:
    """The platform stops streaming the caller."""

    conversation_id: str
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The last message of a call; a bot that sends one means to hang up, which is not its word."""

    conversation_id: str
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionValidated:
    """The answer to `connection.validate`."""

    success: bool


@dataclass(frozen=True, slots=True)
class SessionAccepted:
    """The call is taken; `media_format` is that of the caller's audio."""

    media_format: str | None


@dataclass(frozen=True, slots=True)
class SessionError:
    """The call is declined, or cannot go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class UserStreamStarted:
    """The bot takes the caller's audio from now on."""

    participant: str | None = None


@dataclass(frozen=True, slots=True)
class UserStreamStopped:
    """The bot takes no more of the caller's audio."""

    participant: str | None = None


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The bot's voice activity detection hears the caller begin."""

    participant: str | None = None


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The bot's voice activity detection hears the caller pause."""

    participant: str | None = None


@dataclass(frozen=True, slots=True)
class SpeechCommitted:
    """The bot takes the caller's turn to be over."""

    participant: str | None = None


@dataclass(frozen=True, slots=True)
class SpeechHypothesis:
    """What the caller may be saying: the alternatives, best first."""

    alternatives: tuple[str, ...]
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of what the caller said."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechRecognition:
    """What the caller said: the alternatives, best first."""

    alternatives: tuple[Alternative, ...]
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class PlayStreamStart:
    """Audio follows, in a format of its own; `alt_text` says what is heard in it."""

    stream_id: str
    media_format: str
    alt_text: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    participant: str | None = None


class PlayStreamChunk(NamedTuple):
    """Audio for the caller, to be played behind what is there."""

    stream_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class PlayStreamStop:
    """No more audio of this stream."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class NewerMessage:
    """A message that newer platforms know, of which only the name is known here."""

    type: str
    fields: Mapping[str, Any]


PlatformMessage: TypeAlias = (
    ConnectionValidate
    | SessionInitiate
    | SessionResume
    | Activities
    | UserStreamStart
    | UserStreamChunk
    | UserStreamStop
    | SessionEnd
    | NewerMessage
)
BotMessage: TypeAlias = (
    ConnectionValidated
    | SessionAccepted
    | SessionError
    | UserStreamStarted
    | UserStreamStopped
    | SpeechStarted
    | SpeechStopped
    | SpeechCommitted
    | SpeechHypothesis
    | SpeechRecognition
    | PlayStreamStart
    | PlayStreamChunk
    | PlayStreamStop
    | Activities
    | SessionEnd
    | NewerMessage
)
Message: TypeAlias = PlatformMessage | BotMessage


class Decoded(NamedTuple):
    """What one frame says, if it can be made out, and all that is wrong with it."""

    message: Message | None = None
    faults: tuple[Fault, ...] = ()
