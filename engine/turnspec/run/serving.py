"""A double by itself, for people who only want the mock: served until somebody stops it.

Each connection gets the agent anew, and an identity that depends on its number alone. Whatever goes wrong in
one of them is told and ends that one; the server goes on.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from turnspec.adapters.base import Witness
from turnspec.audio.files import AudioFileError
from turnspec.call import Identity
from turnspec.call.events import Event, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.run.clock import CallClock
from turnspec.run.errors import HarnessError
from turnspec.run.journal import AnyEntry, Framed, Happened, JsonLog, Noted, Tell, hidden
from turnspec.run.redirect import Redirect, redirected
from turnspec.run.scripts import Playable
from turnspec.run.stand import LOOPBACK, Double

PROTOCOLS: Final = {"realtime": "realtime", "twilio-bot": "twilio", "audiocodes-bot": "audiocodes"}
"""The protocol of each double that can be served."""
PING_INTERVAL_S: Final = 20.0  # as live Realtime servers do


@dataclass(eq=False)
class CannotListen(HarnessError):  # noqa: N818 - named after the fact
    """The address at which to serve is not to be had."""

    kind = "cannot-listen"
    where: str
    reason: str

    def _what(self) -> str:
        return f"nothing can be served at {self.where}: {self.reason}"

    def _advice(self) -> str:
        return "end what listens there, or take another --port; 0 is any that is free"


class LogNotWritten(HarnessError):  # noqa: N818 - named after the fact
    """The log cannot be written any more."""

    kind = "log-not-written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be served, and how."""

    double: str
    host: str = LOOPBACK
    port: int = 0
    api_key: str | None = None  # of the Realtime double; None takes any
    dialect: Literal["ga", "beta"] = "ga"  # of the Realtime double
    max_age_us: int | None = None  # how old its sessions may grow; None: as at OpenAI
    stands_for: str | None = None  # the host whose clients are redirected
    auth_token: str | None = None  # of the Twilio bot; None takes what nobody signed
    token: str | None = None  # of the AudioCodes bot; None takes any
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A double that is up: what is to be set elsewhere, by name, so that it is used."""

    url: str
    settings: tuple[tuple[str, str], ...]


class Switchboard:
    """Gives each connection its agent, and tells what happens on it."""

    def __init__(self, playable: Playable, tells: Sequence[Tell]) -> None:
        self._playable, self._tells = playable, tells
        self._clock = CallClock(asyncio.get_running_loop())
        self._lines = 0
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answer(self) -> tuple[LocalAgent, Witness, Identity] | None:
        """The agent of one more connection; None where it cannot be made, which is told."""
        self._lines += 1
        line = _Line(self._lines, self)
        identity = Identity(f"{self._playable.script.path}/{self._lines}")
        try:
            agent = self._playable.agent(identity)
        except AudioFileError as error:
            self.tell(line.noted("failed", str(error)))
            return None
        self.tell(line.noted("connected"))
        return agent, line, identity

    def refused(self, reason: str, code: int) -> None:
        """Tell of a connection that was declined."""
        self.note("refused", f"{int(code)}: {reason}")

    def ended(self, witness: Witness, error: Exception | None) -> None:
        """Tell that a connection is over."""
        assert isinstance(witness, _Line), "it is one that this switchboard gave"
        if error is not None:
            self.tell(witness.noted("failed", f"{type(error).__name__}: {error}"))
        self.tell(witness.noted("disconnected"))

    def note(self, kind: str, detail: str = "") -> None:
        """Tell of something that belongs to no connection."""
        self.tell(Noted(served_us=self.served_us(), kind=kind, detail=detail))

    def uncaught(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of an error that came up in a callback of the loop."""
        error = context.get("exception")
        self.note("failed", f"{type(error).__name__}: {error}" if error else str(context.get("message")))

    def served_us(self) -> int:
        """Microseconds since serving began."""
        return self._clock.now_us()

    def tell(self, entry: AnyEntry) -> None:
        """Pass on one entry, without secrets; where that cannot be written, serving is over."""
        mask = self._playable.mask
        entry = entry if mask is None else hidden(entry, mask)
        try:
            for tell in self._tells:
                tell(entry)
        except OSError as error:
            if not self.broken.done():
                reason = error.strerror or str(error)
                self.broken.set_exception(LogNotWritten(f"the log cannot be written: {reason}"))


