"""Calls of functions that do not simply come and go in one turn: later outputs, cut responses, equal ids."""

from __future__ import annotations

from typing import Any

import pytest

from support_checks import (
    CONTEXT,
    began,
    call,
    called,
    ended,
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
from turnspec.call.events import Event, PlaybackFlushed, ResponseEnded, Side
from turnspec.checks import judge_call
from turnspec.results import Finding, Status

ASKS = "turn: Ask\ncaller: one\n"
AGAIN = "turn: Again\ncaller: two\n"


def done(at_ms: int, response: str, status: str = "completed") -> Event:
    """A response ended."""
    return ResponseEnded(at_us=at_ms * 1_000, side=Side.MODEL, response_id=response, status=status)


def two_turns(*events: Event) -> Snapshot:
    """A call of two turns: the caller speaks until 1 s and from 4 s on, and the agent answers both times."""
    return call(
        began(0, 60),
        spoke(0, 100, 1_000),
        *(event for event in events if event.at_us < 3_500_000),
        responded(1_200, "r1"),
        said("One.", 1_300),
        over(0, 3_300),
        began(1, 3_500),
        spoke(1, 4_000, 5_000),
        *(event for event in events if event.at_us >= 3_500_000),
        responded(5_200, "r2"),
        said("Two.", 5_300, response="r2", item="i2"),
        over(1, 7_300),
        ended(8_000),
        agent=tones((1_500, 2_500), (5_500, 6_500)),
    )


def failing(first: str, second: str, view: Snapshot, **setting: Any) -> list[list[Finding]]:
    """What does not hold in each of the two turns."""
    written = turns(f"{ASKS}expect: {first}", f"{AGAIN}expect: {second}")
    verdict = judge_call(plan_of(written, **setting), view, CONTEXT)
    return [[finding for finding in turn.findings if finding.fails] for turn in verdict.turns]


def test_an_output_in_a_later_turn_belongs_to_the_call() -> None:
    """`returned` asks in the turn of the call, whenever the output comes."""
    view = two_turns(called("look_up", "{}", 1_250), returned('{"n": 1}', 4_500))

    assert failing("{returned: {look_up: {n: 1}}}", "{does_not_call: any}", view) == [[], []]
    ((finding,),) = failing("{calls: [look_up]}", "{returned: {look_up: {n: 1}}}", view)[1:]
    assert finding.message == "look_up gave nothing back: it was not called in this turn."


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_a_call_that_was_complete_was_made(status: str) -> None:
    """However its response ended afterwards, and whether or not the agent was talked over."""
    cut = PlaybackFlushed(at_us=1_280_000, unplayed_us=100_000)
    view = two_turns(called("look_up", '{"n": 1}', 1_250), cut, done(1_300, "r1", status))

    assert failing("{calls: [{look_up: {n: 1}}]}", "{does_not_call: look_up}", view) == [[], []]
    ((finding,), _) = failing("{does_not_call: any}", "{says: two}", view)
    assert finding.kind == "does_not_call"


def test_a_call_without_an_output_gave_nothing_back() -> None:
    """As when the response that called was cut, and nobody ran the function any more."""
    view = two_turns(called("look_up", "{}", 1_250), done(1_300, "r1", "cancelled"))
    ((finding,), _) = failing("{returned: {look_up: any}}", "{says: two}", view)

    assert finding.message == "look_up gave nothing back: no output came after its call at 1.25 s."


def test_a_call_that_is_told_twice_was_made_once() -> None:
    """One id is one call, however often it is told."""
    told = called("look_up", "{}", 1_250, "c1")
    view = two_turns(told, called("look_up", "{}", 1_260, "c1"), returned("1", 1_280, "c1"))

    assert failing("{calls: [{function: look_up, times: 1}]}", "{says: two}", view) == [[], []]


def test_calls_of_the_same_id_with_outputs_between_are_several() -> None:
    """A server that counts anew in each response: each call has the output that follows it."""
    view = two_turns(
        called("look_up", '{"n": 1}', 1_250, "c1"),
        returned("1", 1_280, "c1"),
        called("look_up", '{"n": 2}', 5_100, "c1"),
        returned("2", 5_150, "c1"),
    )

    assert failing(
        "{returned: {look_up: 1}}", "{returned: {look_up: 2}, calls: [{look_up: {n: 2}}]}", view
    ) == [
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("expect", "said_of_it"),
    [
        (
            "{calls: [{transfer: {amount: 5, to: {name: Bo}}}]}",
            ['transfer was called at 1.22 s with other arguments: to.name is "Al", not "Bo".'],
        ),
        (
            "{calls: {exactly: [{transfer: {amount: 7}}]}}",
            ["transfer(amount: 5, to: {"],
        ),
        (
            "{calls: {exactly: [{transfer: {amount: 8}}, {transfer: {amount: 7}}]}}",
            ["transfer was called at 1.22 s with other arguments: amount is 5, not 8."],
        ),
        (
            "{calls: {exactly: [{transfer: {amount: 8}}]}}",
            ["with other arguments: amount is 5, not 8.", "amount: 7, to: {"],
        ),
        (
            "{calls: {exactly: [{transfer: {amount: 8}}, {transfer: {amount: 9}}]}}",
            ["amount is 5, not 8.", "amount is 7, not 9."],
        ),
        (
            "{calls: {exactly: [{function: transfer, with: {amount: 7}, times: 2}]}}",
            ["transfer was called once as expected, not twice."],
        ),
        (
            "{calls: [{function: transfer, with: {amount: 5}, exactly: true}]}",
            ["transfer was called at 1.22 s with other arguments: to is {"],
        ),
        ("{calls: {in_order: [transfer, transfer, transfer]}}", ["transfer was not called once more"]),
        ("{calls: {exactly: []}}", ["no function call was expected", "no function call was expected"]),
        (
            "{does_not_call: [look_up, transfer]}",
            ["transfer was called at 1.22 s", "transfer was called at 1.26 s"],
        ),
    ],
)
def test_the_nearest_call_is_named_with_what_differs(expect: str, said_of_it: list[str]) -> None:
    """Each finding says which call came nearest, by the fewest places that differ."""
    view = two_turns(
        called("transfer", '{"amount": 5, "to": {"name": "Al"}}', 1_220, "c1"),
        called("transfer", '{"amount": 7, "to": {"name": "Al"}}', 1_260, "c2"),
    )
    found, _ = failing(expect, "{says: two}", view)

    assert len(found) == len(said_of_it)
    assert all(part in finding.message for part, finding in zip(said_of_it, found, strict=True)), found
    assert {finding.status for finding in found} == {Status.FAILED}
