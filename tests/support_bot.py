"""A bare Twilio bot that can misbehave, as a process: `python support_bot.py PORT SPEECH [FAULT]`.

SPEECH is a file of mu-law at 8 kHz, which it says as its greeting and again after everything that the caller
says. FAULT is what it does wrong in place of its first answer (`_FAULTS`) or when it is called (`_AT_ONCE`).
It knows nothing of turnspec.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

QUIET_FRAMES = 20  # of 20 ms: so long after speech the caller has finished
_AT_ONCE = frozenset({"refuse", "redirect", "close_at_once", "mute", "deaf"})


class Call:
    """One caller."""

    def __init__(self, line: ServerConnection, speech: bytes, fault: str) -> None:
        self.line = line
        self.speech = speech
        self.fault = fault
        self.stream = ""
        self.spoken = False
        self.quiet = 0

    async def hold(self) -> None:
        """Greet, then answer until the caller leaves."""
        async for text in self.line:
            message = json.loads(text)
            if message["event"] == "start":
                self.stream = message["streamSid"]
                await self.say()
            elif message["event"] == "media":
                await self.hear(base64.b64decode(message["media"]["payload"]))
            elif message["event"] == "stop":
                return

    async def hear(self, frame: bytes) -> None:
        """Notice that the caller has said something and is quiet again."""
        if any(sample & 0x70 < 0x40 for sample in frame):  # mu-law: the louder, the smaller the exponent bits
            self.spoken, self.quiet = True, 0
        self.quiet += 1
        if self.spoken and self.quiet > QUIET_FRAMES:
            self.spoken = False
            fault, self.fault = self.fault, ""
            if fault in _FAULTS:
                await _FAULTS[fault](self)
            await self.say()

    async def say(self) -> None:
        """Speak, all at once."""
        await self.send({"event": "media", "media": {"payload": base64.b64encode(self.speech).decode()}})

    async def send(self, message: dict[str, object]) -> None:
        """Send one message on the stream."""
        await self.line.send(json.dumps({**message, "streamSid": self.stream}))


async def _binary(call: Call) -> None:
    await call.line.send(b"\x00\xff" * 80)


async def _broken_json(call: Call) -> None:
    await call.line.send('{"event": "media", "media": {"payl')


async def _deep_json(call: Call) -> None:
    await call.line.send("[" * 100_000)


async def _bad_base64(call: Call) -> None:
    await call.send({"event": "media", "media": {"payload": "%%% not base64 %%%"}})


async def _unknown_event(call: Call) -> None:
    await call.send({"event": "applause"})


async def _wrong_stream(call: Call) -> None:
    await call.line.send(json.dumps({"event": "clear", "streamSid": "MZ00000000000000000000000000000000"}))


async def _close(call: Call) -> None:
    await call.line.close(1011, "out of luck")


async def _hang_up(call: Call) -> None:
    await call.line.close()


async def _abort(call: Call) -> None:
    call.line.transport.abort()


async def _bad_frame(call: Call) -> None:
    call.line.transport.write(b"\xff\x00 no websocket frame")
    await call.line.wait_closed()


async def _die(call: Call) -> None:
    print(f"about to die on {call.stream[:2]}", flush=True)  # noqa: T201 - what a dying process says
    os._exit(3)


async def _silence(call: Call) -> None:
    call.speech = b"\xff" * 1600


async def _stop_reading(_: Call) -> None:
    await asyncio.Event().wait()


_FAULTS: dict[str, Callable[[Call], Awaitable[None]]] = {
    "binary": _binary,
    "broken_json": _broken_json,
    "deep_json": _deep_json,
    "bad_base64": _bad_base64,
    "unknown_event": _unknown_event,
    "wrong_stream": _wrong_stream,
    "close": _close,
    "hang_up": _hang_up,
    "abort": _abort,
    "bad_frame": _bad_frame,
    "die": _die,
    "silence": _silence,
    "stop_reading": _stop_reading,
}


async def main(port: int, speech: bytes, fault: str) -> None:
    """Answer calls for ever."""

    def admitted(line: ServerConnection, _: Request) -> Response | None:
        if fault == "refuse":
            return line.respond(HTTPStatus.FORBIDDEN, "not you\n")
        if fault == "redirect":
            response = line.respond(HTTPStatus.FOUND, "over there\n")
            response.headers["Location"] = "ws://127.0.0.1:1/"
            return response
        return None

    async def answered(line: ServerConnection) -> None:
        if fault == "close_at_once":
            return
        if fault == "deaf":
            line.transport.pause_reading()
            await asyncio.Event().wait()
        if fault == "mute":
            async for _ in line:
                pass
        await Call(line, speech, fault).hold()

    async with serve(answered, "127.0.0.1", port, compression=None, process_request=admitted) as server:
        print(f"listening on {port}", flush=True)  # noqa: T201 - `ready: {line: ...}` may wait for it
        await server.serve_forever()


if __name__ == "__main__":
    known = {*_FAULTS, *_AT_ONCE, ""}
    chosen = sys.argv[3] if len(sys.argv) > 3 else ""
    if chosen not in known:
        sys.exit(f"there is no fault {chosen!r}")
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), chosen))
