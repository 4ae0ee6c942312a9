"""Faults that an end cannot have are refused with the reason, before any call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from turnspec.adapters.faults import FaultyEnd, dialect_of, fault_problems
from turnspec.adapters.registry import adapter
from turnspec.dsl import Problem, Scenario
from turnspec.dsl.document import parse_document
from turnspec.dsl.reader import read_model


def problems(written: str, protocol: str, end: Any, **more: Any) -> tuple[Problem, ...]:
    """What stands against a fault of an end over a protocol."""
    text = f"scenario: Piece\ntarget: desk\nturns: [{{caller: hi}}]\nfaults: [{written}]\n"
    document = parse_document(text.encode(), "piece.yaml", Path())
    scenario, wrong = read_model(Scenario, document.data, document.data.place)
    assert scenario is not None, wrong
    faulty = FaultyEnd(end, protocol, dialect_of(adapter(protocol)), **more)
    return fault_problems(scenario.faults, faulty)


REFUSED = {
    "the caller refuses nothing": ("{refuse: true}", "twilio", "caller", "refuses a call"),
    "nor answers": ("{answer_late: 1 s}", "realtime", "caller", "answers a call"),
    "nor reports errors": ("{error: server_error}", "realtime", "caller", "reports errors"),
    "nor replies late": ("{slow_first_audio: 1 s}", "twilio", "caller", "begin late"),
    "nor is cut": ("{truncate_audio: 1 s}", "audiocodes", "caller", "is cut"),
    "an agent shows no key": ("{wrong_auth: true}", "twilio", "agent", "shows a key"),
    "no errors over Twilio": ("{error: server_error}", "twilio", "agent", "no message that reports"),
    "events of another side": ("{duplicate: clear}", "twilio", "caller", "sends no 'clear'"),
    "events that are misspelt": ("{lose: response.don}", "realtime", "agent", "sends no 'response.don'"),
    "delays too": ("{delay: {event: marc, by: 1 s}}", "twilio", "agent", "sends no 'marc'"),
    "moments too": ("{drop: true, at: {event: medium}}", "twilio", "agent", "sends no 'medium'"),
    "no audio in it": (
        "{malformed: bad_base64, at: {event: mark}}",
        "twilio",
        "agent",
        "carries no audio",
    ),
    "the line has no number": ("{drop: true, at: {nth: 2}}", "twilio", "agent", "no moment by `nth`"),
    "attempts have no turn": ("{refuse: true, at: {turn: 2}}", "twilio", "agent", "no moment by `turn`"),
    "replies have no event": (
        "{truncate_audio: 1 s, at: {event: media}}",
        "twilio",
        "agent",
        "no moment by `event`",
    ),
    "messages have no event": (
        "{lose: media, at: {event: mark}}",
        "twilio",
        "agent",
        "no moment by `event`",
    ),
    "a key has no moment": ("{wrong_auth: true, at: {turn: 1}}", "twilio", "caller", "no moment by `turn`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """One problem, at the fault, which says why and what to write."""
    written, protocol, end, message = REFUSED[name]
    (problem,) = problems(written, protocol, end)

    assert message in problem.message
    assert problem.span.line == 4
    assert problem.help or problem.suggestion


def test_the_nearest_event_is_named() -> None:
    """A slip is put right."""
    (problem,) = problems("{lose: response.don}", "realtime", "agent")

    assert problem.suggestion == "response.done"


def test_a_turn_that_never_comes() -> None:
    """Where the turns are known, a fault after the last one would never happen."""
    (problem,) = problems("{drop: true, at: {turn: 3}}", "twilio", "caller", turns=2)

    assert problem.kind == "never"


def test_half_closing_tls() -> None:
    """TLS has no half-close."""
    (problem,) = problems("{half_close: true}", "twilio", "caller", tls=True)

    assert "TLS" in problem.message


def test_an_adapter_without_names() -> None:
    """A protocol that tells nobody its messages has no faults, but for a wrong key."""
    unknown = FaultyEnd("caller", "smoke", None)
    text = "scenario: P\ntarget: t\nturns: [{caller: hi}]\nfaults: [{drop: true}, {wrong_auth: true}]\n"
    document = parse_document(text.encode(), "piece.yaml", Path())
    scenario, _ = read_model(Scenario, document.data, document.data.place)
    assert scenario is not None
    found = fault_problems(scenario.faults, unknown)

    assert ["smoke" in problem.message for problem in found] == [True]


ALLOWED = [
    ("twilio", "caller", "media"),
    ("twilio", "agent", "clear"),
    ("realtime", "caller", "response.create"),
    ("realtime", "agent", "response.done"),
    ("audiocodes", "caller", "userStream.chunk"),
    ("audiocodes", "agent", "playStream.stop"),
]


@pytest.mark.parametrize(("protocol", "end", "event"), ALLOWED)
@pytest.mark.parametrize(
    "written",
    [
        "{drop: true, at: {event: EVENT, nth: 3}}",
        "{close: 1011, at: {turn: 1}}",
        "{half_close: true, at: {after: 2 s}}",
        "{stall: 2 s}",
        "{malformed: truncated}",
        "{malformed: bad_base64}",
        "{duplicate: EVENT}",
        "{reorder: EVENT, at: {nth: 2}}",
        "{delay: {event: EVENT, by: 1 s}}",
        "{lose: EVENT, at: {turn: 1}}",
    ],
)
def test_allowed(protocol: str, end: str, event: str, written: str) -> None:
    """What both ends of every protocol can do."""
    assert problems(written.replace("EVENT", event), protocol, end) == ()
