"""What of the engines of a project goes together, and what their texts may use."""

from __future__ import annotations

from collections.abc import Iterator

from turnspec.dsl.engines import ENDPOINT, Engines, IntentsEngine, JudgeEngine
from turnspec.dsl.names import Names, Text, problems_of_texts, texts_of
from turnspec.dsl.problems import Problem, problem_at

_OF_AN_ENDPOINT = ("url", "model", "key", "timeout")


def problems_of_engines(engines: Engines, names: Names) -> Iterator[Problem]:
    """What is lacking, what means nothing beside the rest, and names that are not of the environment."""
    yield from _of_intents(engines.intents)
    yield from problems_of_texts(texts_of_engines(engines), names)


def texts_of_engines(engines: Engines) -> Iterator[Text]:
    """All texts of the engines that may be filled in."""
    yield from texts_of_engine(engines.intents)
    if engines.judge is not None:
        yield from texts_of_engine(engines.judge)


def texts_of_engine(engine: IntentsEngine | JudgeEngine) -> Iterator[Text]:
    """The texts of one engine that may be filled in: where it is, what it runs, and what lets us in."""
    for key in ("url", "model", "key"):
        yield from texts_of(getattr(engine, key), engine.place.child(key))


def _of_intents(engine: IntentsEngine) -> Iterator[Problem]:
    if engine.engine == ENDPOINT:
        yield from _lacking(engine)
        return
    for key in _OF_AN_ENDPOINT:
        if key in engine.model_fields_set:
            message = f"the engine '{engine.engine}' asks nobody: `{key}` means nothing there"
            hint = f"take it out, or write engine: {ENDPOINT}"
            yield problem_at(engine.place.child(key), "clash", message, hint=hint, key=True)


def _lacking(engine: IntentsEngine) -> Iterator[Problem]:
    examples = {"url": "https://api.openai.com/v1", "model": "text-embedding-3-small"}
    for key, example in examples.items():
        if getattr(engine, key) is None:
            message = f"the engine '{ENDPOINT}' needs the key '{key}'"
            hint = f"write {key}: {example}"
            yield problem_at(engine.place, "missing-key", message, hint=hint, key=True)
