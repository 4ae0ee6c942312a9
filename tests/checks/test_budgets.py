"""Limits of what is measured besides the answer: each exceeded, met, cut short and not there."""

from __future__ import annotations

from typing import Any

import pytest

from support_checks import (
    CONTEXT,
    as_text,
    audio,
    began,
    call,
    called,
    ended,
    golden,
    over,
    plan_of,
    returned,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import CallerTexted, PlaybackFlushed, Side, TextBegan
from turnspec.checks import judge_call
from turnspec.results import Finding, Judged, Measurement, Outcome, State

ASKS = "turn: Report\ncaller: I lost my card\nfiller: one moment"
LOOKED_UP = (called("lookup", "{}", 1_200), returned("1", 1_900))


def answered(*events: Any, how: str = "replied") -> Snapshot:
    """The caller speaks from 100 ms to 1 s, the agent from 900 ms on, with pauses, until 3.2 s."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        *events,
        over(0, 4_500, how),
        ended(5_000),
        agent=tones((900, 1_500), (1_800, 2_400), (2_520, 3_200)),
    )


FULL = answered(
    said("One moment!", 850, 650, item="i1"),
    audio(850, 650, 850, "i1"),
    *LOOKED_UP,
    said("Your card is blocked", 1_700, 1_600, item="i2"),
    audio(1_750, 650, 1_750, "i2"),
    audio(2_500, 800, 2_500, "i2"),
)
TEXTED = call(
    began(0, 60),
    CallerTexted(at_us=500_000, turn=0, text="I lost my card"),
    TextBegan(at_us=700_000, side=Side.MODEL, response_id="r1"),
    said("Your card is blocked", 700),
    over(0, 1_500),
    ended(2_000),
)
VALUES = {  # in milliseconds: the value, from and to
    "response": (800, 1_000, 1_800),
    "first_response": (-100, 1_000, 900),
    "first_audio": (-150, 1_000, 850),
    "function_return": (700, 1_200, 1_900),
    "turn": (2_200, 1_000, 3_200),
    "speech": (2_000, 900, 3_200),
    "gap": (120, 2_400, 2_520),
    "overlap": (100, 900, 1_000),
    "underrun": (100, 2_400, 2_500),
}
SPEECH = ("first_audio", "turn", "speech", "gap", "underrun")


def judged(view: Snapshot, budget: str = "", *, inherited: bool = False) -> Any:
    """The verdict on a call under one budget, of the turn or of the scenario."""
    own = f"\nbudget: {{{budget}}}" if budget and not inherited else ""
    written = turns(ASKS + own)
    if inherited:
        written = written.replace("turns:", f"budgets: {{{budget}}}\nturns:")
    return judge_call(plan_of(written), view, CONTEXT)


def measured(verdict: Any, name: str) -> Measurement:
    """The one measurement of this name in the turn."""
    (found,) = [one for one in verdict.turns[0].measurements if one.name == name]
    measurement: Measurement = found
    return measurement


def failed(verdict: Any) -> list[Finding]:
    """What did not hold."""
    return [finding for finding in verdict.turns[0].findings if finding.fails]


@pytest.mark.parametrize("name", VALUES)
def test_each_time_has_its_edges(name: str) -> None:
    """From and to, by the definition, to the millisecond."""
    value, from_ms, to_ms = VALUES[name]
    found = measured(judged(FULL), name)

    assert (found.value_us, found.from_us, found.to_us) == (value * 1_000, from_ms * 1_000, to_ms * 1_000)
    assert found.state is State.MEASURED


@pytest.mark.parametrize("name", [name for name, (value, _, _) in VALUES.items() if value > 30])
def test_each_limit_holds_fails_and_is_marginal(name: str) -> None:
    """At the limit it is within; over it by less than its error it is marginal; by more it is a finding."""
    value = VALUES[name][0]
    error_ms = measured(judged(FULL), name).error_us // 1_000
    at, above, below = (
        judged(FULL, f"{name}: {limit} ms") for limit in (value, value - 1, value - error_ms - 1)
    )

    assert measured(at, name).judged is Judged.WITHIN
    assert measured(above, name).judged is (Judged.MARGINAL if error_ms else Judged.EXCEEDED)
    (finding,) = failed(below)
    text = as_text(finding)
    assert (finding.kind, below.turns[0].outcome) == (name, Outcome.FAILED)
    assert text == golden(f"budget-{name}", text)


@pytest.mark.parametrize("name", ["first_response", "first_audio"])
def test_an_early_beginning_passes(name: str) -> None:
    """What began while the caller still spoke is negative, within any limit."""
    verdict = judged(FULL, f"{name}: 1 ms")

    assert measured(verdict, name).judged is Judged.WITHIN
    assert not failed(verdict)


@pytest.mark.parametrize("name", ["first_response", "first_audio"])
def test_a_late_beginning_fails(name: str) -> None:
    """The first words, a filler or not, and the first audio, sounding or not, each have their limit."""
    late = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        said("One moment", 1_400, 600, item="i1"),
        audio(1_400, 600, 1_400, "i1"),
        over(0, 16_400, "no-reply"),
        ended(16_500),
        agent=tones((1_500, 2_000)),
    )
    (finding,) = [one for one in failed(judged(late, f"{name}: 300 ms")) if one.kind == name]
    text = as_text(finding)

    assert text == golden(f"budget-{name}", text)
    assert not [one for one in failed(judged(late, f"{name}: 500 ms")) if one.kind == name]


def test_a_filler_that_nothing_follows_is_no_reply() -> None:
    """The finding says what was heard instead, and the response is at least as long as was waited."""
    view = answered(said("One moment!", 850, 2_400, item="i1"), audio(850, 2_400, 850, "i1"), how="no-reply")
    (finding,) = [one for one in failed(judged(view)) if one.kind == "no-reply"]
    text = as_text(finding)

    assert text == golden("no-reply-filler", text)
    assert measured(judged(view), "response").state is State.CENSORED


@pytest.mark.parametrize("name", SPEECH)
def test_in_text_there_is_no_speech_to_limit(name: str) -> None:
    """Inherited, it does not apply; written on the turn it had to be measured."""
    inherited, own = judged(TEXTED, f"{name}: 1 s", inherited=True), judged(TEXTED, f"{name}: 1 s")

    assert measured(inherited, name).state is State.NOT_APPLICABLE
    assert not failed(inherited)
    assert measured(own, name).state is State.NOT_APPLICABLE
    assert [finding.kind for finding in failed(own)] == [name]


@pytest.mark.parametrize("name", ["turn", "speech", "gap", "underrun"])
def test_of_a_call_that_was_cut_it_is_a_lower_bound(name: str) -> None:
    """Over the limit it fails; below it nothing is known, which fails only where it is the turn's own."""
    cut = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        audio(1_100, 800, 1_200),
        audio(2_100, 900, 2_100),
        over(0, 3_000, "cut"),
        ended(3_000),
        agent=tones((1_200, 1_900), (2_200, 3_000)),
    )

    assert measured(judged(cut), name).state is State.CENSORED
    assert failed(judged(cut, f"{name}: 50 ms", inherited=True))
    assert not failed(judged(cut, f"{name}: 10 s", inherited=True))
    assert failed(judged(cut, f"{name}: 10 s"))


