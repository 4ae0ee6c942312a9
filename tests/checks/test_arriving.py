"""Messages of the protocol, nothing at all, checks in Python, calls without an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from support_checks import (
    CONTEXT,
    Replied,
    as_text,
    began,
    call,
    called,
    ended,
    golden,
    over,
    plan_of,
    returned,
    spoke,
    tones,
    turns,
)
from turnspec.call import Capabilities, Capability, Messages, Snapshot, Source
from turnspec.call.events import AgentHungUp, AgentPressed, Captured, MessageArrived
from turnspec.checks import judge_call
from turnspec.checks.captures import captures
from turnspec.checks.custom import TurnView, fails, holds
from turnspec.plan import TargetKind
from turnspec.results import Finding, Status

ASKS = "turn: Report\ncaller: I lost my card\n"
SEEN = Capabilities(can=frozenset(Capability), messages=Messages(key="event", parts="activities"))


def arrived(
    at_ms: int, name: str, *, housekeeping: bool = False, cut: bool = False, **more: Any
) -> MessageArrived:
    """A message of the agent's side."""
    document = {"event": name, **more}
    return MessageArrived(
        at_us=at_ms * 1_000, name=name, document=document, housekeeping=housekeeping, cut=cut
    )


MESSAGES = (
    arrived(1_150, "clear"),
    arrived(1_200, "mark", mark={"name": "one"}, housekeeping=True),
    arrived(1_250, "mark", mark={"name": "two"}, housekeeping=True),
)


def polite(turn: TurnView) -> Finding:
    """A check that holds."""
    return holds(f"It said {turn.agent_words!r}.")


def brief(turn: TurnView, words: int) -> list[Finding]:
    """A check that does not."""
    said = turn.agent_words.split()
    return [
        fails("It said too much.", expected=f"{words} words", actual=f"{len(said)} words", at_us=1_500_000)
    ]


def broken() -> Any:
    """A check that breaks, in a file of its own."""
    names: dict[str, Any] = {}
    source = 'def check(turn):\n    raise LookupError("no such table")\n'
    exec(compile(source, "bank.py", "exec"), names)
    return names["check"]


def wrong(turn: TurnView) -> str:
    """A check that gives back what is no finding."""
    return turn.name


CHECKS = {"python:bank.polite": polite, "brief": brief, "python:bank.broken": broken(), "wrong": wrong}


def quiet(*events: Any) -> Snapshot:
    """A call in which the caller speaks until 1 s, and nothing but these follows for 3 s."""
    return call(
        began(0, 60), spoke(0, 100, 1_000), *events, over(0, 4_000, "quiet"), ended(4_500), agent=tones()
    )


def findings_of(expect: str, view: Snapshot, *, head: str = "", **setting: Any) -> list[Finding]:
    """Everything that judging finds of a turn that expects this."""
    plan = plan_of(turns(f"{ASKS}expect: {expect}") + head, **{"capabilities": SEEN, **setting})
    verdict = judge_call(plan, view, replace(CONTEXT, custom=CHECKS))
    return [finding for turn in verdict.turns for finding in turn.findings]


def answered(name: str, arguments: str) -> Snapshot:
    """A call in which a local agent calls this."""
    return Replied(calls=(called(name, arguments, 1_250), returned('{"error": "so"}', 1_300))).view()


DECLARED = "functions: {block_card: {returns: [{when: {last4: '4821'}, returns: {status: blocked}}]}}\n"
REALTIME: Final[dict[str, Any]] = {
    "kind": TargetKind.BARE,
    "protocol": "realtime",
    "capabilities": replace(SEEN, gives=frozenset(Source)),
}

CASES: Final[dict[str, tuple[str, Callable[[], list[Finding]]]]] = {
    "event": (
        "event",
        lambda: findings_of("{event: {event: mark, mark: {name: three}}}", Replied(calls=MESSAGES).view()),
    ),
    "event-held": (
        "event",
        lambda: findings_of("{event: [clear, {mark: {name: two}}]}", Replied(calls=MESSAGES).view()),
    ),
    "event-none": ("event", lambda: findings_of("{event: clear}", Replied().view())),
    "event-other": ("event", lambda: findings_of("{event: clear}", Replied(calls=MESSAGES[1:]).view())),
    "event-cut": (
        "event",
        lambda: findings_of(
            "{event: {event: big, n: 1}}", Replied(calls=(arrived(1_200, "big", cut=True),)).view()
        ),
    ),
    "nothing": (
        "nothing",
        lambda: findings_of(
            "{nothing: 2 s}", Replied(calls=(*MESSAGES, called("look_up", "{}", 1_180))).view()
        ),
    ),
    "nothing-held": ("nothing", lambda: findings_of("{nothing: 2 s}", quiet(*MESSAGES[1:]))),
    "nothing-cut": ("nothing", lambda: findings_of("{nothing: 5 s}", quiet())),
    "check": (
        "check",
        lambda: findings_of("{check: [python:bank.polite, brief: {words: 2}]}", Replied().view()),
    ),
    "check-broke": ("check", lambda: findings_of("{check: python:bank.broken}", Replied().view())),
    "check-wrong": ("check", lambda: findings_of("{check: wrong}", Replied().view())),
    "check-unknown": ("check", lambda: findings_of("{check: elsewhere}", Replied().view())),
    "unanswered": (
        "unanswered",
        lambda: findings_of(
            "{says: blocked}", answered("block_card", '{"last4": "1"}'), head=DECLARED, **REALTIME
        ),
    ),
    "unanswered-undeclared": (
        "unanswered",
        lambda: findings_of("{says: blocked}", answered("block_crad", "{}"), head=DECLARED, **REALTIME),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_can_be_understood_alone(name: str) -> None:
    """What was expected, what was there, when, and where it is written."""
    kind, make = CASES[name]
    text = "\n".join(as_text(finding) for finding in make() if finding.kind == kind)

    assert text == golden(name, text)
    assert text


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (arrived(3_499, "odd"), "odd arrived"),
        (AgentPressed(at_us=2_000_000, digits="12"), "it pressed 12"),
        (AgentHungUp(at_us=2_000_000, reason="bye"), "it hung up"),
        (called("look_up", "{}", 2_000), "look_up was called"),
    ],
)
def test_each_act_is_something(event: Any, what: str) -> None:
    """Within the time, anything that comes breaks `nothing`."""
    (finding,) = [each for each in findings_of("{nothing: 2500 ms}", quiet(event)) if each.kind == "nothing"]

    assert finding.status is Status.FAILED
    assert what in finding.message


