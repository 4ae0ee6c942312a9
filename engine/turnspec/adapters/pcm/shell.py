"""The socket under a call over plain PCM."""

from __future__ import annotations

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.protocol import State

from turnspec.adapters.base import Dial, LineRefused, NothingListens
from turnspec.adapters.pcm import wire
from turnspec.call import AudioFormat
from turnspec.call.events import AgentHungUp, CallUp, LineBroke, Side

ORDERLY = frozenset({1000, 1001})
LARGEST_MESSAGE = 16 * 1024 * 1024


class PcmCall:
    """A call that is up. Sending on a closed line does nothing."""

    def __init__(self, connection: ClientConnection, request: Dial, audio: AudioFormat) -> None:
        self._connection, self._witness, self._audio = connection, request.witness, audio
        self._hung_up = False
        start = {"call": request.identity.hex("pcm", "call"), "rate": audio.rate_hz}
        self._send(
            wire.message("start", **start, **{"from": request.caller_number, "to": request.callee_number})
        )
        self._witness.happened(CallUp(at_us=self._witness.now_us()))

    @property
    def backlog(self) -> int:
        """Bytes that the agent's socket has not taken yet."""
        return self._connection.transport.get_write_buffer_size()

    async def listen(self) -> None:
        """Report what the agent sends until either side ends the call."""
        try:
            async for frame in self._connection:
                self._witness.frame(Side.LINE, "in", _shown(frame))
                self._witness.happened(wire.received(frame, self._audio, self._witness.now_us()))
        except ConnectionClosed:
            pass  # how it was closed is looked at below, whichever way the library told it
        self._closed()

    def send_audio(self, frame: bytes) -> None:
        """Send the next 20 ms of the caller."""
        self._send(frame)

    def send_digit(self, digit: str) -> None:
        """Press one key."""
        self._send(wire.message("dtmf", digit=digit))

    def mark_reached(self, name: str) -> None:
        """Tell the agent that all before its mark was played or dropped."""
        self._send(wire.message("mark", name=name))

    def send_text(self, text: str) -> None:
        """Refused: the compiler allows it only where Capability.TEXT is declared."""
        raise NotImplementedError("plain PCM carries no text")

    def request_reply(self) -> None:
        """Refused, as `greets` is not declared."""
        raise NotImplementedError("plain PCM cannot ask for a reply")

    def return_function(self, call_id: str, output: str) -> None:
        """Refused, as Capability.FUNCTIONS is not declared."""
        raise NotImplementedError("plain PCM carries no function calls")

    def playback_flushed(self, stream: str, heard_us: int) -> None:
        """Nothing: the agent is not told how much was heard."""

    def played_out(self) -> None:
        """Nothing: an agent that wants to know sets a mark."""

    async def hang_up(self) -> None:
        """Send `stop`, then close."""
        if not self._hung_up:
            self._send(wire.message("stop"))
            self._hung_up = True
        await self._connection.close()

    def _send(self, frame: str | bytes) -> None:
        if self._connection.state is State.OPEN and not self._hung_up:
            self._witness.frame(Side.LINE, "out", _shown(frame))
            broadcast([self._connection], frame)  # the library's one way of writing without waiting

    def _closed(self) -> None:
        at_us, code = self._witness.now_us(), self._connection.close_code
        if self._hung_up:
            return
        if code in ORDERLY:
            self._witness.happened(AgentHungUp(at_us=at_us, reason=self._connection.close_reason or ""))
        else:
            self._witness.happened(LineBroke(at_us=at_us, reason=f"closed with code {code}", code=code))


def _shown(frame: str | bytes) -> str:
    return frame[:1000] if isinstance(frame, str) else f"<{len(frame)} bytes of audio>"


async def dial(request: Dial, audio: AudioFormat) -> PcmCall:
    """Open the line.

    Raises:
        LineRefused: The agent's side answered and declined.
        NothingListens: No connection, or no answer in time.
    """
    bearer = {"Authorization": f"Bearer {request.auth['bearer']}"} if "bearer" in request.auth else {}
    try:
        connection = await connect(
            request.url,
            additional_headers={**request.headers, **bearer},
            compression=None,  # speech does not get smaller by it
            proxy=None,
            open_timeout=request.timeout_us / 1_000_000,
            ping_interval=None,
            max_size=LARGEST_MESSAGE,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise LineRefused(f"the upgrade was answered with HTTP {status}", status) from error
    except (InvalidURI, ValueError) as error:  # the latter: a name that no host can have
        raise NothingListens(f"{request.url!r} is not the address of a WebSocket") from error
    except InvalidHandshake as error:
        raise LineRefused(f"no WebSocket answered: {error}") from error
    except (OSError, TimeoutError) as error:
        raise NothingListens(f"nothing answers at {request.url}: {error}") from error
    return PcmCall(connection, request, audio)
