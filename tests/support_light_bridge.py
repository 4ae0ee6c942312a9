"""A bridge between AudioCodes' Bot API and the Realtime API in few lines and without a framework.

    python support_light_bridge.py PORT

It runs the function `note`, and prints its process and when each call begins, on the clock that all processes
of a machine share. Many of them start quickly, and chunks of 200 ms leave a processor time for many calls.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TEXT = {"type": "string"}
NOTE = {"type": "object", "properties": {"fact": TEXT, "who": TEXT}, "required": ["fact", "who"]}
# A caller may pause for breath.
VAD = {"type": "server_vad", "silence_duration_ms": 800}
PHONE_LINE = {"format": {"type": "audio/pcmu"}}
SESSION = {
    "type": "realtime",
    "audio": {"input": {**PHONE_LINE, "turn_detection": VAD}, "output": PHONE_LINE},
    "tools": [{"type": "function", "name": "note", "parameters": NOTE}],
}


async def hear_phone(phone: ServerConnection, model: ClientConnection) -> None:
    """Pass the caller's speech on until the caller hangs up."""
    async for text in phone:
        message = json.loads(text)
        match message["type"]:
            case "session.initiate":
                await say(phone, "session.accepted", mediaFormat="raw/mulaw")
            case "userStream.start":
                await say(phone, "userStream.started")
            case "userStream.chunk":
                audio = message["audioChunk"]
                await model.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            case "session.end":
                await model.close()
                return


async def hear_model(phone: ServerConnection, model: ClientConnection) -> None:
    """Pass the model's speech on and run its functions until its session ends."""
    streams, playing = 0, False
    async for text in model:
        event = json.loads(text)
        match event["type"]:
            case "response.output_audio.delta":
                if not playing:
                    streams, playing = streams + 1, True
                    await say(phone, "playStream.start", streamId=str(streams), mediaFormat="raw/mulaw")
                await say(phone, "playStream.chunk", streamId=str(streams), audioChunk=event["delta"])
            case "response.output_audio.done":
                playing = False
                await say(phone, "playStream.stop", streamId=str(streams))
            case "response.done":
                await run_functions(model, event["response"]["output"])


async def say(phone: ServerConnection, type_: str, **facts: str) -> None:
    """Send one message to the telephone."""
    await phone.send(json.dumps({"type": type_, **facts}))


async def run_functions(model: ClientConnection, items: list[dict[str, Any]]) -> None:
    """Give back what was noted, and by which process."""
    for item in items:
        if item["type"] == "function_call":
            kept = {**json.loads(item["arguments"]), "process": os.getpid()}
            output = {"type": "function_call_output", "call_id": item["call_id"], "output": json.dumps(kept)}
            await model.send(json.dumps({"type": "conversation.item.create", "item": output}))
            await model.send(json.dumps({"type": "response.create"}))


async def carry(phone: ServerConnection) -> None:
    """Carry one call."""
    sys.stdout.write(f"begins {os.getpid()} {time.perf_counter()}\n")
    url = f"{os.environ['MODEL_URL']}/realtime?model=any"
    headers = {"Authorization": "Bearer any"}
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as model:
        await model.send(json.dumps({"type": "session.update", "session": SESSION}))
        both = (hear_phone(phone, model), hear_model(phone, model))
        for ended in await asyncio.gather(*both, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, ConnectionClosed):
                raise ended


async def main(port: int) -> None:
    """Serve calls until the process is ended."""
    async with serve(carry, "127.0.0.1", port, compression=None, max_size=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
