"""The socket under the Twilio bot: a `websockets` server, one local agent a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from turnspec.adapters.base import Witness
from turnspec.call.events import HarnessFailed, Side
from turnspec.doubles.agent.local import AgentScriptError
from turnspec.doubles.agent.reply import Agent
from turnspec.doubles.twilio.bot import TwilioBot

Session = tuple[Agent, Witness]

LARGEST_MESSAGE: Final = 1024 * 1024
CLOSE_TIMEOUT_S: Final = 2.0
NORMAL: Final = 1000
INTERNAL_ERROR: Final = 1011


class TwilioBotServer:
    """A bot that answers calls at `url` until it is closed."""

    def __init__(self, make_agent: Callable[[], Session | None]) -> None:
        self._make_agent = make_agent
        self._sessions: dict[ServerConnection, Session] = {}
        self._calls: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        self.url = ""

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await serve(
            self._answered,
            host,
            port,
            process_request=self._admitted,
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

    def _admitted(self, connection: ServerConnection, request: Request) -> Response | None:  # noqa: ARG002 # any path will do
        session = self._make_agent()
        if session is None:
            return connection.respond(503, "no call is expected\n")
        self._sessions[connection] = session
        return None

    async def _answered(self, connection: ServerConnection) -> None:
        call = asyncio.get_running_loop().create_task(_hold(connection, *self._sessions.pop(connection)))
        self._calls.append(call)
        # What the call fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({call})


async def serve_twilio_bot(
    make_agent: Callable[[], Session | None], host: str = "127.0.0.1", port: int = 0
) -> TwilioBotServer:
    """Serve a local agent as a Twilio bot on the running loop, whichever clock that has.

    `make_agent` is asked at each upgrade; None refuses it with status 503.
    """
    server = TwilioBotServer(make_agent)
    await server.open(host, port)
    return server


async def _hold(connection: ServerConnection, agent: Agent, witness: Witness) -> None:
    """One call, from the upgrade to the end of the connection."""
    code = NORMAL
    bot = TwilioBot(agent, witness.happened)
    try:
        while not bot.closing:
            await _answer_until_due(connection, bot, witness)
    except ConnectionClosed:
        bot.gone(witness.now_us())
    except AgentScriptError as error:
        code = INTERNAL_ERROR
        witness.happened(HarnessFailed(at_us=witness.now_us(), side=Side.AGENT, reason=str(error)))
    await connection.close(code)


async def _answer_until_due(connection: ServerConnection, bot: TwilioBot, witness: Witness) -> None:
    """Take frames as they come until the time that the bot waits for, then wake it."""
    alarm_us: int | None = None
    try:
        # One alarm for many frames: it is set anew only when the bot waits for another time.
        async with asyncio.timeout(None) as alarm:
            while not bot.closing:
                due_us = bot.next_wake_us
                if due_us != alarm_us:
                    now_us = witness.now_us()
                    if due_us is not None and due_us <= now_us:
                        break
                    alarm_us = due_us
                    alarm.reschedule(_loop_time(due_us, now_us))
                frame = await connection.recv()
                if frames := bot.receive(frame, witness.now_us()):
                    _send(connection, frames)
    except TimeoutError:
        # Seconds as floats may end a microsecond short of what was waited for.
        _send(connection, bot.wake(max(alarm_us or 0, witness.now_us())))
    else:
        if not bot.closing:
            _send(connection, bot.wake(witness.now_us()))


def _loop_time(due_us: int | None, now_us: int) -> float | None:
    if due_us is None:
        return None
    return asyncio.get_running_loop().time() + (due_us - now_us) / 1_000_000


def _send(connection: ServerConnection, frames: list[str]) -> None:
    for frame in frames:
        broadcast([connection], frame)
