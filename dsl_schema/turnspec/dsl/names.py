"""Which names templates may use, and where each must have got its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from turnspec.dsl.base import Model
from turnspec.dsl.conditions import Condition
from turnspec.dsl.expect import Expect, JudgeExpectation
from turnspec.dsl.matchers import (
    Contains,
    Equals,
    Fields,
    Items,
    Matches,
    OneOf,
    Plain,
    Range,
    SimilarTo,
    WordErrorRate,
)
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.reader import part_of
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import TemplateError, is_template, names
from turnspec.dsl.turn import Turn

Text = tuple[str, Place]

RESERVED = frozenset(
    {"arguments", "backend", "call", "calls", "env", "heard", "port", "reply", "results", "returned"}
)
"""Names that mean something in templates: no value may have them."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that are bound at one place: `words` with all below them, and dotted names one by one.

    `explain` says of a name that is not among them what is wrong, and what to do. Where the names are not
    `complete`, because a file that binds some is broken, any name may be one of them.
    """

    words: frozenset[str] = frozenset()
    dotted: frozenset[str] = frozenset()
    explain: Callable[[str], tuple[str, str] | None] | None = field(default=None, compare=False)
    complete: bool = True

    def __contains__(self, name: str) -> bool:
        if not self.complete:
            return True
        if name.partition(".")[0] in self.words or name in self.dotted:
            return True
        return any(name.startswith(f"{known}.") for known in self.dotted if known.startswith("results."))

    def with_words(self, more: frozenset[str] | set[str] | Mapping[str, Any]) -> Names:
        """These names and more."""
        return replace(self, words=self.words | set(more))

    def with_dotted(self, more: frozenset[str] | set[str]) -> Names:
        """These names and more, each with its dots."""
        return replace(self, dotted=self.dotted | more)


def problems_of_texts(texts: Iterator[Text], known: Names) -> Iterator[Problem]:
    """What is wrong with the templates among these texts."""
    for text, place in texts:
        if is_template(text):
            yield from _problems_of_template(text, place, known)


def reserved_name(name: str, place: Place, *, key: bool) -> Problem:
    """The problem of a name that means something else in templates."""
    message = f"'{name}' cannot be the name of a value: templates mean something else by it"
    hint = f"choose another name, such as the_{name}"
    return problem_at(place, "reserved-name", message, hint=hint, key=key)


def no_templates(texts: Iterable[Text], what: str) -> Iterator[Problem]:
    """Refuse templates where a text must be known before any call."""
    for text, place in texts:
        if is_template(text):
            message = f"{what} cannot have a template: it is needed before any value is known"
            yield problem_at(place, "template-not-allowed", message, hint="write it out")


def _problems_of_template(text: str, place: Place, known: Names) -> Iterator[Problem]:
    try:
        used = names(text)
    except TemplateError as error:
        begun = min(at for mark in ("{{", "{%") if (at := text.find(mark)) >= 0)
        offset = max(begun, text.find(error.word, begun) if error.word else begun)
        span = part_of(place, text, offset, len(error.word) or 2)
        yield problem_at(place, error.kind, str(error), hint=error.hint, span=span)
        return
    for name in sorted(used):
        if name not in known:
            yield _undefined(name, text, place, known)


def _undefined(name: str, text: str, place: Place, known: Names) -> Problem:
    used = re.search(r"\{[{%][^}]*?(?<![\w.])" + f"({re.escape(name)})" + r"(?!\w)", text)
    span = part_of(place, text, used.start(1) if used else 0, len(name))
    near = nearest(name, known.words | known.dotted)
    message, hint = f"nothing gives '{name}' a value before this", "" if near else _how_to_bind(name)
    if known.explain is not None and (found := known.explain(name.partition(".")[0])) is not None:
        message, hint = found[0] or message, found[1]
    return problem_at(place, "undefined-name", message, suggestion=near, hint=hint, span=span)


def _how_to_bind(name: str) -> str:
    root, _, rest = name.partition(".")
    if root == "env" and rest:
        return f"name it in turnspec.yaml: environment: [{rest}], or secrets: [{rest}] if nobody may see it"
    if root == "reply" and rest != "text":
        return "of a reply only its words are known, as reply.text below `save`"
    if root in ("reply", "calls", "returned"):
        return "it is known below `save` only: save it there under a name of its own"
    if root == "results":
        function = rest.partition(".")[0] or "the function"
        return f"call {function} in the same response, and use its result in `then`"
    return f"give it one under `variables:`, or capture it in an earlier turn with (?P<{root}>...)"


def texts_of(value: Any, place: Place) -> Iterator[Text]:
    """All texts in a plain value, at any depth."""
    match value:
        case str():
            yield value, place
        case Mapping():
            for key, item in value.items():
                yield from texts_of(item, place.child(key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from texts_of(item, place.child(index))
        case _:
            pass


def texts_of_matcher(matcher: Model | None) -> Iterator[Text]:
    """All texts that a matcher compares with."""
    match matcher:
        case Plain():
            yield from texts_of(matcher.value, matcher.place)
        case Matches():
            yield matcher.matches, matcher.place.child("matches")
        case Contains():
            yield from texts_of(matcher.contains, matcher.place.child("contains"))
        case Equals():
            yield from texts_of(matcher.equals, matcher.place.child("equals"))
        case OneOf():
            yield from texts_of(matcher.one_of, matcher.place.child("one_of"))
        case Range():
            for word in ("at_least", "at_most"):
                yield from texts_of(getattr(matcher, word), matcher.place.child(word))
        case SimilarTo():
            yield matcher.similar_to, matcher.place.child("similar_to")
        case WordErrorRate():
            yield matcher.word_error_rate.to, matcher.word_error_rate.place.child("to")
        case JudgeExpectation():
            yield matcher.question, matcher.place.child("question")
        case Fields() | Items():
            for part in _parts(matcher):
                yield from texts_of_matcher(part)
        case _:
            pass


def matchers_of(expect: Expect) -> Iterator[Model]:
    """All matchers of a turn, but those inside others; the questions of a judge are among them."""
    yield from expect.says
    yield from expect.does_not_say
    yield from expect.transcript
    for call in expect.calls.items if expect.calls else ():
        if call.with_ is not None:
            yield call.with_
    yield from expect.returned.values()
    yield from (matcher for matcher in (expect.transfer, expect.dtmf) if matcher is not None)
    for activity in expect.activity:
        if activity.with_ is not None:
            yield activity.with_
    yield from expect.event
    yield from expect.judge


def captures_of_turn(turn: Turn) -> frozenset[str]:
    """The variables that a turn binds when it passes, saved ones too."""
    caught = captures_of(turn.expect)
    return caught.union(turn.save) if turn.save else caught


def captures_of_conditions(conditions: Iterable[Condition]) -> frozenset[str]:
    """The variables that conditions bind where they hold."""
    return frozenset(
        name
        for condition in conditions
        for name in (
            *captures_of(condition.reply),
            *(each for matcher in condition.variables.values() for each in _captures(matcher)),
        )
    )


def captures_of(expect: Expect | None) -> frozenset[str]:
    """The variables that a turn binds when it passes."""
    if expect is None:
        return frozenset()
    negative = set(map(id, expect.does_not_say))
    return frozenset(
        name for matcher in matchers_of(expect) if id(matcher) not in negative for name in _captures(matcher)
    )


def place_of_capture(name: str, source: Model) -> tuple[Place, bool]:
    """Where a turn, or another part of a document, captures a name, and whether that is a key."""
    if isinstance(source, Turn) and name in source.save:
        return source.place.child("save", name), True
    for model in _inside(source):
        if isinstance(model, Matches) and name in model.captures:
            return model.place.child("matches"), False
    return source.place, False


def _inside(value: object) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
        for key in type(value).model_fields:
            yield from _inside(getattr(value, key))
    elif isinstance(value, tuple | list | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _inside(each)


def _captures(matcher: Model) -> Iterator[str]:
    match matcher:
        case Matches():
            yield from matcher.captures
        case Fields() | Items():
            for part in _parts(matcher):
                yield from _captures(part)
        case _:
            pass


def _parts(matcher: Fields | Items) -> tuple[Model, ...]:
    return tuple(matcher.fields.values()) if isinstance(matcher, Fields) else matcher.items
