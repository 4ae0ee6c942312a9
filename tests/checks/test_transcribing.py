"""What the agent heard, and findings about wording; golden texts in tests/golden/findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import CallerGuessed, CallerHeard, CallerTexted, Side
from turnspec.checks import judge_call
from turnspec.checks.captures import captures
from turnspec.checks.turns import windows
from turnspec.checks.understood import understood
from turnspec.results import Finding, Status

ASKS = "turn: Report\ncaller: I lost my card\n"


def heard(at_ms: int, text: str | None, side: Side = Side.MODEL) -> CallerHeard:
    """What one side made of the caller in the end."""
    return CallerHeard(at_us=at_ms * 1_000, side=side, text=text, source="protocol")


def guessed(at_ms: int, text: str) -> CallerGuessed:
    """What it made of it so far."""
    return CallerGuessed(at_us=at_ms * 1_000, side=Side.MODEL, text=text)


def one_turn(*told: CallerHeard | CallerGuessed, caller: bool = True) -> Snapshot:
    """A call of one turn in which this is told of what the agent heard."""
    act = (spoke(0, 100, 1_000, "I lost my card"),) if caller else ()
    reply = said("Your card was stopped now.", 1_300)
    return call(began(0, 60), *act, *told, reply, over(0, 3_300), ended(4_000), agent=tones((1_500, 2_500)))


def finding_of(expect: str, view: Snapshot, *, turn: str = ASKS, **changed: object) -> Finding:
    """The one finding about what is expected, in its turn."""
    plan = replace(plan_of(turns(f"{turn}expect: {expect}")), **changed)  # type: ignore[arg-type] # a test's own
    (finding,) = judge_call(plan, view, CONTEXT).turns[0].findings
    return finding


def replied(text: str) -> Snapshot:
    """A call in which the agent said this."""
    return Replied(text).view()


HEARD = one_turn(heard(1_100, "I lost my cart"))
CASES: dict[str, Callable[[], Finding]] = {
    "transcript": lambda: finding_of("{transcript: lost my card}", HEARD),
    "transcript-held": lambda: finding_of("{transcript: {matches: 'lost my (?P<what>\\w+)'}}", HEARD),
    "transcript-no-words": lambda: finding_of("{transcript: card}", one_turn(heard(1_100, None))),
    "transcript-untold": lambda: finding_of("{transcript: card}", one_turn()),
    "transcript-silent": lambda: finding_of("{transcript: any}", one_turn(caller=False)),
    "says-alike": lambda: finding_of("{says: {similar_to: Your card is blocked}}", one_turn()),
    "says-errors": lambda: finding_of(
        "{says: {word_error_rate: {to: Your card is blocked, at_most: 10 %}}}", one_turn()
    ),
    "says-spoken": lambda: finding_of(
        "{says: 'reference 1042'}", replied("Your reference is one zero four two.")
    ),
    "says-spoken-held": lambda: finding_of(
        "{says: 'reference is R-1042'}", replied("Your reference is R dash one zero four two.")
    ),
    "says-after": lambda: finding_of("{says: your cart is blocked}", replied("My card is blocked.")),
    "does_not_say-spoken": lambda: finding_of(
        "{does_not_say: '4821'}", replied("The pin is four eight two one.")
    ),
    "calls-bounds": lambda: finding_of(
        "{calls: {pay: {amount: {at_least: 10, at_most: 20}, note: {similar_to: for the card}}}}",
        call(
            began(0, 60),
            spoke(0, 100, 1_000),
            called("pay", '{"amount": "12", "note": "for my cart"}', 1_250),
            said("Done.", 1_300),
            over(0, 3_300),
            ended(4_000),
            agent=tones((1_500, 2_500)),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_finding_can_be_understood_alone(name: str) -> None:
    """What was expected, what was heard, and what differs."""
    text = as_text(CASES[name]())

    assert text == golden(name, text)


def test_an_absent_transcript_needs_an_account() -> None:
    """That nothing was heard holds where the agent says so, not where nobody does."""
    told, untold = one_turn(heard(1_100, None)), one_turn()

    assert finding_of("{transcript: absent}", told).status is Status.PASSED
    assert finding_of("{transcript: absent}", untold).status is Status.NOT_EXERCISED
    assert finding_of("{transcript: absent}", HEARD).status is Status.FAILED


def test_a_target_that_tells_nothing_is_not_exercised() -> None:
    """So it would be even where the plan had not been refused."""
    finding = finding_of("{transcript: card}", HEARD, heard=None)

    assert finding.status is Status.NOT_EXERCISED


TWO = (began(0, 60), spoke(0, 100, 1_000), over(0, 3_300), began(1, 3_400), spoke(1, 3_600, 4_500))


def made_of(*told: CallerHeard | CallerGuessed, index: int = 0) -> str:
    """What was understood in a turn of a call with two."""
    view = call(*TWO, *told, over(1, 6_000), ended(7_000))
    return understood(view, Side.MODEL, windows(view), index).text


def test_what_comes_in_the_end_counts_else_the_last_guess() -> None:
    """Several utterances of a turn are one text; guesses count where nothing else came."""
    assert made_of(guessed(800, "I lost"), heard(1_100, "I lost my card"), heard(1_500, "please")) == (
        "I lost my card please"
    )
    assert made_of(guessed(800, "I lost"), guessed(900, "I lost my")) == "I lost my"
    assert made_of(guessed(800, "I lost"), heard(1_100, None)) == "I lost"


def test_an_account_that_comes_late_is_of_the_turn_before() -> None:
    """Until the caller speaks again, what is told is about what was said before."""
    assert made_of(heard(3_500, "late")) == "late"
    assert made_of(heard(3_500, "late"), index=1) == ""
    assert made_of(heard(3_700, "new"), index=1) == "new"


def test_only_one_sides_account_counts() -> None:
    """What the line was told is not what the model heard."""
    assert made_of(heard(1_100, "line", Side.LINE)) == ""


def test_a_written_turn_is_heard_too() -> None:
    """Text that is sent has its own account, in the same microsecond."""
    texted = CallerTexted(at_us=100_000, turn=0, text="hello")
    view = call(began(0, 60), texted, heard(100, "hello"), over(0, 1_000), ended(2_000))

    assert understood(view, Side.MODEL, windows(view), 0).text == "hello"


def test_patterns_of_a_transcript_bind_variables() -> None:
    """A named group is caught from what the agent heard."""
    plan = plan_of(
        turns(
            f"{ASKS}expect: {{transcript: {{matches: 'my (?P<what>\\w+)'}}}}", "expect: {says: '{{ what }}'}"
        )
    )

    assert captures(plan, 0, HEARD) == {"what": "cart"}
    assert captures(plan, 0, one_turn()) == {}


def test_speech_as_such_can_be_asked_for_or_forbidden() -> None:
    """`any` and `absent` stand for some words and none, in what must be said and in what must not."""
    spoke_words, silent = replied("Hello."), replied("")

    def status(expect: str, view: Snapshot) -> Status:
        findings = judge_call(plan_of(turns(f"{ASKS}expect: {expect}")), view, CONTEXT).turns[0].findings
        return next(finding.status for finding in findings if finding.kind in {"says", "does_not_say"})

    assert status("{says: any}", spoke_words) is Status.PASSED
    assert status("{says: absent}", spoke_words) is Status.FAILED
    assert status("{does_not_say: any}", spoke_words) is Status.FAILED
    assert status("{does_not_say: absent}", spoke_words) is Status.PASSED
    assert status("{says: any}", silent) is Status.FAILED
    assert status("{says: absent}", silent) is Status.PASSED
    assert status("{does_not_say: any}", silent) is Status.PASSED
    assert status("{does_not_say: absent}", silent) is Status.FAILED
