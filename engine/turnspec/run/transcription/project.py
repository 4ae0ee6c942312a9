"""What makes out words in a project: the engine that its files, the environment or the command line name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Final

from turnspec.dsl.engine_parts import texts_of_engine
from turnspec.dsl.load import Loaded
from turnspec.dsl.models import TranscriptionEngine
from turnspec.dsl.names import Text
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import TemplateError, render
from turnspec.plan.model import CallPlan
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.asking import SHORTEST_KEY, Api, Endpoint
from turnspec.run.options import RunOptions
from turnspec.run.transcription import installed
from turnspec.run.transcription.endpoint import EndpointTranscriber
from turnspec.run.transcription.installed import AUTO, BRINGS, ENDPOINT, GRAMMAR, NONE, WHISPER
from turnspec.run.transcription.models import Found, find_model, how_to_get_one, why_none
from turnspec.run.transcription.phrases import phrases_of
from turnspec.run.transcription.pool import Pool, as_many_as_cores
from turnspec.run.transcription.recognizer import PooledTranscriber, Recognizer
from turnspec.speech.secrets import SpokenSecrets
from turnspec.speech.transcription import Transcriber

KNOWS_ONLY_PHRASES: Final = "the engine 'grammar' knows only what is expected, so it cannot verify words"
LISTEN_OPENLY: Final = "write engine: whisper, or endpoint; or take out `verify`"
HOW_TO_HAVE_ONE: Final = f"have its words made out: {BRINGS[WHISPER]}, and a model"


def wrong_engine(options: RunOptions) -> str:
    """What is wrong with the engine that the command line or the environment names; empty if nothing is."""
    asked = installed.asked_for(options.transcription)
    return "" if options.transcriber is not None else installed.wrong_name(asked)


@dataclass(frozen=True, slots=True)
class Transcription:
    """What makes out words in a project; `why_none` is what to do where nothing does."""

    recognizer: Recognizer | None = None
    why_none: str = HOW_TO_HAVE_ONE
    problems: tuple[Problem, ...] = ()
    texts: tuple[Text, ...] = ()  # what it needs of the environment
    secrets: tuple[str, ...] = ()
    is_over: bool = False  # calls are judged that were held before: nobody listens any more

    def problems_of(self, plan: CallPlan) -> tuple[Problem, ...]:
        """What stands against holding words that are told against the sound of a call, if that is wanted."""
        if plan.verifies is None:
            return ()
        place = plan.verifies.place
        if self.recognizer is not None and self.recognizer.needs_phrases:
            return (problem_at(place, "clash", KNOWS_ONLY_PHRASES, hint=LISTEN_OPENLY, key=True),)
        if self.listens or self.is_over:
            return ()
        message = "`verify` needs speech recognition, and there is none here"
        return (problem_at(place, "no-engine", message, hint=self.why_none, key=True),)

    @property
    def listens(self) -> bool:
        """Whether words are made out, once the engine has what it needs and its problems are mended."""
        return self.recognizer is not None or bool(self.texts or self.problems)

    def recognizer_for(self, plan: CallPlan) -> Recognizer | None:
        """The same for one call, told what may be said in it."""
        if self.recognizer is None or not plan.recognises:
            return None
        return self.recognizer.with_phrases(phrases_of(plan))

    def recognizer_for_agents(self) -> Recognizer | None:
        """The same for local agents; an engine that has to know what may be said is of no use to them."""
        return None if self.recognizer is None or self.recognizer.needs_phrases else self.recognizer

    def texts_for(self, plan: CallPlan) -> tuple[Text, ...]:
        """What has to be set for a call whose words have to be made out."""
        return self.texts if plan.recognises else ()


def transcription_for(loaded: Loaded, environment: Mapping[str, str], options: RunOptions) -> Transcription:
    """What makes out words in a project; an object of the caller's own wins, then what was asked for."""
    found = _transcription(loaded, environment, options)
    if found.recognizer is not None:
        secrets = SpokenSecrets.of(environment.get(name, "") for name in loaded.project.secrets)
        found = replace(found, recognizer=replace(found.recognizer, secrets=secrets))
    return replace(found, is_over=options.again)


