"""Texts that take the short way arrive as they would the library's way, whatever stands around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from turnspec.adapters.text_shell import TextClient, TextServer
from turnspec.run.loops import run_on
from turnspec.run.virtual import VirtualLoop

T = TypeVar("T")
Message = str | bytes

LENGTHS = [0, 1, 125, 126, 300, 65_535, 65_536, 70_000]
TEXTS = st.text(max_size=300) | st.sampled_from(LENGTHS).map(lambda length: "x" * length)
FRAMES = (
    TEXTS.map(lambda text: [Frame(Opcode.TEXT, text.encode())])
    | st.binary(max_size=200).map(lambda data: [Frame(Opcode.BINARY, data)])
    | st.binary(max_size=125).map(lambda data: [Frame(Opcode.PING, data)])
    | st.tuples(st.text(max_size=50), st.text(max_size=50)).map(
        lambda parts: [
            Frame(Opcode.TEXT, parts[0].encode(), fin=False),
            Frame(Opcode.PING, b"between"),
            Frame(Opcode.CONT, parts[1].encode()),
        ]
    )
)


def in_memory(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run in virtual time, where every write arrives as it was written."""
    return run_on(VirtualLoop, work())


async def listened(connection: TextClient | TextServer, take: Callable[[Message], None]) -> ConnectionClosed:
    """Listen until the connection is closed."""
    try:
        await connection.listen(take)
    except ConnectionClosed as closed:
        return closed
    raise AssertionError("listening ends with the connection")


def cut(data: bytes, at: list[int]) -> Iterator[bytes]:
    """The data in pieces."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return (data[start:end] for start, end in pairwise(places))


async def spoken_to(pieces: list[bytes]) -> tuple[list[Message], list[Message], ConnectionClosed]:
    """What a text client and the library's own make of the same pieces of a stream, and how it ended."""

    async def speak(connection: ServerConnection) -> None:
        for piece in pieces:
            connection.transport.write(piece)
            await asyncio.sleep(0.001)
        await connection.close()

    async with serve(speak, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        options: dict[str, Any] = {"compression": None, "proxy": None, "ping_interval": None}
        url = f"ws://127.0.0.1:{port}/"
        usual = await connect(url, **options)
        theirs: list[Message] = []
        with suppress(ConnectionClosed):
            while True:
                theirs.append(await usual.recv())
        ours: list[Message] = []
        client = await connect(url, **options, create_connection=TextClient)
        assert isinstance(client, TextClient)
        return ours, theirs, await listened(client, ours.append)


class TestIn:
    """What arrives."""

    @settings(max_examples=200, deadline=None)
    @given(said=st.lists(FRAMES, max_size=6), at=st.lists(st.integers(0, 200_000), max_size=12))
    def test_every_message_arrives_in_its_order_however_the_stream_is_cut(
        self, said: list[list[Frame]], at: list[int]
    ) -> None:
        """Texts short and long, binary ones, fragments and pings, in pieces: as `recv` gives them."""
        data = b"".join(frame.serialize(mask=False) for frames in said for frame in frames)

        ours, theirs, closed = in_memory(lambda: spoken_to(list(cut(data, at))))

        assert ours == theirs
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1000

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            (Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=False), 1007),
            (Frame(Opcode.TEXT, b"masked").serialize(mask=True), 1002),
            (b"\xc1\x01a", 1002),
            (Frame(Opcode.CONT, b"of nothing").serialize(mask=False), 1002),
        ],
        ids=["no UTF-8", "masked by a server", "reserved bit", "continues nothing"],
    )
    def test_what_breaks_the_protocol_closes_the_connection(self, broken: bytes, code: int) -> None:
        """After the messages before it, with the code that the library gives."""
        before = Frame(Opcode.TEXT, b"before").serialize(mask=False)

        ours, _, closed = in_memory(lambda: spoken_to([before, broken]))

        assert ours == ["before"]
        assert closed.sent is not None
        assert closed.sent.code == code

    def test_what_fails_on_a_message_ends_the_listening(self) -> None:
        """With the error itself, in the task that listens."""

        def take(message: Message) -> None:
            raise LookupError(str(message))

        async def work() -> None:
            async def speak(connection: ServerConnection) -> None:
                await connection.send("hello")
                await connection.wait_closed()

            async with serve(speak, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
                port = server.sockets[0].getsockname()[1]
                url = f"ws://127.0.0.1:{port}/"
                client = await connect(url, compression=None, proxy=None, create_connection=TextClient)
                assert isinstance(client, TextClient)
                with pytest.raises(LookupError, match="hello"):
                    await client.listen(take)
                await client.close()

        in_memory(work)


class TestOut:
    """What is sent."""

    @pytest.mark.parametrize("compression", [None, "deflate"])
    def test_texts_of_any_length_go_both_ways(self, compression: str | None) -> None:
        """Masked by the client and not by the server, with an extension too; binary ones as well."""
        texts = ["x" * length for length in LENGTHS] + ["Grüße, 再见"]

        async def work() -> tuple[list[Message], list[Message]]:
            heard: list[Message] = []
            back: list[Message] = []

            async def answer(connection: ServerConnection) -> None:
                assert isinstance(connection, TextServer)

                def take(message: Message) -> None:
                    heard.append(message)
                    connection.write_text(str(message))

                await listened(connection, take)

            async with serve(
                answer, "127.0.0.1", 0, compression=compression, create_connection=TextServer
            ) as server:
                port = server.sockets[0].getsockname()[1]
                client = await connect(
                    f"ws://127.0.0.1:{port}/",
                    compression=compression,
                    proxy=None,
                    create_connection=TextClient,
                )
                assert isinstance(client, TextClient)
                listening = asyncio.ensure_future(listened(client, back.append))
                for text in texts:
                    client.write_text(text)
                await asyncio.sleep(1)
                await client.close()
                await listening
                client.write_text("too late")
            return heard, back

        assert in_memory(work) == (texts, texts)
