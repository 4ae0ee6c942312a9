"""Realtime client events: decoded strictly, refused in the API's own words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import realtime, responses
from openai.types.beta.realtime import response_create_event, session_update_event
from openai.types.realtime import realtime_audio_input_turn_detection, realtime_tools_config_union
from pydantic import BaseModel, TypeAdapter

from turnspec.adapters.realtime.wire import ClientError, beta_shapes, decode, elided, items, session, tools
from turnspec.adapters.realtime.wire.beta import Beta
from turnspec.adapters.realtime.wire.client_events import (
    AudioAppend,
    ResponseCreate,
    ResponseParams,
    SessionUpdate,
)
from turnspec.adapters.realtime.wire.effective import Session, default_session
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.adapters.realtime.wire.shape import Shape
from turnspec.call import ALAW_8K, MULAW_8K, PCM_24K


def refused(event: Any) -> ClientError:
    """The error that an event is answered with."""
    with pytest.raises(ClientError) as caught:
        decode(event if isinstance(event, str | bytes) else json.dumps(event))
    return caught.value


def update(**session: Any) -> dict[str, Any]:
    """A `session.update`."""
    return {"type": "session.update", "session": session}


REFUSALS = [
    ("{", "invalid_json", None),
    ("[1]", "invalid_json", None),
    ('{"type": NaN}', "invalid_json", None),
    ("[" * 100_000, "invalid_json", None),
    (r'{"type":"session.update","event_id":"\ud800"}', "invalid_json", None),
    ('{"type":"session.update","session":{"tools":[{"parameters":1e999}]}}', "invalid_json", None),
    ('{"type":"x","deep":' + '{"a":' * 200 + "1" + "}" * 201, "invalid_json", None),
    (
        update(type="realtime", prompt={"id": "p", "variables": {"city": 5}}),
        "invalid_type",
        "session.prompt.variables.city",
    ),
    (
        update(type="realtime", prompt={"id": "p", "variables": {"city": {"type": "server_vad"}}}),
        "invalid_type",
        "session.prompt.variables.city",
    ),
    (b"{}", "invalid_event", None),
    ({}, "missing_required_parameter", "type"),
    ({"type": 7}, "invalid_type", "type"),
    ({"type": "session.start"}, "invalid_value", "type"),
    ({"type": "output_audio_buffer.clear"}, "invalid_value", "type"),
    ({"type": "session.update"}, "missing_required_parameter", "session"),
    (update(), "missing_required_parameter", "session.type"),
    (update(type="transcription"), "invalid_value", "session.type"),
    (update(type="realtime", modalities=["text"]), "unknown_parameter", "session.modalities"),
    (update(type="realtime", temperature=0.8), "unknown_parameter", "session.temperature"),
    (update(type="realtime", instructions=7), "invalid_type", "session.instructions"),
    (
        update(type="realtime", output_modalities=["text", "audio"]),
        "invalid_value",
        "session.output_modalities",
    ),
    (
        update(type="realtime", max_output_tokens=5000),
        "integer_above_max_value",
        "session.max_output_tokens",
    ),
    (
        update(type="realtime", audio={"input": {"format": "pcm16"}}),
        "invalid_type",
        "session.audio.input.format",
    ),
    (
        update(type="realtime", audio={"input": {"format": {"type": "audio/pcm", "rate": 16000}}}),
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    (
        update(type="realtime", audio={"output": {"format": {"type": "audio/mp3"}}}),
        "invalid_value",
        "session.audio.output.format.type",
    ),
    (
        update(type="realtime", audio={"input": {"turn_detection": {"threshold": 0.4}}}),
        "missing_required_parameter",
        "session.audio.input.turn_detection.type",
    ),
    (
        update(type="realtime", audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}),
        "decimal_above_max_value",
        "session.audio.input.turn_detection.threshold",
    ),
    (
        update(type="realtime", tools=[{"type": "function", "name": "a"}, {"type": "function"}]),
        "missing_required_parameter",
        "session.tools[1].name",
    ),
    ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5}, "invalid_type", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "no base64!"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "AAAA", "sample": 1}, "unknown_parameter", "sample"),
    (
        {"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "x" * 513},
        "string_above_max_length",
        "event_id",
    ),
    ({"type": "conversation.item.create", "item": {}}, "missing_required_parameter", "item.type"),
    (
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user"}},
        "missing_required_parameter",
        "item.content",
    ),
    (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]},
        },
        "invalid_value",
        "item.content[0].type",
    ),
    (
        {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1.5},
        "invalid_type",
        "audio_end_ms",
    ),
    (
        {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": -1},
        "integer_below_min_value",
        "audio_end_ms",
    ),
    (
        {"type": "response.create", "response": {"modalities": ["text"]}},
        "unknown_parameter",
        "response.modalities",
    ),
    (
        {"type": "response.create", "response": {"metadata": {"key": 1}}},
        "invalid_type",
        "response.metadata.key",
    ),
]


@pytest.mark.parametrize(("event", "code", "param"), REFUSALS, ids=range(len(REFUSALS)))
def test_a_wrong_event_is_refused_with_its_code_and_place(event: Any, code: str, param: str | None) -> None:
    """Each kind of mistake has its code, and the dotted path of where it is."""
    error = refused(event)

    assert (code, param) == (error.code, error.param)


def test_messages_name_what_is_wrong() -> None:
    """The texts are those that live servers send."""
    assert refused(update()).message == "Missing required parameter: 'session.type'."
    assert refused(update(type="realtime", voice="ash")).message == "Unknown parameter: 'session.voice'."
    tools = update(type="realtime", tool_choice=5)
    assert refused(tools).message.startswith("Invalid type for 'session.tool_choice': expected ")
    modality = update(type="realtime", output_modalities=["audio", "text"])
    assert refused(modality).message == (
        "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and ['audio']."
    )
    kind = refused({"type": "session.begin"})
    assert kind.message.startswith("Invalid value: 'session.begin'. Supported values are: 'session.update', ")
    assert kind.message.endswith(", and 'response.cancel'.")


def test_a_refusal_carries_the_events_own_id() -> None:
    """Clients match errors to what they sent by this id."""
    assert refused({**update(), "event_id": "mine"}).event_id == "mine"
    assert refused({**update(), "event_id": 5}).event_id is None


def test_null_stands_for_absent() -> None:
    """Clients send explicit nulls for optional keys (LiveKit does)."""
    session = {"type": "realtime", "tracing": None, "audio": {"input": {"noise_reduction": None}}}
    assert isinstance(decode(json.dumps({"type": "session.update", "session": session})), SessionUpdate)
    response = {"instructions": None, "metadata": {"client_event_id": "a"}}
    event = decode(json.dumps({"type": "response.create", "response": response}))
    assert isinstance(event, ResponseCreate)
    assert isinstance(decode('{"type":"response.create","response":null}'), ResponseCreate)


def test_an_append_carries_its_bytes() -> None:
    """Audio is decoded once, here."""
    event = decode('{"type":"input_audio_buffer.append","audio":"AAECAw=="}')

    assert isinstance(event, AudioAppend)
    assert event.data == b"\0\1\2\3"


def patched(*patches: dict[str, Any]) -> Session:
    """The session after some updates."""
    session = Session.begun(default_session("sess_1", "gpt-realtime", 0))
    for patch in patches:
        session = session.updated(SessionPatch.model_validate({"type": "realtime", **patch}))
    return session


def test_an_update_merges_deeply() -> None:
    """What is absent stays, at every depth."""
    session = patched({"audio": {"input": {"transcription": {"model": "whisper-1"}}}}, {"instructions": "Hi"})

    assert session.transcription_model == "whisper-1"
    assert session.document["instructions"] == "Hi"
    assert session.document["audio"]["output"]["voice"] == "marin"


def test_null_clears() -> None:
    """Null turns off what can be off, and brings back the default elsewhere."""
    on = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}, "instructions": "Hi"}
    off = {"audio": {"input": {"transcription": None, "turn_detection": None, "format": None}}}
    session = patched(on, off, {"instructions": None, "tools": None})

    assert (session.transcription_model, session.vad) == (None, None)
    assert (session.document["instructions"], session.document["tools"]) == ("", [])
    assert session.input_format == PCM_24K


def test_lists_replace() -> None:
    """Tools are given whole."""
    first = {"type": "function", "name": "first", "description": "one", "parameters": {"type": "object"}}
    second = {"type": "function", "name": "second"}

    assert patched({"tools": [first]}, {"tools": [second]}).document["tools"] == [second]


def test_another_type_replaces_its_object() -> None:
    """A format or turn detection of another type leaves nothing of the old one."""
    session = patched(
        {"audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "semantic_vad"}}}},
        {"audio": {"output": {"format": {"type": "audio/pcma"}}}},
    )

    heard = session.document["audio"]["input"]
    assert heard["format"] == {"type": "audio/pcmu"}
    assert heard["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    assert (session.input_format, session.output_format) == (MULAW_8K, ALAW_8K)
    back = patched(
        {"audio": {"input": {"format": {"type": "audio/pcmu"}}}},
        {"audio": {"input": {"format": {"type": "audio/pcm"}}}},
    )
    assert back.document["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}


def test_the_same_type_keeps_the_rest() -> None:
    """Changing one setting of server VAD leaves the others."""
    vad = {"type": "server_vad", "silence_duration_ms": 450}
    threshold = {"type": "server_vad", "threshold": 0.7}
    session = patched(
        {"audio": {"input": {"turn_detection": vad}}}, {"audio": {"input": {"turn_detection": threshold}}}
    )

    assert session.vad is not None
    assert (session.vad.silence_us, session.vad.threshold, session.vad.prefix_us) == (450_000, 0.7, 300_000)


def test_maps_of_the_clients_own_are_kept_as_they_came() -> None:
    """What stands in them is nobody's setting, whatever it looks like."""
    metadata = {"none": None, "deep": {"type": "audio/pcm", "parameters": {}}}
    before = patched({"tracing": {"metadata": {"kept": 1}}, "prompt": {"id": "p", "variables": {"a": "b"}}})
    variables = {"c": {"type": "input_text", "text": "d"}}
    patch = {"tracing": {"metadata": metadata}, "prompt": {"id": "p", "variables": variables}}
    after = before.updated(SessionPatch.model_validate({"type": "realtime", **patch})).document

    assert after["tracing"] == {"metadata": {"kept": 1, **metadata}}
    assert after["prompt"] == {"id": "p", "variables": {"a": "b", **variables}}


