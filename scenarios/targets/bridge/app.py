"""A bridge between Twilio Media Streams and the OpenAI Realtime API, for a game of cards by telephone.

Twilio opens `/twilio-agent` for every call; the bridge opens a Realtime session for it and carries speech
both ways as it comes, mu-law at 8 kHz, so that nothing is converted. The model hears, speaks and decides;
the hand of cards is counted here, by a function that the model calls.

    OPENAI_API_KEY=... uvicorn targets.bridge.app:app --port 8000
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse
from starlette.websockets import WebSocketState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

API_BASE_URL = os.environ.get("OPENAI_API_BASE_URL", "wss://api.openai.com/v1")
API_KEY = os.environ.get("OPENAI_API_KEY", "test")
BYTES_PER_MS = 8
CARD_VALUES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
CARD_VALUES |= {"ten": 10, "jack": 10, "queen": 10, "king": 10, "ace": 11}
SUITS = ["clubs", "diamonds", "hearts", "spades"]

log = logging.getLogger("bridge")


def function_tool(name: str, description: str, **parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe a function to the model; it must give every parameter."""
    schema = {"type": "object", "properties": parameters, "required": list(parameters)}
    return {"type": "function", "name": name, "description": description, "parameters": schema}


SESSION = {
    "type": "realtime",
    "instructions": "You deal at a card table. Add every card you hear. End the call when the hand is bust.",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
    },
    "tools": [
        function_tool(
            "add_card",
            "Put a card into the hand and count it.",
            rank={"type": "string", "enum": list(CARD_VALUES)},
            suit={"type": "string", "enum": SUITS},
        ),
        function_tool("end_call", "Hang up once everything was said.", reason={"type": "string"}),
    ],
    "tool_choice": "auto",
}


@dataclass
class Hand:
    """The cards of one player."""

    ranks: list[str] = field(default_factory=list)

    def add(self, rank: str, suit: str) -> dict[str, Any]:
        """Add a card and count the hand; an ace is worth one where eleven would be too much."""
        if rank not in CARD_VALUES or suit not in SUITS:
            return {"error": f"there is no {rank} of {suit}"}
        self.ranks.append(rank)
        total = sum(CARD_VALUES[held] for held in self.ranks)
        for _ in range(self.ranks.count("ace")):
            total -= 10 if total > 21 else 0
        return {"total": total, "cards": len(self.ranks), "bust": total > 21}


@dataclass
class Utterance:
    """Speech of the model that is on its way to the caller, in milliseconds of the call."""

    item_id: str
    starts_ms: int
    ends_ms: int


