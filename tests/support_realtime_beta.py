"""Flows of the retired beta of the Realtime API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support_realtime import Line, LiteralAgent, call_of, speech
from support_realtime_flows import TOOL, UTTERANCE, output
from turnspec.adapters.realtime.server import Policy
from turnspec.doubles.agent.reply import Reply

BETA = Policy(dialect="beta")


def beta(flow: Callable[[Line], None], *replies: Reply, **agent: Any) -> Callable[[], Line]:
    """A flow of the beta dialect."""

    def run() -> Line:
        line = Line(LiteralAgent(list(replies), **agent), model="gpt-4o-realtime-preview", policy=BETA)
        flow(line)
        return line

    return run


def beta_update(line: Line) -> None:
    """A flat session, there and back."""
    session = {
        "modalities": ["audio", "text"],
        "voice": "ash",
        "instructions": "Be brief.",
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "g711_alaw",
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
        "tools": [TOOL],
        "tool_choice": "auto",
        "temperature": 0.7,
        "max_response_output_tokens": 500,
    }
    line.send({"type": "session.update", "session": session})
    line.send(
        {"type": "session.update", "session": {"turn_detection": None, "max_response_output_tokens": "inf"}}
    )


def beta_text(line: Line) -> None:
    """A turn in text, and one with settings of its own."""
    line.send({"type": "session.update", "session": {"modalities": ["text"]}})
    line.say("Hello")
    line.write("Again")
    own = {
        "temperature": 1.0,
        "max_response_output_tokens": 50,
        "metadata": {"a": "b"},
        "modalities": ["text"],
    }
    line.send({"type": "response.create", "response": own})


def beta_audio(line: Line) -> None:
    """A turn aloud, transcribed."""
    line.send({"type": "session.update", "session": {"input_audio_transcription": {"model": "whisper-1"}}})
    line.hear(UTTERANCE)
    spoken = line.news_of("response.output_item.done")["item"]["id"]
    line.send({"type": "conversation.item.retrieve", "item_id": spoken})


def beta_function(line: Line) -> None:
    """A call and what follows."""
    line.send({"type": "session.update", "session": {"modalities": ["text"], "tools": [TOOL]}})
    done = line.say("Rain?")[-2]["response"]
    line.send(output(done["output"][0]["call_id"], '{"rain": true}'))
    line.send({"type": "response.create"})


def beta_items(line: Line) -> None:
    """History in the beta's parts, and a session of the GA's shape, which is refused."""
    said = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi."}]}
    line.send({"type": "conversation.item.create", "item": said})
    line.send({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}})
    line.send({"type": "session.update", "session": {"modalities": ["audio"]}})


BETA_FLOWS: dict[str, Callable[[], Line]] = {
    "beta-update": beta(beta_update),
    "beta-text-turn": beta(beta_text, Reply("r", text="Hello to you."), Reply("r", text="Yes.")),
    "beta-audio-turn": beta(beta_audio, Reply("r", text="One two.", audio=speech(250_000))),
    "beta-function-call": beta(
        beta_function,
        Reply("r", calls=(call_of("get_weather", city="Oslo"),)),
        following=Reply("r", text="It rains."),
    ),
    "beta-items": beta(beta_items),
}
