"""A model whose words were talked over must be told how much of them was heard."""

from __future__ import annotations

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
from turnspec.call.events import AgentTruncated, Event, PlaybackFlushed, Side
from turnspec.checks import judge_call
from turnspec.plan import TargetKind
from turnspec.results import Finding

SCENARIO = turns("turn: Ask\ncaller: hello", "turn: Talk over\ncaller: {say: stop, interrupt: {after: 1 s}}")


def talked_over(
    *told: Event, heard_ms: int = 1_500, silent: bool = False, asked_again: bool = True
) -> Snapshot:
    """Six seconds of words play from 1.5 s on; after `heard_ms` of them the bridge clears the telephone."""
    cut_ms = 1_500 + heard_ms
    flush = PlaybackFlushed(at_us=cut_ms * 1_000, unplayed_us=(6_000 - heard_ms) * 1_000, silent=silent)
    again = (responded(4_500, "r2"), said("Stopped.", 4_600, None, response="r2", item="i2"))
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        audio(1_500, 6_000, plays_ms=1_500),
        said("Your card is blocked and a new one is on its way", 1_400, 6_000),
        over(0, 1_560, "interrupted"),
        began(1, 2_700),
        spoke(1, 2_700, 3_400, "stop", interrupts=True),
        flush,
        *told,
        *(again if asked_again else ()),
        over(1, 8_000),
        ended(9_000),
        agent=tones((1_500, cut_ms)),
    )


def told(heard_ms: int) -> Event:
    """The bridge truncated the item."""
    return AgentTruncated(at_us=3_050_000, side=Side.MODEL, item_id="i1", heard_us=heard_ms * 1_000)


def found(view: Snapshot, kind: TargetKind = TargetKind.BACKEND) -> list[Finding]:
    """The findings about truncation."""
    verdict = judge_call(plan_of(SCENARIO, kind=kind), view, CONTEXT)
    return [finding for finding in verdict.findings if finding.kind == "truncate"]


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("truncate-never", talked_over()),
        ("truncate-too-much", talked_over(told(4_400))),
        ("truncate-too-little", talked_over(told(0))),
    ],
)
def test_a_model_that_believes_something_else_is_found(name: str, view: Snapshot) -> None:
    """Never told, told too much, told too little: what was heard, and what the model believes."""
    text = "\n".join(as_text(finding) for finding in found(view))

    assert text == golden(name, text)
    assert text


@pytest.mark.parametrize(
    "view",
    [
        talked_over(told(1_500)),
        talked_over(told(1_980)),
        talked_over(told(1_050)),
        talked_over(heard_ms=5_600),
        talked_over(silent=True),
        talked_over(asked_again=False),
    ],
    ids=[
        "exactly",
        "a word too much",
        "a word too little",
        "all but a word",
        "only silence",
        "asked no more",
    ],
)
def test_what_does_no_harm_is_not_found(view: Snapshot) -> None:
    """Half a second is within what a bridge can know; a model that is not asked again takes no harm."""
    assert found(view) == []


def test_only_a_bridge_can_be_to_blame() -> None:
    """Where the model itself is called, the truncating is the engine's own."""
    assert found(talked_over(), TargetKind.BARE) == []