class Bridge:
    """One call: what the telephone says goes to the model, and the other way round."""

    def __init__(self, phone: WebSocket, model: ClientConnection) -> None:
        self.phone = phone
        self.model = model
        self.stream_sid = ""
        self.hand = Hand()
        self.now_ms = 0
        self.speaking: deque[Utterance] = deque()
        self.cut_short: set[str] = set()
        self.marks: deque[str] = deque()
        self.hanging_up = False

    async def carry(self) -> None:
        """Carry the call until either side ends it."""
        await self.to_model({"type": "session.update", "session": SESSION})
        async with asyncio.TaskGroup() as both_ways:
            both_ways.create_task(self.hear_phone())
            both_ways.create_task(self.hear_model())

    async def hear_phone(self) -> None:
        """Follow the telephone until it hangs up, then let go of the model."""
        with suppress(WebSocketDisconnect):
            while self.phone.application_state is WebSocketState.CONNECTED:
                await self.on_phone_message(json.loads(await self.phone.receive_text()))
        await self.model.close()

    async def hear_model(self) -> None:
        """Follow the model until its session ends, then hang up."""
        async for text in self.model:
            await self.on_model_event(json.loads(text))
        await self.hang_up()

    async def on_phone_message(self, message: dict[str, Any]) -> None:
        """Act on one message of Twilio."""
        match message["event"]:
            case "start":
                self.stream_sid = message["streamSid"]
                await self.begin()
            case "media":
                self.now_ms = int(message["media"]["timestamp"])
                await self.to_model(
                    {"type": "input_audio_buffer.append", "audio": message["media"]["payload"]}
                )
            case "dtmf":
                await self.tell_model(message["dtmf"]["digit"])
            case "mark":
                self.marks.popleft()
                await self.hang_up_if_done()

    async def on_model_event(self, event: dict[str, Any]) -> None:
        """Act on one event of the Realtime session."""
        match event["type"]:
            case "response.output_audio.delta":
                await self.speak(event["item_id"], event["delta"])
            case "response.output_audio.done":
                await self.mark(event["item_id"])
            case "input_audio_buffer.speech_started":
                await self.give_way()
            case "response.done":
                await self.run_functions(event["response"])
            case "error":
                log.error("the model reports: %s", event["error"])

    async def begin(self) -> None:
        """Have the model greet the caller."""
        await self.to_model({"type": "response.create"})

    async def tell_model(self, text: str) -> None:
        """Tell the model something in writing, such as the key that was pressed, and have it answer."""
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.to_model({"type": "conversation.item.create", "item": item})
        await self.to_model({"type": "response.create"})

    async def speak(self, item_id: str, payload: str) -> None:
        """Send speech to the telephone, which queues it, and remember when it will be heard."""
        if item_id in self.cut_short:
            return
        length_ms = len(base64.b64decode(payload)) // BYTES_PER_MS
        if not self.speaking or self.speaking[-1].item_id != item_id:
            free_ms = max(self.now_ms, self.speaking[-1].ends_ms if self.speaking else 0)
            self.speaking.append(Utterance(item_id, free_ms, free_ms))
        self.speaking[-1].ends_ms += length_ms
        await self.to_phone({"event": "media", "media": {"payload": payload}})

    async def mark(self, name: str) -> None:
        """Ask the telephone to say when all speech so far was played."""
        self.marks.append(name)
        await self.to_phone({"event": "mark", "mark": {"name": name}})

    async def give_way(self) -> None:
        """The caller speaks: stop what is playing, and tell the model how much of it was heard."""
        unheard = [said for said in self.speaking if said.ends_ms > self.now_ms]
        if not unheard:
            return
        await self.to_phone({"event": "clear"})
        # The marks of what is cleared come back too: that is no sign of its having been heard.
        self.hanging_up = False
        for said in unheard:
            heard_ms = max(0, self.now_ms - said.starts_ms)
            cut = {"item_id": said.item_id, "content_index": 0, "audio_end_ms": heard_ms}
            await self.to_model({"type": "conversation.item.truncate", **cut})
            self.cut_short.add(said.item_id)
        self.speaking.clear()

    async def run_functions(self, response: dict[str, Any]) -> None:
        """Run what a finished response called, and have the model go on with the results."""
        calls = [item for item in response["output"] if item["type"] == "function_call"]
        if response["status"] != "completed" or not calls:
            return
        for call in calls:
            result = self.run_function(call["name"], json.loads(call["arguments"]))
            output = {
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": json.dumps(result),
            }
            await self.to_model({"type": "conversation.item.create", "item": output})
        if self.hanging_up:
            await self.hang_up_if_done()
        else:
            await self.to_model({"type": "response.create"})

    def run_function(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run one function of ours."""
        match name:
            case "add_card":
                return self.hand.add(arguments["rank"], arguments["suit"])
            case "end_call":
                self.hanging_up = True
                return {"status": "hanging up"}
            case _:
                return {"error": f"there is no function {name}"}

    async def hang_up_if_done(self) -> None:
        """Hang up as soon as the caller has heard everything."""
        if self.hanging_up and not self.marks:
            await self.hang_up()

    async def hang_up(self) -> None:
        """End the call; that it is over already is no trouble."""
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.phone.close()

    async def to_model(self, event: dict[str, Any]) -> None:
        """Send an event to the model; a session that has ended needs none."""
        with suppress(ConnectionClosed):
            await self.model.send(json.dumps(event))

    async def to_phone(self, message: dict[str, Any]) -> None:
        """Send a message to the telephone; a caller who has gone needs none."""
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.phone.send_text(json.dumps({**message, "streamSid": self.stream_sid}))


def create_app(bridge: type[Bridge] = Bridge) -> FastAPI:
    """Make the web application; tests give a bridge with a fault."""
    app = FastAPI()

    @app.get("/health")
    async def health() -> PlainTextResponse:
        return PlainTextResponse("ready")

    @app.websocket("/twilio-agent")
    async def twilio_agent(phone: WebSocket) -> None:
        await phone.accept()
        url = f"{API_BASE_URL}/realtime?model=gpt-realtime"
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with connect(url, additional_headers=headers, compression=None, max_size=None) as model:
            await bridge(phone, model).carry()

    return app


app = create_app()
