"""A voice platform in memory, for tests of the bot of AudioCodes' Bot API: frames are literal JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from support_twilio import AUDIO
from turnspec.audio.codecs import encode, silence_byte
from turnspec.audio.files import load_clip
from turnspec.audio.samples import samples_of
from turnspec.call import PCM_16K, AudioFormat
from turnspec.call.events import Event
from turnspec.doubles.audiocodes import AudioCodesBot

E = TypeVar("E", bound=Event)
CONVERSATION = "4a5b4b9d-dab7-42d0-a977-6740c9349588"
CHUNK_US = 100_000
FORMATS = ("raw/lpcm16",)


def caller_audio(name: str, format: AudioFormat = PCM_16K) -> bytes:  # noqa: A002 - the word every caller uses
    """A recording of the example project as it goes over the line."""
    return encode(samples_of(load_clip(AUDIO / "caller" / f"{name}.flac", format.rate_hz)), format)


def initiate(formats: tuple[str, ...] = FORMATS, *, expects_audio: bool = True) -> dict[str, Any]:
    """The first message of a call."""
    return {
        "type": "session.initiate",
        "conversationId": CONVERSATION,
        "botName": "desk",
        "caller": "+15550100001",
        "expectAudioMessages": expects_audio,
        "supportedMediaFormats": list(formats),
    }


def activity(**fields: Any) -> dict[str, Any]:
    """An `activities` message with one event."""
    entry = {"type": "event", "id": "1", "timestamp": "2026-01-01T00:00:00Z", **fields}
    return {"type": "activities", "conversationId": CONVERSATION, "activities": [entry]}


def stream(what: str, **fields: Any) -> dict[str, Any]:
    """A `userStream.` message."""
    return {"type": f"userStream.{what}", "conversationId": CONVERSATION, **fields}


class Platform:
    """The platform's end with a clock of its own: time passes only in `pass_time`.

    While it streams, chunks leave on whole tenths of a second, silence where nothing is said.
    """

    def __init__(
        self,
        bot: Callable[[Callable[[Event], None]], AudioCodesBot],
        format: AudioFormat = PCM_16K,  # noqa: A002 - the word every caller uses
    ) -> None:
        self.events: list[Event] = []
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self.now_us = 0
        self.streaming = False
        self.bot = bot(self.events.append)
        self._size = format.size_of(CHUNK_US)
        self._silence = bytes([silence_byte(format)])
        self._format = format
        self._queue = b""
        self._next_chunk_us = CHUNK_US

    def opened(self, formats: tuple[str, ...] = FORMATS, *, expects_audio: bool = True) -> Platform:
        """Begin a call: session, start, user stream."""
        self.give(initiate(formats, expects_audio=expects_audio))
        self.give(activity(name="start", parameters={"vaigConversationId": CONVERSATION}))
        self.start_stream()
        return self

    def start_stream(self) -> None:
        """Stream the caller from now on."""
        self.give(stream("start"))
        self.streaming = True
        self._next_chunk_us = self.now_us + CHUNK_US

    def stop_stream(self) -> None:
        """Stream no more."""
        self.streaming = False
        self.give(stream("stop"))

    def say(self, data: bytes) -> int:
        """Queue audio behind what is queued; the time at which its first sample was spoken."""
        starts_us = self._next_chunk_us - CHUNK_US + self._format.duration_us(len(self._queue))
        self._queue += data
        return starts_us

    def press(self, value: object, name: str = "DTMF") -> None:
        """Send keys."""
        self.give(activity(name=name, value=value))

    def give(self, message: dict[str, Any] | str | bytes) -> list[dict[str, Any]]:
        """Send a frame; what the bot answered at once."""
        frame = json.dumps(message) if isinstance(message, dict) else message
        return self._take(self.bot.receive(frame, self.now_us))

    def pass_time(self, duration_us: int) -> None:
        """Let time pass."""
        until_us = self.now_us + duration_us
        while (due_us := self._soonest()) is not None and due_us <= until_us:
            self.now_us = max(due_us, self.now_us)
            wake_us = self.bot.next_wake_us
            if wake_us is not None and wake_us <= self.now_us:
                self._take(self.bot.wake(self.now_us))
            else:
                self._send_chunk()
        self.now_us = until_us

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class that the bot reported."""
        return [event for event in self.events if isinstance(event, kind)]

    def types(self, since: int = 0) -> list[str]:
        """The types of what the bot sent, each run of chunks as one."""
        listed: list[str] = []
        for _, message in self.sent[since:]:
            name = message["type"]
            if name != "playStream.chunk" or listed[-1:] != [name]:
                listed.append(name)
        return listed

    def times(self, type_: str) -> list[int]:
        """When the bot sent messages of one type."""
        return [at_us for at_us, message in self.sent if message["type"] == type_]

    def messages(self, type_: str) -> list[dict[str, Any]]:
        """What the bot sent of one type."""
        return [message for _, message in self.sent if message["type"] == type_]

    def activities(self) -> list[dict[str, Any]]:
        """All activities that the bot sent."""
        return [entry for message in self.messages("activities") for entry in message["activities"]]

    def played(self, stream_id: str) -> bytes:
        """All audio of a play stream."""
        chunks = self.messages("playStream.chunk")
        return b"".join(
            base64.b64decode(chunk["audioChunk"]) for chunk in chunks if chunk["streamId"] == stream_id
        )

    def _soonest(self) -> int | None:
        moments = [self.bot.next_wake_us, self._next_chunk_us if self.streaming else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def _send_chunk(self) -> None:
        chunk, self._queue = self._queue[: self._size], self._queue[self._size :]
        chunk += self._silence * (self._size - len(chunk))
        self._next_chunk_us += CHUNK_US
        self.give(stream("chunk", audioChunk=base64.b64encode(chunk).decode()))

    def _take(self, frames: list[str]) -> list[dict[str, Any]]:
        messages = [json.loads(frame) for frame in frames]
        self.sent += [(self.now_us, message) for message in messages]
        return messages
