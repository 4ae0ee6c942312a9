"""Variables that a turn's words, calls and returned values bind for the turns after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from turnspec.call.derived import Derived
from turnspec.call.events import AgentActivity, AgentPressed, AgentTransferred, Captured, TurnBegan
from turnspec.checks.arriving import candidates_of, match_message
from turnspec.checks.calling import match_call, value_of
from turnspec.checks.expectations import filled_in
from turnspec.checks.function_uses import function_uses
from turnspec.checks.matching import Match, match_value, match_words
from turnspec.checks.troubles import texts_in
from turnspec.checks.turns import EventsView, numbers, owner, windows
from turnspec.checks.understood import understood
from turnspec.checks.words import text_of, transcript
from turnspec.dsl import Expect
from turnspec.dsl.matchers import Matches
from turnspec.dsl.templates import TemplateError, render_value
from turnspec.plan.model import CallPlan, TurnPlan
from turnspec.plan.scope import variables_for


def captures(plan: CallPlan, index: int, view: EventsView, derived: Iterable[Derived] = ()) -> dict[str, Any]:
    """What a turn gives the turns after it: what its patterns caught, then what it saves.

    A pattern that was not found binds nothing, nor does a `save` that cannot be filled in. `derived` has the
    words that were recognised so far.
    """
    known = variables(plan, index, view)
    words = words_of(plan, index, view, derived) if needs_words(plan.turns[index]) else ""
    caught = _caught(plan, index, view, known, words)
    return {**caught, **_saved(plan, index, view, {**known, **caught}, words)}


def needs_words(turn: TurnPlan) -> bool:
    """Whether what a turn binds is taken out of the agent's words."""
    saves = any("reply" in text for text in texts_in(turn.turn.save))
    return saves or any(isinstance(matcher, Matches) for expect in turn.asked for matcher in expect.says)


def words_of(plan: CallPlan, index: int, view: EventsView, derived: Iterable[Derived] = ()) -> str:
    """All that the agent said in a turn, as heard."""
    return text_of(line for line in transcript(view, plan.words, derived) if line.turn == index)


def _saved(
    plan: CallPlan, index: int, view: EventsView, known: Mapping[str, Any], words: str
) -> dict[str, Any]:
    save = plan.turns[index].turn.save
    if not save:
        return {}
    names = {**known, **_seen(plan, index, view, words)}
    found: dict[str, Any] = {}
    for name, written in save.items():
        try:
            found[name] = render_value(written, names)
        except TemplateError:
            continue  # it did not happen: turns that need it are skipped, saying so
    return found


def _seen(plan: CallPlan, index: int, view: EventsView, words: str) -> dict[str, Any]:
    """What `save` may name of the turn: its words, and of each function the last call and what came of it."""
    uses = [use for use in function_uses(view, plan.calls, windows(view)) if use.turn == index]
    return {
        "reply": {"text": words} if words else {},
        "calls": {use.name: value_of(use.arguments) for use in uses},
        "returned": {use.name: value_of(use.output) for use in uses if use.output is not None},
    }


def _caught(
    plan: CallPlan, index: int, view: EventsView, known: Mapping[str, Any], words: str
) -> dict[str, str]:
    found: dict[str, str] = {}
    for expect in plan.turns[index].asked:
        found |= groups_in(plan, index, view, expect, known, words)
    return found


def groups_in(
    plan: CallPlan,
    index: int,
    view: EventsView,
    expect: Expect,
    known: Mapping[str, Any],
    words: str,
) -> dict[str, str]:
    """What the named groups of these patterns caught in a turn in which the agent said `words`."""
    try:
        filled = filled_in(expect, known)
    except TemplateError:
        return {}  # it needs a capture that did not happen itself: judging says so
    matches = (*_in_words(plan, index, view, filled, words), *_in_calls(plan, index, view, filled))
    found: dict[str, str] = {}
    for match in (*matches, *_in_acts(index, view, filled), *_in_messages(plan, index, view, filled)):
        if match.holds:
            found |= match.captures
    return found


def variables(plan: CallPlan, index: int, view: EventsView) -> Mapping[str, Any]:
    """Every name that has a value in a turn: what was caught before it began goes before all else."""
    began = next((event for event in view.of(TurnBegan) if event.turn == index), None)
    caught: dict[str, Any] = {}
    for event in view.events:
        if event is began:
            break
        if isinstance(event, Captured) and event.turn <= index:
            caught[event.name] = event.value
    return variables_for(plan, index, caught)


def _in_words(plan: CallPlan, index: int, view: EventsView, expect: Expect, words: str) -> Iterator[Match]:
    yield from _in_transcript(plan, index, view, expect)
    patterns = [matcher for matcher in expect.says if isinstance(matcher, Matches)]  # no other binds anything
    yield from (match_words(words, matcher) for matcher in patterns)


def _in_transcript(plan: CallPlan, index: int, view: EventsView, expect: Expect) -> Iterator[Match]:
    patterns = [matcher for matcher in expect.transcript if isinstance(matcher, Matches)]
    if patterns and plan.heard is not None:
        text = understood(view, plan.heard, windows(view), index).text
        yield from (match_words(text, matcher) for matcher in patterns)


def _in_acts(index: int, view: EventsView, expect: Expect) -> Iterator[Match]:
    if expect.transfer is None and expect.dtmf is None and not expect.activity:
        return
    turns, places = windows(view), numbers(view)
    for event in view.events:
        match event:
            case AgentTransferred(target=target) if expect.transfer is not None:
                found = match_value(target, expect.transfer)
            case AgentActivity(name=name, payload=payload):
                wanted = [item.with_ for item in expect.activity if item.name == name]
                matches = [match_value(payload, each) for each in wanted if each is not None]
                found = next((match for match in matches if match.holds), Match())
            case _:
                continue
        if owner(turns, event.at_us, places[id(event)]) == index:
            yield found
    if isinstance(expect.dtmf, Matches):
        pressed = (event for event in view.of(AgentPressed))
        digits = [e.digits for e in pressed if owner(turns, e.at_us, places[id(e)]) == index]
        yield match_value("".join(digits), expect.dtmf)


def _in_messages(plan: CallPlan, index: int, view: EventsView, expect: Expect) -> Iterator[Match]:
    candidates = list(candidates_of(plan, view, index)) if expect.event else []
    for matcher in expect.event:
        matches = (match_message(candidate, matcher) for candidate in candidates)
        yield next((match for match in matches if match.holds), Match())


def _in_calls(plan: CallPlan, index: int, view: EventsView, expect: Expect) -> Iterator[Match]:
    if not expect.calls and not expect.returned:
        return
    for use in function_uses(view, plan.calls, windows(view)):
        if use.turn != index:
            continue
        for item in expect.calls.items if expect.calls else ():
            if item.function == use.name:
                yield match_call(use, item)
        if use.name in expect.returned and use.output is not None:
            yield match_value(value_of(use.output), expect.returned[use.name])
