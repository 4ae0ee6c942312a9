"""Agents in the hand of a test, one for each protocol, each on a `websockets` server on loopback."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from turnspec.adapters.audiocodes.bot import BotEnd as AudioCodesEnd
from turnspec.adapters.audiocodes.messages import (
    Activities,
    SessionEnd,
    SessionInitiate,
    UserStreamChunk,
    UserStreamStart,
)
from turnspec.adapters.twilio.bot import BotEnd as TwilioEnd
from turnspec.adapters.twilio.messages import Dtmf, Media, Start, Stop
from turnspec.call import MULAW_8K, PCM_16K, PCM_24K, AudioFormat

SESSION = {"type": "realtime", "object": "realtime.session", "id": "sess_1", "model": "gpt-realtime"}
NORMAL = 1000


class WebSocketPeer:
    """What the agents have in common; `line` is the call that is up."""

    format: AudioFormat

    def __init__(self) -> None:
        self.url = ""
        self.audio = bytearray()
        self.keys = ""
        self.is_up = False
        self.has_left = False
        self.line: ServerConnection | None = None
        self._news = asyncio.Event()

    async def hold(self, line: ServerConnection) -> None:
        """One call, from the upgrade to its end."""
        self.line = line
        try:
            await self.begin()
            async for frame in line:
                await self.take(frame)
                self._news.set()
        except ConnectionClosed:
            pass  # the test broke the line, and looks at what its other end makes of that
        self.ended(line)
        self._news.set()

    async def begin(self) -> None:
        """What the agent does first."""

    async def take(self, frame: str | bytes) -> None:
        """What it does with a frame."""
        raise NotImplementedError

    def ended(self, line: ServerConnection) -> None:
        """The line is closed."""

    async def answered(self) -> None:
        """Return once the call is up, and the caller has read what made it so."""
        await self._until(lambda: self.is_up)
        await (await self._up.ping())

    async def heard(self, size: int) -> bytes:
        """The caller's audio."""
        await self._until(lambda: len(self.audio) >= size)
        return bytes(self.audio[:size])

    async def pressed(self, count: int) -> str:
        """The caller's keys."""
        await self._until(lambda: len(self.keys) >= count)
        return self.keys

    async def left(self) -> None:
        """Return once the caller has ended the call."""
        await self._until(lambda: self.has_left)

    async def garble(self) -> None:
        """Send half a message."""
        await self._up.send('{"half": ')

    async def hang_up(self) -> None:
        """Close the WebSocket."""
        await self._up.close(NORMAL)

    async def break_off(self) -> None:
        """Reset the connection."""
        self._up.transport.abort()

    async def speak(self, duration_us: int) -> None:
        """Send that much audio."""
        for frame in self.spoken(bytes(self.format.size_of(duration_us))):
            await self._up.send(frame)

    def spoken(self, data: bytes) -> Sequence[str | bytes]:
        """Audio in the protocol's frames."""
        raise NotImplementedError

    @property
    def _up(self) -> ServerConnection:
        assert self.line is not None, "no call is up"
        return self.line

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.clear()
            await self._news.wait()


class TwilioPeer(WebSocketPeer):
    """A bot on a media stream."""

    format = MULAW_8K

    def __init__(self) -> None:
        super().__init__()
        self.end = TwilioEnd()

    async def take(self, frame: str | bytes) -> None:
        """Follow the stream."""
        match self.end.receive(frame).message:
            case Start():
                self.is_up = True
            case Media() as media:
                self.audio += media.payload
            case Dtmf(digit=digit):
                self.keys += digit
            case Stop():
                self.has_left = True

    def spoken(self, data: bytes) -> list[str]:
        """One media message."""
        return [self.end.media(data)]


class RealtimePeer(WebSocketPeer):
    """A model, as far as a call needs one."""

    format = PCM_24K

    async def begin(self) -> None:
        """Greet the client with its session."""
        await self._up.send(
            json.dumps({"type": "session.created", "event_id": "event_1", "session": SESSION})
        )

    async def take(self, frame: str | bytes) -> None:
        """Follow the session."""
        event = json.loads(frame)
        if event["type"] == "session.update":
            self.is_up = True
        elif event["type"] == "input_audio_buffer.append":
            self.audio += base64.b64decode(event["audio"])

    def ended(self, line: ServerConnection) -> None:
        """A client leaves by closing."""
        self.has_left = line.close_code == NORMAL

    def spoken(self, data: bytes) -> list[str]:
        """A response of one item."""
        place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
        item: dict[str, Any] = {"id": "item_1", "type": "message", "role": "assistant", "content": []}
        body: dict[str, Any] = {
            "object": "realtime.response",
            "id": "resp_1",
            "output": [],
            "status_details": None,
        }
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {**body, "status": "in_progress"}},
            {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": item},
            {"type": "response.output_audio.delta", **place, "delta": base64.b64encode(data).decode()},
            {"type": "response.done", "response": {**body, "status": "completed"}},
        ]
        return [
            json.dumps({"event_id": f"event_{number}", **event}) for number, event in enumerate(events, 2)
        ]


class PcmPeer(WebSocketPeer):
    """An agent that takes and gives bare samples."""

    format = PCM_16K

    async def take(self, frame: str | bytes) -> None:
        """Follow the call."""
        if isinstance(frame, bytes):
            self.audio += frame
            return
        match json.loads(frame):
            case {"type": "start"}:
                self.is_up = True
            case {"type": "dtmf", "digit": digit}:
                self.keys += digit
            case {"type": "stop"}:
                self.has_left = True

    def spoken(self, data: bytes) -> list[bytes]:
        """The samples themselves."""
        return [data]


class AudioCodesPeer(WebSocketPeer):
    """A bot of the Bot API."""

    format = PCM_16K

    def __init__(self) -> None:
        super().__init__()
        self.end = AudioCodesEnd()

    async def take(self, frame: str | bytes) -> None:
        """Follow the session."""
        match self.end.receive(frame).message:
            case SessionInitiate():
                await self._up.send(self.end.accept("raw/lpcm16"))
            case UserStreamStart():
                await self._up.send(self.end.started())
                self.is_up = True
            case UserStreamChunk() as chunk:
                self.audio += chunk.payload
            case Activities(activities):
                self.keys += "".join(str(one.value) for one in activities if one.name == "DTMF")
            case SessionEnd():
                self.has_left = True
                await self._up.close(NORMAL)

    def spoken(self, data: bytes) -> list[str]:
        """One play stream."""
        return [self.end.play_start("raw/lpcm16"), self.end.play(data), self.end.play_stop()]

    async def hang_up(self) -> None:
        """Ask for the end, and leave it to the platform to close."""
        await self._up.send(self.end.event("hangup", {"hangupReason": "done"}))


def peer(kind: type[WebSocketPeer]) -> Callable[[], Any]:
    """How a conformance test gets an agent of this kind that takes its call."""

    @asynccontextmanager
    async def listening() -> AsyncIterator[WebSocketPeer]:
        agent = kind()
        async with serve(agent.hold, "127.0.0.1", 0, compression=None) as server:
            agent.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            yield agent

    return listening


def refusing(kind: type[WebSocketPeer]) -> Callable[[], Any]:
    """How it gets one that declines every call."""

    def declined(line: ServerConnection, _: Request) -> Response:
        return line.respond(403, "not for you\n")

    @asynccontextmanager
    async def listening() -> AsyncIterator[WebSocketPeer]:
        agent = kind()
        async with serve(agent.hold, "127.0.0.1", 0, process_request=declined) as server:
            agent.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            yield agent

    return listening
