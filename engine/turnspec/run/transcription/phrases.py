"""What an agent may be heard to say in a call, as its scenario expects it: for engines that have to know."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.dsl.matchers import Contains, Equals, OneOf, SimilarTo, WordErrorRate
from turnspec.dsl.models import Matcher, Plain
from turnspec.dsl.templates import TemplateError, render_value
from turnspec.plan.model import CallPlan


def phrases_of(plan: CallPlan) -> tuple[str, ...]:
    """Every text that the agent is expected to say, or must not say; each once, in their order."""
    found = (
        text
        for turn in plan.active
        for expect in turn.expects()
        for matcher in (*expect.says, *expect.does_not_say)
        for text in _texts(matcher)
    )
    fillers = (text for turn in plan.active for text in turn.fillers)
    return tuple(dict.fromkeys(filled for text in (*found, *fillers) if (filled := _filled(text, plan))))


def _texts(matcher: Matcher) -> Iterator[str]:
    match matcher:
        case Plain(value=str(text)) | Contains(contains=str(text)) | Equals(equals=str(text)):
            yield text
        case OneOf(one_of=several):
            yield from (each for each in several if isinstance(each, str))
        case SimilarTo(similar_to=text):
            yield text
        case WordErrorRate(word_error_rate=errors):
            yield errors.to
        case _:
            return


def _filled(text: str, plan: CallPlan) -> str:
    """The text with what is known before the call; empty where it needs more."""
    try:
        return str(render_value(text, plan.variables))
    except TemplateError:
        return ""
