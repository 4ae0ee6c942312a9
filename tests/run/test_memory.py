"""Links in memory keep the promises of asyncio's socket transports."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnspec.run.loops import run_on
from turnspec.run.memory import HIGH_WATER, WINDOW, MemoryTransport
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")


class Recorder(asyncio.Protocol):
    """Writes down all that a transport tells it."""

    def __init__(self, *, half_open: bool = False) -> None:
        self.news: list[str] = []
        self.data = bytearray()
        self.half_open = half_open
        self.lost: BaseException | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, MemoryTransport)
        self.transport = transport
        self.news.append("made")

    def data_received(self, data: bytes) -> None:
        self.news.append("data")
        self.data += data

    def eof_received(self) -> bool:
        self.news.append("end")
        return self.half_open

    def pause_writing(self) -> None:
        self.news.append("pause")

    def resume_writing(self) -> None:
        self.news.append("resume")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.news.append("lost")
        self.lost = exc


def linked(
    story: Callable[[Recorder, Recorder], Coroutine[Any, Any, T]],
    *,
    latency_us: int = 0,
    half_open: bool = False,
) -> T:
    """Tell a story about the two ends of a link, in virtual time."""

    async def main() -> T:
        loop = asyncio.get_running_loop()
        far = Recorder(half_open=half_open)
        await loop.create_server(lambda: far, "127.0.0.1", 7000)
        _, near = await loop.create_connection(lambda: Recorder(half_open=half_open), "localhost", 7000)
        return await story(near, far)

    return run_on(lambda: VirtualLoop(latency_us), main())


def test_both_ends_know_each_other() -> None:
    """Addresses match, and the stand-in for a socket agrees with them."""

    async def story(near: Recorder, far: Recorder) -> None:
        one, other = near.transport, far.transport
        assert one.get_extra_info("peername") == other.get_extra_info("sockname") == ("127.0.0.1", 7000)
        assert other.get_extra_info("peername") == one.get_extra_info("sockname") == ("127.0.0.1", 49152)
        assert one.get_extra_info("socket").getpeername() == ("127.0.0.1", 7000)
        assert one.get_extra_info("sslcontext") is None
        assert one.get_extra_info("nothing", 7) == 7

    linked(story)


def test_data_arrives_later_never_at_once() -> None:
    """A write returns before the peer hears of it, and what it wrote may be changed afterwards."""

    async def story(near: Recorder, far: Recorder) -> None:
        text = bytearray(b"hello")
        near.transport.write(text)
        text[:] = b"other"
        assert far.data == b""
        await asyncio.sleep(0.001)
        assert far.data == b"hello"

    linked(story)


def test_latency_delays_each_way() -> None:
    """Connecting takes one round trip, and every piece one way."""

    async def story(near: Recorder, far: Recorder) -> list[float]:
        loop = asyncio.get_running_loop()
        stamps = [loop.time()]
        near.transport.write(b"ping")
        await asyncio.sleep(0.0249)
        assert far.data == b""
        await asyncio.sleep(0.0001)
        stamps.append(loop.time())
        await asyncio.sleep(0)
        assert far.data == b"ping"
        return stamps

    assert linked(story, latency_us=25_000) == [0.05, 0.075]


@given(pieces=st.lists(st.binary(max_size=100_000), max_size=8), pauses=st.lists(st.booleans(), max_size=12))
def test_every_byte_arrives_once_and_in_order(pieces: list[bytes], pauses: list[bool]) -> None:
    """Whatever is written, and however the reader pauses, closing delivers all of it, then the end, once."""

    async def story(near: Recorder, far: Recorder) -> None:
        near.transport.writelines(pieces[:2])
        for piece in pieces[2:]:
            near.transport.write(piece)
        near.transport.close()
        for pause in pauses:
            (far.transport.pause_reading if pause else far.transport.resume_reading)()
            await asyncio.sleep(0)
        far.transport.resume_reading()
        await asyncio.sleep(1)
        assert far.data == b"".join(pieces)
        assert [word for word in far.news if word != "data"] == ["made", "end", "lost"]
        assert near.news[-1] == "lost"
        assert near.lost is far.lost is None

    linked(story)


def test_a_big_write_pauses_until_the_reader_takes_it() -> None:
    """300 kB fill the wire and the buffer; the writer is resumed when the low-water mark is reached."""

    async def story(near: Recorder, far: Recorder) -> None:
        far.transport.pause_reading()
        near.transport.write(b"x" * 300_000)
        assert near.news == ["made", "pause"]
        assert near.transport.get_write_buffer_size() == 300_000 - WINDOW > HIGH_WATER
        await asyncio.sleep(1)
        assert far.data == b""
        far.transport.resume_reading()
        await asyncio.sleep(0.001)
        assert len(far.data) == 300_000
        assert near.news == ["made", "pause", "resume"]
        assert near.transport.get_write_buffer_size() == 0

    linked(story)


def test_streams_drain_over_it() -> None:
    """Streams of asyncio's own, with their backpressure, carry a megabyte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(-1)
        writer.write(data[::-1])
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        sent = bytes(range(256)) * 4096
        server = await asyncio.start_server(serve, "localhost", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for start in range(0, len(sent), 100_000):
            writer.write(sent[start : start + 100_000])
            await writer.drain()
        writer.write_eof()
        assert await reader.read(-1) == sent[::-1]
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    run_on(VirtualLoop, main())


def test_half_closed_the_other_direction_still_works() -> None:
    """After `write_eof` one end may still be spoken to; writing there is an error."""

    async def story(near: Recorder, far: Recorder) -> None:
        near.transport.write(b"question")
        near.transport.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            near.transport.write(b"more")
        await asyncio.sleep(0.001)
        assert (bytes(far.data), far.news) == (b"question", ["made", "data", "end"])
        far.transport.write(b"answer")
        far.transport.close()
        await asyncio.sleep(0.001)
        assert bytes(near.data) == b"answer"
        near.transport.close()
        await asyncio.sleep(0.001)
        assert near.news == ["made", "data", "end", "lost"]
        assert far.news == ["made", "data", "end", "lost"]

    linked(story, half_open=True)


def test_closing_is_silent_about_what_arrives_later() -> None:
    """Once closed an end hears no more data, and writing is ignored."""

    async def story(near: Recorder, far: Recorder) -> None:
        far.transport.write(b"too late")
        near.transport.close()
        near.transport.close()
        near.transport.write(b"ignored")
        assert near.transport.is_closing()
        await asyncio.sleep(0.001)
        assert near.news == ["made", "lost"]
        assert far.news == ["made", "end", "lost"]
        assert near.lost is far.lost is None

    linked(story)


def test_aborting_drops_what_is_not_on_the_wire() -> None:
    """Both ends lose the connection; the peer still gets what was under way."""

    async def story(near: Recorder, far: Recorder) -> None:
        near.transport.write(b"x" * (WINDOW + 1000))
        near.transport.abort()
        await asyncio.sleep(0.001)
        assert len(far.data) == WINDOW
        assert near.news == ["made", "lost"]
        assert far.news == ["made", "data", "end", "lost"]

    linked(story)


def test_aborting_frees_a_writer_whose_reader_never_reads() -> None:
    """A stalled peer cannot keep an aborted connection."""

    async def story(near: Recorder, far: Recorder) -> None:
        far.transport.pause_reading()
        near.transport.write(b"x" * 300_000)
        near.transport.close()
        await asyncio.sleep(60)
        assert "lost" not in near.news
        near.transport.abort()
        await asyncio.sleep(0.001)
        assert near.news[-1] == "lost"

    linked(story)


def test_a_reader_that_closes_while_paused_frees_its_writer() -> None:
    """What a paused reader had not taken is thrown away when it closes, and the writer can end."""

    async def story(near: Recorder, far: Recorder) -> None:
        far.transport.pause_reading()
        near.transport.write(b"x" * 300_000)
        near.transport.close()
        await asyncio.sleep(1)
        assert "lost" not in near.news
        far.transport.close()
        await asyncio.sleep(1)
        assert far.news == ["made", "lost"]
        assert near.news[-1] == "lost"
        assert near.lost is None

    linked(story)


def test_writing_to_a_peer_that_is_gone_resets_the_connection() -> None:
    """A half-open end that goes on talking learns that nobody is there."""

    async def story(near: Recorder, far: Recorder) -> None:
        far.transport.close()
        await asyncio.sleep(0.001)
        assert near.news == ["made", "end"]
        near.transport.write(b"anyone?")
        await asyncio.sleep(0.001)
        assert near.news == ["made", "end", "lost"]
        assert isinstance(near.lost, ConnectionResetError)

    linked(story, half_open=True)


def test_a_protocol_that_fails_loses_its_connection() -> None:
    """The error reaches the loop's exception handler and `connection_lost`, and the peer sees the end."""
    reported: list[BaseException] = []

    async def story(near: Recorder, far: Recorder) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
        broken = LookupError("unknown frame")

        class Broken(Recorder):
            def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio's own signature
                raise broken

        failing = Broken()
        far.transport.set_protocol(failing)
        near.transport.write(b"!")
        await asyncio.sleep(0.001)
        assert reported == [broken]
        assert failing.lost is broken
        assert near.news == ["made", "end", "lost"]

    linked(story)


def test_buffered_protocols_are_filled() -> None:
    """A protocol that brings its own small buffer gets every byte through it."""

    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.buffer = bytearray(7)
            self.data = bytearray()

        def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's own signature
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.data += self.buffer[:nbytes]

    async def story(near: Recorder, far: Recorder) -> None:
        buffered = Buffered()
        far.transport.set_protocol(buffered)
        near.transport.write(bytes(range(50)))
        await asyncio.sleep(0.001)
        assert buffered.data == bytes(range(50))

    linked(story)


def test_a_server_does_not_see_its_client_s_context() -> None:
    """Context variables set by who connects or writes stay with them."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    seen: list[str] = []

    class Looking(Recorder):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            seen.append(name.get())

        def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio's own signature
            seen.append(name.get())

    async def main() -> None:
        loop = asyncio.get_running_loop()
        name.set("server")
        await loop.create_server(Looking, "localhost", 7000)
        name.set("client")
        transport, _ = await loop.create_connection(Recorder, "localhost", 7000)
        transport.write(b"?")
        await asyncio.sleep(0.001)

    run_on(VirtualLoop, main())
    assert seen == ["server", "server"]


class TestServer:
    """Listening ports."""

    def test_port_zero_gives_the_same_numbers_every_time(self) -> None:
        """Numbers count up from 49152."""

        async def main() -> list[int]:
            loop = asyncio.get_running_loop()
            servers = [await loop.create_server(Recorder, host, 0) for host in ("localhost", None, "::1")]
            return [server.sockets[0].getsockname()[1] for server in servers]

        assert run_on(VirtualLoop, main()) == run_on(VirtualLoop, main()) == [49152, 49153, 49154]

    def test_a_port_is_served_once(self) -> None:
        """The second server is refused, until the first has closed."""

        async def main() -> None:
            loop = asyncio.get_running_loop()
            first = await loop.create_server(Recorder, "0.0.0.0", 7000)
            with pytest.raises(OSError, match="port 7000 is already served"):
                await loop.create_server(Recorder, "localhost", 7000)
            first.close()
            await loop.create_server(Recorder, "localhost", 7000)

        run_on(VirtualLoop, main())

    def test_a_closed_server_keeps_its_connections_and_takes_no_more(self) -> None:
        """`wait_closed` returns when the last connection is lost."""

        async def main() -> float:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Recorder, "localhost", 7000)
            transport, _ = await loop.create_connection(Recorder, "localhost", 7000)
            server.close()
            assert not server.is_serving()
            assert server.sockets == ()
            with pytest.raises(ConnectionRefusedError):
                await loop.create_connection(Recorder, "localhost", 7000)
            loop.call_later(5, transport.close)
            await server.wait_closed()
            return loop.time()

        assert run_on(VirtualLoop, main()) == 5.0

    def test_not_serving_yet_refuses(self) -> None:
        """`start_serving=False` waits for `start_serving()`."""

        async def main() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Recorder, "localhost", 7000, start_serving=False)
            with pytest.raises(ConnectionRefusedError):
                await loop.create_connection(Recorder, "localhost", 7000)
            await server.start_serving()
            await loop.create_connection(Recorder, "localhost", 7000)

        run_on(VirtualLoop, main())

    def test_serving_for_ever_ends_when_cancelled(self) -> None:
        """The port is free again afterwards."""

        async def main() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(Recorder, "localhost", 7000)
            forever = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(1)
            forever.cancel()
            await asyncio.wait({forever})
            assert forever.cancelled()
            await loop.create_server(Recorder, "localhost", 7000)

        run_on(VirtualLoop, main())

    def test_a_cancelled_connect_leaves_nothing_behind(self) -> None:
        """The server loses the connection that nobody waited for."""

        async def main() -> list[str]:
            loop = asyncio.get_running_loop()
            served = Recorder()
            await loop.create_server(lambda: served, "localhost", 7000)
            connecting = asyncio.create_task(loop.create_connection(Recorder, "localhost", 7000))
            await asyncio.sleep(0.015)
            connecting.cancel()
            await asyncio.sleep(1)
            assert connecting.cancelled()
            return served.news

        assert run_on(lambda: VirtualLoop(10_000), main()) == ["made", "end", "lost"]
