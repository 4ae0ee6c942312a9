"""A client whose address is written in its code, sent to this machine: TLS for that name, and a proxy to it.

The client is started with two variables of the environment. `HTTPS_PROXY` lets it ask the proxy for a tunnel
to the host, and the tunnel ends here; `SSL_CERT_FILE` lets it believe the certificate that it finds there,
which a throw-away authority signed. Only that one host has a tunnel.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import h11

LOOPBACK: Final = "127.0.0.1"
CHUNK: Final = 65_536
HTTPS: Final = 443
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
LARGEST_HEAD: Final = 65_536
CA_FILE: Final = "ca.pem"
EXTRA: Final = "pip install 'turnspec[tls]'"

Address = tuple[str, int]
Note = Callable[[str, str], None]  # `tunnelled`, `refused` or `failed`, and the detail


class NoTls(ImportError):  # noqa: N818 # named after the fact
    """The extra `tls` is not installed."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the proxy is, and the file with the certificates to believe."""

    proxy: str
    ca_file: Path


@asynccontextmanager
async def redirected(host: str, to: Address, note: Note) -> AsyncIterator[Redirect]:
    """Let HTTPS to `host` come out at another address, in the clear, for the length of a block.

    Raises:
        NoTls: The extra `tls` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="turnspec-") as folder:
        ca_file = Path(folder) / CA_FILE
        proxy = _Proxy(host, to, _context(host, ca_file), note)
        server = await asyncio.start_server(proxy.answer, LOOPBACK, 0)
        try:
            yield Redirect(f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", ca_file)
        finally:
            server.close()
            await proxy.aclose()


def require_tls() -> None:
    """Do nothing where certificates can be made.

    Raises:
        NoTls: The extra `tls` is not installed.
    """
    try:
        import trustme  # noqa: F401 # whether it is there is the question
    except ImportError as error:
        raise NoTls(f"making certificates needs an extra: {EXTRA}") from error


def _context(host: str, ca_file: Path) -> ssl.SSLContext:
    """The serving side of TLS as `host`; what a client needs to believe it is written to `ca_file`."""
    require_tls()
    import trustme

    authority = trustme.CA()
    ca_file.write_bytes(authority.cert_pem.bytes() + _system_authorities())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def _system_authorities() -> bytes:
    # The variable replaces this file, and other hosts that the client reaches are still to be believed.
    found = ssl.get_default_verify_paths().cafile
    return b"\n" + Path(found).read_bytes() if found else b""


def host_name(written: str) -> str:
    """A host's name as it goes over the wire.

    Raises:
        ValueError: It is none; the message says what is wrong.
    """
    try:
        name = written.encode("idna").decode("ascii").casefold()
    except UnicodeError:
        name = ""
    if not _HOST.fullmatch(name):
        raise ValueError(f"'{written}' is not the name of a host: write it without scheme, port and path")
    return name


class _Proxy:
    """Answers CONNECT: a tunnel to the one host, 403 for all else."""

    def __init__(self, host: str, to: Address, context: ssl.SSLContext, note: Note) -> None:
        self._host, self._to, self._context, self._note = host.casefold(), to, context, note
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        task = asyncio.get_running_loop().create_task(self._hold(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """End all tunnels."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _asked(reader)
            if asked is not None:
                await self._serve(asked, reader, writer)
        except (OSError, h11.ProtocolError) as error:
            self._note("failed", f"a tunnel to {self._host} broke: {str(error) or type(error).__name__}")
        finally:
            writer.close()

    async def _serve(self, asked: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asked.casefold() != f"{self._host}:{HTTPS}":
            self._note("refused", f"no tunnel to {asked}")
            writer.write(_forbidden(f"only {self._host}:{HTTPS} is reached through here\n"))
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await writer.start_tls(self._context)
        except OSError as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else "the client closed the connection"
            self._note("failed", f"no TLS as {self._host}: {reason}; does the client read SSL_CERT_FILE?")
            return
        self._note("tunnelled", asked)
        await _relay(reader, writer, self._to)


async def _asked(reader: asyncio.StreamReader) -> str | None:
    """What a CONNECT asks for, or the address of another request; None: no request came."""
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    while (event := parser.next_event()) is h11.NEED_DATA:
        data = await reader.read(CHUNK)
        if not data:
            return None
        parser.receive_data(data)
    return event.target.decode("ascii", "replace") if isinstance(event, h11.Request) else None


def _forbidden(text: str) -> bytes:
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}"
    return f"{head}\r\nConnection: close\r\n\r\n{text}".encode()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Address) -> None:
    far_reader, far_writer = await asyncio.open_connection(*to)
    try:
        # Who resets has left; what that means the double at the far end tells.
        with suppress(ConnectionError):
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
    finally:
        far_writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()  # TLS has no half of a connection
