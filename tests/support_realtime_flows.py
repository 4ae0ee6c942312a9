"""Each documented flow of the Realtime API, as a line that it went over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from support_realtime import Line, LiteralAgent, call_of, quiet, speech, tone
from turnspec.adapters.realtime.server import Policy
from turnspec.adapters.realtime.wire import ClientError
from turnspec.doubles.agent.reply import Reply
from turnspec.doubles.agent.session import SessionWishes
from turnspec.dsl.agent import TurnRange

TEXT = {"output_modalities": ["text"]}


UTTERANCE = np.concatenate([quiet(500_000), tone(600_000), quiet(600_000)])


TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}


BY_HAND = {"input": {"turn_detection": None}}


TRANSCRIBED = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}


def in_text(*replies: Reply, **agent: Any) -> Line:
    """A session that answers in text."""
    line = Line(LiteralAgent(list(replies), **agent))
    line.configure(**TEXT)
    return line


def aloud(*replies: Reply, **agent: Any) -> Line:
    """A session that answers aloud."""
    return Line(LiteralAgent(list(replies), **agent))


def item(item_id: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
    """An event that creates a user item of this id."""
    content = [{"type": "input_text", "text": text}]
    message = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": message, **more}


def output(call_id: str, text: str) -> dict[str, Any]:
    """An event that gives back what a function gave."""
    given = {"type": "function_call_output", "call_id": call_id, "output": text}
    return {"type": "conversation.item.create", "item": given}


def connect() -> Line:
    """The session, then silence."""
    line = aloud()
    line.wait(5_000_000)
    return line


def connect_announced() -> Line:
    """The conversation is announced, where that is set."""
    return Line(LiteralAgent(), policy=Policy(conversation_created=True))


def update() -> Line:
    """Some settings, one of them back to its default, and another model, which is ignored."""
    line = aloud()
    line.configure(
        model="gpt-other",
        instructions="Be brief.",
        tools=[TOOL],
        audio={
            "input": {
                "format": {"type": "audio/pcmu"},
                "noise_reduction": {"type": "near_field"},
                "turn_detection": {"type": "semantic_vad", "eagerness": "high"},
            },
            "output": {"voice": "cedar", "speed": 1.25},
        },
        tracing="auto",
        include=["item.input_audio_transcription.logprobs"],
        truncation={"type": "retention_ratio", "retention_ratio": 0.5},
    )
    line.configure(instructions=None, tracing=None)
    return line


def text_turn() -> Line:
    """A message and its answer in text."""
    line = in_text(Reply("r", text="Hello to you."))
    line.say("Hello")
    return line


def audio_turn_by_hand() -> Line:
    """Without turn detection: append, commit, ask."""
    line = aloud(Reply("r", text="One two three.", audio=speech(350_000)))
    line.configure(audio=BY_HAND)
    line.hear(UTTERANCE)
    line.send({"type": "input_audio_buffer.commit"})
    line.send({"type": "response.create"})
    line.wait(1_000_000)
    return line


def audio_turn_vad() -> Line:
    """Server VAD finds the turn and answers it."""
    line = aloud(Reply("r", text="Yes.", audio=speech(250_000), first_audio_us=400_000))
    line.hear(UTTERANCE)
    line.wait(1_000_000)
    return line


def audio_turn_semantic() -> Line:
    """Semantic VAD waits through a pause within a sentence."""
    line = aloud(Reply("r", text="Yes.", audio=speech(100_000)), missing_us=[900_000, 0])
    detection = {"type": "semantic_vad", "eagerness": "high"}
    line.configure(audio={"input": {"turn_detection": detection}})
    line.hear(np.concatenate([tone(400_000), quiet(900_000), tone(400_000), quiet(500_000)]))
    return line


def transcription() -> Line:
    """The caller's words, from three models."""
    line = aloud(*(Reply("r", text="Yes.", audio=speech(100_000)) for _ in range(3)), words="I lost my card")
    for model in ("gpt-4o-transcribe", "whisper-1", "gpt-4o-transcribe-diarize"):
        line.configure(audio={"input": {"transcription": {"model": model}}})
        line.hear(UTTERANCE)
    return line


def transcription_failed() -> Line:
    """Nobody knows the words; the conversation goes on."""
    wishes = SessionWishes(lost_turns=TurnRange(first=1, last=1))
    line = aloud(Reply("r", text="Yes.", audio=speech(100_000)), session=wishes)
    line.configure(audio=TRANSCRIBED)
    line.hear(UTTERANCE)
    return line


