"""What is told of the agent's words against what was made out of its sound: only a gate fails."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from support_checks import (
    CONTEXT,
    as_text,
    audio,
    began,
    call,
    ended,
    golden,
    over,
    plan_of,
    responded,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.derived import Derived, DerivedState
from turnspec.call.events import Origin, PlaybackFlushed
from turnspec.checks import judge_call, judge_turn
from turnspec.checks.scene import Scene
from turnspec.dsl.models import Verification
from turnspec.dsl.percent import Percent
from turnspec.results import Finding, Outcome, Status

ASKS: Final = turns("turn: Report\ncaller: I lost my card\n")
REPLY: Final = "I blocked your card ending in 4821 and sent you a new one."
ADVISES, GATES = Verification(), Verification(gate=True)


def view(
    text: str = REPLY, *, agent: tuple[tuple[int, int], ...] = ((1_500, 4_500),), **more: Any
) -> Snapshot:
    """A call of one turn, whose reply of three seconds is heard from 1.5 s on."""
    item = replace(said(text, 1_300, 3_000), **more)
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        item,
        audio(1_490, 3_000, 1_500),
        over(0, 5_300),
        ended(6_000),
        agent=tones(*agent),
    )


def heard(text: str = "", reason: str = "", *, from_ms: int = 1_500, to_ms: int = 4_500) -> Derived:
    """What was made out of a stretch of the reply, or why nothing was."""
    return Derived(
        kind="transcript",
        turn=0,
        text="told",
        engine="whisper",
        model="tiny.en@1a5afae06a4d",
        key="k1",
        state=DerivedState.FAILED if reason else DerivedState.OK,
        given={"from_us": from_ms * 1_000, "to_us": to_ms * 1_000},
        answer={} if reason else {"text": text, "words": []},
        reason=reason,
    )


ALIKE = heard("i blocked your card ending in four eight two one and sent you a new one")
ALMOST = heard("I blocked your car ending in 4821 and sent you a new one.")
OTHER = heard("There are no more entries in the directory.")
FAILED = heard(reason="it took longer than 60 s and was ended")


@dataclass(frozen=True)
class Verified:
    """A call, what was made out of it, and what that comes to."""

    status: Status
    derived: tuple[Derived, ...]
    settings: Verification = ADVISES
    view: Snapshot = field(default_factory=view)


CASES: Final = {
    "verify-held": Verified(Status.PASSED, (ALIKE,)),
    "verify-almost": Verified(Status.PASSED, (ALMOST,)),
    "verify-advisory": Verified(Status.NOTE, (OTHER,)),
    "verify": Verified(Status.FAILED, (OTHER,), GATES),
    "verify-strict": Verified(
        Status.FAILED, (ALMOST,), Verification(at_most=Percent.parse("1 %"), gate=True)
    ),
    "verify-no-words": Verified(Status.FAILED, (heard(""),), GATES),
    "verify-no-speech": Verified(Status.FAILED, (), GATES, view(agent=())),
    "verify-failed": Verified(Status.NOTE, (FAILED,)),
    "verify-gate-failed": Verified(Status.NOT_EXERCISED, (FAILED,), GATES),
    "verify-unasked": Verified(Status.NOT_EXERCISED, (), GATES),
    "verify-no-voice": Verified(Status.NOT_EXERCISED, (), GATES, view(agent=(), origin=Origin.SILENT)),
    "verify-secret": Verified(
        Status.PASSED,
        (heard("Your password is blue horse. Keep it."),),
        GATES,
        view("Your password is ***. Keep it."),
    ),
}


def findings(case: Verified) -> list[Finding]:
    """What was found of the words in the call."""
    plan = replace(plan_of(ASKS), verifies=case.settings)
    verdict = judge_call(plan, case.view, replace(CONTEXT, derived=case.derived))
    return [finding for finding in verdict.turns[0].findings if finding.kind == "verify"]


@pytest.mark.parametrize("name", CASES)
def test_a_difference_can_be_understood_alone(name: str) -> None:
    """Both texts, each difference, the times, by whom, and whether it can fail the turn."""
    found = findings(CASES[name])
    text = "\n".join(map(as_text, found))

    assert [each.status for each in found] == [CASES[name].status]
    assert text == golden(name, text)


@pytest.mark.parametrize("settings", [None, ADVISES, GATES])
def test_only_a_gate_can_fail_a_turn(settings: Verification | None) -> None:
    """Unless it is asked for nothing is found, and only a gate fails."""
    plan = replace(plan_of(ASKS), verifies=settings)
    verdict = judge_call(plan, view(), replace(CONTEXT, derived=(OTHER,)))

    assert (verdict.outcome is Outcome.FAILED) is (settings is GATES)
    assert any(each.kind == "verify" for each in verdict.turns[0].findings) is (settings is not None)


def test_nothing_is_said_of_it_while_the_call_is_up() -> None:
    """Nobody has listened yet: a turn that may end the call is not judged by it."""
    plan = replace(plan_of(ASKS), verifies=GATES)
    up = Snapshot(view().events[:-2], None, view().agent)

    assert judge_turn(plan, 0, up, CONTEXT).outcome is Outcome.PASSED


def flushed(at_ms: int) -> Snapshot:
    """The same call, whose audio is dropped then."""
    events = list(view().events)
    events.insert(-3, PlaybackFlushed(at_us=at_ms * 1_000, unplayed_us=(4_500 - at_ms) * 1_000))
    return Snapshot(tuple(events), None, tones((1_500, at_ms)))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("I blocked your card", Status.PASSED),
        ("I blocked your card ending in four eight", Status.PASSED),
        (REPLY, Status.FAILED),
        ("There are no more entries", Status.FAILED),
    ],
)
def test_a_reply_that_was_cut_off_is_compared_up_to_there(words: str, status: Status) -> None:
    """Of the words that are told those need not have been heard that were dropped - nor may they."""
    case = Verified(status, (heard(words, to_ms=2_500),), GATES, flushed(2_500))
    (found,) = findings(case)

    assert found.status is status, found.message


def wanted(given: Snapshot) -> list[tuple[str, int | None, int, int]]:
    """What has to be listened to, in milliseconds."""
    scene = Scene(replace(plan_of(ASKS), verifies=GATES, recognises=True), given)
    found = (*scene.unverified_words, *scene.unknown_words)
    return [(each.who, each.turn, each.from_us // 1_000, each.to_us // 1_000) for each in found]


def test_speech_with_words_is_listened_to_once() -> None:
    """The speech of what is told is there to be compared, other speech to be known at all."""
    assert wanted(view()) == [("told", 0, 1_500, 4_500)]
    assert wanted(view(agent=((1_500, 4_500), (5_500, 5_900)))) == [
        ("told", 0, 1_500, 4_500),
        ("agent", 0, 5_500, 5_900),
    ]


def test_words_without_sound_of_their_own_are_those_of_the_turns_speech() -> None:
    """What a model writes for somebody else's voice is compared with all that is heard, and known by it."""
    assert wanted(view(audio_us=None)) == [("told", 0, 1_500, 4_500)]


def test_the_words_of_a_later_turn_are_its_own() -> None:
    """Speech belongs to the words that are heard meanwhile, not to the turn that it begins in."""
    given = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("One moment.", 1_300, 1_000),
        audio(1_490, 1_000, 1_500),
        over(0, 2_600),
        began(1, 2_700),
        responded(2_650, "r1b"),
        said("Thank you.", 2_800, 1_000, response="r2", item="i2"),
        audio(2_950, 1_000, 3_000),
        over(1, 4_200),
        ended(5_000),
        agent=tones((1_500, 2_500), (3_000, 4_000)),
    )
    plan = replace(plan_of(turns("caller: hello", "caller: bye")), verifies=ADVISES)

    assert [(each.turn, each.from_us // 1_000) for each in Scene(plan, given).unverified_words] == [
        (0, 1_500),
        (1, 3_000),
    ]


def test_a_text_that_nobody_hears_is_nobodys_lie() -> None:
    """Words that are only written, in a call without speech, are no claim about its sound."""
    case = Verified(Status.PASSED, (), GATES, view(agent=(), audio_us=None))

    assert findings(case) == []
