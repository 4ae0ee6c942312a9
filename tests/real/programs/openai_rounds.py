"""Four rounds with a Realtime server through the official `openai` SDK, and what came of them as JSON.

    python openai_rounds.py async|sync URL FOLDER

A program of its own, so that it runs under any version of the SDK. FOLDER has `seven.pcm` and `ten.pcm`:
somebody naming a card, 16-bit at 24 kHz, with silence after it. The server plays the dealer of
tests/real/dealer.yaml.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import openai

Event = dict[str, Any]
Rounds = Generator[Event | None, Event, Event]  # yields what to send, or None to be given what comes
MODEL = "gpt-realtime"
SECOND = 48_000
ADD_CARD = {
    "type": "function",
    "name": "add_card",
    "description": "Put a card into the hand.",
    "parameters": {
        "type": "object",
        "properties": {"rank": {"type": "string"}, "suit": {"type": "string"}},
        "required": ["rank", "suit"],
    },
}


def rounds(folder: Path) -> Rounds:
    """Text, speech, a function call, and an interruption, one after the other on one connection."""
    facts: Event = {"sdk": openai.__version__}
    yield from until("session.created")
    facts["text"] = yield from text_round()
    facts["speech"] = yield from speech_round((folder / "seven.pcm").read_bytes())
    facts["interruption"] = yield from interruption_round((folder / "ten.pcm").read_bytes())
    return facts


def text_round() -> Rounds:
    """Written words, answered in writing."""
    yield {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}
    yield from until("session.updated")
    content = [{"type": "input_text", "text": "hello"}]
    yield {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": content},
    }
    yield {"type": "response.create"}
    events = yield from until("response.done")
    return {"says": texts(events, "response.output_text.delta"), "status": status(events)}


def speech_round(audio: bytes) -> Rounds:
    """A spoken card, which the model adds by a function; then it speaks until it is talked over."""
    session = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "tools": [ADD_CARD],
        "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 300}}},
    }
    yield {"type": "session.update", "session": session}
    yield from until("session.updated")
    yield from said(audio)
    events = yield from until("response.done")
    call = events["response.done"][-1]["response"]["output"][0]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"total": 7}'}
    yield {"type": "conversation.item.create", "item": output}
    yield {"type": "response.create"}
    yield from until("response.output_audio.delta")
    return {"heard": sorted(set(events) & HEARING), "called": [call["name"], json.loads(call["arguments"])]}


def interruption_round(audio: bytes) -> Rounds:
    """The next card, spoken over the answer to the first; the rest of that answer is truncated."""
    yield from said(audio)
    events = yield from until("response.done")
    item = events["response.done"][-1]["response"]["output"][0]
    cut = {"item_id": item["id"], "content_index": 0, "audio_end_ms": 100}
    yield {"type": "conversation.item.truncate", **cut}
    then = yield from until("conversation.item.truncated")
    if "response.done" not in then:
        then = {**then, **(yield from until("response.done"))}
    details = events["response.done"][-1]["response"]["status_details"]
    call = then["response.done"][-1]["response"]["output"][0]
    return {
        "status": status(events),
        "reason": details["reason"],
        "item": item["status"],
        "truncated_ms": then["conversation.item.truncated"][-1]["audio_end_ms"],
        "called": [call["name"], json.loads(call["arguments"])],
    }


HEARING = {
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
}


def said(audio: bytes) -> Generator[Event | None, Event, None]:
    """Append speech, a tenth of a second a message."""
    for start in range(0, len(audio), SECOND // 10):
        chunk = base64.b64encode(audio[start : start + SECOND // 10]).decode()
        yield {"type": "input_audio_buffer.append", "audio": chunk}


def until(kind: str) -> Generator[Event | None, Event, dict[str, list[Event]]]:
    """Everything that comes up to an event of this type, by type."""
    events: dict[str, list[Event]] = {}
    while kind not in events:
        event = yield None
        if event["type"] == "error":
            raise SystemExit(f"the server reports {event['error']}")
        events.setdefault(event["type"], []).append(event)
    return events


def texts(events: dict[str, list[Event]], kind: str) -> str:
    """The deltas of this type, put together."""
    return "".join(event["delta"] for event in events.get(kind, ()))


def status(events: dict[str, list[Event]]) -> str:
    """What became of the response."""
    return str(events["response.done"][-1]["response"]["status"])


async def converse(url: str, folder: Path) -> Event:
    """Hold the rounds through the asynchronous client."""
    client = openai.AsyncOpenAI(api_key="test", base_url=url)
    talk, given = rounds(folder), None
    async with client.realtime.connect(model=MODEL) as connection:
        while True:
            try:
                wanted = talk.send(given) if given is not None else next(talk)
            except StopIteration as over:
                return dict(over.value)
            given = None
            if wanted is None:
                given = (await connection.recv()).to_dict()
            else:
                await connection.send(wanted)  # type: ignore[arg-type] # plain data instead of its types


def converse_blocking(url: str, folder: Path) -> Event:
    """Hold the rounds through the blocking client."""
    client = openai.OpenAI(api_key="test", base_url=url)
    talk, given = rounds(folder), None
    with client.realtime.connect(model=MODEL) as connection:
        while True:
            try:
                wanted = talk.send(given) if given is not None else next(talk)
            except StopIteration as over:
                return dict(over.value)
            given = None
            if wanted is None:
                given = connection.recv().to_dict()
            else:
                connection.send(wanted)  # type: ignore[arg-type] # plain data instead of its types


def main(how: str, url: str, folder: str) -> None:
    """Hold the rounds and print what came of them."""
    facts = (
        asyncio.run(converse(url, Path(folder))) if how == "async" else converse_blocking(url, Path(folder))
    )
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
