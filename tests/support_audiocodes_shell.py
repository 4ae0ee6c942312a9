"""Bots of AudioCodes' Bot API on a socket, in the hand of a test."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from support_audiocodes import named
from support_twilio import Notebook
from turnspec.adapters.audiocodes import ADAPTER, AudioCodesOptions
from turnspec.adapters.base import Call, Dial, LineRefused
from turnspec.call import Identity
from turnspec.call.events import ProtocolFault
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop


class Bot:
    """One connection of a bot's server."""

    def __init__(self, line: ServerConnection) -> None:
        self.line = line

    async def next(self) -> dict[str, Any]:
        """The next message of the platform."""
        document = json.loads(await self.line.recv())
        assert isinstance(document, dict)
        return document

    async def until(self, name: str) -> dict[str, Any]:
        """Read on to a message of this name."""
        while named(message := await self.next()) != name:
            pass
        return message

    async def send(self, type_: str, **fields: Any) -> None:
        """A message."""
        await self.line.send(json.dumps({"type": type_, **fields}))

    async def acts(self, name: str, **params: Any) -> None:
        """An event."""
        await self.send("activities", activities=[{"type": "event", "name": name, "activityParams": params}])

    async def accept(self) -> None:
        """Take the call, and its audio."""
        await self.next()
        await self.send("session.accepted", mediaFormat="raw/lpcm16")
        await self.until("userStream.start")
        await self.send("userStream.started")

    async def play(self, audio: bytes) -> None:
        """A whole play stream."""
        await self.send("playStream.start", streamId="1", mediaFormat="raw/lpcm16")
        await self.send("playStream.chunk", streamId="1", audioChunk=b64encode(audio).decode())
        await self.send("playStream.stop", streamId="1")


Behaviour = Callable[[Bot], Awaitable[None]]


Admission = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def served(*behaviours: Behaviour, admission: Admission | None = None) -> AsyncIterator[str]:
    """A server whose first connection behaves as the first says, and so on; the last one for all others."""
    left = list(behaviours)

    async def answered(line: ServerConnection) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(Bot(line))

    async with serve(answered, "127.0.0.1", 0, process_request=admission) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/bot?x=1"


def dial(url: str, notebook: Notebook, options: dict[str, Any], **changed: Any) -> Dial:
    """A call, some of it changed."""
    return Dial(url, AudioCodesOptions(**options), Identity("t"), notebook, **changed)


def held(
    *behaviours: Behaviour,
    caller: Callable[[Call], Awaitable[None]] | None = None,
    options: dict[str, Any] | None = None,
    ended: list[int] | None = None,
    **changed: Any,
) -> Notebook:
    """The notebook of a call to such a bot, in virtual time; the caller hangs up after `caller`, if given.

    When all of it was over is added to `ended`.
    """
    notebook = Notebook()

    async def scene() -> None:
        async with served(*behaviours) as url:
            call = await ADAPTER.dial(dial(url, notebook, options or {}, **changed))
            listening = asyncio.ensure_future(call.listen())
            if caller is None:
                await listening
            else:
                await caller(call)
            await call.hang_up()
            await listening
            await call.hang_up()
            if ended is not None:
                ended.append(notebook.now_us())

    run_on(VirtualLoop, scene())
    return notebook


def refused(behaviour: Behaviour, admission: Admission | None = None, **changed: Any) -> LineRefused:
    """How dialling such a server is refused."""

    async def scene() -> LineRefused:
        async with served(behaviour, admission=admission) as url:
            with pytest.raises(LineRefused) as refusal:
                await ADAPTER.dial(dial(url, Notebook(), {}, **changed))
            return refusal.value

    return run_on(VirtualLoop, scene())


async def hangs_up(bot: Bot) -> None:
    """Take the call and end it; closing as the vendor's SDK does."""
    await bot.accept()
    await bot.acts("hangup", hangupReason="done")
    await bot.until("session.end")


async def waits(bot: Bot) -> None:
    """Take the call, and close once it is over."""
    await bot.accept()
    await bot.until("session.end")


async def a_while(call: Call) -> None:
    """The caller says nothing for a second."""
    del call
    await asyncio.sleep(1)


def rules(notebook: Notebook) -> list[str]:
    """The rules that the bot broke."""
    return [event.rule for event in notebook.of(ProtocolFault)]
