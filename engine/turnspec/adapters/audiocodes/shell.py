"""The sockets under an AudioCodes call: its connection, and those that take it on when that is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from turnspec.adapters.audiocodes.asked import PlayUrl
from turnspec.adapters.audiocodes.caller import NO_CLOSE_FRAME, CallerEnd, Stage
from turnspec.adapters.audiocodes.faults import DIALECT
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.audiocodes.outbox import Reaction
from turnspec.adapters.audiocodes.prompt_shell import fetched
from turnspec.adapters.audiocodes.upgrade_shell import upgrade_headers, upgraded
from turnspec.adapters.base import Dial, LineError, LineRefused
from turnspec.adapters.excerpts import elided, excerpt
from turnspec.adapters.faults.shell import make_faulty
from turnspec.adapters.upgrade_shell import MICROSECONDS
from turnspec.call.events import ProtocolFault, Side

CLOSING_S: Final = 2.0  # after `session.end` the bot closes; the vendor's SDK does so at once
LOGGED: Final = 4_096  # of a frame without audio chunks, such as a prompt in a data: URL


class AudioCodesCall:
    """A call that is up, or on its way. Sending on a closed line does nothing."""

    def __init__(self, request: Dial, options: AudioCodesOptions) -> None:
        self._request, self._options = request, options
        self._witness = request.witness
        self._end = CallerEnd(options, request.identity, request.caller_number, request.callee_number)
        self._connection: ClientConnection | None = None
        self._over = asyncio.Event()
        self._resuming: asyncio.Task[str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._group: asyncio.TaskGroup | None = None  # while somebody listens: what fetches prompts
        self._fetches: set[asyncio.Task[None]] = set()

    @property
    def backlog(self) -> int:
        """Bytes that the peer's socket has not taken yet."""
        return 0 if self._connection is None else self._connection.transport.get_write_buffer_size()

    async def open(self) -> None:
        """Connect, and return once the call is up.

        Raises:
            LineRefused: The bot declined, or did not answer `session.initiate`.
            NothingListens: No connection, or no answer to the upgrade.
        """
        connection, answered = await self._connect(), False
        try:
            self._react(self._end.opening(self._witness.now_us()))
            async with asyncio.timeout(self._request.timeout_us / MICROSECONDS):
                await self._answer(connection)
            answered = True
        except TimeoutError as error:
            waited = self._request.timeout_us / MICROSECONDS
            raise LineRefused(f"no session.accepted within {waited:g} s") from error
        finally:
            if not answered:
                connection.transport.abort()

    async def listen(self) -> None:
        """Report what the bot sends until it, the line or `hang_up` ends the call."""
        async with asyncio.TaskGroup() as self._group:
            self._fetch_prompts()
            while self._connection is not None:
                await self._hear(self._connection)
                if self._end.stage is not Stage.LOST or not await self._resumed():
                    break
            # What was sent before the bot closed is still to be heard, or the call had no other end yet.
            await self._over.wait()

    def send_audio(self, frame: bytes) -> None:
        """Take the next 20 ms of the caller."""
        for chunk in self._end.audio(frame):
            self._send(chunk)

    def send_digit(self, digit: str) -> None:
        """Press one key."""
        self._react(self._end.digit(digit, self._witness.now_us()))

    def send_text(self, text: str) -> None:
        """Send the caller's words, as the platform's own speech recognition would."""
        self._react(self._end.text(text, self._witness.now_us()))

    def send_message(self, document: Mapping[str, Any]) -> None:
        """Send an activity as it is written."""
        self._react(self._end.activity(document, self._witness.now_us()))

    def request_reply(self) -> None:
        """Refused: the wire has no such word."""
        raise NotImplementedError("the Bot API cannot ask for a reply")

    def return_function(self, call_id: str, output: str) -> None:  # the protocol's signature
        """Refused: the wire has no function calls."""
        raise NotImplementedError("the Bot API carries no function calls")

    def mark_reached(self, name: str) -> None:
        """Nothing: bots set no marks."""

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Nothing: a bot is not told how much was heard."""

    def played_out(self) -> None:
        """All has been heard: the bot is told if it asked, and a call that waited for it ends."""
        self._react(self._end.played_out(self._witness.now_us()))

    async def hang_up(self) -> None:
        """Send `session.end`, and close unless the bot does so first."""
        self._react(self._end.hang_up())
        self._over.set()
        for task in (*self._fetches, *([self._resuming] if self._resuming else [])):
            task.cancel()
        if self._connection is None:
            return
        if self._end.said_end:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_S):
                    await self._connection.wait_closed()
        await self._connection.close()

    # --- connections ------------------------------------------------------------------------

    async def _connect(self) -> ClientConnection:
        named = self._end.conversation_id if self._options.call_headers else None
        headers = upgrade_headers(self._request, named)
        connection = await upgraded(self._request.url, headers, self._request.timeout_us)
        make_faulty(connection, self._request.faults, DIALECT, self._witness, Side.LINE)
        self._connection = connection
        return connection

    async def _answer(self, connection: ClientConnection) -> None:
        try:
            while self._end.stage is Stage.WAITING:
                self._arrived(await connection.recv())
        except ConnectionClosed as closed:
            code, reason = _close(closed)
            raise LineRefused(reason or "closed before session.accepted", code) from closed
        if self._end.refusal:
            raise LineRefused(self._end.refusal)

    async def _hear(self, connection: ClientConnection) -> None:
        try:
            while True:
                self._arrived(await connection.recv())
        except ConnectionClosed as closed:
            at_us, (code, reason) = self._witness.now_us(), _close(closed)
            if self._end.stage is Stage.OVER or not _is_broken(closed):
                self._react(self._end.closed(code, reason, at_us))
                return
            # Only the library closes unasked, when a frame breaks the WebSocket protocol itself.
            detail = f"the WebSocket itself was broken: {reason or f'code {code}'}"
            fault = ProtocolFault(at_us=at_us, rule="malformed-frame", detail=detail, fatal=True)
            self._witness.happened(fault)
            self._react(self._end.gave_up(detail, at_us))

    async def _resumed(self) -> bool:
        """Whether another connection took the call on; if none did, the line is broken."""
        self._resuming = asyncio.get_running_loop().create_task(self._resume())
        try:
            failed = await self._resuming
        except asyncio.CancelledError:
            if not self._over.is_set():
                raise
            return False
        finally:
            self._resuming = None
        if failed:
            self._react(self._end.gave_up(failed, self._witness.now_us()))
        return self._end.stage is Stage.UP

    async def _resume(self) -> str:
        """Try again as often as the options say; why it failed, or nothing."""
        failed = "the connection was lost, and `resume: 0` tries no other"
        for attempt in range(self._options.resume):
            if attempt:
                await asyncio.sleep(self._options.resume_after.seconds)
            try:
                connection = await self._connect()
                self._react(self._end.resuming())
                async with asyncio.timeout(self._request.timeout_us / MICROSECONDS):
                    await self._answer_again(connection)
            except TimeoutError:
                failed = "the connection was lost, and session.resume was not answered"
            except LineError as error:
                failed = f"the connection was lost and not to be had again: {error.reason}"
            else:
                return ""
        return failed

    async def _answer_again(self, connection: ClientConnection) -> None:
        try:
            while self._end.stage is Stage.RESUMING:
                self._arrived(await connection.recv())
        except ConnectionClosed as closed:
            code, reason = _close(closed)
            self._react(self._end.closed(code, reason, self._witness.now_us()))
            raise LineRefused(reason or "closed before session.resume was answered", code) from closed

    # --- frames and events ------------------------------------------------------------------

    def _send(self, frame: str) -> None:
        if self._connection is not None and self._connection.state is State.OPEN:
            self._witness.frame(Side.LINE, "out", elided(frame, "audioChunk"))
            broadcast([self._connection], frame)  # the library's one way of writing without waiting

    def _arrived(self, frame: str | bytes) -> None:
        shown = f"<{len(frame)} bytes: {excerpt(frame)}>" if isinstance(frame, bytes) else _logged(frame)
        self._witness.frame(Side.LINE, "in", shown)
        self._react(self._end.receive(frame, self._witness.now_us()))

    def _react(self, reaction: Reaction) -> None:
        for frame in reaction.frames:
            self._send(frame)
        for event in reaction.events:
            self._witness.happened(event)
        self._fetch_prompts()
        if self._end.stage is Stage.OVER:
            self._over.set()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = self._end.wake_us
        if due_us is not None:
            wait_s = (due_us - self._witness.now_us()) / MICROSECONDS
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._woken, due_us)

    def _woken(self, due_us: int) -> None:
        self._timer = None
        # Seconds as floats may end a microsecond short of what was waited for.
        self._react(self._end.woken(max(due_us, self._witness.now_us())))

    def _fetch_prompts(self) -> None:
        if self._group is None or self._end.stage is Stage.OVER:
            return
        for prompt in self._end.prompts_to_fetch():
            task = self._group.create_task(self._fetch(prompt))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

    async def _fetch(self, prompt: PlayUrl) -> None:
        try:
            audio = await fetched(prompt.url, self._request.timeout_us / MICROSECONDS)
        except LineError as error:
            self._react(self._end.not_fetched(prompt, error.reason, self._witness.now_us()))
        else:
            self._react(self._end.fetched(prompt, audio, self._witness.now_us()))


def _logged(frame: str) -> str:
    shown = elided(frame, "audioChunk")
    return shown if len(shown) <= LOGGED else f"{shown[:LOGGED]}… <{len(shown)} characters>"


def _close(closed: ConnectionClosed) -> tuple[int, str]:
    if closed.rcvd is not None:
        return closed.rcvd.code, closed.rcvd.reason
    return NO_CLOSE_FRAME, ""


def _is_broken(closed: ConnectionClosed) -> bool:
    """Whether the library closed because of a frame that is none."""
    return closed.rcvd is None and closed.sent is not None


async def dial(request: Dial) -> AudioCodesCall:
    """Open a call as VoiceAI Connect does.

    Raises:
        LineRefused: The bot declined, or did not answer `session.initiate`.
        NothingListens: No connection, or no answer within `request.timeout_us`.
    """
    call = AudioCodesCall(request, AudioCodesOptions.model_validate(request.options))
    await call.open()
    return call
