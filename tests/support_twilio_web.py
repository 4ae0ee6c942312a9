"""A bot with a web server and a WebSocket on one port, in virtual time, and calls to it."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from support_twilio import Notebook
from turnspec.adapters.base import Call, Dial
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.twilio import ADAPTER, TwilioOptions
from turnspec.adapters.twilio.platform_shell import TwilioPlatform
from turnspec.call import Identity
from turnspec.doubles.front_shell import FrontDoor
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

XML = (("Content-Type", "text/xml"),)
Talk = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One stream as the bot sees it."""

    connection: ServerConnection
    start: dict[str, object]
    heard: list[dict[str, object]] = field(default_factory=list)

    @property
    def sid(self) -> str:
        """The stream's id."""
        return str(self.start["streamSid"])

    async def say(self, event: str, **more: object) -> None:
        """Send one message."""
        await self.connection.send(json.dumps({"event": event, "streamSid": self.sid, **more}))

    async def play(self, duration_ms: int) -> None:
        """Send a hum."""
        payload = b64encode(b"\x10" * duration_ms * 8).decode()
        await self.say("media", media={"payload": payload})

    async def listen(self) -> None:
        """Hear until the line is closed."""
        try:
            while True:
                self.heard.append(json.loads(await self.connection.recv()))
        except ConnectionClosed:
            return


@dataclass
class Bot:
    """What it answers to requests by path, what it does on each stream in turn, and what it was asked."""

    pages: dict[str, bytes | HttpResponse]
    talks: list[Talk] = field(default_factory=list)
    asked: list[tuple[str, HttpRequest]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    upgrades: list[dict[str, str]] = field(default_factory=list)
    host: str = ""

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer a plain request."""
        path = request.target.partition("?")[0]
        self.asked.append((path, request))
        page = self.pages.get(path, HttpResponse(404))
        return page if isinstance(page, HttpResponse) else HttpResponse(200, XML, page)

    def forms(self, path: str) -> list[dict[str, str]]:
        """The forms that were posted to a path."""
        return [
            dict(parse_qsl(request.body.decode(), keep_blank_values=True))
            for asked, request in self.asked
            if asked == path
        ]

    async def _answered(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        headers = dict(connection.request.headers.raw_items())
        self.upgrades.append({"path": connection.request.path, **headers})
        await connection.recv()
        line = Line(connection, json.loads(await connection.recv()))
        self.lines.append(line)
        talk = self.talks.pop(0) if self.talks else Line.listen
        await talk(line)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on loopback; the host and port."""
        door = FrontDoor(self.answer)
        server = serve(
            self._answered,
            "127.0.0.1",
            0,
            create_connection=door.connections(ServerConnection),
            compression=None,
            close_timeout=1,
        )
        async with server as serving:
            self.host = f"127.0.0.1:{next(iter(serving.sockets)).getsockname()[1]}"
            yield self.host
            door.close()


def dial(url: str, notebook: Notebook, platform: TwilioPlatform | None = None, **options: object) -> Dial:
    """A call that begins at the voice webhook, unless options say something else."""
    return Dial(
        url=url,
        options=TwilioOptions.model_validate({"start_at": "webhook", **options}),
        identity=Identity("t"),
        witness=notebook,
        auth={"auth_token": "12345"},
        platform=platform,
        timeout_us=5_000_000,
    )


def held(
    bot: Bot,
    caller: Callable[[Call], Awaitable[None]] | None = None,
    *,
    platform: TwilioPlatform | None = None,
    path: str = "/voice",
    **options: object,
) -> Notebook:
    """The notebook of a call to a bot, listened to until it was over and hung up."""
    notebook = Notebook()

    async def scene() -> None:
        if platform is not None:
            await platform.open()
        async with bot.serving() as host:
            scheme = "ws" if options.get("start_at") == "socket" else "http"
            call = await ADAPTER.dial(dial(f"{scheme}://{host}{path}", notebook, platform, **options))
            listening = asyncio.ensure_future(call.listen())
            if caller is not None:
                await caller(call)
                await call.hang_up()
            await listening
            await call.hang_up()
        if platform is not None:
            await platform.aclose()

    run_on(VirtualLoop, scene())
    return notebook
