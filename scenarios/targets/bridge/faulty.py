"""The same bridge with one planted fault: what a test of a bridge should find.

    BRIDGE_FAULT=late uvicorn targets.bridge.faulty:app --port 8000

README.md says what each fault does. Nothing here is part of the example.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from .app import Bridge, create_app


class Late(Bridge):
    """Sits on the beginning of everything that the model says for a second."""

    held_item = ""

    async def speak(self, item_id: str, payload: str) -> None:
        """Hold the first part of an utterance back."""
        if item_id != self.held_item:
            self.held_item = item_id
            await asyncio.sleep(1.0)  # the fault itself: a bridge that dawdles
        await super().speak(item_id, payload)


class WrongArgument(Bridge):
    """Counts every card as a two."""

    def run_function(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run the function with another card than the model named."""
        return super().run_function(name, {**arguments, "rank": "two"})


class NoClear(Bridge):
    """Goes on talking when the caller talks over it."""

    async def to_phone(self, message: dict[str, Any]) -> None:
        """Keep the clear from the telephone."""
        if message["event"] != "clear":
            await super().to_phone(message)


class NoTruncate(Bridge):
    """Never tells the model how much of its words was heard before the caller talked over them."""

    async def to_model(self, event: dict[str, Any]) -> None:
        """Keep the truncate from the model."""
        if event["type"] != "conversation.item.truncate":
            await super().to_model(event)


class TruncateByClock(Bridge):
    """Counts what was heard from the first word of the call, so that it comes to more than was ever sent."""

    async def to_model(self, event: dict[str, Any]) -> None:
        """Give the time since the stream began for the time that was heard."""
        if event["type"] == "conversation.item.truncate":
            event = {**event, "audio_end_ms": self.now_ms}
        await super().to_model(event)


class TruncateTooSoon(Bridge):
    """Truncates whatever the model begins before the first frame of it was played, to start afresh."""

    async def on_model_event(self, event: dict[str, Any]) -> None:
        """Cut every new item to nothing."""
        if event["type"] == "response.output_item.added":
            cut = {"item_id": event["item"]["id"], "content_index": 0, "audio_end_ms": 0}
            await self.to_model({"type": "conversation.item.truncate", **cut})
        await super().on_model_event(event)


class EveryMarkHeard(Bridge):
    """Takes every mark that comes back for heard, also those that come back because of a clear."""

    async def give_way(self) -> None:
        """Still want to hang up once all marks are back."""
        wanted = self.hanging_up
        await super().give_way()
        self.hanging_up = wanted


class ForbiddenPhrase(Bridge):
    """Has the model ask for something that it must never ask for."""

    asked = False

    async def run_functions(self, response: dict[str, Any]) -> None:
        """Once the greeting is said, have the model ask for the code."""
        await super().run_functions(response)
        if not self.asked:
            self.asked = True
            await self.tell_model("Ask for the pin number.")


class SecondUtterance(Bridge):
    """The base of faults that happen as the second utterance, the first answer, begins to play."""

    items: tuple[str, ...] = ()

    async def speak(self, item_id: str, payload: str) -> None:
        """Do the wrong thing once, then speak."""
        first_part = item_id not in self.items
        self.items = (*self.items, item_id) if first_part else self.items
        if first_part and len(self.items) == 2:
            await self.do_wrong()
        await super().speak(item_id, payload)

    async def do_wrong(self) -> None:
        """Do what must not be done."""
        raise NotImplementedError


class EarlyHangup(SecondUtterance):
    """Hangs up in the middle of its first answer."""

    stop_at_ms: int | None = None

    async def do_wrong(self) -> None:
        """Hang up in a moment, while the answer is still playing."""
        self.stop_at_ms = self.now_ms + 1_000

    async def on_phone_message(self, message: dict[str, Any]) -> None:
        """Hang up once a second of the answer was played."""
        await super().on_phone_message(message)
        if self.stop_at_ms is not None and self.now_ms >= self.stop_at_ms:
            await self.hang_up()


class CloseMidCall(SecondUtterance):
    """Breaks off with an internal error instead of answering."""

    async def do_wrong(self) -> None:
        """Close as a server does that has failed."""
        await self.phone.close(code=1011, reason="internal error")


class Die(SecondUtterance):
    """Takes the whole process down instead of answering."""

    async def do_wrong(self) -> None:
        """End the process at once."""
        os._exit(3)


class Binary(SecondUtterance):
    """Sends raw audio in a binary message."""

    async def do_wrong(self) -> None:
        """Send what no Media Stream carries."""
        await self.phone.send_bytes(b"\xff" * 160)


class BrokenJson(SecondUtterance):
    """Sends half a message."""

    async def do_wrong(self) -> None:
        """Send what is not JSON."""
        await self.phone.send_text('{"event": "media", "media": {"payload": ')


class BadBase64(SecondUtterance):
    """Sends audio that is not base64."""

    async def do_wrong(self) -> None:
        """Send a payload that cannot be decoded."""
        await self.to_phone({"event": "media", "media": {"payload": "%%% not base64 %%%"}})


class NeverReady:
    """Never says that it is ready."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503 to the question for its health."""
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"warming up"})
        else:
            await self.inner(scope, receive, send)


BRIDGES: Mapping[str, type[Bridge]] = {
    "": Bridge,
    "late": Late,
    "wrong_argument": WrongArgument,
    "no_clear": NoClear,
    "no_truncate": NoTruncate,
    "truncate_by_clock": TruncateByClock,
    "truncate_too_soon": TruncateTooSoon,
    "every_mark_heard": EveryMarkHeard,
    "forbidden_phrase": ForbiddenPhrase,
    "early_hangup": EarlyHangup,
    "close_mid_call": CloseMidCall,
    "die": Die,
    "binary": Binary,
    "broken_json": BrokenJson,
    "bad_base64": BadBase64,
    "never_ready": Bridge,
    "die_at_start": Bridge,
}


def faulty_app(fault: str) -> ASGIApp:
    """Return the bridge with this fault."""
    if fault not in BRIDGES:
        sys.exit(f"BRIDGE_FAULT={fault} is none of {', '.join(filter(None, BRIDGES))}")
    if fault == "die_at_start":
        sys.exit("this bridge was told to die at its start")
    honest: FastAPI = create_app(BRIDGES[fault])
    return NeverReady(honest) if fault == "never_ready" else honest


app = faulty_app(os.environ.get("BRIDGE_FAULT", ""))
