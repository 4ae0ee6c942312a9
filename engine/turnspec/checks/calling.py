"""Expectations about functions: which were called, with what, how often, when, and what came back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.matching import Match, match_value, written
from turnspec.checks.measure_readings import error_bar
from turnspec.checks.scene import Scene
from turnspec.dsl import CallExpectation, CallsExpectation, Expect, Fields, Matcher, Span
from turnspec.results import Finding, FunctionUse, Status

PASSED, FAILED, NOT_EXERCISED = Status.PASSED, Status.FAILED, Status.NOT_EXERCISED


def calls(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The expected functions were called in this turn."""
    expected = expect.calls
    if expected is None:
        return
    if reason := unseen(stage.scene):
        message = f"Whether {_names(expected)} was called could not be seen: {reason}."
        yield stage.found("calls", NOT_EXERCISED, message, expected=_names(expected), span=expected.span)
        return
    uses = stage.turn.functions
    taken = _assigned(expected, uses)
    unclaimed = _unclaimed(uses, taken)
    instead = _instead(expected, taken, unclaimed)
    for index in range(len(expected.items)):
        yield _call_finding(stage, expected, index, [uses[at] for at in taken[index]], instead[index])
    if expected.mode == "exactly":
        told = [use for near in instead for use in near]
        yield from _others(stage, expected, [use for use in unclaimed if use not in told])
        if not expected.items and not uses:
            message = "No function was called."
            yield stage.found("calls", PASSED, message, expected="no function call", span=expected.span)


