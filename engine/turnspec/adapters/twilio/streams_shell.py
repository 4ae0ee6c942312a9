"""The streams that one call may have: one both ways, and any number that only listen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from turnspec.adapters.base import Witness
from turnspec.adapters.frames import Fault
from turnspec.adapters.text_shell import TextClient
from turnspec.adapters.twilio.excerpts import elided, excerpt
from turnspec.adapters.twilio.one_way import OneWayEnd
from turnspec.adapters.twilio.shell import TwilioCall
from turnspec.adapters.twilio.twiml import Stream
from turnspec.adapters.twilio.webhook_shell import report
from turnspec.call.events import AgentHungUp, CallUp, Event, LineBroke, Side


class StreamWitness:
    """Hears one stream of a call. That the stream ended is kept in `ended`: the call may go on without it."""

    def __init__(self, witness: Witness, *, first: bool) -> None:
        # Every frame comes through here: what is only passed on is handed out as it is.
        self.now_us = witness.now_us
        self.frame = witness.frame
        self.ended: AgentHungUp | LineBroke | None = None
        self.deaf = False
        self._witness = witness
        self._first = first

    def happened(self, event: Event) -> None:
        """Pass an event on, unless it is about the stream and not about the call."""
        match event:
            case AgentHungUp() | LineBroke():
                self.ended = event
            case CallUp() if not self._first:
                pass
            case _ if self.deaf:
                pass
            case _:
                self._witness.happened(event)


class TwoWayStream:
    """The stream that a call was connected to, with the task that listens to it once it is asked for."""

    def __init__(self, noun: Stream, sid: str, call: TwilioCall, witness: StreamWitness) -> None:
        self.noun = noun
        self.sid = sid
        self.call = call
        self.witness = witness
        self._listening: asyncio.Task[None] | None = None

    @property
    def listening(self) -> asyncio.Task[None]:
        """Listens until the stream ends."""
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self.call.listen(), name="hear a stream")
        return self._listening

    async def end(self) -> None:
        """Send `stop`, close, and hear no more of it."""
        self.witness.deaf = True
        await self.call.hang_up()
        await self.listening


class OneWayStream:
    """A stream that a bot listens to; whatever it sends is a fault. `closed` is told its end."""

    def __init__(
        self,
        noun: Stream,
        connection: TextClient,
        end: OneWayEnd,
        witness: Witness,
        closed: Callable[[OneWayStream], None],
    ) -> None:
        self.noun = noun
        self.sid = end.stream_sid
        self._connection = connection
        self._end = end
        self._witness = witness
        self._closed = closed
        for frame in end.opening():
            self._send(frame)
        self.reading = asyncio.get_running_loop().create_task(self._read(), name="read a one-way stream")

    @property
    def backlog(self) -> int:
        """Bytes that the peer's socket has not taken yet."""
        return self._connection.transport.get_write_buffer_size()

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the call."""
        if self._connection.state is State.OPEN:
            for text in self._end.media(frame):
                self._send(text)

    async def end(self) -> None:
        """Send `stop`, then close."""
        if self._connection.state is State.OPEN:
            self._send(self._end.stop())
        await self._connection.close()
        await self.reading

    def _send(self, frame: str) -> None:
        self._witness.frame(Side.LINE, "out", elided(frame))
        self._connection.write_text(frame)

    async def _read(self) -> None:
        try:
            await self._connection.listen(self._arrived)
        except ConnectionClosed as closed:
            if closed.rcvd is None and closed.sent is None:
                detail = "a one-way stream ended without a close frame"
                report(self._witness, Fault("stream-broke", detail))
            self._closed(self)

    def _arrived(self, frame: str | bytes) -> None:
        self._witness.frame(Side.LINE, "in", excerpt(frame))
        self._witness.happened(self._end.receive(frame, self._witness.now_us()))