def function_call() -> Line:
    """A call, its output, and what follows."""
    reply = Reply("r", calls=(call_of("get_weather", city="Oslo"),))
    line = in_text(reply, following=Reply("r", text="It rains."))
    line.configure(tools=[TOOL])
    done = line.say("Rain?")[-2]["response"]
    line.send(output(done["output"][0]["call_id"], '{"rain": true}'))
    line.send({"type": "response.create"})
    return line


def parallel_calls() -> Line:
    """A message, then two calls; both outputs, then what follows."""
    calls = (call_of("get_weather", city="Oslo"), call_of("get_weather", city="Bergen"))
    line = in_text(Reply("r", text="One moment.", calls=calls), following=Reply("r", text="Rain in both."))
    line.configure(tools=[TOOL])
    done = line.say("Rain?")[-2]["response"]
    for made in done["output"][1:]:
        line.send(output(made["call_id"], '{"rain": true}'))
    line.send({"type": "response.create"})
    return line


def barge_in() -> Line:
    """Speaking over a reply that is still being made; then the client tells how much was heard."""
    long = Reply("r", text="One two three four five.", audio=speech(2_000_000), pace_percent=100)
    line = aloud(long, Reply("after", text="Sorry.", audio=speech(100_000)))
    line.hear(UTTERANCE)
    events = line.hear(np.concatenate([tone(200_000), quiet(500_000)]))
    cut = next(event for event in events if event["type"] == "response.output_item.done")["item"]["id"]
    truncate = {"type": "conversation.item.truncate", "item_id": cut, "content_index": 0, "audio_end_ms": 250}
    line.send(truncate)
    line.send({"type": "conversation.item.retrieve", "item_id": cut})
    return line


def barge_in_late() -> Line:
    """Speaking over a reply that was made at once: it is complete, only its playing is cut."""
    line = aloud(Reply("r", text="One two.", audio=speech(1_000_000)), Reply("after", text="Sorry."))
    done = line.say("Hello")[-2]["response"]
    line.hear(np.concatenate([quiet(300_000), tone(200_000)]))
    cut = done["output"][0]["id"]
    line.send({"type": "conversation.item.truncate", "item_id": cut, "content_index": 0, "audio_end_ms": 380})
    return line


def cancel() -> Line:
    """The client stops a reply, and asks for another."""
    line = aloud(
        Reply("r", text="One two three four.", audio=speech(2_000_000), pace_percent=100),
        Reply("after", text="Five.", audio=speech(100_000)),
    )
    line.say("Count")
    line.wait(450_000)
    line.send({"type": "response.cancel"})
    line.say("Go on")
    return line


def out_of_band() -> Line:
    """Two responses apart beside one of the conversation; one of them is cancelled by its id."""
    line = in_text(
        Reply("slow", text="Here.", first_audio_us=1_000_000),
        Reply("guard", text="On topic."),
        Reply("lost", text="Never said.", first_audio_us=500_000),
    )
    line.say("Hello")
    apart: dict[str, Any] = {"conversation": "none", "metadata": {"purpose": "guard"}, "input": []}
    line.send({"type": "response.create", "response": apart})
    reference = {"type": "item_reference", "id": line.news_of("conversation.item.done")["item"]["id"]}
    apart = {"conversation": "none", "metadata": {"purpose": "title"}, "input": [reference]}
    created = line.send({"type": "response.create", "response": apart})[0]["response"]
    line.send({"type": "response.cancel", "response_id": created["id"]})
    line.wait(1_000_000)
    return line


def idle_timeout() -> Line:
    """The caller says nothing after an answer: the silence is committed and answered."""
    line = aloud(
        Reply("r", text="Yes?", audio=speech(500_000)), Reply("still", text="Hello?", audio=speech(200_000))
    )
    detection = {"type": "server_vad", "idle_timeout_ms": 5000}
    line.configure(audio={"input": {"turn_detection": detection, **TRANSCRIBED["input"]}})
    line.say("Hello")
    line.hear(quiet(5_600_000))
    return line


def expiry() -> Line:
    """A session that is too old."""
    line = Line(LiteralAgent(), policy=Policy(lifetime_us=5_000_000))
    line.wait(6_000_000)
    return line


