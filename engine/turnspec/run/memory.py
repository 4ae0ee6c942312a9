"""Connections that never leave the process: the two ends of a link in memory.

A link is two transports, each the other's peer. What one writes goes onto the wire (at most `WINDOW` bytes
that the peer has not taken yet) and arrives one turn of the loop later, or `latency_us` later; the rest waits
in the writer's own buffer, whose high-water mark pauses its protocol. A wire keeps order: data, then the end.
Everything happens through the loop's `call_soon` and `call_later`, so the order is the loop's own and always
the same.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

Address = tuple[str, int]

# Bytes under way before the writer must keep the rest: small for a kernel's buffer, so that a writer who
# ignores backpressure is seen to.
WINDOW = 65_536
HIGH_WATER = 65_536


class MemorySocket:
    """What `get_extra_info("socket")` answers: names and kind; options are accepted and mean nothing."""

    __slots__ = ("_name", "_peer")
    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, name: Address, peer: Address | None) -> None:
        self._name = name
        self._peer = peer

    def getsockname(self) -> Address:
        """Return this end's address."""
        return self._name

    def getpeername(self) -> Address:
        """Return the other end's address; OSError for a listening socket, as a real one raises."""
        if self._peer is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self._peer

    def fileno(self) -> int:
        """Return -1: there is no descriptor."""
        return -1

    def setsockopt(self, *_option: Any) -> None:
        """Accept any option."""

    def getsockopt(self, *_option: Any) -> int:
        """Return 0 for any option."""
        return 0


