"""The socket under a telephone bot: a `websockets` server, one local agent a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from turnspec.adapters.faults.dialect import Dialect
from turnspec.adapters.faults.shell import answered, make_faulty
from turnspec.call.events import Event, Side
from turnspec.doubles.agent.phone.shell import Bot, BotConnection, hold
from turnspec.doubles.agent.reply import Agent, faults_of
from turnspec.doubles.front_shell import FrontDoor
from turnspec.doubles.sessions import Session, Sessions
from turnspec.doubles.watcher import Watcher, ended_at_once

CLOSE_TIMEOUT_S: Final = 2.0
NOT_EXPECTED: Final = (HTTPStatus.SERVICE_UNAVAILABLE, "no call is expected")

Refusal: TypeAlias = tuple[HTTPStatus, str]
MakeBot: TypeAlias = Callable[[Agent, Callable[[Event], None]], Bot]


@dataclass(frozen=True, slots=True)
class Platform:
    """What sets the bots of one platform apart.

    `refusal` tells what is wrong with an upgrade before anybody is asked to answer it, `elided` how the wire
    log shows a frame. What comes to a `door` without being an upgrade is answered there.
    """

    dialect: Dialect
    largest_message: int
    make_bot: MakeBot
    refusal: Callable[[Request], Refusal | None]
    elided: Callable[[str], str]
    door: FrontDoor | None = None


class BotServer:
    """A bot that answers calls at `url` until it is closed."""

    def __init__(self, platform: Platform, sessions: Sessions, watcher: Watcher | None) -> None:
        self._platform = platform
        self._sessions = sessions
        self._watcher = watcher
        self._admitted: dict[ServerConnection, Session] = {}
        self._calls: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self.url = ""

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        door = self._platform.door
        connections: Any = BotConnection if door is None else door.connections(BotConnection)
        self._server = await serve(
            self._answered,
            host,
            port,
            process_request=self._admit,
            create_connection=connections,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=self._platform.largest_message,
        )
        name, number = next(iter(self._server.sockets)).getsockname()[:2]
        self.url = f"ws://{f'[{name}]' if ':' in name else name}:{number}/"

    async def aclose(self) -> None:
        """Answer no more, end the calls that are up, and let go of the port.

        Raises:
            Exception: Whatever a call of this server failed with.
        """
        if self._server is None:
            return
        self._server.close()
        if self._platform.door is not None:
            self._platform.door.close()
        for call in self._calls:
            call.cancel()
        await self._server.wait_closed()
        for outcome in await asyncio.gather(*self._calls, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        refusal = self._platform.refusal(request)
        if refusal is not None:
            return self._declined(connection, refusal)
        session = self._sessions()
        if session is None:
            return self._declined(connection, NOT_EXPECTED)
        agent, witness, _ = session
        declined = await answered(connection, faults_of(agent), witness, Side.AGENT)
        if declined is None:
            self._admitted[connection] = session
        else:
            ended_at_once(witness, self._watcher)
        return declined

    def _declined(self, connection: ServerConnection, refusal: Refusal) -> Response:
        status, reason = refusal
        if self._watcher is not None:
            self._watcher.refused(reason, status)
        return connection.respond(status, f"{reason}\n")

    async def _answered(self, connection: ServerConnection) -> None:
        agent, witness, _ = self._admitted.pop(connection)
        line = cast(BotConnection, connection)  # as `open` asked for
        faults = faults_of(agent)
        if faults is not None and faults.closes_with is not None:
            await line.close(faults.closes_with)
            ended_at_once(witness, self._watcher)
            return
        make_faulty(line, faults, self._platform.dialect, witness, Side.AGENT)
        bot = self._platform.make_bot(agent, witness.happened)
        talk = hold(line, bot, witness, self._platform.elided, self._watcher)
        call = asyncio.get_running_loop().create_task(talk)
        self._calls.append(call)
        # What the call fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({call})
