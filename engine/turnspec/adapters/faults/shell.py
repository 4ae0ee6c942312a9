"""The transport under a connection whose end does something wrong on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar

from turnspec.adapters.base import Witness
from turnspec.adapters.faults.declared import CallFaults
from turnspec.adapters.faults.deeds import (
    CloseWith,
    Deed,
    Drop,
    HalfClose,
    ReadOn,
    Send,
    StopReading,
    Tell,
)
from turnspec.adapters.faults.dialect import Dialect
from turnspec.adapters.faults.frames import CLOSE, Piece, Splitter, frame
from turnspec.adapters.faults.line import LineFaults
from turnspec.adapters.faults.words import told
from turnspec.call.events import FaultInjected, HarnessFailed, Side
from turnspec.dsl.faults import REFUSAL_STATUSES

MICROSECONDS: Final = 1_000_000
R_co = TypeVar("R_co", covariant=True)


class Connection(Protocol):
    """What is asked of a WebSocket connection: the transport that it writes to, and to close it."""

    transport: asyncio.Transport

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it with a code."""
        ...


class FaultyTransport(asyncio.Transport):
    """A connection's own transport, but for what its faults make of the messages written to it."""

    def __init__(self, connection: Connection, line: LineFaults, witness: Witness, side: Side) -> None:
        super().__init__()
        self._under = connection.transport
        self._connection, self._line = connection, line
        self._witness, self._side = witness, side
        self._loop = asyncio.get_running_loop()
        self._splitter = Splitter()
        self._mask: bytes | None = None
        self._mute = False
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None  # kept, as the loop keeps no tasks alive

    # --- what faults do -----------------------------------------------------------------------

    def up(self) -> None:
        """The call is up."""
        self._do(self._line.up(self._now_us()))

    def turn_over(self) -> None:
        """A turn of the caller is over."""
        self._do(self._line.turn_over(self._now_us()))

    def _woken(self) -> None:
        self._timer = None
        if self._under.is_closing():
            return
        # Seconds as floats may end a microsecond short of what was waited for.
        due_us = self._line.next_us
        self._do(self._line.due(max(self._now_us(), due_us or 0)))

    def _now_us(self) -> int:
        return self._witness.now_us()

    def _do(self, deeds: Iterable[Deed]) -> None:
        for deed in deeds:
            self._one(deed)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = self._line.next_us
        if due_us is not None and not self._under.is_closing():
            wait_s = max(0, due_us - self._now_us()) / MICROSECONDS
            self._timer = self._loop.call_later(wait_s, self._woken)

    def _one(self, deed: Deed) -> None:
        match deed:
            case Send(message):
                if not self._mute:
                    self._under.write(frame(message, self._mask))
            case Tell(fault, detail):
                event = FaultInjected(at_us=self._now_us(), side=self._side, fault=fault, detail=detail)
                self._witness.happened(event)
            case StopReading():
                self._under.pause_reading()
            case ReadOn():
                self._under.resume_reading()
            case _:
                self._end(deed)

    def _end(self, deed: Drop | CloseWith | HalfClose) -> None:
        match deed:
            case CloseWith(code):
                self._closing = self._loop.create_task(self._connection.close(code))
            case HalfClose() if self._under.can_write_eof():
                self._mute = True
                self._under.write_eof()
            case HalfClose():
                reason = "half_close: a line over TLS cannot be closed in one direction only"
                failed = HarnessFailed(at_us=self._now_us(), side=self._side, reason=reason)
                self._witness.happened(failed)
            case Drop():
                self._mute = True
                self._under.abort()

    # --- the transport ------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take what the connection writes, and send what its faults leave of it."""
        for piece in self._splitter.feed(bytes(data)):
            self._mask = piece.mask
            self._pass(piece)

    def _pass(self, piece: Piece) -> None:
        message = piece.message
        if message is not None:
            self._do(self._line.sending(message, self._now_us()))
            return
        if piece.opcode == CLOSE:
            self._do(self._line.closing())
        if not self._mute:
            self._under.write(piece.raw)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Take the pieces as one."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """End this direction, unless a fault has."""
        if not self._mute:
            self._under.write_eof()

    def can_write_eof(self) -> bool:
        """Whether one direction can be ended alone."""
        return self._under.can_write_eof()

    def abort(self) -> None:
        """End the connection at once."""
        self._under.abort()

    def close(self) -> None:
        """End the connection once what was written has left."""
        self._under.close()

    def is_closing(self) -> bool:
        """Whether the connection is closing or closed."""
        return self._under.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport below knows."""
        return self._under.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Bytes that the peer has not taken yet."""
        return self._under.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The low and the high water mark."""
        return self._under.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks."""
        self._under.set_write_buffer_limits(high, low)

    def is_reading(self) -> bool:
        """Whether what arrives is handed over."""
        return self._under.is_reading()

    def pause_reading(self) -> None:
        """Hand nothing over."""
        self._under.pause_reading()

    def resume_reading(self) -> None:
        """Hand over what arrives."""
        self._under.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand later data to `protocol`."""
        self._under.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol in charge."""
        return self._under.get_protocol()


def make_faulty(
    connection: Connection, faults: CallFaults | None, dialect: Dialect, witness: Witness, side: Side
) -> None:
    """Let a connection that is open do what is wrong with it; without faults it stays as it is."""
    if faults is None:
        return
    transport = FaultyTransport(connection, LineFaults(faults, dialect), witness, side)
    connection.transport = transport
    faults.notify(transport)


class Upgrade(Protocol[R_co]):
    """A server's connection that has not been answered yet."""

    def respond(self, status: int, text: str) -> R_co:
        """An answer that declines it."""
        ...


async def answered(
    upgrade: Upgrade[R_co], faults: CallFaults | None, witness: Witness, side: Side
) -> R_co | None:
    """What faults make of an upgrade: the answer that declines it, or None, perhaps late.

    A refusal by close code is left to whoever holds the line: `CallFaults.closes_with`.
    """
    for fault in faults.attempt() if faults is not None else ():
        at_us = witness.now_us()
        witness.happened(FaultInjected(at_us=at_us, side=side, fault=fault.word, detail=told(fault)))
        if fault.word == "answer_late":
            await asyncio.sleep(fault.value.seconds)
        elif fault.value is True or fault.value in REFUSAL_STATUSES:
            status = HTTPStatus.SERVICE_UNAVAILABLE if fault.value is True else fault.value
            return upgrade.respond(status, "refused on purpose\n")
        elif faults is not None:
            faults.closes_with = fault.value
    return None
