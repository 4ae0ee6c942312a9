"""Each kind of finding as a person reads it; golden texts in tests/golden/findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from support_checks import (
    CONTEXT,
    Replied,
    as_text,
    audio,
    began,
    call,
    called,
    ended,
    golden,
    over,
    plan_of,
    responded,
    returned,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import (
    AgentHungUp,
    CallEnded,
    CallerHeard,
    CallRefused,
    Captured,
    Closer,
    Dialled,
    HarnessFailed,
    LineBroke,
    PlaybackFlushed,
    ProtocolFault,
    ResponseChosen,
    Side,
    SpeakerLost,
)
from turnspec.checks import judge_call
from turnspec.results import Finding

ASKS = "turn: Report\ncaller: I lost my card\n"
TALKS_OVER = "turn: Talk over\ncaller: {say: stop please, interrupt: {after: 1 s}}\nexpect: {stops: true}"
LATE = "Your card is blocked, reference R-1042. " + "Is there anything else that I can do for you today?"
BLOCKED = called("block_card", '{"last4": "4822", "reason": "lost"}', 1_250)
LOOKED_UP = called("lookup", "{}", 1_210, "c0")
LOST = SpeakerLost(at_us=1_300_000, device="headset-speaker")


def one(expect: str, view: Snapshot, *more: str) -> tuple[str, Snapshot]:
    """A scenario of one turn that expects this."""
    return turns(f"{ASKS}expect: {expect}", *more), view


def talked_over(*events: PlaybackFlushed, until_ms: int) -> tuple[str, Snapshot]:
    """A call in which the caller talks over the agent at 3 s, and the agent goes on until `until_ms`."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        over(0, 1_560, "interrupted"),
        began(1, 3_000),
        spoke(1, 3_000, 3_700, "stop please", interrupts=True),
        *events,
        over(1, 8_000),
        ended(9_000),
        agent=tones((1_500, until_ms), (until_ms + 1_000, until_ms + 1_500)),
    )
    return turns(ASKS.strip(), TALKS_OVER), view


def missed() -> tuple[str, Snapshot]:
    """A call in which the reply was over before the caller could talk over it."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 1_560, "interrupted"),
        began(1, 3_300),
        over(1, 3_300, "not-exercised"),
        ended(4_000),
        agent=tones((1_500, 2_100)),
    )
    return turns(ASKS.strip(), TALKS_OVER), view


def no_digits() -> tuple[str, Snapshot]:
    """A call in which the keys to press turned out to be words."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("Your card is blocked", 1_300, 1_000),
        Captured(at_us=3_000_000, turn=0, name="code", value="blocked"),
        over(0, 3_000),
        began(1, 3_000),
        over(1, 3_000, "skipped"),
        ended(4_000),
        agent=tones((1_500, 2_500)),
    )
    expect = "expect: {says: {matches: 'is (?P<code>\\w+)'}}"
    return turns(f"{ASKS}{expect}", 'turn: Keys\ncaller: {dtmf: "{{ code }}"}'), view


def answered_by_script() -> tuple[str, Snapshot]:
    """A call in which the record tells what was heard and why this reply was chosen."""
    view = Replied(
        calls=(
            CallerHeard(
                at_us=1_150_000, side=Side.MODEL, text="I lost my card", source="known clip", score=0.934
            ),
            ResponseChosen(
                at_us=1_150_000,
                side=Side.MODEL,
                name="block",
                scores={"block": 31.0, "found": "'lost' was said", "menu": 3.0},
            ),
        )
    ).view()
    return one("{says: blocked}", view)


def cut_off() -> tuple[str, Snapshot]:
    """A call in which the agent's words were flushed before the awaited one."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("Your card is blocked, the reference is R-1042", 1_300, 2_000),
        audio(1_500, 2_000, 1_500),
        PlaybackFlushed(at_us=2_500_000, unplayed_us=1_000_000),
        over(0, 3_300),
        ended(4_000),
        agent=tones((1_500, 2_500)),
    )
    return one("{says: R-1042}", view)


def silent_agent(how: str = "no-reply") -> Snapshot:
    """A call in which the agent never says anything."""
    return call(began(0, 60), spoke(0, 100, 1_000), over(0, 16_000, how), ended(16_020), agent=tones())


def hung_up(*events: AgentHungUp | LineBroke | CallEnded) -> Snapshot:
    """A call that is over while the agent speaks."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("Goodbye.", 1_300, None),
        over(0, 2_000, "hung-up"),
        *events,
        agent=tones((1_500, 1_900), length_ms=2_000),
    )


def without_words() -> Snapshot:
    """A call in which the agent is heard, but the model's transcript stays empty."""
    return call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(4_000), agent=tones((1_500, 2_500)))


FAULTS = tuple(
    ProtocolFault(at_us=at, rule="bad-json", detail="this is not JSON: '{'", frame=frame)
    for at, frame in ((1_600_000, "{"), (1_700_000, "{{"), (1_800_000, "{{{"), (1_900_000, "{{{{"))
)
BUDGETED = ASKS + "expect: {{says: blocked}}\nbudget: {{{}}}"

