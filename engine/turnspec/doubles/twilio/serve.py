"""The socket under the Twilio bot: a `websockets` server, one local agent a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final, cast

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event

from turnspec.adapters.base import Witness
from turnspec.adapters.twilio.excerpts import elided
from turnspec.call.events import HarnessFailed, Side
from turnspec.doubles.agent.local import AgentScriptError
from turnspec.doubles.agent.reply import Agent
from turnspec.doubles.twilio.bot import TwilioBot
from turnspec.doubles.watcher import Watcher, watched

Session = tuple[Agent, Witness]

LARGEST_MESSAGE: Final = 1024 * 1024
CLOSE_TIMEOUT_S: Final = 2.0
NORMAL: Final = 1000
INTERNAL_ERROR: Final = 1011
CONTROL: Final = frozenset({Opcode.PING, Opcode.PONG, Opcode.CLOSE})


class TwilioBotServer:
    """A bot that answers calls at `url` until it is closed."""

    def __init__(self, make_agent: Callable[[], Session | None], watcher: Watcher | None = None) -> None:
        self._make_agent = make_agent
        self._watcher = watcher
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

    def _admitted(self, connection: ServerConnection, request: Request) -> Response | None:  # noqa: ARG002 # any path will do
        session = self._make_agent()
        if session is None:
            return connection.respond(503, "no call is expected\n")
        self._sessions[connection] = session
        return None

    async def _answered(self, connection: ServerConnection) -> None:
        session = self._sessions.pop(connection)
        line = cast(BotConnection, connection)  # as `open` asked for
        call = asyncio.get_running_loop().create_task(_hold(line, *session, self._watcher))
        self._calls.append(call)
        # What the call fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({call})


async def serve_twilio_bot(
    make_agent: Callable[[], Session | None],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    watcher: Watcher | None = None,
) -> TwilioBotServer:
    """Serve a local agent as a Twilio bot on the running loop, whichever clock that has.

    `make_agent` is asked at each upgrade; None refuses it with status 503. A `watcher` is told how
    each call ended, and with one the witness gets the frames: in a run, the caller's end keeps them.
    """
    server = TwilioBotServer(make_agent, watcher)
    await server.open(host, port)
    return server


class BotConnection(ServerConnection):
    """A connection that hands whole texts over as they arrive.

    The library's own way, a task that waits in `recv`, costs half as much as all that the bot does with a
    frame, fifty times a second. Whatever is not a whole text still goes that way, and all that comes after
    it, so that the order of messages stays.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._early: list[str] = []
        self._taker: Callable[[str], None] | None = None
        self._whole = True  # as all messages so far

    def hand_to(self, taker: Callable[[str], None]) -> None:
        """Give `taker` what has come, and what comes; the rest is for `recv`."""
        self._taker = taker
        for text in self._early:
            taker(text)
        self._early.clear()

    def process_event(self, event: Event) -> None:
        """Take one event of the protocol."""
        text = self._text_of(event) if self._whole and isinstance(event, Frame) else None
        if text is None:
            super().process_event(event)
        elif self._taker is None:
            self._early.append(text)
        else:
            self._taker(text)

    def _text_of(self, frame: Frame) -> str | None:
        self._whole = frame.opcode in CONTROL
        if frame.opcode is not Opcode.TEXT or not frame.fin:
            return None
        try:
            text = bytes(frame.data).decode()
        except UnicodeDecodeError:
            return None  # `recv` closes the connection because of it
        self._whole = True
        return text


async def _hold(connection: BotConnection, agent: Agent, witness: Witness, watcher: Watcher | None) -> None:
    """One call, from the upgrade to the end of the connection."""
    talk = _hold_on(connection, agent, witness, keep_frames=watcher is not None)
    if not await watched(talk, witness, watcher):
        await connection.close(INTERNAL_ERROR)


async def _hold_on(connection: BotConnection, agent: Agent, witness: Witness, *, keep_frames: bool) -> None:
    code = NORMAL
    bot = TwilioBot(agent, witness.happened)
    try:
        with closing(_Talk(connection, bot, witness, keep_frames=keep_frames)) as talk:
            await talk.over
    except ConnectionClosed:
        bot.gone(witness.now_us())
    except AgentScriptError as error:
        code = INTERNAL_ERROR
        witness.happened(HarnessFailed(at_us=witness.now_us(), side=Side.AGENT, reason=str(error)))
    await connection.close(code)


class _Talk:
    """Gives a bot its frames, and wakes it when it asked for that. `over` holds what the call ended with."""

    def __init__(
        self, connection: BotConnection, bot: TwilioBot, witness: Witness, *, keep_frames: bool
    ) -> None:
        self._connection = connection
        self._bot = bot
        self._witness = witness
        self._keep_frames = keep_frames
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_us: int | None = None
        self.over: asyncio.Future[None] = self._loop.create_future()
        connection.hand_to(self._take)
        self._rest = self._loop.create_task(self._take_the_rest(), name="take frames")

    def close(self) -> None:
        """Take nothing more."""
        self.over.cancel()
        self._rest.cancel()
        self._set_alarm(None)

    async def _take_the_rest(self) -> None:
        try:
            while True:
                self._take(await self._connection.recv())
        except ConnectionClosed as closed:
            self._end(closed)

    def _take(self, frame: str | bytes) -> None:
        if self._keep_frames:
            shown = elided(frame) if isinstance(frame, str) else f"<{len(frame)} bytes>"
            self._witness.frame(Side.AGENT, "in", shown)
        self._answer(self._bot.receive, frame, self._witness.now_us())

    def _woken(self) -> None:
        # Seconds as floats may end a microsecond short of what was waited for.
        at_us = max(self._alarm_us or 0, self._witness.now_us())
        self._alarm_us = None
        self._answer(self._bot.wake, at_us)

    def _answer(self, act: Callable[..., list[str]], *facts: Any) -> None:
        if self.over.done():
            return
        try:
            if frames := act(*facts):
                self._send(frames)
            while not self._bot.closing and (due_us := self._bot.next_wake_us) != self._alarm_us:
                if due_us is None or due_us > self._witness.now_us():
                    self._set_alarm(due_us)
                else:
                    self._send(self._bot.wake(self._witness.now_us()))
        except Exception as error:  # noqa: BLE001 - handed whole to whoever holds the call, who awaits `over`
            self._end(error)
        if self._bot.closing:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self.over.done():
            return
        if error is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(error)

    def _set_alarm(self, due_us: int | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_us, self._alarm = due_us, None
        if due_us is not None:
            wait_s = (due_us - self._witness.now_us()) / 1_000_000
            self._alarm = self._loop.call_at(self._loop.time() + wait_s, self._woken)

    def _send(self, frames: list[str]) -> None:
        for frame in frames:
            if self._keep_frames:
                self._witness.frame(Side.AGENT, "out", elided(frame))
            broadcast([self._connection], frame)
