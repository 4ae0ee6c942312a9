"""The agent's function calls, each put together from what one side tells of it."""

from __future__ import annotations

from turnspec.call.events import FunctionCalled, FunctionReturned, Side
from turnspec.checks.turns import EventsView, Window, numbers, owner
from turnspec.results import FunctionUse


def function_uses(view: EventsView, side: Side | None, turns: tuple[Window, ...]) -> tuple[FunctionUse, ...]:
    """The function calls that one side tells of, each with what came back.

    A call that is told again before its output is the same one; an id that comes again afterwards is another.
    """
    if side is None:
        return ()
    places = numbers(view)
    told: list[FunctionCalled | FunctionReturned]
    told = [*view.of(FunctionCalled, side), *view.of(FunctionReturned, side)]
    pairs: list[tuple[FunctionCalled, FunctionReturned | None]] = []
    last: dict[str, int] = {}
    for event in sorted(told, key=lambda each: places[id(each)]):
        at = last.get(event.call_id)
        if isinstance(event, FunctionCalled) and (at is None or pairs[at][1] is not None):
            last[event.call_id] = len(pairs)
            pairs.append((event, None))
        elif isinstance(event, FunctionReturned) and at is not None:
            pairs[at] = pairs[at][0], pairs[at][1] or event
    return tuple(_use(called, back, owner(turns, called.at_us, places[id(called)])) for called, back in pairs)


def _use(called: FunctionCalled, back: FunctionReturned | None, turn: int | None) -> FunctionUse:
    return FunctionUse(
        name=called.name,
        arguments=called.arguments,
        called_us=called.at_us,
        output=None if back is None else back.output,
        returned_us=None if back is None else back.at_us,
        turn=turn,
    )
