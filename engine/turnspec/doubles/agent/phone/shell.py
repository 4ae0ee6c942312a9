"""The socket under a telephone bot: its frames as they come, and a timer for what it does unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final, Protocol

from websockets.exceptions import ConnectionClosed

from turnspec.adapters.base import Witness
from turnspec.adapters.text_shell import TextServer
from turnspec.call.events import HarnessFailed, Side
from turnspec.doubles.agent.local import AgentScriptError
from turnspec.doubles.watcher import Watcher, watched

NORMAL: Final = 1000
INTERNAL_ERROR: Final = 1011


class Bot(Protocol):
    """The bot's end of one connection, without I/O."""

    @property
    def closing(self) -> bool:
        """Whether the socket is to be closed now."""
        ...

    @property
    def next_wake_us(self) -> int | None:
        """When something is to be done unasked."""
        ...

    def receive(self, frame: str | bytes, at_us: int) -> list[str]:
        """Take a frame of the platform; the frames to send for it."""
        ...

    def wake(self, at_us: int) -> list[str]:
        """Do what is due; the frames to send."""
        ...

    def gone(self, at_us: int) -> None:
        """The connection is closed."""
        ...


class BotConnection(TextServer):
    """A connection of the platform's to a bot."""


async def hold(
    connection: BotConnection,
    bot: Bot,
    witness: Witness,
    elided: Callable[[str], str],
    watcher: Watcher | None = None,
) -> None:
    """One connection, from the upgrade to its end.

    With a `watcher` the witness gets the frames, as `elided` shows them.
    """
    talk = _hold_on(connection, bot, witness, elided if watcher is not None else None)
    if not await watched(talk, witness, watcher):
        await connection.close(INTERNAL_ERROR)


async def _hold_on(
    connection: BotConnection, bot: Bot, witness: Witness, elided: Callable[[str], str] | None
) -> None:
    code = NORMAL
    try:
        with closing(_Talk(connection, bot, witness, elided)) as talk:
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
        self,
        connection: BotConnection,
        bot: Bot,
        witness: Witness,
        elided: Callable[[str], str] | None,
    ) -> None:
        self._connection = connection
        self._bot = bot
        self._witness = witness
        self._elided = elided
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
        if self._elided is not None:
            shown = self._elided(frame) if isinstance(frame, str) else f"<{len(frame)} bytes>"
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
            if self._elided is not None:
                self._witness.frame(Side.AGENT, "out", self._elided(frame))
            self._connection.write_text(frame)
