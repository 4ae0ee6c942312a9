"""What goes over the wire in each documented flow, to the byte: the golden files are read by people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support_golden import assert_golden
from support_realtime import Line, speech
from support_realtime_beta import BETA, BETA_FLOWS
from support_realtime_flows import FLOWS, aloud, item, output
from turnspec.adapters.realtime.server import Handshake, Keys, Policy, Refused, admitted
from turnspec.adapters.realtime.wire.server_events import error as error_event
from turnspec.doubles.agent.reply import Reply


@pytest.mark.parametrize("name", FLOWS | BETA_FLOWS)
def test_each_flow_has_its_transcript(name: str) -> None:
    """The same events, in the same order, with the same words, ids and times."""
    line = (FLOWS | BETA_FLOWS)[name]()

    assert_golden(f"realtime/{name}.txt", line.transcript())
    if line.closed is None:
        line.judge.over()


def with_reply(line: Line) -> str:
    """Have something said aloud, 500 ms of it; its item."""
    return str(line.say("Hello")[-2]["response"]["output"][0]["id"])


def truncation(item_id: str, audio_end_ms: int) -> dict[str, Any]:
    """An event that cuts an item."""
    kind = "conversation.item.truncate"
    return {
        "type": kind,
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": audio_end_ms,
        "event_id": "e1",
    }


def wrong_call(line: Line) -> dict[str, Any]:
    """An output for a call that was never made."""
    del line
    return {**output("call_x", "1"), "event_id": "e1"}


def busy(line: Line) -> dict[str, Any]:
    """A request while a response is in progress."""
    line.say("Hello")
    line.say("Hello")
    return {"type": "response.create", "event_id": "e1"}


def voiced(line: Line) -> dict[str, Any]:
    """Another voice, after the first was heard."""
    with_reply(line)
    session = {"type": "realtime", "audio": {"output": {"voice": "ash"}}}
    return {"type": "session.update", "session": session, "event_id": "e1"}


def twice(line: Line) -> dict[str, Any]:
    """An id that is taken."""
    line.send(item("a"))
    return item("a", event_id="e1")


def updated(**session: Any) -> Callable[[Line], dict[str, Any]]:
    """An update that is wrong."""
    return lambda _: {"type": "session.update", "session": session, "event_id": "e1"}


def plain(kind: str, **more: Any) -> Callable[[Line], dict[str, Any]]:
    """An event that is wrong by itself."""
    return lambda _: {"type": kind, "event_id": "e1", **more}


ERRORS: dict[str, Callable[[Line], dict[str, Any] | str | bytes]] = {
    "invalid-json": lambda _: "nonsense",
    "binary-frame": lambda _: b"{}",
    "unknown-type": plain("session.begin"),
    "no-type": lambda _: {"event_id": "e1"},
    "output-audio-buffer": plain("output_audio_buffer.clear"),
    "missing-parameter": updated(),
    "unknown-parameter": updated(type="realtime", modalities=["text"]),
    "transcription-session": updated(type="transcription"),
    "not-of-this-model": updated(type="realtime", reasoning={"effort": "low"}),
    "voice-was-heard": voiced,
    "commit-empty": plain("input_audio_buffer.commit"),
    "cancel-nothing": plain("response.cancel"),
    "already-active": busy,
    "metadata-too-many": plain("response.create", response={"metadata": {str(n): "" for n in range(17)}}),
    "metadata-too-long": plain("response.create", response={"metadata": {"k": "v" * 513}}),
    "input-reference": plain("response.create", response={"input": [{"type": "item_reference", "id": "x"}]}),
    "delete-unknown": plain("conversation.item.delete", item_id="item_x"),
    "retrieve-unknown": plain("conversation.item.retrieve", item_id="item_x"),
    "truncate-unknown": lambda _: truncation("item_x", 0),
    "truncate-beyond": lambda line: truncation(with_reply(line), 501),
    "truncate-text": lambda line: (line.send(item("a")), truncation("a", 0))[1],
    "duplicate-id": twice,
    "unknown-place": lambda _: item("b", previous_item_id="zz", event_id="e1"),
    "unknown-call": wrong_call,
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_has_its_words(name: str) -> None:
    """Code, message, parameter and the client's own id; the session goes on."""
    replies = [
        Reply("r", text="Long talk.", audio=speech(500_000)),
        Reply("slow", text="Later.", first_audio_us=1_000_000),
    ]
    line = aloud(*replies)
    (error,) = line.send(ERRORS[name](line))[-1:]
    shown = {key: value for key, value in error.items() if key != "event_id"}

    assert error["type"] == "error"
    assert_golden(f"realtime/errors/{name}.txt", json.dumps(shown, indent=1) + "\n")
    assert line.configure()["type"] == "session.updated"


BEARER = {"Authorization": "Bearer sk-right"}


REFUSALS: dict[str, tuple[Handshake, Policy]] = {
    "no-key": (Handshake("/v1/realtime?model=m", {}), Policy()),
    "wrong-key": (Handshake("/v1/realtime?model=m", {"Authorization": "Bearer sk-wrong"}), Policy()),
    "wrong-ephemeral-key": (Handshake("/v1/realtime?model=m", {"Authorization": "Bearer ek_x"}), Policy()),
    "no-model": (Handshake("/v1/realtime", BEARER), Policy()),
    "wrong-model": (
        Handshake("/v1/realtime?model=gpt-4o", BEARER),
        Policy(models=frozenset({"gpt-realtime"})),
    ),
    "beta": (Handshake("/v1/realtime?model=m", {**BEARER, "OpenAI-Beta": "realtime=v1"}), Policy()),
    "beta-subprotocol": (
        Handshake(
            "/v1/realtime?model=m",
            {},
            ("realtime", "openai-insecure-api-key.sk-right", "openai-beta.realtime-v1"),
        ),
        Policy(),
    ),
    "no-beta": (Handshake("/v1/realtime?model=m", BEARER), BETA),
    "transcription": (Handshake("/v1/realtime?intent=transcription", BEARER), Policy()),
    "call": (Handshake("/v1/realtime?call_id=rtc_1", BEARER), Policy()),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_has_its_error_and_close_code(name: str) -> None:
    """What is said before the close, and what the close says."""
    handshake, policy = REFUSALS[name]
    refused = admitted(handshake, Keys("sk-right", 0, policy), policy, 0)

    assert isinstance(refused, Refused)
    error = json.dumps(error_event(refused.error), indent=1)
    assert_golden(f"realtime/refusals/{name}.txt", f"{error}\nclose {refused.code} {refused.reason}\n")
