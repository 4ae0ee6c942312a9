"""WebSocket connections of `websockets` whose texts take the short way, in and out.

A media stream is fifty short texts a second each way. The library's own way for one of them - a parser that
waits for bytes, a frame as an object, a queue, a task that waits in `recv` - costs several times what anybody
does with the text. Here whole texts are cut out of what arrives and handed over at once, and written as one
piece. All else is the library's: the handshake, pings, the closing, fragments, binary and long messages, and
whatever is wrong; and once something came that is neither a whole text nor a control frame, everything after
it, so that the order of messages stays.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

try:
    from websockets.speedups import apply_mask
except ImportError:  # on platforms without a wheel
    from websockets.utils import apply_mask

Taker = Callable[[str], None]

CONTROL: Final = frozenset({Opcode.PING, Opcode.PONG, Opcode.CLOSE})
OPEN: Final = State.OPEN
# RFC 6455, section 5.2: the first byte (final, no reserved bits, opcode) and the lengths in the second.
WHOLE_TEXT: Final = 0x81
PINGS: Final = (0x89, 0x8A)
MASKED: Final = 0x80
TWO_BYTES: Final = 126
LONGEST: Final = 0xFFFF
END_OF_HEADERS: Final = b"\r\n\r\n"


class TextConnection(Connection):
    """A connection that hands whole texts to whoever listens; the rest is for `recv`."""

    masks: ClassVar[int]  # MASKED where this end must mask what it sends
    unmasks: ClassVar[int]  # MASKED where the other end must

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._early: list[str] = []
        self._taker: Taker = self._early.append
        self._whole = True  # as all messages so far
        self._heard_any = False
        self._in_step = False  # the library stands between two frames
        self._rest = b""  # of a frame that is not complete
        self._keys = _keys()

    def hand_to(self, taker: Taker) -> None:
        """Give `taker` what has come, and what comes."""
        self._taker = taker
        for text in self._early:
            taker(text)
        self._early.clear()

    async def listen(self, taker: Callable[[str | bytes], None]) -> None:
        """Give `taker` every message until the connection is closed.

        Raises:
            ConnectionClosed: It is.
            Exception: Whatever `taker` raised.
        """
        failed: asyncio.Future[None] = self.loop.create_future()

        def take(text: str) -> None:
            try:
                taker(text)
            except Exception as error:  # noqa: BLE001 - raised by `listen`, whose task it belongs to
                if not failed.done():
                    failed.set_exception(error)

        receiving = self.loop.create_task(self._receive(taker), name="take other messages")
        try:
            self.hand_to(take)
            await asyncio.wait({failed, receiving}, return_when=asyncio.FIRST_COMPLETED)
            (failed if failed.done() else receiving).result()
        finally:
            self._taker = _nobody
            failed.cancel()
            receiving.cancel()

    async def _receive(self, taker: Callable[[str | bytes], None]) -> None:
        while True:
            taker(await self.recv())

    # --- in ---------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes of the stream."""
        if self._in_step and not self.protocol.extensions:
            self._cut(self._rest + data if self._rest else data)
            return
        if not self._heard_any:
            # Nothing but the handshake: frames begin with what comes next.
            self._heard_any = True
            self._in_step = data.find(END_OF_HEADERS) == len(data) - len(END_OF_HEADERS)
        super().data_received(data)

    def _cut(self, data: bytes) -> None:
        at, size = 0, len(data)
        while size - at >= 2:
            first, length, start = data[at], data[at + 1] ^ self.unmasks, at + 2
            if length == TWO_BYTES:
                start += 2
                length = int.from_bytes(data[at + 2 : start])
            elif length > TWO_BYTES:
                break
            start += 4 if self.unmasks else 0
            end = start + length
            if end > size:
                self._rest = data[at:]
                return
            if first == WHOLE_TEXT:
                text = data[start:end]
                if self.unmasks:
                    text = apply_mask(text, data[start - 4 : start])
                try:
                    whole = str(text, "utf-8")
                except UnicodeDecodeError:  # the library closes the connection because of it
                    break
                self._taker(whole)
            elif first in PINGS:
                super().data_received(data[at:end])
            else:
                break
            at = end
        else:
            self._rest = data[at:]
            return
        self._in_step, self._rest = False, b""
        super().data_received(data[at:])

    def process_event(self, event: Event) -> None:
        """Take one event of the protocol."""
        text = self._text_of(event) if self._whole and isinstance(event, Frame) else None
        if text is None:
            super().process_event(event)
        else:
            self._taker(text)

    def _text_of(self, frame: Frame) -> str | None:
        self._whole = frame.opcode in CONTROL
        if frame.opcode is not Opcode.TEXT or not frame.fin:
            return None
        try:
            text = bytes(frame.data).decode()
        except UnicodeDecodeError:
            return None  # `recv` closes the connection because of it
        self._whole = True
        return text

    # --- out --------------------------------------------------------------------------------------

    def write_text(self, text: str) -> None:
        """Send a text without waiting; on a connection that is not open nothing is sent."""
        protocol = self.protocol
        if protocol.state is not OPEN:
            return
        payload = text.encode()
        length = len(payload)
        if length > LONGEST or protocol.extensions:
            broadcast([self], text)  # the library's own way of not waiting
            return
        if length < TWO_BYTES:
            head = bytes((WHOLE_TEXT, self.masks | length))
        else:
            head = bytes((WHOLE_TEXT, self.masks | TWO_BYTES, length >> 8, length & 0xFF))
        if self.masks:
            key = next(self._keys)
            self.transport.write(head + key + apply_mask(payload, key))
        else:
            self.transport.write(head + payload)


class TextClient(TextConnection, ClientConnection):
    """The end that connects."""

    masks = MASKED
    unmasks = 0


class TextServer(TextConnection, ServerConnection):
    """The end that answers."""

    masks = 0
    unmasks = MASKED


def _nobody(text: str) -> None:
    """Drop what comes when nobody listens any more."""


def _keys() -> Iterator[bytes]:
    """Masking keys that nobody can foresee (RFC 6455, section 5.3)."""
    while True:
        pool = os.urandom(1024)
        yield from (pool[at : at + 4] for at in range(0, len(pool), 4))