@pytest.mark.parametrize(
    "event", [arrived(990, "early"), arrived(3_501, "late"), arrived(2_000, "mark", housekeeping=True)]
)
def test_what_is_not_within_the_time_or_only_housekeeping_does_not_count(event: Any) -> None:
    """The time runs from the end of the caller's speech."""
    (finding,) = [each for each in findings_of("{nothing: 2500 ms}", quiet(event)) if each.kind == "nothing"]

    assert finding.status is Status.PASSED


def test_parts_of_a_message_are_messages() -> None:
    """Each item of the list is matched by itself, by its name or by what it carries."""
    batch = arrived(
        1_200, "activities", activities=[{"type": "event", "name": "hold"}, {"type": "message", "text": "x"}]
    )
    found = findings_of(
        "{event: [activities, hold, {type: message, text: x}, {name: hold, text: x}]}", quiet(batch)
    )
    statuses = [each.status for each in found if each.kind == "event"]

    assert statuses == [Status.PASSED, Status.PASSED, Status.PASSED, Status.FAILED]


@pytest.mark.parametrize(
    ("arguments", "setting", "kinds"),
    [
        ('{"last4": "4821"}', REALTIME, []),
        ('{"last4": "1"}', {"kind": TargetKind.AGENT}, []),  # another side's account is not taken there
        ('{"last4": "1"}', {"kind": TargetKind.BACKEND}, []),  # the bridge answers
        ('{"last4": "1"}', REALTIME, ["unanswered"]),
        ("{last4", REALTIME, ["arguments", "unanswered"]),
    ],
)
def test_only_what_turnspec_answers_can_be_unanswered(
    arguments: str, setting: dict[str, Any], kinds: list[str]
) -> None:
    """A bridge runs its own functions."""
    found = findings_of("{does_not_say: xyz}", answered("block_card", arguments), head=DECLARED, **setting)

    assert sorted(each.kind for each in found if each.kind in {"arguments", "unanswered"}) == kinds


SAVES = """
turn: Report
caller: I lost my card
save:
  reference: "{{ returned.block_card.reference }}"
  card: "{{ calls.block_card.last4 }}"
  said: "{{ reply.text }}"
  again: "card {{ calls.block_card.last4 }}"
  never: "{{ returned.look_up.name }}"
  nor: "{{ calls.block_card.nothing }}"
"""


def test_save_names_what_a_turn_gave() -> None:
    """Of the last call of each function; what is not there is not saved, and types are kept."""
    view = Replied(
        calls=(
            called("block_card", '{"last4": 1}', 1_210, "c0"),
            returned('{"reference": {"n": 1}}', 1_220, "c0"),
            called("block_card", '{"last4": 4821}', 1_250, "c1"),
            returned('{"reference": {"n": 2}}', 1_260, "c1"),
            called("look_up", "{}", 1_270, "c2"),
        )
    ).view()

    assert captures(plan_of(turns(SAVES)), 0, view) == {
        "reference": {"n": 2},
        "card": 4821,
        "said": "Your card is blocked, reference R-1042.",
        "again": "card 4821",
    }


def test_without_a_reply_no_words_are_saved() -> None:
    """Silence is no text."""
    assert captures(plan_of(turns(SAVES)), 0, quiet()) == {}


def test_a_check_sees_what_was_caught_so_far() -> None:
    """Captures of the turn itself are among the variables."""
    seen: list[TurnView] = []
    plan = plan_of(turns(f"{ASKS}expect: {{check: see}}") + "variables: {limit: 4}\n", capabilities=SEEN)
    view = Replied(calls=(Captured(at_us=1_250_000, turn=0, name="code", value="7"),)).view()
    judge_call(plan, view, replace(CONTEXT, custom={"see": seen.append}))

    (turn,) = seen
    assert dict(turn.variables) == {"limit": 4, "code": "7"}
    assert turn.agent_audio is not None
    assert turn.agent_audio.duration_us == turn.ended_us - turn.began_us
    with pytest.raises(TypeError):
        turn.variables["limit"] = 5  # type: ignore[index] # it is read-only
