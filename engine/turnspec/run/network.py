"""The ports that are served in one event loop, in memory, and the way to them."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import itertools
from collections.abc import Callable, Iterable, Sequence

from turnspec.run.memory import Address, MemorySocket, MemoryTransport

ProtocolFactory = Callable[[], asyncio.BaseProtocol]

# The range that IANA leaves to short-lived ports; port 0 and client ends take theirs from it, in order.
_EPHEMERAL = range(49_152, 65_536)
_LOOPBACK = "127.0.0.1"


class MemoryServer(asyncio.AbstractServer):
    """A listening port of a `MemoryNetwork`, with the promises of `asyncio.Server` (as of Python 3.12)."""

    def __init__(self, network: MemoryNetwork, factory: ProtocolFactory, hosts: list[str], port: int) -> None:
        self._network = network
        self._factory = factory
        self._context = contextvars.copy_context()
        self._port = port
        self._hosts = hosts
        self._serving = self._shut = False
        # A dict keeps the order in which connections came; a set would not.
        self._connections: dict[MemoryTransport, None] = {}
        self._idle = asyncio.Event()
        self._forever: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[MemorySocket, ...]:
        """The listening sockets, one for each host; none once closed."""
        return () if self._shut else tuple(MemorySocket((host, self._port), None) for host in self._hosts)

    def accept(self, names: tuple[Address, Address], latency_us: int) -> MemoryTransport:
        """Make the serving end of a new link, in the context in which the server was made."""
        context = self._context.copy()
        protocol = context.run(self._factory)
        loop = self._network.loop
        far = MemoryTransport(
            loop, protocol, names, latency_us=latency_us, context=context, on_lost=self._forget
        )
        self._connections[far] = None
        return far

    def _forget(self, transport: MemoryTransport) -> None:
        self._connections.pop(transport, None)
        self._settle()

    def _settle(self) -> None:
        if self._shut and not self._connections:
            self._idle.set()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop that the server belongs to."""
        return self._network.loop

    def is_serving(self) -> bool:
        """Tell whether connections are accepted."""
        return self._serving

    async def start_serving(self) -> None:
        """Accept connections from now on."""
        if self._shut:
            raise RuntimeError(f"server {self!r} is closed")
        self._serving = True

    async def serve_forever(self) -> None:
        """Accept connections until cancelled or closed."""
        await self.start_serving()
        self._forever = self._network.loop.create_future()
        try:
            await self._forever
        finally:
            self.close()

    def close(self) -> None:
        """Stop listening; connections stay."""
        if self._shut:
            return
        self._shut = True
        self._serving = False
        self._network.release(self._hosts, self._port)
        if self._forever is not None:
            self._forever.cancel()
        self._settle()

    def close_clients(self) -> None:
        """Close every connection."""
        for transport in list(self._connections):
            transport.close()

    def abort_clients(self) -> None:
        """Abort every connection."""
        for transport in list(self._connections):
            transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the server is closed and its last connection lost."""
        await self._idle.wait()


class MemoryNetwork:
    """The ports that are served in one loop, and the way to them.

    All spellings of this machine (`localhost`, `127.x`, `::1`, the wildcards) are one host; any other name
    is a host of its own. `latency_us` is the one-way delay of each new link.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, latency_us: int = 0) -> None:
        self.loop = loop
        self.latency_us = latency_us
        self._servers: dict[Address, MemoryServer] = {}
        self._ports = itertools.cycle(_EPHEMERAL)

    def serve(self, factory: ProtocolFactory, host: str | Sequence[str] | None, port: int) -> MemoryServer:
        """Reserve a port; 0 takes the next free one from 49152 on. OSError when it is taken."""
        hosts = sorted({known_as(name) for name in _names(host)})
        port = port or self._free_port(hosts)
        if any((name, port) in self._servers for name in hosts):
            raise OSError(errno.EADDRINUSE, f"port {port} is already served in this event loop")
        server = MemoryServer(self, factory, hosts, port)
        self._servers |= {(name, port): server for name in hosts}
        return server

    def _free_port(self, hosts: list[str]) -> int:
        for port in itertools.islice(self._ports, len(_EPHEMERAL)):
            if not any((name, port) in self._servers for name in hosts):
                return port
        raise OSError(errno.EADDRINUSE, "no port is free in this event loop")

    def release(self, hosts: Iterable[str], port: int) -> None:
        """Free a server's port."""
        for name in hosts:
            self._servers.pop((name, port), None)

    def serves(self, host: str, port: int) -> bool:
        """Tell whether a connection would be accepted."""
        server = self._servers.get((known_as(host), port))
        return server is not None and server.is_serving()

    async def connect(
        self, factory: ProtocolFactory, host: str, port: int
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        """Connect to a served port, which takes one round trip; ConnectionRefusedError when none is."""
        if not self.serves(host, port):
            msg = f"nothing in this event loop serves {host}:{port} (virtual time reaches no other process)"
            raise ConnectionRefusedError(errno.ECONNREFUSED, msg)
        server = self._servers[known_as(host), port]
        own, other = (_LOOPBACK, self._free_port([_LOOPBACK])), (known_as(host), port)
        protocol = factory()
        near = MemoryTransport(self.loop, protocol, (own, other), latency_us=self.latency_us)
        far = server.accept((other, own), self.latency_us)
        near.join(far)
        await self._open(near, far)
        return near, protocol

    async def _open(self, near: MemoryTransport, far: MemoryTransport) -> None:
        one_way = self.latency_us / 1_000_000
        opened = asyncio.Event()
        self.loop.call_later(one_way, far.open, context=far.context)
        self.loop.call_later(2 * one_way, near.open, context=near.context)
        self.loop.call_later(2 * one_way, opened.set)
        try:
            await opened.wait()
        except asyncio.CancelledError:
            near.abort()
            raise


def is_loopback(host: str) -> bool:
    """Tell whether `host` is a spelling of this machine."""
    name = host.strip("[]").lower().rstrip(".")
    return name in {"", "localhost", "0.0.0.0", "::", "::1"} or _is_127(name)  # noqa: S104 - compared, not bound


def _is_127(name: str) -> bool:
    return name.startswith("127.") and name.replace(".", "").isdigit()


def known_as(host: str) -> str:
    """Return the one name that the network keeps for `host`."""
    return _LOOPBACK if is_loopback(host) else host.strip("[]").lower().rstrip(".")


def _names(host: str | Sequence[str] | None) -> Sequence[str]:
    if host is None:
        return [""]
    return [host] if isinstance(host, str) else host