CASES: Final[dict[str, tuple[str, Callable[[], tuple[str, Snapshot]]]]] = {
    "intent": ("intent", lambda: one("{intent: greeting}", Replied().view())),
    "intent-of-none": ("intent", lambda: one("{intent: [greeting, farewell]}", Replied("Xyzzy.").view())),
    "intent-held": ("intent", lambda: one("{intent: card_blocked}", Replied().view())),
    "intent-silence": ("intent", lambda: one("{intent: greeting}", silent_agent())),
    "says": ("says", lambda: one("{says: your card is now blocked}", Replied().view())),
    "says-pattern": ("says", lambda: one("{says: {matches: 'reference \\d+'}}", Replied(LATE).view())),
    "says-one-of": ("says", lambda: one("{says: {one_of: [frozen, stopped]}}", Replied().view())),
    "says-held": ("says", lambda: one("{says: card is blocked}", Replied().view())),
    "says-cut-off": ("says", cut_off),
    "says-silence": ("says", lambda: one("{says: blocked}", silent_agent())),
    "says-unseen": ("says", lambda: one("{says: blocked}", without_words())),
    "does_not_say": ("does_not_say", lambda: one("{does_not_say: [password, blocked]}", Replied().view())),
    "calls-arguments": (
        "calls",
        lambda: one('{calls: [{block_card: {last4: "4821"}}]}', Replied(calls=(LOOKED_UP, BLOCKED)).view()),
    ),
    "calls-none": ("calls", lambda: one("{calls: [block_card]}", Replied().view())),
    "calls-other": ("calls", lambda: one("{calls: [block_card]}", Replied(calls=(LOOKED_UP,)).view())),
    "calls-times": (
        "calls",
        lambda: one("{calls: [{function: lookup, times: 2}]}", Replied(calls=(LOOKED_UP,)).view()),
    ),
    "calls-order": (
        "calls",
        lambda: one("{calls: {in_order: [block_card, lookup]}}", Replied(calls=(LOOKED_UP, BLOCKED)).view()),
    ),
    "calls-exactly": (
        "calls",
        lambda: one("{calls: {exactly: [lookup]}}", Replied(calls=(LOOKED_UP, BLOCKED)).view()),
    ),
    "calls-late": (
        "calls",
        lambda: one("{calls: [{function: lookup, within: 100 ms}]}", Replied(calls=(LOOKED_UP,)).view()),
    ),
    "calls-unseen": ("calls", lambda: one("{calls: [block_card]}", unconnected())),
    "does_not_call": ("does_not_call", lambda: one("{does_not_call: any}", Replied(calls=(BLOCKED,)).view())),
    "returned": (
        "returned",
        lambda: one(
            "{returned: {block_card: {status: blocked}}}",
            Replied(calls=(BLOCKED, returned('{"status": "unknown card"}', 1_280))).view(),
        ),
    ),
    "returned-nothing": (
        "returned",
        lambda: one("{returned: {block_card: any}}", Replied(calls=(BLOCKED,)).view()),
    ),
    "arguments": (
        "arguments",
        lambda: (
            turns(f"{ASKS}expect: {{says: blocked}}")
            + "functions: {block_card: {parameters: {last4: integer, reason: {enum: [x]}, x: string}}}\n",
            Replied(calls=(BLOCKED,)).view(),
        ),
    ),
    "arguments-not-json": (
        "arguments",
        lambda: one("{says: blocked}", Replied(calls=(called("block_card", "{last4: 4821", 1_250),)).view()),
    ),
    "silent": ("silent", lambda: one("{silent: 2 s}", Replied().view())),
    "silent-cut": ("silent", lambda: one("{silent: 20 s}", silent_agent("quiet"))),
    "stops": (
        "stops",
        lambda: talked_over(PlaybackFlushed(at_us=6_000_000, unplayed_us=10_000), until_ms=6_000),
    ),
    "stops-held": (
        "stops",
        lambda: talked_over(PlaybackFlushed(at_us=3_200_000, unplayed_us=900_000), until_ms=3_200),
    ),
    "stops-finished": ("stops", lambda: talked_over(until_ms=3_200)),
    "chosen": ("chosen", answered_by_script),
    "interrupt": ("interrupt", missed),
    "template": ("template", no_digits),
    "hangup": ("hangup", lambda: one("{hangup: true}", Replied().view())),
    "hangup-unwanted": (
        "hangup",
        lambda: one("{hangup: false}", hung_up(AgentHungUp(at_us=1_950_000, reason="bye"))),
    ),
    "unexpected-hangup": (
        "unexpected-hangup",
        lambda: one("{intent: farewell}", hung_up(AgentHungUp(at_us=1_950_000)), ASKS, ASKS),
    ),
    "skipped": (
        "skipped",
        lambda: one("{intent: farewell}", hung_up(AgentHungUp(at_us=1_950_000)), ASKS, ASKS),
    ),
    "no-reply": ("no-reply", lambda: one("{says: blocked}", silent_agent())),
    "line-broke": (
        "line-broke",
        lambda: one(
            "{says: blocked}", hung_up(LineBroke(at_us=1_950_000, reason="no close frame", code=1006))
        ),
    ),
    "call-refused": (
        "call-refused",
        lambda: one(
            "{says: blocked}",
            Snapshot(
                (
                    Dialled(at_us=0, url="ws://x", protocol="twilio"),
                    CallRefused(at_us=20_000, reason="the server answered Forbidden", code=403),
                    CallEnded(at_us=20_000, by=Closer.AGENT),
                )
            ),
        ),
    ),
    "call-limit": (
        "call-limit",
        lambda: one(
            "{says: blocked}",
            hung_up(CallEnded(at_us=300_050_000, by=Closer.CALLER, reason="call-limit")),
        ),
    ),
    "speaker-lost": (
        "speaker-lost",
        lambda: one("{says: blocked}", Replied(calls=(LOST,)).view()),
    ),
    "protocol": (
        "protocol:bad-json",
        lambda: one("{says: blocked}", Replied(calls=FAULTS).view()),
    ),
    "response": ("response", lambda: (turns(BUDGETED.format("response: 400 ms")), Replied().view())),
    "response-none": ("response", lambda: (turns(BUDGETED.format("response: 400 ms")), silent_agent())),
    "function_call": (
        "function_call",
        lambda: (turns(BUDGETED.format("function_call: 200 ms")), Replied(calls=(BLOCKED,)).view()),
    ),
    "function_call-none": (
        "function_call",
        lambda: (turns(BUDGETED.format("function_call: 200 ms")), Replied().view()),
    ),
    "gap": ("gap", lambda: (turns(BUDGETED.format("gap: 500 ms")), paused())),
    "call": (
        "call",
        lambda: (turns(ASKS).replace("turns:", "budgets: {call: 2 s}\nturns:"), Replied().view()),
    ),
    "connect": (
        "connect",
        lambda: (turns(ASKS).replace("turns:", "budgets: {connect: 10 ms}\nturns:"), Replied().view()),
    ),
    "greeting": (
        "greeting",
        lambda: (
            turns("expect: {says: welcome}").replace("turns:", "budgets: {greeting: 1 s}\nturns:"),
            call(began(0, 60), over(0, 3_000), ended(4_000), agent=tones((1_500, 2_500))),
        ),
    ),
    "barge_in": (
        "barge_in",
        lambda: with_budget(
            "barge_in: 300 ms",
            talked_over(PlaybackFlushed(at_us=3_700_000, unplayed_us=900_000), until_ms=3_700),
        ),
    ),
}