def test_without_a_reply_its_times_are_not_exercised() -> None:
    """A turn's own budget of what never came fails, an inherited one does not apply."""
    silent = call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(3_500), agent=tones())
    names = ("speech", "underrun", "function_return", "first_audio")

    assert {measured(judged(silent, f"{name}: 1 s"), name).state for name in names} == {State.NOT_EXERCISED}
    assert all(failed(judged(silent, f"{name}: 1 s")) for name in names)
    assert not any(failed(judged(silent, f"{name}: 1 s", inherited=True)) for name in names)


def test_overlap_is_only_where_the_caller_speaks() -> None:
    """Keys and texts overlap with nothing."""
    assert measured(judged(TEXTED, "overlap: 1 s"), "overlap").state is State.NOT_APPLICABLE


def test_a_flush_is_no_dry_line() -> None:
    """An agent that was stopped is silent on purpose; what comes after that was not late."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        audio(1_100, 2_000, 1_200),
        PlaybackFlushed(at_us=1_700_000, unplayed_us=1_500_000),
        audio(2_300, 700, 2_300),
        over(0, 4_000),
        ended(4_500),
        agent=tones((1_200, 1_700), (2_300, 3_000)),
    )

    assert measured(judged(view), "underrun").value_us == 0


def test_without_fillers_the_first_words_are_the_response() -> None:
    """They are told apart only where that was asked for."""
    plain = ASKS.replace("\nfiller: one moment", "")
    without = judge_call(plan_of(turns(plain)), FULL, CONTEXT)
    limited = judge_call(plan_of(turns(f"{plain}\nbudget: {{first_response: 1 s}}")), FULL, CONTEXT)

    assert "first_response" not in {one.name for one in without.turns[0].measurements}
    assert measured(limited, "first_response").value_us == measured(limited, "response").value_us == -100_000
