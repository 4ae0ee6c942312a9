"""`turnspec intents`: the catalogue of a project, where its intents overlap, and how sentences classify."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from turnspec.call.derived import DerivedState
from turnspec.checks.meaning import likened
from turnspec.checks.questions import INTENT, Question
from turnspec.dsl.document import DEFAULT_BOUNDS, read_document
from turnspec.dsl.load import PROJECT_FILE, Loaded, load
from turnspec.dsl.models import IntentCatalogue, IntentSpec
from turnspec.dsl.problems import Problem, in_reading_order, nearest, problem_at, render_problems
from turnspec.dsl.reader import read_model
from turnspec.dsl.spans import Place
from turnspec.results import USAGE_EXIT
from turnspec.run.engines import ProjectEngines, catalogue_of, engines_of
from turnspec.run.masking import masker
from turnspec.run.unset import unset_in
from turnspec.speech.engines import ENDPOINT, EngineError, engine, engine_names
from turnspec.speech.intents import Classification, Intent, PatternError
from turnspec.speech.overlaps import Overlap, overlaps

HARNESS_EXIT = 3
MOST_SHOWN = 8


class _NotAnswered(Exception):  # noqa: N818 # named after the fact
    """An endpoint did not answer."""


def intents_command(
    paths: tuple[Path, ...], tries: Sequence[str], form: str, options: Mapping[str, Any]
) -> int:
    """Print the catalogue, or how sentences classify; 2 if a file is wrong, 3 if an endpoint is silent."""
    loaded, problems = _loaded(paths or (Path(),))
    environment = _environment(loaded)
    if wrong := _wrong_engine(options["engine"], loaded):
        print(wrong, file=sys.stderr)
        return USAGE_EXIT
    engines = engines_of(loaded, environment, keep=not options["no_cache"], name=options["engine"])
    problems += engines.problems
    problems += tuple(unset_in(engines.intent_texts, environment))
    if problems:
        print(render_problems(in_reading_order(problems)), file=sys.stderr)
        return USAGE_EXIT
    classify = _classifying(engines)
    try:
        if tries:
            told = _tried([(text, classify(text)) for text in tries], form)
        else:
            own = catalogue_of(loaded)
            told = _listed(own, engines, tuple(overlaps(own, classify)), form)
    except PatternError as error:
        print(error, file=sys.stderr)
        return USAGE_EXIT
    except _NotAnswered as error:
        hide = masker([*(environment.get(each, "") for each in loaded.project.secrets), *engines.secrets])
        print(hide(str(error)) if hide else error, file=sys.stderr)
        return HARNESS_EXIT
    print(told)
    return 0


def _loaded(paths: tuple[Path, ...]) -> tuple[Loaded, tuple[Problem, ...]]:
    """The project, with the intents of the intents files among the paths, or else with its own."""
    loaded = load(tuple(map(_project, paths)))
    # Whoever teaches a project its intents may not have anything to call yet.
    problems = [problem for problem in loaded.problems if problem.span.path[:1] != ("targets",)]
    found: dict[str, IntentSpec] = {}
    for path in paths:
        for name, spec, place in _catalogue(path, loaded.root):
            before = found.setdefault(name, spec)
            if before is not spec:
                message = f"there is an intent '{name}' in {before.span.file} already"
                hint = "give one of them another name, or join the two"
                problems.append(problem_at(place, "duplicate-intent", message, hint=hint, key=True))
    return (replace(loaded, intents=found) if found else loaded), tuple(problems)


def _project(path: Path) -> Path:
    """A folder stands for its project: no scenario of it needs to be right for its intents to be tried."""
    own = path / PROJECT_FILE
    return own if own.is_file() else path


def _catalogue(path: Path, root: Path) -> Iterator[tuple[str, IntentSpec, Place]]:
    """The intents of an intents file, none of any other; whoever loads it finds what is wrong with it."""
    if not path.is_file():
        return
    document = read_document(path, str(path), DEFAULT_BOUNDS)
    if document.problems or not isinstance(document.data, dict) or "intents" not in document.data:
        return
    if "version" in document.data:  # a project, which only names its files
        return
    made, _ = read_model(IntentCatalogue, document.data, Place(document.table), root)
    for name, spec in made.intents.items() if made is not None else ():
        yield name, spec, spec.place


def _wrong_engine(name: str | None, loaded: Loaded) -> str:
    """What is wrong with `--engine`; empty if nothing is, or if it was not given."""
    if name is None:
        return ""
    try:
        engine(name)
    except EngineError as error:
        near = nearest(name, engine_names())
        meant = f"; did you mean '{near}'?" if near and near != name else ""
        hint = f"\n  {error.hint}" if error.hint and not meant else ""
        return f"{error}{meant}{hint}"
    spec = loaded.project.engines.intents
    if name == ENDPOINT and (spec.url is None or spec.model is None):
        return "an endpoint has its url and its model in turnspec.yaml: engines: {intents: {url:, model:}}"
    return ""


def _environment(loaded: Loaded) -> dict[str, str]:
    names = (*loaded.project.environment, *loaded.project.secrets)
    return {name: os.environ[name] for name in names if name in os.environ}


def _classifying(engines: ProjectEngines) -> Callable[[str], Classification]:
    if not engines.intents.asked_later:
        return engines.intents.classify

    def asked(text: str) -> Classification:
        (answer,) = engines.knowing.derive([Question(INTENT, 0, text)])
        if answer.state is not DerivedState.OK:
            raise _NotAnswered(answer.reason)
        return engines.intents.told(text, likened(answer))

    return asked


def _tried(tried: Sequence[tuple[str, Classification]], form: str) -> str:
    if form == "json":
        document = {"engine": tried[0][1].engine, "tries": [_as_document(*each) for each in tried]}
        return json.dumps(document, indent=2, ensure_ascii=False)
    return "\n\n".join([*("\n".join(_as_text(*each)) for each in tried), f"engine: {tried[0][1].engine}"])


def _as_document(text: str, found: Classification) -> dict[str, Any]:
    return {
        "text": text,
        "best": found.best,
        "runner_up": found.ranking[1].name if len(found.ranking) > 1 and found.ranking[1].score else None,
        "margin": found.margin,
        "scores": [
            {
                "intent": each.name,
                "score": each.score,
                "threshold": each.threshold,
                "holds": each.holds,
                "why": each.why,
            }
            for each in found.ranking
        ],
    }


def _as_text(text: str, found: Classification) -> Iterator[str]:
    yield f'"{text}" {_verdict(found)}'
    shown = [each for each in found.ranking if each.score or each.why][:MOST_SHOWN]
    width = max((len(each.name) for each in shown), default=0)
    for each in shown:
        mark = "holds" if each.holds else "     "
        line = f"  {each.name:<{width}}  {each.score:.2f}  needs {each.threshold:.2f}  {mark}  {each.why}"
        yield line.rstrip()


def _verdict(found: Classification) -> str:
    if not found.ranking or not found.ranking[0].score:
        return "is like no known intent"
    first = found.ranking[0]
    if found.best is None:
        scores = f"{first.score:.2f}, needs {first.threshold:.2f}"
        return f"has no known intent; the nearest is {first.name} ({scores})"
    return f"is {first.name} ({first.score:.2f}){_before(found)}"


def _before(found: Classification) -> str:
    second = found.ranking[1] if len(found.ranking) > 1 else None
    if second is None or not second.score:
        return ""
    if found.margin < 0:
        return f"; the runner-up is {second.name} ({second.score:.2f}, but needs {second.threshold:.2f})"
    return f", {found.margin:.2f} before {second.name}"


def _listed(own: Mapping[str, Intent], engines: ProjectEngines, found: Sequence[Overlap], form: str) -> str:
    intents = engines.intents
    told = f"{intents.engine.name} {intents.engine.version}"
    built_in = sorted(name for name in intents.all if name not in own)
    if form == "json":
        document = {
            "engine": told,
            "intents": [_intent_document(name, each, engines) for name, each in own.items()],
            "built_in": built_in,
            "overlaps": [
                {
                    "intent": each.intent,
                    "phrase": each.phrase,
                    "other": each.other.name,
                    "score": each.other.score,
                }
                for each in found
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False)
    width = max(map(len, own), default=0)
    lines = [
        f"{name:<{width}}  {_counted(each)}; needs {intents.threshold(name):.2f}"
        for name, each in own.items()
    ]
    lines.append(f"built in: {', '.join(built_in)}")
    lines.append(f"engine: {told}")
    return "\n".join([*lines, "", *_overlaps_told(found)] if own else lines)


def _intent_document(name: str, intent: Intent, engines: ProjectEngines) -> dict[str, Any]:
    return {
        "intent": name,
        "phrases": list(intent.phrases),
        "keywords": list(intent.keywords),
        "patterns": list(intent.patterns),
        "not": list(intent.not_),
        "threshold": engines.intents.threshold(name),
    }


def _counted(intent: Intent) -> str:
    counts = (
        (len(intent.phrases), "phrase", "phrases"),
        (len(intent.keywords), "keyword", "keywords"),
        (len(intent.patterns), "pattern", "patterns"),
        (len(intent.not_), "exclusion", "exclusions"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def _overlaps_told(found: Iterable[Overlap]) -> Iterator[str]:
    none = True
    for each in found:
        none = False
        if each.other.name == each.intent:
            yield f"'{each.phrase}' is not {each.intent}, whose phrase it is: {each.other.why}"
        else:
            score = f"{each.other.score:.2f}, needs {each.other.threshold:.2f}"
            yield f"'{each.phrase}' ({each.intent}) is {each.other.name}, too ({score}): {each.other.why}"
    if none:
        yield "no phrase of one intent is another"
