"""What turns and conditions refer to: intents, functions, recordings, names in their templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from turnspec.dsl.agent import BUILT_IN_INTENTS
from turnspec.dsl.caller import Play
from turnspec.dsl.conditions import REPLY_KEYS, Condition
from turnspec.dsl.engine_parts import asked_in_a_call, nobody_judges
from turnspec.dsl.expect import Expect
from turnspec.dsl.known import Known
from turnspec.dsl.names import Names, problems_of_texts, texts_of, texts_of_matcher
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.spans import Place
from turnspec.dsl.texts import texts_of_action, texts_of_expect
from turnspec.dsl.turn import Turn

_SAVED_FROM = frozenset({"calls", "returned"})
_SAVED_TEXT = frozenset({"reply.text"})


@dataclass(frozen=True, slots=True)
class References:
    """What may be referred to in one call: `functions` is None where nobody declares any, or not in full."""

    known: Known
    functions: frozenset[str] | None = None

    def of_turn(self, turn: Turn, names: Names, caught: frozenset[str]) -> Iterator[Problem]:
        """What is wrong with all that a turn refers to; it captures some names itself."""
        files = self.known.files
        for action in turn.caller:
            yield from problems_of_texts(texts_of_action(action), names)
            if isinstance(action, Play):
                yield from files.audio_problems(action.audio, action.place.child("audio"))
        if turn.expect is not None:
            yield from self.of_expect(turn.expect, names)
        if turn.save:
            saved = names.with_words(caught | _SAVED_FROM).with_dotted(_SAVED_TEXT)
            yield from problems_of_texts(texts_of(turn.save, turn.place.child("save")), saved)

    def of_expect(self, expect: Expect, names: Names) -> Iterator[Problem]:
        """What is wrong with all that is expected, or asked, of a reply."""
        for number, intent in enumerate(expect.intent):
            yield from unknown_intent(intent, expect.place.child("intent", number), self.known)
        if self.functions is not None:
            yield from _unknown_functions(expect, self.functions)
        for number, recording in enumerate(expect.plays):
            yield from self.known.files.audio_problems(recording, expect.place.child("plays", number))
        if not self.known.project_is_broken:
            yield from nobody_judges(expect, self.known.project.engines)
        yield from problems_of_texts(texts_of_expect(expect), names)

    def of_condition(self, condition: Condition, names: Names) -> Iterator[Problem]:
        """What is wrong with all that a condition asks."""
        for name, matcher in condition.variables.items():
            if name not in names.words and names.complete:
                yield _unknown_variable(name, matcher.place, names)
            yield from problems_of_texts(texts_of_matcher(matcher), names)
        if condition.reply is not None:
            if condition.reply.intent:
                place = condition.reply.place.child("intent")
                yield from asked_in_a_call(place, "the intent of a condition", self.known.project.engines)
            yield from self.of_expect(condition.reply, names)


def _unknown_variable(name: str, place: Place, names: Names) -> Problem:
    message, hint = f"there is no variable '{name}' here", ""
    near = nearest(name, {*names.words, "supports", "reply", *REPLY_KEYS})
    if name in REPLY_KEYS:
        message, near = f"there is no variable '{name}': a condition is on a variable, or on the reply", None
        hint = f"to ask it of the last reply, write reply: {{{name}: ...}}"
    elif names.explain is not None and (found := names.explain(name)) is not None:
        message, hint, near = found[0] or message, found[1], None
    elif near is None:
        hint = "give it a value under `variables:`, or capture it in an earlier turn"
    return problem_at(place, "undefined-name", message, suggestion=near, hint=hint, key=True)


def unknown_intent(intent: str, place: Place, known: Known) -> Iterator[Problem]:
    """The problem of an intent that neither the project nor turnspec has."""
    names = {*BUILT_IN_INTENTS, *known.intents}
    if intent not in names and not known.intents_are_broken:
        near = nearest(intent, names)
        hint = (
            "" if near else f"known are: {', '.join(sorted(names))}; add your own to a file under `intents:`"
        )
        yield problem_at(
            place, "unknown-intent", f"there is no intent '{intent}'", suggestion=near, hint=hint
        )


def _unknown_functions(expect: Expect, functions: frozenset[str]) -> Iterator[Problem]:
    for name, place, key in _functions_named(expect):
        if name not in functions:
            near = nearest(name, functions)
            hint = "" if near else "declare it under `functions:`, of the scenario or of the agent script"
            message = f"neither the scenario nor the agent script has a function '{name}'"
            yield problem_at(place, "unknown-function", message, suggestion=near, hint=hint, key=key)


def _functions_named(expect: Expect) -> Iterator[tuple[str, Place, bool]]:
    for call in expect.calls.items if expect.calls else ():
        written_out = ("function" in call.model_fields_set) and call.place.path[-1] != call.function
        yield call.function, call.place.child("function") if written_out else call.place, not written_out
    if expect.does_not_call != "any":
        for number, name in enumerate(expect.does_not_call):
            yield name, expect.place.child("does_not_call", number), False
    for name in expect.returned:
        yield name, expect.place.child("returned", name), True
