"""What holds and what does not, expectation by expectation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
    returned,
    said,
    spoke,
    tones,
    turns,
)
from turnspec.call import Snapshot
from turnspec.call.events import AgentHungUp, CallerTexted, FunctionReturned, Side, TextBegan
from turnspec.checks import judge_call
from turnspec.results import Status

ASKS = "caller: I lost my card\nexpect: "


def statuses(expect: str, view: Snapshot, kind: str, lateness_us: int = 0) -> list[str]:
    """The statuses of one kind of finding, in order."""
    verdict = judge_call(plan_of(turns(ASKS + expect)), view, replace(CONTEXT, lateness_us=lateness_us))
    return [
        finding.status.value for turn in verdict.turns for finding in turn.findings if finding.kind == kind
    ]


def made(*calls: tuple[str, str]) -> Snapshot:
    """A call in which these functions are called, 10 ms apart, from 1.2 s on."""
    return Replied(
        calls=tuple(
            called(name, arguments, 1_200 + 10 * index, f"c{index}")
            for index, (name, arguments) in enumerate(calls)
        )
    ).view()


HELD = Status.PASSED.value
FAILS = Status.FAILED.value


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("{calls: [b, a]}", [HELD, HELD]),
        ("{calls: [a]}", [HELD]),
        ("{calls: {in_order: [a, b]}}", [HELD, HELD]),
        ("{calls: {in_order: [b, a]}}", [HELD, FAILS]),
        ("{calls: {exactly: [b, a]}}", [HELD, HELD]),
        ("{calls: {exactly: [b]}}", [HELD, FAILS]),
        ("{calls: {exactly: []}}", [FAILS, FAILS]),
        ("{calls: [a: {x: 1}]}", [HELD]),
        ("{calls: [{function: a, with: {x: 1}, exactly: true}]}", [FAILS]),
        ("{calls: [{function: a, with: {x: 1, y: 2}, exactly: true}]}", [HELD]),
        ("{calls: [a: {x: 2}]}", [FAILS]),
        ("{calls: [a: {z: absent}]}", [HELD]),
        ("{calls: [c]}", [FAILS]),
        ("{calls: [{function: a, times: 1}]}", [HELD]),
        ("{calls: [{function: a, times: 2}]}", [FAILS]),
        ("{calls: [a, a]}", [HELD, FAILS]),
    ],
)
def test_calls(expect: str, expected: list[str]) -> None:
    """Any order unless `in_order`, more than these unless `exactly`, partial arguments."""
    assert statuses(expect, made(("a", '{"x": 1, "y": 2}'), ("b", "{}")), "calls") == expected


def test_exactly_nothing_holds_where_nothing_was_called() -> None:
    """That no function was called is a check that holds, not one that was left out."""
    assert statuses("{calls: {exactly: []}}", made(), "calls") == [HELD]


def test_each_expected_call_takes_a_call_of_its_own() -> None:
    """A loose expectation leaves to a strict one the call that only this can take."""
    view = made(("a", '{"x": 1}'), ("a", '{"x": 2}'))

    assert statuses("{calls: [a, a: {x: 1}]}", view, "calls") == [HELD, HELD]
    assert statuses("{calls: {exactly: [a: any, a: {x: 1}]}}", view, "calls") == [HELD, HELD]


def test_times_is_exact() -> None:
    """One call too many is as wrong as one too few."""
    view = made(("a", '{"x": 1}'), ("a", '{"x": 2}'))

    assert statuses("{calls: [{function: a, times: 1}]}", view, "calls") == [FAILS]
    assert statuses("{calls: [{function: a, times: 1, with: {x: 1}}]}", view, "calls") == [HELD]


def test_within_counts_from_the_end_of_the_callers_speech_and_gives_the_error_bar() -> None:
    """200 ms is within 190 ms ± 15 ms, and not within 180 ms."""
    view = made(("a", "{}"))

    assert statuses("{calls: [{function: a, within: 190 ms}]}", view, "calls") == [HELD]
    assert statuses("{calls: [{function: a, within: 180 ms}]}", view, "calls") == [FAILS]
    assert statuses("{calls: [{function: a, within: 180 ms}]}", view, "calls", 6_000) == [HELD]


def test_calls_of_another_side_do_not_count() -> None:
    """A local agent's own account is not what the bridge's model did."""
    view = Replied(calls=(called("a", "{}", 1_200, side=Side.AGENT),)).view()

    assert statuses("{calls: [a]}", view, "calls") == [FAILS]


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("{does_not_call: c}", [HELD]),
        ("{does_not_call: [b, c]}", [FAILS]),
        ("{does_not_call: any}", [FAILS, FAILS]),
    ],
)
def test_does_not_call(expect: str, expected: list[str]) -> None:
    """One of these, or any at all."""
    assert statuses(expect, made(("a", "{}"), ("b", "{}")), "does_not_call") == expected


def test_negatives_that_nothing_could_show_are_not_exercised() -> None:
    """A bridge that never connected has proved nothing by not calling."""
    view = call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(4_000), agent=tones((1_500, 2_500)))

    assert statuses("{does_not_call: any}", view, "does_not_call") == [Status.NOT_EXERCISED.value]
    assert statuses("{does_not_say: password}", view, "does_not_say") == [Status.NOT_EXERCISED.value]


@pytest.mark.parametrize(
    ("output", "expect", "expected"),
    [
        ('{"status": "blocked", "n": 1}', "{returned: {a: {status: blocked}}}", [HELD]),
        ('{"status": "open"}', "{returned: {a: {status: blocked}}}", [FAILS]),
        ("done", "{returned: {a: done}}", [HELD]),
        ("done", "{returned: {b: done}}", [FAILS]),
    ],
)
def test_returned(output: str, expect: str, expected: list[str]) -> None:
    """JSON compares as JSON, other text as text; a function that was not called gave nothing."""
    view = Replied(calls=(called("a", "{}", 1_200), returned(output, 1_250))).view()

    assert statuses(expect, view, "returned") == expected


def test_one_fitting_output_of_several_is_enough() -> None:
    """A retry that works is what the function gave back."""
    view = Replied(
        calls=(
            called("a", "{}", 1_200, "1"),
            returned('{"error": "busy"}', 1_210, "1"),
            called("a", "{}", 1_220, "2"),
            returned('{"status": "ok"}', 1_230, "2"),
        )
    ).view()

    assert statuses("{returned: {a: {status: ok}}}", view, "returned") == [HELD]


def quiet(*speech: tuple[int, int], end_ms: int = 4_000) -> Snapshot:
    """A call in which the caller is done at 1 s, and the agent is heard during `speech`."""
    return call(
        began(0, 60), spoke(0, 100, 1_000), responded(1_200, "r1"), over(0, 3_050, "quiet"), ended(end_ms),
        agent=tones(*speech),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (quiet(), [HELD]),
        (quiet((3_100, 3_500)), [HELD]),
        (quiet((2_900, 3_500)), [FAILS]),
        (quiet((500, 1_100)), [FAILS]),
        (quiet((300, 900)), [HELD]),
        (quiet(end_ms=2_500), [Status.NOT_EXERCISED.value]),
    ],
)
def test_silent(view: Snapshot, expected: list[str]) -> None:
    """No speech for so long from the end of the caller's action; before and after does not matter."""
    assert statuses("{silent: 2 s}", view, "silent") == expected