class MemoryTransport(asyncio.Transport):
    """One end of a link, with the promises of asyncio's own socket transport.

    `close()` lets what was written arrive, then ends both ends; `abort()` drops what is not yet on the wire.
    The peer sees either as the end of the stream.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BaseProtocol,
        names: tuple[Address, Address],
        *,
        latency_us: int = 0,
        context: contextvars.Context | None = None,
        on_lost: Callable[[MemoryTransport], None] | None = None,
    ) -> None:
        own, other = names
        super().__init__({"sockname": own, "peername": other, "socket": MemorySocket(own, other)})
        self._loop = loop
        self._latency_s = latency_us / 1_000_000
        self.context = context or contextvars.copy_context()
        self._on_lost = on_lost
        self._peer: MemoryTransport = self
        self._backlog: deque[memoryview] = deque()
        self._backlog_size = 0
        self._on_wire = 0
        # None is the end of the stream.
        self._inbox: deque[bytes | None] = deque()
        self._opened = self._closing = self._finished = self._lost = False
        self._eof_written = self._eof_sent = False
        self._reading_paused = self._writing_paused = False
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self.set_protocol(protocol)

    def join(self, peer: MemoryTransport) -> None:
        """Become one end of a link whose other end is `peer`."""
        self._peer, peer._peer = peer, self

    # The protocol in charge

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand later data and news to `protocol`."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol in charge."""
        return self._protocol

    def open(self) -> None:
        """Tell the protocol that the connection is made, then give it what has arrived already."""
        if self._closing:
            return
        self._opened = True
        self._protocol.connection_made(self)
        self._take()

    # Reading

    def is_reading(self) -> bool:
        """Tell whether arriving data is handed over."""
        return not self._closing and not self._reading_paused

    def pause_reading(self) -> None:
        """Keep what arrives until `resume_reading`; the writer fills its wire, then its own buffer."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Hand over again what arrives, first what arrived meanwhile."""
        if self._reading_paused:
            self._reading_paused = False
            self._soon(self._take)

    def arrive(self, piece: bytes | None) -> None:
        """Take a piece off the wire, or the end of the stream: None."""
        if piece is not None and self._opened and not (self._inbox or self._closing or self._reading_paused):
            self._peer.acknowledge(len(piece))  # as `_take` would; nearly every piece comes this way
            self._deliver(piece)
            return
        self._inbox.append(piece)
        self._take()

    def _take(self) -> None:
        while self._inbox and (self._closing or (self._opened and not self._reading_paused)):
            piece = self._inbox.popleft()
            if piece is not None:
                self._peer.acknowledge(len(piece))
            if self._lost and piece is not None:
                self._peer.reset()
            elif not self._closing:
                self._deliver(piece)

    def _deliver(self, piece: bytes | None) -> None:
        try:
            if piece is None:
                self._deliver_end()
            elif isinstance(self._protocol, asyncio.BufferedProtocol):
                _fill(self._protocol, piece)
            else:
                assert isinstance(self._protocol, asyncio.Protocol)
                self._protocol.data_received(piece)
        except Exception as error:
            # As asyncio does: a protocol that fails loses its connection, and the loop reports why.
            self._break(error)
            raise

    def _deliver_end(self) -> None:
        protocol = self._protocol
        assert isinstance(protocol, asyncio.Protocol | asyncio.BufferedProtocol)
        if not protocol.eof_received():
            self.close()

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data`, which may be changed afterwards; never blocks. Dropped once the connection closes."""
        if self._eof_written:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or not data:
            return
        if not self._backlog and self._on_wire + len(data) <= WINDOW:
            self._on_wire += len(data)
            self._ship(bytes(data))
            return
        self._backlog.append(memoryview(bytes(data)))
        self._backlog_size += len(data)
        self._send()
        self._pause_if_high()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send the pieces as one."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return True: a link can be closed in one direction."""
        return True

    def write_eof(self) -> None:
        """End this direction after what was written; the other one stays open."""
        if not self._closing:
            self._eof_written = True
            self._send()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that are not yet on the wire."""
        return self._backlog_size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high water mark, in bytes."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks, in bytes; one left out follows from the other, as with asyncio's transports."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low
        self._pause_if_high()

    def _send(self) -> None:
        while self._backlog and self._on_wire < WINDOW:
            piece = self._backlog.popleft()
            room = WINDOW - self._on_wire
            if len(piece) > room:
                self._backlog.appendleft(piece[room:])
                piece = piece[:room]
            self._on_wire += len(piece)
            self._backlog_size -= len(piece)
            self._ship(bytes(piece))
        if not self._backlog and (self._eof_written or self._closing):
            self._send_end()

    def _send_end(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self._ship(None)
        if self._closing:
            self._finish(None)

    def _ship(self, piece: bytes | None) -> None:
        peer = self._peer
        if self._latency_s:
            self._loop.call_later(self._latency_s, peer.arrive, piece, context=peer.context)
        else:
            self._loop.call_soon(peer.arrive, piece, context=peer.context)

    def acknowledge(self, size: int) -> None:
        """Learn that the peer took `size` bytes, so that as many more may go."""
        self._on_wire -= size
        if self._backlog or self._writing_paused:
            self._soon(self._go_on)

    def _go_on(self) -> None:
        self._send()
        if self._writing_paused and self._backlog_size <= self._low:
            self._writing_paused = False
            self._protocol.resume_writing()

    def _pause_if_high(self) -> None:
        if self._backlog_size > self._high and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    # The end

    def is_closing(self) -> bool:
        """Tell whether the connection is closing or closed."""
        return self._closing

    def close(self) -> None:
        """Read no more, let what was written arrive, then end the connection."""
        if self._closing:
            return
        self._closing = True
        self._take()
        self._send()

    def abort(self) -> None:
        """End the connection at once; what is not yet on the wire is lost."""
        self._break(None)

    def reset(self) -> None:
        """Learn that the peer, gone already, was written to."""
        if not self._closing:
            self._break(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def _break(self, error: Exception | None) -> None:
        self._closing = True
        self._backlog.clear()
        self._backlog_size = 0
        if not self._eof_sent:
            self._eof_sent = True
            self._ship(None)
        self._finish(error)
        self._take()

    def _finish(self, error: Exception | None) -> None:
        if not self._finished:
            self._finished = True
            self._soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        self._lost = True
        try:
            if self._opened:
                self._protocol.connection_lost(error)
        finally:
            if self._on_lost is not None:
                self._on_lost(self)

    def _soon(self, step: Callable[..., object], *facts: Any) -> None:
        self._loop.call_soon(step, *facts, context=self.context)


def _fill(protocol: asyncio.BufferedProtocol, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        buffer = memoryview(protocol.get_buffer(len(rest))).cast("B")
        taken = min(len(buffer), len(rest))
        if not taken:
            raise RuntimeError("get_buffer() returned an empty buffer")
        buffer[:taken] = rest[:taken]
        protocol.buffer_updated(taken)
        rest = rest[taken:]