def does_not_call(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """None of these functions, or none at all, was called in this turn."""
    span = expect.span_of("does_not_call")
    names = expect.does_not_call
    wanted = "any function" if names == "any" else shown.listed(names, "or")
    if reason := unseen(stage.scene):
        message = f"Whether {wanted} was called could not be seen: {reason}."
        yield stage.found("does_not_call", NOT_EXERCISED, message, expected=f"no call of {wanted}", span=span)
        return
    seen = [use for use in stage.turn.functions if names == "any" or use.name in names]
    for use in seen:
        message = f"{use.name} was called {shown.clock(use.called_us)}, which must not happen in this turn."
        yield stage.found(
            "does_not_call",
            FAILED,
            message,
            expected=f"no call of {wanted}",
            actual=shown_call(use),
            span=span,
            at_us=use.called_us,
        )
    if not seen:
        yield stage.found(
            "does_not_call",
            PASSED,
            f"No call of {wanted} was made.",
            expected=f"no call of {wanted}",
            actual=_all_calls(stage.turn.functions),
            span=span,
        )


def returned(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """The functions that were called in this turn gave this back."""
    for name, matcher in expect.returned.items():
        yield _returned(stage, name, matcher, expect.span_of("returned", name))


def unseen(scene: Scene) -> str:
    """Why function calls could not be seen in this call; empty if they could."""
    side = scene.plan.calls
    if side is None:
        return "this target does not show its function calls"
    if not scene.known(side):
        return f"nothing was seen of the {side.value}'s side in this call, as if it never connected"
    return ""


def value_of(text: str) -> Any:
    """JSON text as a value; text that is not JSON stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def match_call(use: FunctionUse, expected: CallExpectation) -> Match:
    """A call's arguments against what is expected of them."""
    if expected.with_ is None:
        return Match()
    return match_value(value_of(use.arguments), expected.with_, exactly=expected.exactly)


def shown_call(use: FunctionUse) -> str:
    """A call on one line: `block_card(last4: "4821")`."""
    given = value_of(use.arguments)
    if not isinstance(given, dict):
        return f"{use.name}({shown.short(use.arguments)})"
    return f"{use.name}({', '.join(f'{key}: {shown.value(value)}' for key, value in given.items())})"


def _assigned(expected: CallsExpectation, uses: Sequence[FunctionUse]) -> list[list[int]]:
    """For each expected call, which of the calls made stand for it; none stands for two."""
    fits = [
        [at for at, use in enumerate(uses) if use.name == item.function and match_call(use, item).holds]
        for item in expected.items
    ]
    if expected.mode == "in_order":
        return _in_order(expected, fits)
    slots = [index for index, item in enumerate(expected.items) for _ in range(item.times or 1)]
    holder: dict[int, int] = {}
    for slot in range(len(slots)):
        _place(slot, slots, fits, holder, set())
    taken: list[list[int]] = [[] for _ in expected.items]
    for at, slot in sorted(holder.items()):
        taken[slots[slot]].append(at)
    return taken


def _place(
    slot: int, slots: list[int], fits: list[list[int]], holder: dict[int, int], tried: set[int]
) -> bool:
    """Give the slot a call, moving other slots to other calls where that makes room."""
    for at in fits[slots[slot]]:
        if at in tried:
            continue
        tried.add(at)
        if at not in holder or _place(holder[at], slots, fits, holder, tried):
            holder[at] = slot
            return True
    return False


def _in_order(expected: CallsExpectation, fits: list[list[int]]) -> list[list[int]]:
    taken: list[list[int]] = []
    after = -1
    for item, fitting in zip(expected.items, fits, strict=True):
        mine = [at for at in fitting if at > after][: item.times or 1]
        taken.append(mine)
        after = mine[-1] if mine else after
    return taken


def _unclaimed(uses: Sequence[FunctionUse], taken: list[list[int]]) -> list[FunctionUse]:
    claimed = {at for mine in taken for at in mine}
    return [use for at, use in enumerate(uses) if at not in claimed]


def _instead(
    expected: CallsExpectation, taken: list[list[int]], unclaimed: list[FunctionUse]
) -> list[list[FunctionUse]]:
    """For each expected call, the calls with other arguments that stand where it is missing, nearest first.

    None stands for two, as long as there are others.
    """
    instead: list[list[FunctionUse]] = []
    for item, mine in zip(expected.items, taken, strict=True):
        near = [use for use in unclaimed if use.name == item.function]
        near.sort(key=lambda use: len(match_call(use, item).mismatches))
        free = [use for use in near if not any(use in others for others in instead)]
        instead.append((free or near)[: (item.times or 1) - len(mine)])
    return instead


def _call_finding(
    stage: Stage, expected: CallsExpectation, index: int, mine: list[FunctionUse], instead: list[FunctionUse]
) -> Finding:
    item = expected.items[index]
    status, message = FAILED, ""
    details: tuple[str, ...] = ()
    if len(mine) < (item.times or 1):
        message, details = _why_not_called(stage, expected, index, mine, instead)
    elif item.times is not None and (count := _count(stage, item)) != item.times:
        message = f"{item.function} was called {_times(count)} in this turn, not {_times(item.times)}."
    elif late := _late(stage, item, mine):
        message = late
    else:
        status, message = PASSED, f"{shown_call(mine[0])} was called {shown.clock(mine[0].called_us)}."
    near = mine or instead
    return stage.found(
        "calls",
        status,
        message,
        expected=_written_call(item),
        actual=shown_call(near[0]) if near else _all_calls(stage.turn.functions),
        span=item.span,
        at_us=near[0].called_us if near else None,
        details=details,
    )


def _elsewhere(stage: Stage, function: str) -> tuple[str, ...]:
    """The calls of a function in other turns, one of which may have been meant."""
    turns = stage.scene.plan.turns
    return tuple(
        f'{shown_call(use)} was called {shown.clock(use.called_us)}, in "{turns[use.turn].name}"'
        for use in stage.scene.functions
        if use.name == function and use.turn is not None and use.turn != stage.turn.index
    )


def _why_not_called(
    stage: Stage, expected: CallsExpectation, index: int, mine: list[FunctionUse], instead: list[FunctionUse]
) -> tuple[str, tuple[str, ...]]:
    item, uses = expected.items[index], stage.turn.functions
    seen = tuple(f"{shown_call(use)} was called {shown.clock(use.called_us)}" for use in uses)
    if mine:
        return (
            f"{item.function} was called {_times(len(mine))} as expected, not {_times(item.times or 1)}.",
            seen,
        )
    if not instead:
        again = any(use.name == item.function for use in uses)
        once_more = " once more" if again else ""
        made = f"the calls made were {_all_calls(uses)}" if uses else "no function was called in this turn"
        return f"{item.function} was not called{once_more}: {made}.", _elsewhere(stage, item.function)
    nearest = instead[0]
    mismatches = match_call(nearest, item).mismatches
    if not mismatches:
        order = ", then ".join(one.function for one in expected.items)
        return f"{item.function} was called, but not in the order {order}.", seen
    differing = "; ".join(map(str, mismatches))
    message = (
        f"{item.function} was called {shown.clock(nearest.called_us)} with other arguments: {differing}."
    )
    return message, seen if len(uses) > 1 else ()


def _count(stage: Stage, item: CallExpectation) -> int:
    return sum(use.name == item.function and match_call(use, item).holds for use in stage.turn.functions)


def _late(stage: Stage, item: CallExpectation, mine: list[FunctionUse]) -> str:
    act = stage.turn.act
    if item.within is None or act is None:
        return ""
    error = error_bar(stage.context.lateness_us) if act.spoken else 0
    taken = [use.called_us - act.end_us for use in mine]
    if max(taken) - error <= item.within.us:
        return ""
    bar = f" ± {shown.ms(error)}" if error else ""
    return (
        f"{item.function} was called {shown.ms(max(taken))}{bar} after the caller's end; "
        f"it was expected within {item.within}."
    )


def _others(stage: Stage, expected: CallsExpectation, others: list[FunctionUse]) -> Iterator[Finding]:
    wanted = f"exactly {_names(expected)}" if expected.items else "no function call"
    for use in others:
        yield stage.found(
            "calls",
            FAILED,
            f"{shown_call(use)} was called {shown.clock(use.called_us)}; "
            f"{wanted} was expected{', and nothing else' if expected.items else ''}.",
            expected=wanted,
            actual=shown_call(use),
            span=expected.span,
            at_us=use.called_us,
        )


def _returned(stage: Stage, name: str, matcher: Matcher, span: Span) -> Finding:
    expected = f"{name} gives back {written(matcher)}"
    if reason := unseen(stage.scene):
        message = f"What {name} gave back could not be seen: {reason}."
        return stage.found("returned", NOT_EXERCISED, message, expected=expected, span=span)
    uses = [use for use in stage.turn.functions if use.name == name]
    given = [(use, value_of(use.output)) for use in uses if use.output is not None]
    if not given:
        why = "it was not called in this turn"
        if uses:
            why = f"no output came after its call {shown.clock(uses[-1].called_us)}"
        actual = _all_calls(stage.turn.functions)
        message = f"{name} gave nothing back: {why}."
        return stage.found("returned", FAILED, message, expected=expected, actual=actual, span=span)
    matches = [(use, value, match_value(value, matcher)) for use, value in given]
    use, value, match = min(matches, key=lambda one: len(one[2].mismatches))
    at_us, actual = use.returned_us, shown.value(value)
    if match.holds:
        message = f"{name} gave back {actual} {shown.clock(at_us or 0)}."
        return stage.found(
            "returned", PASSED, message, expected=expected, actual=actual, span=span, at_us=at_us
        )
    differing = "; ".join(map(str, match.mismatches))
    message = f"{name} gave back something else {shown.clock(at_us or 0)}: {differing}."
    return stage.found("returned", FAILED, message, expected=expected, actual=actual, span=span, at_us=at_us)


def _written_call(item: CallExpectation) -> str:
    times = f" {_times(item.times)}" if item.times is not None else ""
    within = f" within {item.within}" if item.within is not None else ""
    return f"{item.function}{_written_arguments(item)}{times}{within}"


def _written_arguments(item: CallExpectation) -> str:
    if item.with_ is None:
        return ""
    if isinstance(item.with_, Fields):
        fields = ", ".join(f"{key}: {written(value)}" for key, value in item.with_.fields.items())
        return f"({fields}{', nothing else' if item.exactly else ''})"
    return f" with {written(item.with_)}"


def _names(expected: CallsExpectation) -> str:
    return shown.listed([item.function for item in expected.items])


def _all_calls(uses: Sequence[FunctionUse]) -> str:
    return shown.listed(map(shown_call, uses)) if uses else "no function call"


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")
