"""The engines of a project, ready to be asked: what its files say, its environment filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from turnspec.dsl.engine_parts import texts_of_engine
from turnspec.dsl.load import Loaded
from turnspec.dsl.models import Expect, IntentsEngine, JudgeEngine
from turnspec.dsl.names import Text
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.templates import TemplateError, render
from turnspec.plan import CallPlan
from turnspec.run.answers_kept import KeptAnswers
from turnspec.run.asking import SHORTEST_KEY, Api, Endpoint
from turnspec.run.derive import ChatJudge, EmbeddedIntents, Knowing
from turnspec.speech.engines import EngineError, engine, engine_names
from turnspec.speech.intents import EngineFactory, Intent, Intents


@dataclass(frozen=True, slots=True)
class ProjectEngines:
    """What a project knows things by; with a problem, its intents are those of the built-in engine."""

    intents: Intents
    knowing: Knowing
    secrets: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    judge_texts: tuple[Text, ...] = ()
    intent_texts: tuple[Text, ...] = ()

    def texts_for(self, plan: CallPlan) -> tuple[Text, ...]:
        """The texts of those engines that are asked about a call: what they need must be set."""
        expects = [expect for turn in plan.turns for expect in turn.asked]
        judged = self.judge_texts if any(expect.judge for expect in expects) else ()
        return judged + (self.intent_texts if any(map(_has_intents, expects)) else ())


def engines_of(
    loaded: Loaded, environment: Mapping[str, str], *, keep: bool = True, name: str | None = None
) -> ProjectEngines:
    """The engines of a project; `keep` False asks again for all, `name` is another engine of intents."""
    written = loaded.project.engines
    kept = KeptAnswers.of_project(loaded.root) if keep else KeptAnswers(None)
    spec = written.intents if name is None else written.intents.model_copy(update={"engine": name})
    intents, problems = _intents(loaded, spec, environment)
    embeddings = _endpoint(spec, environment) if intents.asked_later else None
    judge = None if written.judge is None else _endpoint(written.judge, environment)
    return ProjectEngines(
        intents=intents,
        knowing=Knowing(
            judge=None if judge is None else ChatJudge(Api(judge), kept),
            intents=None if embeddings is None else EmbeddedIntents(Api(embeddings), kept, intents),
            gates=written.judge is not None and written.judge.gate,
        ),
        secrets=tuple(_keys(written.judge, environment)) + tuple(_keys(spec, environment)),
        problems=tuple(problems),
        judge_texts=() if written.judge is None else tuple(texts_of_engine(written.judge)),
        intent_texts=tuple(texts_of_engine(spec)) if intents.asked_later else (),
    )


def catalogue_of(loaded: Loaded) -> dict[str, Intent]:
    """The intents that a project's files declare."""
    return {
        name: Intent(
            name=name,
            phrases=spec.phrases,
            keywords=spec.keywords,
            patterns=spec.patterns,
            not_=spec.not_,
            threshold=spec.threshold,
        )
        for name, spec in loaded.intents.items()
    }


def _intents(
    loaded: Loaded, spec: IntentsEngine, environment: Mapping[str, str]
) -> tuple[Intents, list[Problem]]:
    catalogue = catalogue_of(loaded)
    try:
        make: EngineFactory = engine(spec.engine, _rendered(spec.model, environment) or "")
        return Intents(catalogue, make, threshold=spec.threshold), []
    except EngineError as error:
        near = nearest(spec.engine, engine_names())
        suggestion = near if near != spec.engine else None
        hint = "" if suggestion else error.hint
        place = spec.place.child("engine")
        problem = problem_at(place, "no-engine", str(error), hint=hint, suggestion=suggestion)
        return Intents(catalogue), [problem]


def _endpoint(spec: IntentsEngine | JudgeEngine, environment: Mapping[str, str]) -> Endpoint | None:
    """Where an engine is; None while something of the environment is lacking, which is told elsewhere."""
    url, model = _rendered(spec.url, environment), _rendered(spec.model, environment)
    key = _rendered(spec.key, environment)
    if not url or not model or (spec.key is not None and key is None):
        return None
    return Endpoint(url, model, key, spec.timeout.seconds)


def _keys(spec: IntentsEngine | JudgeEngine | None, environment: Mapping[str, str]) -> Iterator[str]:
    """The key of an engine, a secret wherever it comes from; but not `none`, as local servers take it."""
    key = None if spec is None else _rendered(spec.key, environment)
    if spec is not None and key and (key != spec.key or len(key) >= SHORTEST_KEY):
        yield key


def _rendered(text: str | None, environment: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    try:
        return str(render(text, {"env": environment}))
    except TemplateError:
        return None


def _has_intents(expect: Expect) -> bool:
    return bool(expect.intent)
