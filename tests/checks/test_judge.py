"""From evidence to outcomes."""

from __future__ import annotations

import pytest

from support_checks import (
    CONTEXT,
    Replied,
    began,
    call,
    called,
    ended,
    over,
    plan_of,
    responded,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import (
    AgentHungUp,
    CallEnded,
    CallerPressed,
    CallRefused,
    Closer,
    Dialled,
    Event,
    HarnessFailed,
    LineBroke,
    PlaybackFlushed,
    ProtocolFault,
    TurnJudged,
)
from turnspec.checks import CallVerdict, judge_call, judge_turn
from turnspec.results import Moment, Outcome

ASKS = "turn: Report\ncaller: I lost my card\nexpect: {says: blocked}"
THANKS = "turn: Thanks\ncaller: thank you\nexpect: {intent: farewell}"


def judged(view: Snapshot, *written: str) -> CallVerdict:
    """What judging comes to."""
    return judge_call(plan_of(turns(*written)), view, CONTEXT)


def after_first(*events: Event, how: str = "replied") -> Snapshot:
    """A call whose first turn went well and ended `how`; then these events."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("It is blocked.", 1_300),
        over(0, 3_300, how),
        *events,
        agent=tones((1_500, 2_500)),
    )


def test_a_call_that_held() -> None:
    """Every turn held, and what was said and done in it is with it."""
    verdict = judged(Replied(calls=(called("block_card", "{}", 1_200),)).view(), ASKS)
    turn = verdict.turns[0]

    assert (verdict.outcome, verdict.findings, verdict.error) == (Outcome.PASSED, (), "")
    assert (turn.outcome, turn.began_us, turn.ended_us, turn.how) == (
        Outcome.PASSED,
        60_000,
        3_300_000,
        "replied",
    )
    assert [(line.who, line.text) for line in turn.lines] == [
        ("caller", "hello"),
        ("agent", "Your card is blocked, reference R-1042."),
    ]
    assert [(use.name, use.called_us) for use in turn.functions] == [("block_card", 1_200_000)]


def test_judging_again_gives_the_same() -> None:
    """Checks are pure: a saved call can be judged again."""
    view = Replied("nothing of it").view()

    assert judged(view, ASKS) == judged(view, ASKS)


def test_a_failed_finding_fails_its_turn_and_the_call() -> None:
    """And no other turn."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("It is open.", 1_300),
        over(0, 3_300),
        began(1, 3_300),
        spoke(1, 3_400, 3_900),
        responded(4_000, "r2"),
        said("Goodbye.", 4_100, response="r2", item="i2"),
        over(1, 6_000),
        ended(7_000),
        agent=tones((1_500, 2_500), (4_200, 5_000)),
    )
    verdict = judged(view, ASKS, THANKS)

    assert [turn.outcome for turn in verdict.turns] == [Outcome.FAILED, Outcome.PASSED]
    assert verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("events", "how", "outcome", "why"),
    [
        ((AgentHungUp(at_us=3_290_000),), "hung-up", Outcome.FAILED, 'the agent hung up in turn "Report"'),
        (
            (LineBroke(at_us=3_290_000, reason="reset"),),
            "cut",
            Outcome.FAILED,
            'the line broke in turn "Report"',
        ),
        (
            (CallEnded(at_us=3_290_000, by=Closer.CALLER, reason="call-limit"),),
            "cut",
            Outcome.FAILED,
            'the call reached its limit in turn "Report"',
        ),
        ((), "no-reply", Outcome.FAILED, 'the agent gave no reply in turn "Report"'),
        (
            (TurnJudged(at_us=3_290_000, turn=0, passed=False),),
            "replied",
            Outcome.FAILED,
            'the checks of a turn failed in turn "Report", and `on_failure` ends the call then',
        ),
        (ended(3_400), "quiet", Outcome.FAILED, 'the call was over in turn "Report"'),
        (
            (HarnessFailed(at_us=3_290_000, reason="the target died"),),
            "replied",
            Outcome.ERROR,
            "the call could not go on: the target died",
        ),
    ],
)
def test_turns_that_were_never_begun_are_skipped_and_say_why(
    events: tuple[Event, ...], how: str, outcome: Outcome, why: str
) -> None:
    """An early end skips the rest, whoever brought it about, and a call that skips turns did not hold."""
    verdict = judged(after_first(*events, how=how), ASKS, THANKS)

    assert (verdict.turns[1].outcome, verdict.turns[1].why) == (Outcome.SKIPPED, why)
    assert verdict.outcome is outcome


