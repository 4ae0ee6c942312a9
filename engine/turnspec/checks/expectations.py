"""What a turn may expect, by its key: a registry of plain callables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from turnspec.checks import (
    acting,
    arriving,
    behaving,
    calling,
    custom,
    judging,
    meaning,
    playing,
    saying,
    transcribing,
)
from turnspec.checks.context import Stage
from turnspec.checks.matching import rendered
from turnspec.dsl import ActivityExpectation, CallsExpectation, Expect
from turnspec.dsl.templates import render_value
from turnspec.results import Finding

Expectation: TypeAlias = Callable[[Stage, Expect], Iterable[Finding]]

EXPECTATIONS: Final[Mapping[str, Expectation]] = MappingProxyType(
    {
        "intent": meaning.intent,
        "says": saying.says,
        "does_not_say": saying.does_not_say,
        "transcript": transcribing.transcript,
        "calls": calling.calls,
        "does_not_call": calling.does_not_call,
        "returned": calling.returned,
        "silent": behaving.silent,
        "stops": behaving.stops,
        "keeps_speaking": behaving.keeps_speaking,
        "plays": playing.plays,
        "hangup": behaving.hangup,
        "transfer": acting.transfer,
        "dtmf": acting.dtmf,
        "activity": acting.activity,
        "event": arriving.event,
        "nothing": arriving.nothing,
        "check": custom.checks,
        "judge": judging.judge,
    }
)
"""Every key of `expect:` that this version runs, in the order in which findings are listed."""


NEGATIVE: Final = frozenset({"does_not_say", "does_not_call"})
"""Those of them which hold where something is not found."""


def check(stage: Stage, expect: Expect) -> Iterator[Finding]:
    """A finding for each thing that was expected; `expect` has its templates filled in."""
    for key, expectation in EXPECTATIONS.items():
        if key in expect.model_fields_set:
            yield from expectation(stage, expect)


def expected(stage: Stage, expect: Expect, known: Mapping[str, Any]) -> Iterator[Finding]:
    """The same for expectations as they are written; what they look at may have its secrets masked.

    Raises:
        TemplateError: A name has no value, such as a capture that did not happen.
    """
    filled, mask = filled_in(expect, known), stage.context.mask
    hidden = filled if mask is None else without_secrets(filled, mask)
    yield from check(stage, filled) if hidden == filled else check_masked(stage, filled, hidden)


def check_masked(stage: Stage, expect: Expect, hidden: Expect) -> Iterator[Finding]:
    """The same, where secrets were taken out of the evidence: what is expected counts with them and without.

    A secret that was not recognised is still there to be found, one that was is found as its mask.
    """
    for key, expectation in EXPECTATIONS.items():
        if key == "check" and expect.check:
            yield from expectation(stage, hidden)  # once: it may do more than to look
        elif key in expect.model_fields_set:
            plain, masked = list(expectation(stage, expect)), list(expectation(stage, hidden))
            if len(plain) != len(masked):
                yield from masked
            for one, other in zip(plain, masked, strict=False) if len(plain) == len(masked) else ():
                yield other if one.fails is not (key in NEGATIVE) else one


def filled_in(expect: Expect, variables: Mapping[str, Any]) -> Expect:
    """The expectations with their templates filled in, each still knowing where it was written.

    Raises:
        TemplateError: A name has no value, such as a capture that did not happen.
    """

    def render(value: Any) -> Any:
        return render_value(value, variables)

    filled = _changed(expect, render)
    # A path is no secret, and leads nowhere once a part of it is hidden.
    return filled.model_copy(update={"plays": tuple(map(render, expect.plays))}) if expect.plays else filled


def _changed(expect: Expect, render: Callable[[Any], Any]) -> Expect:
    changed: dict[str, Any] = {
        key: tuple(rendered(matcher, render) for matcher in getattr(expect, key))
        for key in ("says", "does_not_say", "transcript")
        if key in expect.model_fields_set
    }
    if expect.calls is not None:
        changed["calls"] = _filled_in_calls(expect.calls, render)
    for key in ("transfer", "dtmf"):
        matcher = getattr(expect, key)
        if matcher is not None:
            changed[key] = rendered(matcher, render)
    if expect.activity:
        changed["activity"] = tuple(_filled_in_activity(item, render) for item in expect.activity)
    if expect.event:
        changed["event"] = tuple(rendered(matcher, render) for matcher in expect.event)
    if expect.judge:
        changed["judge"] = tuple(
            each.model_copy(update={"question": str(render(each.question))}) for each in expect.judge
        )
    if expect.check:
        changed["check"] = tuple(
            each.model_copy(update={"with_": render(each.with_)}) for each in expect.check
        )
    if expect.returned:
        changed["returned"] = {name: rendered(matcher, render) for name, matcher in expect.returned.items()}
    return expect.model_copy(update=changed)


def without_secrets(expect: Expect, mask: Callable[[str], str]) -> Expect:
    """Filled-in expectations as they are to be found in evidence that has no secrets."""

    def hide(value: Any) -> Any:
        match value:
            case str():
                return mask(value)
            case dict():
                return {key: hide(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(map(hide, value))
            case int() | float() if not isinstance(value, bool) and mask(str(value)) != str(value):
                return mask(str(value))
            case _:
                return value

    return _changed(expect, hide)


def _filled_in_activity(item: ActivityExpectation, render: Callable[[Any], Any]) -> ActivityExpectation:
    return item if item.with_ is None else item.model_copy(update={"with_": rendered(item.with_, render)})


def _filled_in_calls(calls: CallsExpectation, render: Callable[[Any], Any]) -> CallsExpectation:
    items = tuple(
        item if item.with_ is None else item.model_copy(update={"with_": rendered(item.with_, render)})
        for item in calls.items
    )
    return calls.model_copy(update={"items": items})