def test_text_breaks_silence_too() -> None:
    """On a text call, saying is writing."""
    view = call(
        began(0, 60),
        CallerTexted(at_us=100_000, turn=0, text="wait"),
        TextBegan(at_us=900_000, side=Side.MODEL, response_id="r1"),
        over(0, 2_200, "quiet"),
        ended(3_000),
    )

    assert statuses("{silent: 2 s}", view, "silent") == [FAILS]
    assert statuses("{silent: 500 ms}", view, "silent") == [HELD]


def test_a_reply_may_have_several_intents() -> None:
    """What is clearly there counts, though something else scores higher."""
    view = Replied("Your card is blocked. Thank you for calling, goodbye.").view()

    assert statuses("{intent: farewell}", view, "intent") == [HELD]
    assert statuses("{intent: card_blocked}", view, "intent") == [HELD]
    assert statuses("{intent: greeting}", view, "intent") == [FAILS]
    assert statuses("{intent: [greeting, farewell]}", view, "intent") == [HELD]


def test_a_hang_up_that_answers_the_callers_is_none() -> None:
    """Who hung up first decides."""
    late = AgentHungUp(at_us=4_010_000)
    view = call(began(0, 60), spoke(0, 100, 1_000), over(0, 3_000), ended(4_000), late, agent=tones())

    assert statuses("{hangup: false}", view, "hangup") == [HELD]
    assert statuses("{says: any}", view, "unexpected-hangup") == []


def test_declared_arguments_are_checked_even_where_nothing_asserts_them() -> None:
    """A wrong type is a finding of its own; whole numbers are integers however written."""
    scenario = turns(ASKS + "{says: blocked}") + "functions: {a: {parameters: {n: integer, 'x?': boolean}}}\n"

    def kinds(arguments: str) -> list[str]:
        view = Replied(calls=(called("a", arguments, 1_200),)).view()
        return [
            one.kind for one in judge_call(plan_of(scenario), view, CONTEXT).turns[0].findings if one.fails
        ]

    assert kinds('{"n": 3, "x": true}') == []
    assert kinds('{"n": 3.0, "other": null}') == []
    assert kinds('{"n": "3"}') == ["arguments"]
    assert kinds('{"n": 3, "x": 1}') == ["arguments"]
    assert kinds("[]") == ["arguments"]
    assert kinds("{}") == ["arguments"]


def test_templates_in_expectations_use_what_was_captured() -> None:
    """A reference caught in one turn is expected in the next."""
    plan = plan_of(
        turns(
            ASKS + "{says: {matches: '(?P<reference>R-\\d+)'}}",
            "caller: again\nexpect: {says: 'reference is {{ reference }}'}",
        )
    )
    events: list[Any] = [
        began(0, 60),
        spoke(0, 100, 1_000),
        responded(1_200, "r1"),
        said("It is R-7.", 1_300),
    ]
    events += [over(0, 3_000), began(1, 3_000), spoke(1, 3_100, 3_500), responded(3_600, "r2")]
    events += [said("Your reference is R-7.", 3_700, response="r2", item="i2"), over(1, 5_000), ended(6_000)]
    from turnspec.call.events import Captured

    caught = Captured(at_us=2_990_000, turn=0, name="reference", value="R-7")
    agent = tones((1_500, 2_000), (3_900, 4_500))

    assert judge_call(plan, call(*events[:4], caught, *events[4:], agent=agent), CONTEXT).outcome == "passed"
    lost = judge_call(plan, call(*events, agent=agent), CONTEXT)
    assert (lost.turns[1].outcome, lost.turns[1].why) == (
        "skipped",
        "it needs 'reference', which no earlier turn captured",
    )


def test_an_output_without_its_call_is_nobodys() -> None:
    """A stray output changes nothing."""
    stray = FunctionReturned(at_us=1_210_000, side=Side.MODEL, call_id="zz", output="{}")
    view = Replied(calls=(called("a", "{}", 1_200), stray)).view()

    assert statuses("{returned: {a: any}}", view, "returned") == [FAILS]
