"""What a Realtime model does that its protocol does not allow, and how a session ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support_realtime_client import SPEECH, audio, ended, got, started, up
from turnspec.adapters.realtime.closing import explained
from turnspec.call.events import AgentActivity, ProtocolFault, Side

TRUNCATED = {"type": "conversation.item.truncated", "item_id": "i", "content_index": 0}


FAULTS = [
    (b"\0", "binary-frame"),
    ("{", "not-json"),
    ("[" * 100_000, "not-json"),
    ("[]", "no-type"),
    ('{"type": 1}', "no-type"),
    ('{"type": "response.text.delta"}', "beta-event"),
    (json.dumps({**TRUNCATED, "audio_end_ms": -1}), "invalid-event"),
    ('{"type": "response.done"}', "invalid-event"),
    (json.dumps({**SPEECH, "audio_start_ms": 1.5}), "invalid-event"),
    (json.dumps({**audio(20), "delta": "not base64"}), "wrong-base64"),
    (json.dumps({**audio(20), "delta": "AAAA"}), "half-sample"),
]


@pytest.mark.parametrize(("frame", "rule"), FAULTS, ids=range(len(FAULTS)))
def test_what_the_protocol_does_not_allow(frame: str | bytes, rule: str) -> None:
    """Each is a fault of the model's side with its rule."""
    events = up().receive(frame, 3).events
    faults = [event for event in events if isinstance(event, ProtocolFault)]

    assert [(fault.rule, fault.side, fault.at_us) for fault in faults] == [(rule, Side.MODEL, 3)]


def test_an_event_of_a_later_version_is_noted() -> None:
    """Servers add events: one that is not known is on the record, and nobody's fault."""
    events = got(up(), 3, {"type": "response.began", "more": [1]}).events

    (noted,) = (event for event in events if isinstance(event, AgentActivity))
    assert noted.name == "response.began"
    assert '"more": [1]' in noted.payload["frame"]
    assert len(events) == 1


@pytest.mark.parametrize(
    ("code", "is_fault"),
    [
        ("invalid_value", True),
        ("response_cancel_not_active", False),
        ("input_audio_buffer_commit_empty", True),
        (None, True),
    ],
)
def test_errors_are_faults_but_for_races(code: str | None, is_fault: bool) -> None:  # noqa: FBT001 # a table
    """An `error` event names its code; those that mere timing causes are no fault."""
    error = {"type": "server_error", "message": "m", "code": code, "param": None, "event_id": None}
    events = got(up(), 0, {"type": "error", "error": error}).events

    assert [event.rule for event in events if isinstance(event, ProtocolFault)] == (
        [code or "server_error"] if is_fault else []
    )


@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (3000, "invalid_request_error.invalid_api_key", "the key was not accepted"),
        (4000, "", "its model, or the retired header OpenAI-Beta"),
        (1001, "Your session hit the maximum duration of 60 minutes.", "60 minutes.; the server went away"),
        (4999, "over", "over"),
        (4999, "", "no reason was given"),
    ],
)
def test_close_codes_are_explained(code: int, reason: str, told: str) -> None:
    """The server's own words come first."""
    assert told in explained(code, reason)
    assert explained(code, reason).startswith(reason)


def test_a_response_that_failed_is_told() -> None:
    """Its code is the rule; without one it is still a fault."""
    failures: list[tuple[Any, str]] = [
        (
            {"type": "server_error", "code": "rate_limit_exceeded", "message": "Slow down."},
            "rate_limit_exceeded",
        ),
        (None, "response-failed"),
    ]
    for error, rule in failures:
        details = {"type": "failed", "error": error}
        events = got(up(), 0, started(), ended(status="failed", status_details=details)).events
        assert [event.rule for event in events if isinstance(event, ProtocolFault)] == [rule]


@pytest.mark.parametrize(("code", "fatal"), [("insufficient_quota", True), ("invalid_value", False)])
def test_errors_that_end_a_session_say_so(code: str, fatal: bool) -> None:  # noqa: FBT001 # a table
    """A session does not outlive some errors."""
    error = {"type": "invalid_request_error", "code": code, "message": "m", "param": None, "event_id": None}
    (fault,) = (
        e for e in got(up(), 0, {"type": "error", "error": error}).events if isinstance(e, ProtocolFault)
    )

    assert fault.fatal is fatal
