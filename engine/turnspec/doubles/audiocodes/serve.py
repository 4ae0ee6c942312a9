"""The socket under the AudioCodes bot: a `websockets` server, one local agent a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from typing import Final, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from turnspec.adapters.audiocodes.faults import DIALECT
from turnspec.adapters.audiocodes.upgrade_shell import LARGEST_MESSAGE
from turnspec.adapters.base import Witness
from turnspec.adapters.excerpts import elided
from turnspec.adapters.faults.shell import answered, make_faulty
from turnspec.call import Identity
from turnspec.call.events import Side
from turnspec.doubles.agent.phone.shell import BotConnection, hold
from turnspec.doubles.agent.reply import Agent, faults_of
from turnspec.doubles.audiocodes.bot import AudioCodesBot, Conversations
from turnspec.doubles.watcher import Watcher, ended_at_once

Session = tuple[Agent, Witness, Identity]

CLOSE_TIMEOUT_S: Final = 2.0
AUDIO_KEY: Final = "audioChunk"


class AudioCodesBotServer:
    """A bot that answers calls at `url` until it is closed."""

    def __init__(
        self,
        sessions: Callable[[], Session | None],
        token: str | None,
        plays: str | None,
        watcher: Watcher | None,
    ) -> None:
        self._sessions = sessions
        self._token = token
        self._plays = plays
        self._watcher = watcher
        self._lost = Conversations()
        self._admitted: dict[ServerConnection, Session] = {}
        self._calls: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self.url = ""

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await serve(
            self._answered,
            host,
            port,
            process_request=self._admit,
            create_connection=BotConnection,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
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
        for call in self._calls:
            call.cancel()
        await self._server.wait_closed()
        for outcome in await asyncio.gather(*self._calls, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self._token is not None and not _bears(request, self._token):
            return self._declined(connection, HTTPStatus.UNAUTHORIZED, "wrong token")
        session = self._sessions()
        if session is None:
            return self._declined(connection, HTTPStatus.SERVICE_UNAVAILABLE, "no call is expected")
        agent, witness, _ = session
        declined = await answered(connection, faults_of(agent), witness, Side.AGENT)
        if declined is None:
            self._admitted[connection] = session
        else:
            ended_at_once(witness, self._watcher)
        return declined

    def _declined(self, connection: ServerConnection, status: HTTPStatus, reason: str) -> Response:
        if self._watcher is not None:
            self._watcher.refused(reason, status)
        return connection.respond(status, f"{reason}\n")

    async def _answered(self, connection: ServerConnection) -> None:
        agent, witness, _ = self._admitted.pop(connection)
        bot = AudioCodesBot(agent, witness.happened, self._lost, plays=self._plays)
        line = cast(BotConnection, connection)  # as `open` asked for
        faults = faults_of(agent)
        if faults is not None and faults.closes_with is not None:
            await line.close(faults.closes_with)
            ended_at_once(witness, self._watcher)
            return
        make_faulty(line, faults, DIALECT, witness, Side.AGENT)
        shown = partial(elided, key=AUDIO_KEY)
        call = asyncio.get_running_loop().create_task(hold(line, bot, witness, shown, self._watcher))
        self._calls.append(call)
        # What the call fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({call})


async def serve_audiocodes_bot(
    sessions: Callable[[], Session | None],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    token: str | None = None,
    plays: str | None = None,
    watcher: Watcher | None = None,
) -> AudioCodesBotServer:
    """Serve a local agent as a bot of the Bot API on the running loop, whichever clock that has.

    `sessions` is asked at each upgrade; None refuses it with status 503. With a `token` each upgrade must
    bear it, else it gets status 401. `plays` is the media format of what the bot plays, None: the one it
    accepted. A `watcher` is told how each call ended, and with one the witness gets the frames.
    """
    server = AudioCodesBotServer(sessions, token, plays, watcher)
    await server.open(host, port)
    return server


def _bears(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.casefold() == "bearer" and compare_digest(given.strip().encode(), token.encode())
