"""What the agent does besides speaking, calls that are refused, and faults on purpose: findings, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support_checks import (
    CONTEXT,
    Replied,
    as_text,
    audio,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import (
    AgentActivity,
    AgentHungUp,
    AgentPressed,
    AgentTransferred,
    CallEnded,
    CallRefused,
    CallUp,
    Captured,
    Closer,
    Dialled,
    Event,
    FaultInjected,
    LineBroke,
    ProtocolFault,
    Side,
)
from turnspec.checks import captures, judge_call
from turnspec.checks.judge import CallVerdict
from turnspec.plan import TargetKind
from turnspec.results import Outcome

ASKS = "turn: Report\ncaller: I lost my card\n"
TRANSFER = AgentTransferred(
    at_us=2_700_000, target="tel:+15550123", details={"handoverReason": "a person is wanted"}
)
KEYS = (AgentPressed(at_us=2_600_000, digits="1"), AgentPressed(at_us=2_700_000, digits="2#"))
PROMPT = AgentActivity(at_us=2_600_000, name="playUrl", payload={"playUrlUrl": "https://x/hold.wav", "n": 1})
CONFIG = AgentActivity(at_us=2_650_000, name="config", payload={"bargeIn": True})
DROPPED = "dropped the line without a word, once the caller's turn 1 is over"
SPOILT = "sent a copy of media that is not JSON"

Made = tuple[str, Snapshot, TargetKind]


def did(expect: str, *events: Event) -> Made:
    """A turn that expects this, in which the agent answers and does that."""
    return turns(f"{ASKS}expect: {expect}"), Replied(calls=events).view(), TargetKind.BARE


def gone(expect: str, *events: Event) -> Made:
    """The same, where the line is gone at 2.8 s."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        *events,
        over(0, 2_800, "hung-up"),
        CallEnded(at_us=2_800_000, by=Closer.AGENT),
        agent=tones((1_500, 2_500)),
    )
    return turns(f"{ASKS}expect: {expect}"), view, TargetKind.BARE


def dialled(expect: str, *events: Event) -> Made:
    """A call whose only turn expects this, and of which no more is known."""
    snapshot = Snapshot((Dialled(at_us=0, url="ws://x", protocol="twilio"), *events))
    return turns(f"expect: {expect}"), snapshot, TargetKind.BARE


def declined(code: int | None) -> CallRefused:
    """Somebody declined, for a reason."""
    return CallRefused(at_us=20_000, reason="the upgrade was answered with HTTP 401", code=code)


def closed_at_once(code: int) -> tuple[Event, ...]:
    """The call came up, and was closed before a word was said."""
    return (
        CallUp(at_us=20_000),
        began(0, 20),
        LineBroke(at_us=90_000, reason=f"closed with code {code}: who are you?", code=code),
        over(0, 90, "cut"),
    )


def taken() -> tuple[Event, ...]:
    """The call came up, and stayed up until the caller left."""
    return (CallUp(at_us=20_000), began(0, 20), over(0, 2_020, "quiet"), *ended(3_000))


def on_purpose(fault: str, detail: str, at_ms: int = 1_010, side: Side = Side.LINE) -> FaultInjected:
    """A fault of an end of the call."""
    return FaultInjected(at_us=at_ms * 1_000, side=side, fault=fault, detail=detail)


def with_fault(fault: str, kind: TargetKind, *events: Event) -> Made:
    """A scenario with a fault, and a call that broke off at 2.8 s."""
    written, view, _ = gone("{hangup: false}", *events)
    return written.replace("turns:", f"faults: [{fault}]\nturns:"), view, kind


BROKE = LineBroke(at_us=1_020_000, reason="by us: the caller's end " + DROPPED, code=1006)
NOT_JSON = ProtocolFault(at_us=1_030_000, rule="not-json", detail="not JSON: Expecting value", frame="{{")

CASES: dict[str, tuple[str, Outcome | None, Callable[[], Made]]] = {
    "transfer": ("transfer", Outcome.FAILED, lambda: did("{transfer: true}")),
    "transfer-held": ("transfer", Outcome.PASSED, lambda: did("{transfer: 'tel:+15550123'}", TRANSFER)),
    "transfer-other": ("transfer", Outcome.FAILED, lambda: did("{transfer: {matches: '^sip:'}}", TRANSFER)),
    "transfer-unwanted": ("transfer", Outcome.FAILED, lambda: did("{transfer: false}", TRANSFER)),
    "dtmf": ("dtmf", Outcome.FAILED, lambda: did('{dtmf: "12#"}')),
    "dtmf-held": ("dtmf", Outcome.PASSED, lambda: did('{dtmf: "12#"}', *KEYS)),
    "dtmf-other": ("dtmf", Outcome.FAILED, lambda: did('{dtmf: "12*"}', *KEYS)),
    "activity": ("activity", Outcome.FAILED, lambda: did("{activity: playUrl}", CONFIG)),
    "activity-held": (
        "activity",
        Outcome.PASSED,
        lambda: did("{activity: {playUrl: {playUrlUrl: {contains: hold}}}}", PROMPT, CONFIG),
    ),
    "activity-other": (
        "activity",
        Outcome.FAILED,
        lambda: did("{activity: {name: playUrl, with: {playUrlUrl: 'https://x/ring.wav'}}}", PROMPT),
    ),
    "refused": ("refused", Outcome.FAILED, lambda: dialled("{refused: true}", *taken())),
    "refused-held": ("refused", Outcome.PASSED, lambda: dialled("{refused: {code: 401}}", declined(401))),
    "refused-code": ("refused", Outcome.FAILED, lambda: dialled("{refused: {code: 403}}", declined(401))),
    "refused-late": (
        "refused",
        Outcome.PASSED,
        lambda: dialled("{refused: {code: 1008}}", *closed_at_once(1008)),
    ),
    "injected": (
        "injected",
        None,
        lambda: with_fault(
            "{drop: true, at: {turn: 1}}", TargetKind.BARE, on_purpose("drop", DROPPED), BROKE
        ),
    ),
    "injected-never": (
        "injected",
        Outcome.FAILED,
        lambda: with_fault("{drop: true, at: {event: media, nth: 9000}}", TargetKind.BARE),
    ),
    "line-broke-by-us": (
        "line-broke",
        None,
        lambda: with_fault(
            "{drop: true, at: {turn: 1}}", TargetKind.BARE, on_purpose("drop", DROPPED), BROKE
        ),
    ),
    "protocol-by-us": (
        "protocol:not-json",
        None,
        lambda: with_fault(
            "{malformed: not_json, by: agent}",
            TargetKind.AGENT,
            on_purpose("malformed", SPOILT, side=Side.AGENT),
            NOT_JSON,
        ),
    ),
}