def test_the_turn_in_which_the_harness_failed_is_an_error() -> None:
    """Its expectations are not held against an agent that could not meet them."""
    failed = HarnessFailed(at_us=1_400_000, reason="the target died")
    verdict = judged(
        call(began(0, 60), spoke(0, 100, 1_000), failed, over(0, 1_400, "cut"), agent=tones()), ASKS
    )

    assert (verdict.outcome, verdict.error) == (Outcome.ERROR, "the target died")
    assert (verdict.turns[0].outcome, verdict.turns[0].findings) == (Outcome.ERROR, ())


def test_a_refused_call_fails_and_skips_every_turn() -> None:
    """Nothing was tried, so nothing can have held."""
    refused = CallRefused(at_us=20_000, reason="Forbidden", code=403)
    events = (
        Dialled(at_us=0, url="ws://x", protocol="twilio"),
        refused,
        CallEnded(at_us=20_000, by=Closer.AGENT),
    )
    verdict = judged(Snapshot(events), ASKS, THANKS)

    assert verdict.outcome is Outcome.FAILED
    assert [turn.why for turn in verdict.turns] == ["the call was refused"] * 2
    assert [finding.kind for finding in verdict.findings] == ["call-refused", "skipped"]
    assert [finding.fails for finding in verdict.findings] == [True, False]


def test_trouble_of_the_harness_is_told_once() -> None:
    """What could not be tried because of it is no failure beside it."""
    failed = HarnessFailed(at_us=20_000, reason="nobody listens at ws://x")
    verdict = judged(Snapshot((failed, CallEnded(at_us=20_000, by=Closer.ENGINE))), ASKS, THANKS)

    assert (verdict.outcome, verdict.error) == (Outcome.ERROR, "nobody listens at ws://x")
    assert [(finding.kind, finding.fails) for finding in verdict.findings] == [("skipped", False)]


def test_a_call_without_any_turn_never_passes() -> None:
    """Even where nobody can say what happened."""
    verdict = judged(Snapshot(()), ASKS)

    assert verdict.outcome is Outcome.FAILED


def test_a_hang_up_before_the_first_turn_is_unexpected() -> None:
    """It has no turn to stand in, and is found all the same."""
    verdict = judged(call(AgentHungUp(at_us=55_000)), ASKS)

    assert [finding.kind for finding in verdict.findings] == ["unexpected-hangup", "skipped"]


def test_an_expected_hang_up_is_not_unexpected() -> None:
    """The turn that expects it passes."""
    view = after_first(AgentHungUp(at_us=3_200_000), how="hung-up")
    verdict = judged(view, ASKS.replace("{says: blocked}", "{says: blocked, hangup: true}"))

    assert verdict.outcome is Outcome.PASSED


def test_a_hang_up_after_the_last_reply_is_unexpected_too() -> None:
    """The line is watched a little longer, for what must not happen."""
    verdict = judged(after_first(AgentHungUp(at_us=4_000_000)), ASKS)

    assert [finding.kind for finding in verdict.turns[0].findings if finding.fails] == ["unexpected-hangup"]


