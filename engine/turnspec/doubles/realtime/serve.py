"""The Realtime double on a port: a thin `websockets` server around the sans-I/O one.

It asks for time only of the running loop (timers) and of the call's witness (stamps), so it serves in
virtual time as it does on the wall clock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from turnspec.adapters.base import Witness
from turnspec.adapters.faults import CallFaults
from turnspec.adapters.faults.shell import answered, make_faulty
from turnspec.adapters.http import HttpRequest, HttpResponse
from turnspec.adapters.realtime.faults import DIALECT
from turnspec.adapters.realtime.refused import refusal_error
from turnspec.adapters.realtime.server import (
    BEGAN_AT,
    OPENAI,
    PATHS,
    SUBPROTOCOL,
    Close,
    Handshake,
    Keys,
    Output,
    Policy,
    RealtimeServer,
    Refused,
    Send,
    admitted,
    key_refused,
)
from turnspec.adapters.realtime.wire import ClientError, elided
from turnspec.adapters.realtime.wire.server_events import error as error_event
from turnspec.call.events import HarnessFailed, ProtocolFault, Side
from turnspec.doubles.agent.local import AgentScriptError
from turnspec.doubles.agent.reply import faults_of
from turnspec.doubles.agent.session import NO_WISHES, session_of
from turnspec.doubles.realtime.http_shell import RealtimeConnection
from turnspec.doubles.realtime.mind import ScriptedMind
from turnspec.doubles.realtime.wishes import policy_for, settings_for
from turnspec.doubles.sessions import Session, Sessions
from turnspec.doubles.watcher import Watcher, ended_at_once, watched

LARGEST_MESSAGE: Final = 32 * 1024 * 1024  # an append may carry 15 MiB of audio, a third more in base64
CLOSE_TIMEOUT_S: Final = 2.0
INTERNAL_ERROR: Final = 1011
TRY_AGAIN_LATER: Final = 1013
MICROSECONDS: Final = 1_000_000


class RunningDouble:
    """A Realtime server that listens; `url` is what a client takes as its base URL."""

    def __init__(
        self,
        sessions: Sessions,
        api_key: str | None,
        side: Side,
        watcher: Watcher | None = None,
        *,
        policy: Policy = OPENAI,
        began_at: int = BEGAN_AT,
    ) -> None:
        self._sessions, self._side, self._watcher = sessions, side, watcher
        self._policy, self._began_at = policy, began_at
        self._keys = Keys(api_key, began_at, policy)
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._server: Server | None = None
        self._asked: WeakKeyDictionary[ServerConnection, Session | None] = WeakKeyDictionary()
        self._conversations: list[asyncio.Task[None]] = []
        self.url = ""

    async def open(self, host: str, port: int, ping_interval_s: float | None) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await serve(
            self._answered,
            host,
            port,
            process_request=self._only_realtime,
            select_subprotocol=_selected,
            compression=None,
            ping_interval=ping_interval_s,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=LARGEST_MESSAGE,
            server_header=None,
            create_connection=partial(RealtimeConnection, answer=self._answered_http),  # type: ignore[arg-type] # it is called, not subclassed
        )
        bound = next(iter(self._server.sockets)).getsockname()[1]
        self.url = f"ws://{f'[{host}]' if ':' in host else host}:{bound}/v1"

    async def aclose(self) -> None:
        """Close all connections and stop listening; returns when nothing of it runs any more.

        Raises:
            Exception: Whatever a conversation of this server failed with.
        """
        if self._server is None:
            return
        self._server.close()
        await self._server.wait_closed()
        for outcome in await asyncio.gather(*self._conversations, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _answered(self, connection: ServerConnection) -> None:
        conversation = self._loop.create_task(self._converse(connection, self._asked.pop(connection)))
        self._conversations.append(conversation)
        # What it fails with is told by `aclose`; the library would only log it.
        await asyncio.wait({conversation})
        if conversation.cancelled() or conversation.exception() is not None:
            await connection.close(INTERNAL_ERROR)
        else:
            self._conversations.remove(conversation)

    def _now_us(self) -> int:
        return round((self._loop.time() - self._began_s) * MICROSECONDS)

    def _answered_http(self, request: HttpRequest) -> HttpResponse:
        return self._keys.answer(request, self._now_us())

    async def _only_realtime(self, connection: ServerConnection, request: Request) -> Response | None:
        handshake = _handshake(request)
        if not handshake.path_is_served:
            # Azure's clients may have their key in the query.
            path = urlsplit(request.path).path
            self._tell_refused(f"{path}: only {PATHS[0]} is served", HTTPStatus.NOT_FOUND)
            return connection.respond(HTTPStatus.NOT_FOUND, f"only {PATHS[0]} is served here\n")
        wrong = key_refused(handshake, self._keys, self._now_us())
        if wrong is not None and self._policy.unauthorized_as_http:
            self._tell_refused(wrong.message, HTTPStatus.UNAUTHORIZED)
            return connection.respond(HTTPStatus.UNAUTHORIZED, f"{wrong.message}\n")
        return await self._met(connection)

    async def _met(self, connection: ServerConnection) -> Response | None:
        """Ask who answers this connection, and whether that one declines it."""
        session = self._asked[connection] = self._sessions()
        if session is None:
            return None
        agent, witness, _ = session
        declined = await answered(connection, faults_of(agent), witness, self._side)
        if declined is not None:
            ended_at_once(witness, self._watcher)
        return declined

    def _tell_refused(self, reason: str, code: int) -> None:
        if self._watcher is not None:
            self._watcher.refused(reason, code)

    async def _converse(self, connection: ServerConnection, session: Session | None) -> None:
        assert connection.request is not None
        wishes = NO_WISHES if session is None else session_of(session[0])
        policy = policy_for(self._policy, wishes)
        outcome = admitted(_handshake(connection.request), self._keys, policy, self._now_us())
        if isinstance(outcome, Refused):
            await self._decline(connection, outcome, session)
            return
        if session is None:
            error = ClientError("no_call_in_progress", "No call is in progress here.", type="server_error")
            await _refuse(connection, Refused(error, TRY_AGAIN_LATER))
            return
        agent, witness, identity = session
        faults = faults_of(agent)
        if faults is not None and faults.closes_with is not None:
            await _refuse(connection, Refused(refusal_error(faults.closes_with), faults.closes_with))
            ended_at_once(witness, self._watcher)
            return
        make_faulty(connection, faults, DIALECT, witness, self._side)
        server = RealtimeServer(
            ScriptedMind(agent, witness.happened, self._side),
            witness,
            identity,
            outcome.model,
            self._side,
            policy=policy,
            settings=(*settings_for(wishes), *outcome.settings),
            began_at=self._began_at + self._now_us() // MICROSECONDS,
        )
        held = _Session(connection, server, witness, self._side, faults)
        if not await watched(held.run(), witness, self._watcher):
            await connection.close(INTERNAL_ERROR)

    async def _decline(self, connection: ServerConnection, refused: Refused, session: Session | None) -> None:
        self._tell_refused(refused.error.message, refused.code)
        if session is not None:
            _, witness, _ = session
            rule, detail = refused.error.code, refused.error.message
            witness.happened(ProtocolFault(at_us=witness.now_us(), side=self._side, rule=rule, detail=detail))
        await _refuse(connection, refused)
        if session is not None:
            ended_at_once(session[1], self._watcher)


async def serve_realtime(
    sessions: Sessions,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    api_key: str | None = None,
    ping_interval_s: float | None = None,
    side: Side = Side.MODEL,
    watcher: Watcher | None = None,
    policy: Policy = OPENAI,
    began_at: int = BEGAN_AT,
) -> RunningDouble:
    """Serve `/v1/realtime`; `sessions()` gives the agent of the call in progress, None: there is none.

    `api_key` None takes any key. What happens is reported to the witness that `sessions()` gives;
    a `watcher` is told how each connection ended. `policy` is how the server behaves where servers differ;
    an agent's own `session` comes before it. `began_at` is the Unix time of now: a fixed one repeats.
    """
    double = RunningDouble(sessions, api_key, side, watcher, policy=policy, began_at=began_at)
    await double.open(host, port, ping_interval_s)
    return double


@asynccontextmanager
async def serving(sessions: Sessions, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[RunningDouble]:
    """`serve_realtime` for the length of a block."""
    double = await serve_realtime(sessions, host, port)
    try:
        yield double
    finally:
        await double.aclose()


def _selected(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    # Browsers fail a connection whose server selects none of what they offered.
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _handshake(request: Request) -> Handshake:
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
    return Handshake(request.path, request.headers, [name.strip() for name in offered])


async def _refuse(connection: ServerConnection, refused: Refused) -> None:
    broadcast([connection], json.dumps({"event_id": "event_refused", **error_event(refused.error)}))
    await connection.close(refused.code, refused.reason)


class _Session:
    """One connection: frames in, outputs out, and one timer for what the server does by itself."""

    def __init__(
        self,
        connection: ServerConnection,
        server: RealtimeServer,
        witness: Witness,
        side: Side,
        faults: CallFaults | None,
    ) -> None:
        self._connection, self._server, self._witness, self._side = connection, server, witness, side
        self._faults = faults
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._do(self._server.open(self._witness.now_us()))
        if self._faults is not None:
            self._faults.came_up()
        try:
            while True:
                self._arrived(await self._connection.recv())
        except ConnectionClosed:
            pass  # however it ended: the other side of the double reports what its line saw
        except AgentScriptError as error:
            self._fail(str(error))
        finally:
            self._cancel_timer()
        if self._closing is not None:
            await self._closing

    def _fail(self, reason: str) -> None:
        self._witness.happened(HarnessFailed(at_us=self._witness.now_us(), side=self._side, reason=reason))
        self._do([Close(INTERNAL_ERROR)])

    def _arrived(self, frame: str | bytes) -> None:
        self._witness.frame(self._side, "in", elided(frame))
        self._do(self._server.receive(frame, self._witness.now_us()))

    def _woken(self) -> None:
        try:
            self._do(self._server.advance(self._witness.now_us()))
        except AgentScriptError as error:
            self._fail(str(error))

    def _do(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case Send(text):
                    self._witness.frame(self._side, "out", elided(text))
                    broadcast([self._connection], text)
                case Close(code, reason):
                    self._closing = self._loop.create_task(self._connection.close(code, reason))
        self._cancel_timer()
        due_us = self._server.due_us
        if due_us is not None:
            delay_s = max(0, due_us - self._witness.now_us()) / MICROSECONDS
            self._timer = self._loop.call_later(delay_s, self._woken)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