def judged(made: Made, **changed: Any) -> CallVerdict:
    """The verdict over a call."""
    written, view, kind = made
    return judge_call(plan_of(written, kind=kind, **changed), view, CONTEXT)


@pytest.mark.parametrize("name", CASES)
def test_a_finding_can_be_understood_alone(name: str) -> None:
    """What was expected, what was there, when, and where it is written; and it decides the turn."""
    kind, outcome, make = CASES[name]
    verdict = judged(make())
    findings = [finding for turn in verdict.turns for finding in turn.findings] + list(verdict.findings)
    text = "\n".join(as_text(finding) for finding in findings if finding.kind == kind)

    assert text == golden(name, text)
    assert text
    assert outcome in (None, verdict.outcome)


def test_a_transfer_that_is_expected_ends_the_call_in_order() -> None:
    """The hang-up that comes with it is no other finding."""
    verdict = judged(gone("{transfer: true}", TRANSFER, AgentHungUp(at_us=2_750_000)))

    assert verdict.outcome is Outcome.PASSED


def test_a_hangup_without_the_transfer_is_found() -> None:
    """That a transfer was expected excuses no hang-up where none came."""
    verdict = judged(gone("{transfer: true}", AgentHungUp(at_us=2_750_000)))

    kinds = {finding.kind for finding in verdict.turns[0].findings if finding.fails}
    assert kinds == {"transfer", "unexpected-hangup"}


def test_sound_before_the_close_means_that_the_call_was_taken() -> None:
    """Whoever speaks first and closes then has not refused the call."""
    events = (CallUp(at_us=20_000), audio(50, 200), *closed_at_once(1008)[1:])
    verdict = judged(dialled("{refused: true}", *events))

    assert verdict.outcome is Outcome.FAILED


def test_a_line_that_broke_by_itself_is_the_agents() -> None:
    """A fault that explains nothing excuses nothing."""
    stalled = on_purpose("stall", "read nothing for 2 s")
    verdict = judged(with_fault("{stall: 2 s}", TargetKind.BARE, stalled, BROKE))

    assert "line-broke" in [finding.kind for finding in verdict.findings if finding.fails]


def test_a_bridge_answers_for_the_rules_that_it_breaks() -> None:
    """What a bridge makes of a spoilt message is its own doing."""
    spoilt = on_purpose("malformed", SPOILT)
    verdict = judged(with_fault("{malformed: not_json}", TargetKind.BACKEND, spoilt, NOT_JSON))

    assert "protocol:not-json" in [finding.kind for finding in verdict.findings if finding.fails]


def test_errors_that_a_server_reports_of_a_spoilt_message_are_no_finding() -> None:
    """A server that names what is wrong with it does what it should."""
    error = ProtocolFault(at_us=1_030_000, side=Side.MODEL, rule="invalid_json", detail="could not parse")
    spoilt = on_purpose("malformed", SPOILT)
    verdict = judged(with_fault("{malformed: not_json}", TargetKind.BARE, spoilt, error))

    assert [finding.kind for finding in verdict.findings if finding.fails] == []


def test_named_groups_of_what_the_agent_did_become_variables() -> None:
    """A target, keys and a payload bind as words do."""
    expect = (
        "{transfer: {matches: 'tel:(?P<number>.+)'}, dtmf: {matches: '^(?P<first>.)'}, "
        "activity: {playUrl: {playUrlUrl: {matches: '(?P<file>[a-z]+)\\.wav'}}}}"
    )
    written, view, kind = did(expect, TRANSFER, *KEYS, PROMPT)

    assert captures(plan_of(written, kind=kind), 0, view) == {
        "number": "+15550123",
        "first": "1",
        "file": "hold",
    }


def test_templates_are_filled_in_where_the_agents_acts_are_matched() -> None:
    """What an earlier turn caught is compared with."""
    written = turns(
        "expect: {says: {matches: 'reference (?P<reference>R-\\d+)'}}",
        f"{ASKS}expect: {{activity: {{playUrl: {{playUrlUrl: 'https://x/{{{{ reference }}}}.wav'}}}}}}",
    )
    caught = Captured(at_us=1_000_000, turn=0, name="reference", value="R-7")
    prompt = AgentActivity(at_us=2_600_000, name="playUrl", payload={"playUrlUrl": "https://x/R-7.wav"})
    view = call(began(0, 60), caught, over(0, 1_000), began(1, 1_100), prompt, over(1, 3_000), ended(4_000))

    verdict = judge_call(plan_of(written), view, CONTEXT)

    assert verdict.turns[1].outcome is Outcome.PASSED
