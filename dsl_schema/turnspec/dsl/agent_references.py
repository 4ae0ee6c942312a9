"""What an agent script refers to: intents, recordings, names in its templates."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.dsl.agent import AgentScript, When
from turnspec.dsl.engine_parts import asked_in_a_call
from turnspec.dsl.known import Known
from turnspec.dsl.names import RESERVED, problems_of_texts, reserved_name
from turnspec.dsl.patterns import capture_names
from turnspec.dsl.problems import Problem
from turnspec.dsl.texts import replies_of, texts_of_functions, texts_of_idle, texts_of_reply
from turnspec.dsl.turn_references import unknown_intent


def problems_of_agent(script: AgentScript, known: Known) -> Iterator[Problem]:
    """What is wrong with all that an agent script refers to."""
    names = known.names.with_words({"heard"}).with_dotted({"call.from", "call.to"})
    for clip in script.heard:
        yield from known.files.audio_problems(clip, script.place.child("heard", clip), key=True)
    if script.idle is not None and script.idle.audio is not None:
        yield from known.files.audio_problems(script.idle.audio, script.idle.place.child("audio"))
    yield from problems_of_texts(texts_of_functions(script.functions), names.with_words({"arguments"}))
    yield from problems_of_texts(texts_of_idle(script), names)
    for response in script.responses.values():
        yield from _reserved_groups(response.when)
        if response.when.intents:
            place = response.when.place.child("intents")
            yield from asked_in_a_call(place, "what a local agent hears", known.project.engines)
        for number, intent in enumerate(response.when.intents):
            yield from unknown_intent(intent, response.when.place.child("intents", number), known)
    for reply, bound in replies_of(script):
        if reply.audio is not None:
            yield from known.files.audio_problems(reply.audio, reply.place.child("audio"))
        yield from problems_of_texts(
            texts_of_reply(reply), names.with_words(bound.words).with_dotted(bound.dotted)
        )


def _reserved_groups(when: When) -> Iterator[Problem]:
    for name in capture_names(when.pattern) if when.pattern else ():
        if name in RESERVED:
            yield reserved_name(name, when.place.child("pattern"), key=False)
