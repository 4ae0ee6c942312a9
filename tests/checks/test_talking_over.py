"""Sounds that must not stop the agent: what shows that it went on, and what that it did not."""

from __future__ import annotations

from typing import Any

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
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import PlaybackFlushed, ResponseEnded, ResponseStarted, Side
from turnspec.checks import Scene, judge_call
from turnspec.results import Finding, Measurement, State, Status

ASKS = "turn: Ask\ncaller: I lost my card"
MM_HM = "turn: Mm-hm\ncaller: {say: mm-hm, backchannel: {after: 1 s}}\nexpect: {keeps_speaking: true}"
NEXT = "turn: Next\ncaller: and then"
FLUSHED = PlaybackFlushed(at_us=3_300_000, unplayed_us=2_000_000)
Stretches = tuple[tuple[int, int], ...]


def mm_hm(*events: Any, speech: Stretches, until_ms: int = 6_800) -> Snapshot:
    """The agent speaks from 1.5 s on, the caller makes a sound from 3 s to 3.4 s, and hears on."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 1_560, "interrupted"),
        began(1, 3_000),
        spoke(1, 3_000, 3_400, "mm-hm", interrupts=True),
        *events,
        over(1, until_ms, "quiet"),
        began(2, until_ms),
        spoke(2, until_ms, until_ms + 500, "and then"),
        over(2, 12_000),
        ended(13_000),
        agent=tones(*speech, (until_ms + 1_000, until_ms + 1_500)),
    )


def found(view: Snapshot, written: str = MM_HM) -> Finding:
    """What is found about whether the agent goes on."""
    verdict = judge_call(plan_of(turns(ASKS, written, NEXT)), view, CONTEXT)
    (finding,) = [one for one in verdict.turns[1].findings if one.kind == "keeps_speaking"]
    return finding


CASES: dict[str, Snapshot] = {
    "held": mm_hm(speech=((1_500, 6_000),)),
    "flushed": mm_hm(FLUSHED, speech=((1_500, 3_300),)),
    "paused": mm_hm(speech=((1_500, 3_300), (4_100, 6_000))),
    "finished": mm_hm(speech=((1_500, 3_300),)),
    "silent": mm_hm(speech=((1_500, 2_000),)),
}


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("held", Status.PASSED),
        ("flushed", Status.FAILED),
        ("paused", Status.FAILED),
        ("finished", Status.NOT_EXERCISED),
        ("silent", Status.NOT_EXERCISED),
    ],
)
def test_an_agent_goes_on_or_not(case: str, status: Status) -> None:
    """No silence of 600 ms before all was said; one that was through before the caller shows nothing."""
    finding = found(CASES[case])
    text = as_text(finding)

    assert finding.status is status
    assert text == golden(f"keeps_speaking-{case}", text)


@pytest.mark.parametrize(("case", "status"), [("held", Status.FAILED), ("flushed", Status.PASSED)])
def test_an_agent_may_be_meant_to_stop(case: str, status: Status) -> None:
    """`keeps_speaking: false` is the other way round."""
    assert found(CASES[case], MM_HM.replace("true", "false")).status is status


def test_a_short_pause_is_no_stop() -> None:
    """Less than 600 ms of silence is a breath."""
    assert found(mm_hm(speech=((1_500, 3_300), (3_880, 6_000)))).status is Status.PASSED


def test_a_reply_that_was_cancelled_is_one_that_stopped() -> None:
    """Nothing had to be flushed: the model behind the bridge was stopped, and it fell silent."""
    began_first = ResponseStarted(at_us=1_200_000, side=Side.MODEL, response_id="r1")
    cancelled = ResponseEnded(at_us=3_200_000, side=Side.MODEL, response_id="r1", status="cancelled")
    view = mm_hm(began_first, cancelled, speech=((1_500, 3_300),))

    assert found(view).status is Status.FAILED


def test_the_rest_of_the_old_reply_belongs_to_the_old_turn() -> None:
    """All that is said until the reply is over is of the turn that asked for it."""
    scene = Scene(plan_of(turns(ASKS, MM_HM, NEXT)), mm_hm(speech=((1_500, 4_000), (4_300, 6_000))))
    asked, sound, then = (scene.turn(index) for index in range(3))
    assert asked is not None
    assert sound is not None
    assert then is not None

    assert [segment.end_us for segment in asked.speech] == [4_000_000, 6_000_000]
    assert sound.speech == ()
    assert [segment.start_us for segment in then.speech] == [7_800_000]


def test_where_a_reply_is_expected_it_is_what_begins_after_the_clip() -> None:
    """A turn that expects words waits for them: what begins after the caller's sound is its own."""
    written = MM_HM.replace("{keeps_speaking: true}", "{says: blocked}")
    scene = Scene(plan_of(turns(ASKS, written, NEXT)), mm_hm(speech=((1_500, 4_000), (4_300, 6_000))))
    sound = scene.turn(1)
    assert sound is not None

    assert [segment.start_us for segment in sound.speech] == [4_300_000]