def unconnected() -> Snapshot:
    """A call in which the bridge never connected to its backend."""
    return call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(4_000), agent=tones((1_500, 2_500)))


def paused() -> Snapshot:
    """A call in which the agent pauses for 900 ms in its reply."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 5_000),
        ended(5_500),
        agent=tones((1_500, 2_000), (2_900, 3_400)),
    )


def with_budget(budget: str, case: tuple[str, Snapshot]) -> tuple[str, Snapshot]:
    """The case with a budget on its last turn."""
    return f"{case[0].rstrip()}\n    budget: {{{budget}}}\n", case[1]


def findings_of(written: str, view: Snapshot) -> list[Finding]:
    """Everything that judging finds."""
    verdict = judge_call(plan_of(written), view, CONTEXT)
    return [finding for turn in verdict.turns for finding in turn.findings] + list(verdict.findings)


@pytest.mark.parametrize("name", CASES)
def test_a_finding_can_be_understood_alone(name: str) -> None:
    """What was expected, what was there, when, and where it is written."""
    kind, make = CASES[name]
    text = "\n".join(as_text(finding) for finding in findings_of(*make()) if finding.kind == kind)

    assert text == golden(name, text)
    assert text


def test_every_kind_of_finding_has_a_golden_text() -> None:
    """A new expectation or budget comes with its words."""
    from turnspec.checks import EXPECTATIONS
    from turnspec.dsl import Budgets

    with_others = {kind for kind, _ in CASES.values()} | {"transfer", "dtmf", "activity"}  # in test_acts.py
    with_others |= {"event", "nothing", "check"}  # in test_arriving.py
    with_others |= {"transcript"}  # in test_transcribing.py
    with_others |= {"first_audio", "first_response", "function_return", "turn"}  # in test_budgets.py
    with_others |= {"speech", "overlap", "underrun"}
    with_others |= {"keeps_speaking", "plays"}  # in test_talking_over.py, test_playing.py
    with_others |= {"judge"}  # in test_judging.py
    assert {*EXPECTATIONS, *Budgets.model_fields} <= with_others


def test_the_harness_failing_is_nobodys_finding() -> None:
    """What the engine could not do does not count against the agent."""
    failed = HarnessFailed(at_us=1_500_000, reason="the target process died", side=Side.LINE)
    view = call(
        began(0, 60), spoke(0, 100, 1_000), failed, over(0, 1_500, "cut"), ended(1_510), agent=tones()
    )

    assert findings_of(turns(f"{ASKS}expect: {{says: blocked}}"), view) == []