def test_the_model_is_fixed_by_the_url() -> None:
    """Another model in an update is ignored, as live servers do."""
    assert patched({"model": "gpt-other"}).document["model"] == "gpt-realtime"


def test_the_wire_log_has_no_audio() -> None:
    """A payload becomes its length, whichever event carries it; words stay."""
    payload = "QUJD" * 100
    assert elided(f'{{"type":"input_audio_buffer.append","audio":"{payload}"}}') == (
        '{"type":"input_audio_buffer.append","audio":"<300 bytes>"}'
    )
    delta = f'{{"type":"response.output_audio.delta","event_id":"e","delta":"{payload}"}}'
    assert elided(delta).endswith('"delta":"<300 bytes>"}')
    text = f'{{"type":"response.output_text.delta","delta":"{payload}"}}'
    assert elided(text) == text


@pytest.mark.parametrize("spelt", ["\\/w" * 100, "\\u002Bw" * 100, "QUJDQUJD\\r\\n" * 60])
def test_the_wire_log_has_no_audio_however_json_spells_it(spelt: str) -> None:
    """PHP writes a slash with a backslash, .NET a plus by its number, others break lines."""
    logged = elided(f'{{"type":"input_audio_buffer.append","audio":"{spelt}"}}')
    size = len(json.loads(f'"{spelt}"').replace("\r\n", "")) * 3 // 4

    assert logged == f'{{"type":"input_audio_buffer.append","audio":"<{size} bytes>"}}'