def measured(view: Snapshot, turn: int) -> dict[str, Measurement]:
    """What was measured in a turn."""
    verdict = judge_call(plan_of(turns(ASKS, MM_HM, NEXT)), view, CONTEXT)
    return {one.name: one for one in verdict.turns[turn].measurements}


def test_times_of_a_reply_that_was_talked_over_are_lower_bounds() -> None:
    """`turn`, `speech` and `gap` of it are censored, whether or not it stopped; overlap is the sound's."""
    asked, sound = (measured(CASES["held"], turn) for turn in (0, 1))

    assert {asked[name].state for name in ("turn", "speech", "gap")} == {State.CENSORED}
    assert asked["response"].state is State.MEASURED
    assert sound["overlap"].value_us == 400_000
    assert not {"response", "barge_in", "turn"} & set(sound)


TWICE = (ASKS, MM_HM, MM_HM.replace("after: 1 s", "after: 3 s"))


def test_two_sounds_over_one_reply_are_told_apart() -> None:
    """What the agent does after the second sound does not count against the first."""
    view = call(
        began(0, 60),
        spoke(0, 100, 1_000),
        over(0, 1_560, "interrupted"),
        began(1, 3_000),
        spoke(1, 3_000, 3_400, "mm-hm", interrupts=True),
        over(1, 3_400, "interrupted"),
        began(2, 4_500),
        spoke(2, 4_500, 4_900, "mm-hm", interrupts=True),
        PlaybackFlushed(at_us=4_700_000, unplayed_us=2_000_000),
        over(2, 5_500, "quiet"),
        ended(8_000),
        agent=tones((1_500, 3_500), (3_800, 4_700)),
    )
    plan = plan_of(turns(*TWICE))
    verdict = judge_call(plan, view, CONTEXT)
    kept = [one.status for turn in verdict.turns for one in turn.findings if one.kind == "keeps_speaking"]
    asked = Scene(plan, view).turn(0)
    assert asked is not None

    assert kept == [Status.PASSED, Status.FAILED]
    assert [segment.end_us for segment in asked.speech] == [3_500_000, 4_700_000]


def test_a_pause_inside_audio_that_still_plays_counts_before_a_reply_of_its_own() -> None:
    """Where the turn takes a reply, silence counts only as long as the old audio is playing on."""
    written = MM_HM.replace("{keeps_speaking: true}", "{keeps_speaking: true, says: blocked}")
    one_piece = (audio(1_400, 5_000, 1_500),)
    two_pieces = (audio(1_400, 1_800, 1_500), audio(4_100, 2_000, 4_100))
    speech = ((1_500, 3_300), (4_100, 6_000))

    assert found(mm_hm(*one_piece, speech=speech), written).status is Status.FAILED
    assert found(mm_hm(*two_pieces, speech=speech), written).status is Status.NOT_EXERCISED