def expiry_in_silence() -> Line:
    """The same without an error before the close, in the documented words."""
    line = Line(LiteralAgent(), policy=Policy(tells_expiry=False))
    line.wait(3_600_000_000)
    return line


def quota() -> Line:
    """The server ends the session for a reason of its own."""
    line = aloud()
    error = ClientError("insufficient_quota", "You exceeded your current quota.", type="insufficient_quota")
    line.end(line.server.end(error, 4000, 1_000_000))
    return line


def out_of_tokens() -> Line:
    """A reply, and then a call, that are longer than they may be."""
    line = in_text(
        Reply("r", text="One two three four five six."),
        Reply("c", calls=(call_of("get_weather", city="Oslo"),)),
    )
    line.write("Count")
    line.send({"type": "response.create", "response": {"max_output_tokens": 3}})
    line.write("Rain?")
    line.send({"type": "response.create", "response": {"max_output_tokens": 2}})
    return line


def failed() -> Line:
    """A response that fails."""
    line = in_text(Reply("r", text="Never said.", fails_with="server_error"))
    line.say("Hello")
    return line


def overrides() -> Line:
    """One response with settings of its own; metadata comes back."""
    line = aloud(Reply("r", text="In writing.", audio=speech(100_000)), Reply("r", text="Aloud."))
    line.write("Hello")
    own = {"output_modalities": ["text"], "metadata": {"client_event_id": "a1"}, "instructions": None}
    line.send({"type": "response.create", "response": own})
    line.say("Again")
    return line


def items_of_all_kinds() -> Line:
    """Everything that a client may put into a conversation."""
    line = aloud()
    pixel = "data:image/png;base64,iVBORw0KGgo="
    user = [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": pixel},
        {"type": "input_audio", "audio": "AAAAAA==", "transcript": "hm"},
    ]
    said = [{"type": "output_audio", "transcript": "Nice."}]
    history: tuple[dict[str, Any], ...] = (
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be nice."}]},
        {"type": "message", "role": "user", "content": user},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Nice."}]},
        {"type": "message", "role": "assistant", "content": said, "id": "a" * 32},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "call_1"},
        {"type": "function_call_output", "call_id": "call_1", "output": "1"},
        {"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "t", "input_schema": {}}]},
        {"type": "mcp_approval_request", "id": "m1", "arguments": "{}", "name": "t", "server_label": "s"},
        {"type": "mcp_approval_response", "id": "m2", "approval_request_id": "m1", "approve": True},
        {"type": "mcp_call", "id": "m3", "arguments": "{}", "name": "t", "server_label": "s", "output": "1"},
    )
    for written in history:
        line.send({"type": "conversation.item.create", "item": written})
    line.send(item("first", previous_item_id="root"))
    line.send(item("second", previous_item_id="first"))
    line.send({"type": "conversation.item.delete", "item_id": "first"})
    line.send({"type": "conversation.item.retrieve", "item_id": "a" * 32})
    return line


def mcp_tools() -> Line:
    """MCP servers are named, and never called."""
    line = aloud()
    server = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}
    line.configure(tools=[server], tool_choice={"type": "mcp", "server_label": "docs"})
    line.configure(tools=[server, TOOL])
    return line


def buffer_cleared() -> Line:
    """What was appended is forgotten."""
    line = aloud()
    line.hear(tone(300_000))
    line.send({"type": "input_audio_buffer.clear"})
    line.hear(quiet(500_000))
    return line


FLOWS: dict[str, Callable[[], Line]] = {
    "connect": connect,
    "connect-announced": connect_announced,
    "update": update,
    "text-turn": text_turn,
    "audio-turn-by-hand": audio_turn_by_hand,
    "audio-turn-vad": audio_turn_vad,
    "audio-turn-semantic": audio_turn_semantic,
    "transcription": transcription,
    "transcription-failed": transcription_failed,
    "function-call": function_call,
    "parallel-calls": parallel_calls,
    "barge-in": barge_in,
    "barge-in-late": barge_in_late,
    "cancel": cancel,
    "out-of-band": out_of_band,
    "idle-timeout": idle_timeout,
    "expiry": expiry,
    "expiry-in-silence": expiry_in_silence,
    "quota": quota,
    "out-of-tokens": out_of_tokens,
    "failed": failed,
    "overrides": overrides,
    "items": items_of_all_kinds,
    "mcp-tools": mcp_tools,
    "buffer-cleared": buffer_cleared,
}