def test_the_wire_log_has_no_key_of_an_mcp_server() -> None:
    """Clients say in the session how to get into theirs."""
    keys = {"authorization": 'tok"en', "headers": {"Authorization": "Bearer t"}}
    server = {"type": "mcp", "server_label": "s", **keys}
    logged = json.loads(elided(json.dumps({"tools": [server], "text": "authorization: none"})))

    hidden = {**server, "authorization": "***", "headers": {"Authorization": "***"}}
    assert logged == {"tools": [hidden], "text": "authorization: none"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_junk_is_refused_and_nothing_else(frame: str | bytes) -> None:
    """Whatever comes in is an event or a `ClientError`."""
    with suppress(ClientError):
        decode(frame)


def every_shape() -> list[type[Shape]]:
    """All JSON objects that a client may send, of both dialects."""
    found: list[type[Shape]] = []
    waiting = [Shape]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += children
        waiting += children
    return found


@pytest.mark.parametrize("shape", every_shape(), ids=lambda shape: shape.__name__)
def test_null_is_taken_wherever_a_key_may_be_left_out(shape: type[Shape]) -> None:
    """At every depth, in both dialects: some client sends it."""
    for name, field in shape.model_fields.items():
        if not field.is_required():
            written: Any = field.annotation
            assert TypeAdapter(written).validate_python(None) is None, name


SAME_KEYS: list[tuple[type[Shape], type[BaseModel]]] = [
    (SessionPatch, realtime.RealtimeSessionCreateRequest),
    (session.AudioInput, realtime.RealtimeAudioConfigInput),
    (session.AudioOutput, realtime.RealtimeAudioConfigOutput),
    (session.Transcription, realtime.AudioTranscription),
    (session.ServerVad, realtime_audio_input_turn_detection.ServerVad),
    (session.SemanticVad, realtime_audio_input_turn_detection.SemanticVad),
    (session.Reasoning, realtime.RealtimeReasoning),
    (session.PromptText, responses.ResponseInputText),
    (session.PromptImage, responses.ResponseInputImage),
    (session.PromptFile, responses.ResponseInputFile),
    (tools.FunctionTool, realtime.RealtimeFunctionTool),
    (tools.McpTool, realtime_tools_config_union.Mcp),
    (ResponseParams, realtime.RealtimeResponseCreateParams),
    (items.FunctionCall, realtime.RealtimeConversationItemFunctionCall),
    (items.FunctionCallOutput, realtime.RealtimeConversationItemFunctionCallOutput),
    (items.UserMessage, realtime.RealtimeConversationItemUserMessage),
    (items.SystemMessage, realtime.RealtimeConversationItemSystemMessage),
    (items.AssistantMessage, realtime.RealtimeConversationItemAssistantMessage),
    (items.McpCall, realtime.RealtimeMcpToolCall),
    (items.McpListTools, realtime.RealtimeMcpListTools),
    (items.McpApprovalRequest, realtime.RealtimeMcpApprovalRequest),
    (items.McpApprovalResponse, realtime.RealtimeMcpApprovalResponse),
    (beta_shapes.BetaSession, session_update_event.Session),
    (beta_shapes.BetaResponseParams, response_create_event.Response),
]


@pytest.mark.parametrize(("ours", "theirs"), SAME_KEYS, ids=lambda shape: shape.__name__)
def test_what_the_sdk_may_send_is_known(ours: type[Shape], theirs: type[BaseModel]) -> None:
    """No key of the SDK's types is refused as unknown, and there is none beside them."""
    assert set(ours.model_fields) == set(theirs.model_fields)


BETA_EVENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "session.update", "session": {"modalities": ["text"], "voice": None}},
        {"type": "realtime", "output_modalities": ["text"], "audio": {"output": {"voice": None}}},
    ),
    (
        {"type": "session.update", "session": {"input_audio_format": "g711_ulaw", "tool_choice": "none"}},
        {"type": "realtime", "tool_choice": "none", "audio": {"input": {"format": {"type": "audio/pcmu"}}}},
    ),
    (
        {"type": "session.update", "session": {"turn_detection": {"threshold": 0.4}}},
        {
            "type": "realtime",
            "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.4}}},
        },
    ),
    (
        {"type": "session.update", "session": {"turn_detection": {"eagerness": "low", "threshold": 0.4}}},
        {
            "type": "realtime",
            "audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}},
        },
    ),
]


