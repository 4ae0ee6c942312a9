"""The socket under the Twilio bot: a `websockets` server, one local agent a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from turnspec.adapters.base import Witness
from turnspec.adapters.faults.shell import answered, make_faulty
from turnspec.adapters.twilio.excerpts import elided
from turnspec.adapters.twilio.faults import DIALECT
from turnspec.adapters.twilio.signature import HEADER
from turnspec.call.events import Side
from turnspec.doubles.agent.phone.shell import BotConnection, hold
from turnspec.doubles.agent.reply import Agent, faults_of
from turnspec.doubles.front_shell import FrontDoor
from turnspec.doubles.twilio.bot import TwilioBot
from turnspec.doubles.twilio.voice import NOT_SIGNED, VoiceWebhook
from turnspec.doubles.watcher import Watcher, ended_at_once

Session = tuple[Agent, Witness]

LARGEST_MESSAGE: Final = 1024 * 1024
CLOSE_TIMEOUT_S: Final = 2.0


class TwilioBotServer:
    """A bot that answers calls at `url`, and the voice webhook at `voice_url`, until it is closed."""

    def __init__(
        self,
        make_agent: Callable[[], Session | None],
        watcher: Watcher | None = None,
        auth_token: str | None = None,
    ) -> None:
        self._make_agent = make_agent
        self._watcher = watcher
        self._voice = VoiceWebhook(auth_token)
        self._door = FrontDoor(self._voice.answer)
        self._sessions: dict[ServerConnection, Session] = {}
        self._calls: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self.url = self.voice_url = ""

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await serve(
            self._answered,
            host,
            port,
            process_request=self._admitted,
            create_connection=self._door.connections(BotConnection),
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
        )
        name, number = next(iter(self._server.sockets)).getsockname()[:2]
        place = f"{f'[{name}]' if ':' in name else name}:{number}"
        self.url, self.voice_url = f"ws://{place}/", f"http://{place}/voice"

    async def aclose(self) -> None:
        """Answer no more, end the calls that are up, and let go of the port.

        Raises:
            Exception: Whatever a call of this server failed with.
        """
        if self._server is None:
            return
        self._server.close()
        self._door.close()
        for call in self._calls:
            call.cancel()
        await self._server.wait_closed()
        for outcome in await asyncio.gather(*self._calls, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _admitted(self, connection: ServerConnection, request: Request) -> Response | None:
        if not self._signed(request):
            if self._watcher is not None:
                self._watcher.refused(NOT_SIGNED.strip(), HTTPStatus.FORBIDDEN)
            return connection.respond(HTTPStatus.FORBIDDEN, NOT_SIGNED)
        session = self._make_agent()
        if session is None:
            return connection.respond(503, "no call is expected\n")
        agent, witness = session
        declined = await answered(connection, faults_of(agent), witness, Side.AGENT)
        if declined is None:
            self._sessions[connection] = session
        else:
            ended_at_once(witness, self._watcher)
        return declined

    def _signed(self, request: Request) -> bool:
        host = ",".join(request.headers.get_all("Host"))
        given = ",".join(request.headers.get_all(HEADER))
        return self._voice.admits(("wss", "ws"), host, request.path, (), given)

    async def _answered(self, connection: ServerConnection) -> None:
        agent, witness = self._sessions.pop(connection)
        line = cast(BotConnection, connection)  # as `open` asked for
        faults = faults_of(agent)
        if faults is not None and faults.closes_with is not None:
            await line.close(faults.closes_with)
            ended_at_once(witness, self._watcher)
            return
        make_faulty(line, faults, DIALECT, witness, Side.AGENT)
        bot = TwilioBot(agent, witness.happened)
        call = asyncio.get_running_loop().create_task(hold(line, bot, witness, elided, self._watcher))
        self._calls.append(call)
        # What the call fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({call})


async def serve_twilio_bot(
    make_agent: Callable[[], Session | None],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    watcher: Watcher | None = None,
    auth_token: str | None = None,
) -> TwilioBotServer:
    """Serve a local agent as a Twilio bot on the running loop, whichever clock that has.

    `make_agent` is asked at each upgrade; None refuses it with status 503. A `watcher` is told how
    each call ended, and with one the witness gets the frames: in a run, the caller's end keeps them.
    With an `auth_token`, what it did not sign is refused with status 403.
    """
    server = TwilioBotServer(make_agent, watcher, auth_token)
    await server.open(host, port)
    return server