def _transcription(loaded: Loaded, environment: Mapping[str, str], options: RunOptions) -> Transcription:
    spec = loaded.project.engines.transcription
    kept = KeptAnswers.of_project(loaded.root) if options.cache else KeptAnswers(None)
    if options.transcriber is not None:
        return Transcription(Recognizer(options.transcriber, KeptAnswers(None), spec.language))
    asked = installed.asked_for(options.transcription)
    name = asked or spec.engine
    if name == NONE:
        return Transcription(why_none=_turned_off(by_file=asked is None))
    if wrong := _problem(name, spec, asked=asked is not None):
        return Transcription(problems=(wrong,))
    if name == ENDPOINT:
        return _asked_elsewhere(spec, environment, kept)
    if name == AUTO and not installed.is_installed(WHISPER):
        return Transcription(why_none=HOW_TO_HAVE_ONE)
    made = _local(name, loaded, spec, options)
    if made is None:
        # What is only the best that there is may be missing; what was named may not.
        hint = how_to_get_one(spec.model)
        named = name == WHISPER or spec.model is not None
        return Transcription(why_none=hint, problems=(_no_model(loaded, spec, hint),) if named else ())
    return Transcription(Recognizer(made, kept, spec.language))


def _local(name: str, loaded: Loaded, spec: TranscriptionEngine, options: RunOptions) -> Transcriber | None:
    """An engine that works on this machine; None where it has no model."""
    pool = Pool(as_many_as_cores(options.workers))
    match name:
        case "auto" | "whisper":
            found = find_model(spec.model, loaded.root, spec.language, os.environ)
            return None if found is None else _whisper(pool, found, spec)
        case "grammar":
            folder = None if spec.model is None else str(loaded.root / spec.model)
            written: dict[str, Any] = {"engine": GRAMMAR, "folder": folder, "phrases": []}
            return PooledTranscriber(pool, name, version("pocketsphinx"), spec.model or "en-us", written)
        case _:
            made = {"engine": name, "model": spec.model}
            return PooledTranscriber(pool, name, installed.version_of_plug_in(name), spec.model or "", made)


def _no_model(loaded: Loaded, spec: TranscriptionEngine, hint: str) -> Problem:
    place = spec.place if spec.model is None else spec.place.child("model")
    return problem_at(place, "no-engine", why_none(spec.model, loaded.root), hint=hint)


def _whisper(pool: Pool, found: Found, spec: TranscriptionEngine) -> PooledTranscriber:
    written = {"engine": WHISPER, "folder": str(found.folder), "model": found.name, "beam": spec.beam}
    return PooledTranscriber(pool, WHISPER, version("faster-whisper"), found, written)


def _asked_elsewhere(
    spec: TranscriptionEngine, environment: Mapping[str, str], kept: KeptAnswers
) -> Transcription:
    texts = tuple(texts_of_engine(spec))
    url, model, key = (_rendered(text, environment) for text in (spec.url, spec.model, spec.key))
    if not url or not model or (spec.key is not None and key is None):
        return Transcription(texts=texts, why_none="")
    secrets = (key,) if key and (key != spec.key or len(key) >= SHORTEST_KEY) else ()
    engine = EndpointTranscriber(Api(Endpoint(url, model, key, spec.timeout.seconds)))
    return Transcription(Recognizer(engine, kept, spec.language), texts=texts, secrets=secrets)


def _turned_off(*, by_file: bool) -> str:
    where = "engines: {transcription: none} in turnspec.yaml"
    if not by_file:
        where = "--transcription or TURNSPEC_TRANSCRIPTION: none"
    return f"take out what turns transcription off ({where})"


def _problem(name: str, spec: TranscriptionEngine, *, asked: bool) -> Problem | None:
    """What stands against an engine, at its place in the file, or at that of all its settings."""
    place = _place(spec, asked=asked)
    if name not in installed.names():
        near = nearest(name, installed.names())
        hint = "" if near else f"known are: {', '.join(installed.names())}"
        return problem_at(
            place, "no-engine", f"there is no transcription engine '{name}'", hint=hint, suggestion=near
        )
    if not installed.is_installed(name):
        return problem_at(place, "no-engine", installed.not_installed(name), hint=BRINGS[name])
    if name == ENDPOINT and asked and (spec.url is None or spec.model is None):
        hint = "write engines: {transcription: {engine: endpoint, url: ..., model: ...}} in turnspec.yaml"
        return problem_at(place, "missing-key", "the engine 'endpoint' needs `url` and `model`", hint=hint)
    return None


def _place(spec: TranscriptionEngine, *, asked: bool) -> Place:
    return spec.place.child("engine") if "engine" in spec.model_fields_set and not asked else spec.place


def _rendered(text: str | None, environment: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    try:
        return str(render(text, {"env": environment}))
    except TemplateError:
        return None