@pytest.mark.parametrize(("event", "expected"), BETA_EVENTS, ids=range(len(BETA_EVENTS)))
def test_a_flat_session_is_nested(event: dict[str, Any], expected: dict[str, Any]) -> None:
    """The beta's settings become the GA's; what is not said stays unsaid."""
    understood = Beta().understood(json.dumps(event))

    assert isinstance(understood, SessionUpdate)
    assert understood.session.document() == {"audio": {}, **expected}


BETA_REFUSALS = [
    ({"type": "session.update", "session": {"modalities": ["audio"]}}, "invalid_value", "session.modalities"),
    ({"type": "session.update", "session": {"type": "realtime"}}, "unknown_parameter", "session.type"),
    (
        {"type": "session.update", "session": {"temperature": 2.0}},
        "decimal_above_max_value",
        "session.temperature",
    ),
    (
        {"type": "session.update", "session": {"turn_detection": {"silence_duration_ms": -1}}},
        "integer_below_min_value",
        "session.turn_detection.silence_duration_ms",
    ),
    (
        {"type": "response.create", "response": {"output_modalities": ["text"]}},
        "unknown_parameter",
        "response.output_modalities",
    ),
    ({"type": "transcription_session.update", "session": {}}, "invalid_value", "type"),
    ("{", "invalid_json", None),
]


@pytest.mark.parametrize(("event", "code", "param"), BETA_REFUSALS, ids=range(len(BETA_REFUSALS)))
def test_the_beta_names_its_own_places(event: Any, code: str, param: str | None) -> None:
    """What is wrong is told at the flat place at which it was written."""
    with pytest.raises(ClientError) as refused:
        Beta().understood(event if isinstance(event, str) else json.dumps(event))

    assert (refused.value.code, refused.value.param) == (code, param)


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_junk_in_the_beta_is_refused_and_nothing_else(frame: str | bytes) -> None:
    """Whatever comes in is an event or a `ClientError`."""
    with suppress(ClientError):
        Beta().understood(frame)