class _Line:
    """The witness of one connection."""

    def __init__(self, number: int, switchboard: Switchboard) -> None:
        self._number, self._switchboard = number, switchboard
        self._clock = CallClock(asyncio.get_running_loop())

    def now_us(self) -> int:
        """Microseconds since the connection was made."""
        return self._clock.now_us()

    def happened(self, event: Event) -> None:
        """Tell of an event."""
        self._switchboard.tell(Happened(**self._times(), event=event))

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Tell of a frame."""
        self._switchboard.tell(Framed(**self._times(), side=side, direction=direction, frame=text))

    def noted(self, kind: str, detail: str = "") -> Noted:
        """What is told of the connection itself."""
        return Noted(**self._times(), kind=kind, detail=detail)

    def _times(self) -> dict[str, Any]:
        at_us, served_us = self.now_us(), self._switchboard.served_us()
        return {"served_us": served_us, "connection": self._number, "at_us": at_us}


async def serve_alone(
    wanted: Wanted, playable: Playable, shown: Tell, ready: Callable[[Served], None]
) -> None:
    """Serve until cancelled; `ready` is called when it can be connected to.

    Raises:
        CannotListen: The address is not to be had.
        LogNotWritten: The log cannot be written any more.
        OSError: The log cannot be opened.
    """
    async with AsyncExitStack() as stack:
        tells = [shown]
        if wanted.log is not None:
            log = stack.enter_context(closing(JsonLog(wanted.log, _header(wanted, playable))))
            tells.insert(0, log.tell)  # the file first: a terminal may have gone away
        switchboard = Switchboard(playable, tells)
        asyncio.get_running_loop().set_exception_handler(switchboard.uncaught)
        served = await stack.enter_async_context(_served(wanted, switchboard))
        switchboard.note("listening", served.url)
        ready(served)
        await switchboard.broken


def _header(wanted: Wanted, playable: Playable) -> dict[str, Any]:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"double": wanted.double, "agent": playable.script.path, "started": started}


@asynccontextmanager
async def _served(wanted: Wanted, switchboard: Switchboard) -> AsyncIterator[Served]:
    try:
        double = await _double(wanted, switchboard)
    except OSError as error:
        where = f"{wanted.host}:{wanted.port}"
        raise CannotListen(where, _reason(error)) from error
    async with aclosing(double), AsyncExitStack() as stack:
        redirect = None
        if wanted.stands_for is not None:
            at = urlsplit(double.url)
            way = redirected(wanted.stands_for, (at.hostname or "", at.port or 0), switchboard.note)
            redirect = await stack.enter_async_context(way)
        yield Served(double.url, tuple(_settings(wanted, double, redirect)))


def _reason(error: OSError) -> str:
    # asyncio wraps the system's words into some of its own.
    named = isinstance(error, socket.gaierror) or not error.errno
    return str(error.strerror or error) if named else os.strerror(error.errno or 0)


async def _double(wanted: Wanted, board: Switchboard) -> Double:
    host, port = wanted.host, wanted.port
    match PROTOCOLS[wanted.double]:
        case "realtime":
            return await _realtime(wanted, board)
        case "twilio":
            from turnspec.doubles.twilio.serve import serve_twilio_bot

            return await serve_twilio_bot(
                board.answer, host, port, watcher=board, auth_token=wanted.auth_token
            )
        case "audiocodes":
            from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot

            return await serve_audiocodes_bot(board.answer, host, port, token=wanted.token, watcher=board)
        case protocol:
            raise HarnessError(f"there is no local agent for the protocol '{protocol}'")


async def _realtime(wanted: Wanted, board: Switchboard) -> Double:
    from turnspec.adapters.realtime.server import OPENAI
    from turnspec.doubles.realtime.serve import serve_realtime

    lifetime_us = OPENAI.lifetime_us if wanted.max_age_us is None else wanted.max_age_us
    return await serve_realtime(
        board.answer,
        wanted.host,
        wanted.port,
        api_key=wanted.api_key,
        ping_interval_s=PING_INTERVAL_S,
        watcher=board,
        policy=replace(OPENAI, dialect=wanted.dialect, lifetime_us=lifetime_us),
        began_at=int(datetime.now(UTC).timestamp()),  # clients may look at when their keys expire
    )


def _settings(wanted: Wanted, double: Double, redirect: Redirect | None) -> list[tuple[str, str]]:
    """What makes a client or a platform use the double, as variables or as what to enter where."""
    match wanted.double:
        case "realtime" if redirect is not None:
            return [
                ("HTTPS_PROXY", redirect.proxy),
                ("SSL_CERT_FILE", str(redirect.ca_file)),
                ("NODE_EXTRA_CA_CERTS", str(redirect.ca_file)),
            ]
        case "realtime":
            key = "any" if wanted.api_key is None else wanted.api_key
            base = double.url.replace("ws://", "http://", 1)
            return [("OPENAI_BASE_URL", base), ("OPENAI_API_KEY", key)]
        case "twilio-bot":
            return [("WebSocket URL", double.url), ("Voice webhook", getattr(double, "voice_url", ""))]
        case _:
            return [("Bot URL", double.url), ("Token", "any" if wanted.token is None else wanted.token)]