def test_faults_of_one_rule_are_one_finding() -> None:
    """A bridge that breaks the same rule in every message is told once, with the count."""
    faults = [
        ProtocolFault(at_us=at, rule="bad-base64", detail="not base64") for at in range(1_000, 50_000, 1_000)
    ]
    other = ProtocolFault(at_us=60_000, rule="binary", detail="a binary message")
    verdict = judged(Replied(calls=(*faults, other)).view(), ASKS)

    assert [finding.kind for finding in verdict.findings] == ["protocol:bad-base64", "protocol:binary"]
    assert "49 times" in verdict.findings[0].message
    assert verdict.outcome is Outcome.FAILED


def test_a_turn_can_be_judged_while_the_call_goes_on() -> None:
    """Before `TurnEnded` is recorded, and with the same checks."""
    events = Replied("It is open.").view().events[:6]
    view = Snapshot(events, agent=tones((1_500, 2_500)))

    assert judge_turn(plan_of(turns(ASKS)), 0, view, CONTEXT).outcome is Outcome.FAILED
    assert (
        judge_turn(plan_of(turns(ASKS.replace("blocked", "open"))), 0, view, CONTEXT).outcome
        is Outcome.PASSED
    )


def test_a_reply_that_is_being_talked_over_is_not_judged_yet() -> None:
    """Its words are still to come; it is judged on what is heard of it in the end."""
    plan = plan_of(turns(ASKS, "caller: {say: stop, interrupt: {after: 1 s}}\nexpect: {stops: true}"))
    view = call(began(0, 60), spoke(0, 100, 1_000), agent=tones((1_500, 1_600)))

    assert judge_turn(plan, 0, view, CONTEXT).outcome is Outcome.PASSED


def test_a_turn_whose_own_words_lack_a_capture_is_skipped_because_of_it() -> None:
    """The conductor could not say it: the turn names what was missing."""
    view = after_first(began(1, 3_300), over(1, 3_300, "skipped"), *ended(3_400))
    says = "{says: {matches: 'blocked|(?P<code>\\d+)'}}"
    verdict = judged(
        view,
        ASKS.replace("{says: blocked}", says),
        "turn: Code\ncaller: {text: 'my code is {{ code }}'}\nexpect: {says: ok}",
    )

    assert (verdict.turns[1].outcome, verdict.turns[1].why) == (
        Outcome.SKIPPED,
        "it needs 'code', which no earlier turn captured",
    )


def test_moments_mark_what_happened_on_the_line() -> None:
    """Digits, flushes, calls, faults and hang-ups, by time."""
    view = call(
        began(0, 60),
        CallerPressed(at_us=200_000, turn=0, digit="1"),
        called("lookup", "{}", 300),
        PlaybackFlushed(at_us=400_000, unplayed_us=1_234_000),
        ProtocolFault(at_us=350_000, rule="bad-json", detail="not JSON"),
        AgentHungUp(at_us=500_000),
    )

    assert judged(view, ASKS).moments == (
        Moment(200_000, "digit", "1"),
        Moment(300_000, "function", "lookup"),
        Moment(350_000, "fault", "bad-json: not JSON"),
        Moment(400_000, "flush", "1,234 ms of the agent's audio dropped unheard"),
        Moment(500_000, "hang-up", "the agent hung up"),
    )


def test_a_time_that_the_harness_kept_from_being_taken_is_no_second_failure() -> None:
    """Where nothing listened, the required greeting is missing because of that: nothing else is told."""
    plan = plan_of(turns("expect: {says: hello}\nbudget: {greeting: 1 s}"))
    view = Snapshot(
        (
            Dialled(at_us=0, url="ws://x", protocol="twilio"),
            HarnessFailed(at_us=1_000, reason="nothing listens at ws://x"),
            CallEnded(at_us=1_000, by=Closer.ENGINE, reason="nothing listens at ws://x"),
        )
    )
    verdict = judge_call(plan, view, CONTEXT)
    (greeting,) = [each for each in verdict.measurements if each.name == "greeting"]

    assert verdict.outcome is Outcome.ERROR
    assert [finding for finding in verdict.findings if finding.fails] == []
    assert not greeting.fails
