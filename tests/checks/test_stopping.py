"""What shows that an agent had more to say when it fell silent."""

from __future__ import annotations

import pytest

from support_checks import CONTEXT, began, call, ended, over, plan_of, responded, said, spoke, tones, turns
from turnspec.call import Snapshot
from turnspec.call.events import AgentTruncated, PlaybackFlushed, Side
from turnspec.checks import judge_call
from turnspec.results import Status

SCENARIO = turns(
    "turn: Ask\ncaller: hello",
    "turn: Talk over\ncaller: {say: stop, interrupt: {after: 1 s}}\nexpect: {stops: true}",
)


def talked_over(whole_ms: int, told_ms: int, unplayed_ms: int) -> Snapshot:
    """The agent falls silent at 3.1 s; little but silence was queued, and the model was told `told_ms`."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("Your card is blocked and a new one is on its way", 1_400, whole_ms),
        over(0, 1_560, "interrupted"),
        began(1, 3_000),
        spoke(1, 3_000, 3_700, "stop", interrupts=True),
        AgentTruncated(at_us=3_080_000, side=Side.MODEL, item_id="i1", heard_us=told_ms * 1_000),
        PlaybackFlushed(at_us=3_100_000, unplayed_us=unplayed_ms * 1_000, silent=True),
        over(1, 8_000),
        ended(9_000),
        agent=tones((1_500, 3_100)),
    )


@pytest.mark.parametrize(
    ("whole_ms", "told_ms", "unplayed_ms", "status"),
    [
        (6_000, 1_600, 40, Status.PASSED),  # the bridge sends as fast as it plays, and kept the rest
        (1_700, 1_600, 100, Status.NOT_EXERCISED),  # all that was cut is the silence after the last word
        (1_800, 1_600, 40, Status.NOT_EXERCISED),  # the same, sent slowly
    ],
)
def test_words_that_a_bridge_held_back_count_as_more(
    whole_ms: int, told_ms: int, unplayed_ms: int, status: Status
) -> None:
    """A truncated item proves more to say, unless all that it lost is the silence after its last word."""
    verdict = judge_call(plan_of(SCENARIO), talked_over(whole_ms, told_ms, unplayed_ms), CONTEXT)
    (stops,) = [finding for finding in verdict.turns[1].findings if finding.kind == "stops"]

    assert stops.status is status
