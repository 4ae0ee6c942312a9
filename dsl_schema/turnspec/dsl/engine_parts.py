"""What of the engines of a project goes together, and what their texts may use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from turnspec.dsl.engines import ENDPOINT, Engines, IntentsEngine, JudgeEngine
from turnspec.dsl.expect import Expect
from turnspec.dsl.names import Names, Text, problems_of_texts, texts_of
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.spans import Place
from turnspec.dsl.speaking import SpeechEngine
from turnspec.dsl.transcribing import TranscriptionEngine
from turnspec.dsl.voice_activity import problems_of_voice_activity

JUDGE_LINES = (
    "secrets: [OPENAI_API_KEY] and engines: "
    '{judge: {url: "https://api.openai.com/v1", model: gpt-4o-mini, key: "{{ env.OPENAI_API_KEY }}"}}'
)
PIPER = "piper"
"""The engine whose voices are files of the user's."""

_MAY_BECOME_ANOTHER = ("auto", "none")
_OF_AN_ENDPOINT = ("url", "model", "key", "timeout")


def problems_of_engines(engines: Engines, names: Names) -> Iterator[Problem]:
    """What is lacking, what means nothing beside the rest, and names that are not of the environment."""
    yield from _of_intents(engines.intents)
    yield from _of_speech(engines.speech)
    yield from _of_transcription(engines.transcription)
    yield from problems_of_voice_activity(engines.voice_activity)
    outside = replace(names, words=frozenset(), explain=_only_outside)
    yield from problems_of_texts(texts_of_engines(engines), outside)


def texts_of_engines(engines: Engines) -> Iterator[Text]:
    """All texts of the engines that may be filled in."""
    yield from texts_of_engine(engines.intents)
    yield from texts_of_engine(engines.speech)
    yield from texts_of_engine(engines.transcription)
    if engines.judge is not None:
        yield from texts_of_engine(engines.judge)


def texts_of_engine(
    engine: IntentsEngine | JudgeEngine | SpeechEngine | TranscriptionEngine,
) -> Iterator[Text]:
    """The texts of one engine that may be filled in: where it is, what it runs, and what lets us in."""
    for key in ("url", "model", "key"):
        yield from texts_of(getattr(engine, key), engine.place.child(key))


def nobody_judges(expect: Expect, engines: Engines) -> Iterator[Problem]:
    """The problem of a question for a judge where none is configured."""
    if expect.judge and engines.judge is None:
        message = "no model is configured that could judge a reply"
        place = expect.place.child("judge")
        yield problem_at(place, "no-judge", message, hint=f"write in turnspec.yaml: {JUDGE_LINES}", key=True)


def asked_in_a_call(place: Place, what: str, engines: Engines) -> Iterator[Problem]:
    """The problem of intents that must be known while the call is up, where an endpoint has to be asked."""
    if engines.intents.engine == ENDPOINT:
        message = f"{what} has to be known while the call is up, and an endpoint is asked after it"
        hint = "write engines: {intents: {engine: tfidf}} in turnspec.yaml, or use; or ask for words: says"
        yield problem_at(place, "asked-later", message, hint=hint, key=True)


def _only_outside(name: str) -> tuple[str, str] | None:
    if name == "env":
        return None
    return "", "engines are the same for every call: only names of the environment, {{ env.NAME }}, are known"


def _of_speech(engine: SpeechEngine) -> Iterator[Problem]:
    if engine.engine == ENDPOINT:
        yield from _lacking(engine, "gpt-4o-mini-tts", voice="alloy")
    elif engine.engine not in _MAY_BECOME_ANOTHER:
        asks_nobody = f"the engine '{engine.engine}' asks nobody"
        yield from _meaningless(engine, ("url", "key", "timeout"), asks_nobody)
        if engine.engine != PIPER:
            yield from _meaningless(engine, ("model",), f"the engine '{engine.engine}' brings its voices")
        elif engine.model is None:
            message = f"the engine '{PIPER}' needs the key 'model'"
            hint = "write where its voices are: model: voices/en_US-lessac-medium.onnx, or their folder"
            yield problem_at(engine.place, "missing-key", message, hint=hint, key=True)


def _of_transcription(engine: TranscriptionEngine) -> Iterator[Problem]:
    if engine.engine == ENDPOINT:
        yield from _lacking(engine, "whisper-1")
        yield from _meaningless(engine, ("beam",), "the API decides how it listens")
    else:
        yield from _meaningless(
            engine, ("url", "key", "timeout"), f"the engine '{engine.engine}' asks nobody"
        )


def _meaningless(
    engine: SpeechEngine | TranscriptionEngine, keys: tuple[str, ...], why: str
) -> Iterator[Problem]:
    for key in keys:
        if key in engine.model_fields_set:
            hint = "take it out" if engine.engine == ENDPOINT else f"take it out, or write engine: {ENDPOINT}"
            message = f"{why}: `{key}` means nothing there"
            yield problem_at(engine.place.child(key), "clash", message, hint=hint, key=True)


def _of_intents(engine: IntentsEngine) -> Iterator[Problem]:
    if engine.engine == ENDPOINT:
        yield from _lacking(engine, "text-embedding-3-small")
        return
    for key in _OF_AN_ENDPOINT:
        if key in engine.model_fields_set:
            message = f"the engine '{engine.engine}' asks nobody: `{key}` means nothing there"
            hint = f"take it out, or write engine: {ENDPOINT}"
            yield problem_at(engine.place.child(key), "clash", message, hint=hint, key=True)


def _lacking(
    engine: IntentsEngine | SpeechEngine | TranscriptionEngine, model: str, **more: str
) -> Iterator[Problem]:
    examples = {"url": "https://api.openai.com/v1", "model": model, **more}
    for key, example in examples.items():
        if getattr(engine, key) is None:
            message = f"the engine '{ENDPOINT}' needs the key '{key}'"
            hint = f"write {key}: {example}"
            yield problem_at(engine.place, "missing-key", message, hint=hint, key=True)
