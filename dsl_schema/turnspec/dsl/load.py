"""From paths to a project, its scenarios and scripts - and to every problem of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from turnspec.dsl.agent import AgentScript, IntentCatalogue, IntentSpec
from turnspec.dsl.base import Located, Model
from turnspec.dsl.document import DEFAULT_BOUNDS, Document, read_document
from turnspec.dsl.files import Asking, AudioCheck, Files
from turnspec.dsl.flow import Use, uses
from turnspec.dsl.fragments import Fragment
from turnspec.dsl.guard import Bounds
from turnspec.dsl.known import Known
from turnspec.dsl.problems import Problem, in_reading_order, nearest, problem_at, problem_of_file
from turnspec.dsl.project import Project, TargetSpec
from turnspec.dsl.reader import read_model
from turnspec.dsl.references import (
    problems_of_agent,
    problems_of_fragment,
    problems_of_project,
    problems_of_scenario,
)
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.spans import Place
from turnspec.dsl.turn_references import References

PROJECT_FILE = "turnspec.yaml"
DEFAULT_FOLDER = "scenarios"
KINDS: Mapping[str, type[Model]] = {
    "scenario": Scenario,
    "agent": AgentScript,
    "fragment": Fragment,
    "intents": IntentCatalogue,
}
"""The top-level key that tells what a file is."""

_BEGINNING = re.compile(rf"({'|'.join(KINDS)})\s*:")

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that was read. With any problem, nothing of it may be run.

    `root` is the project folder; `files` were read, `agents` are the scripts and `fragments` turns to be
    used, all by their path from it.
    `found_in` has the problems by the document that was read, or looked through, when they were found.
    """

    root: Path
    project: Project
    scenarios: tuple[Scenario, ...] = ()
    agents: Mapping[str, AgentScript] = field(default_factory=dict)
    intents: Mapping[str, IntentSpec] = field(default_factory=dict)
    fragments: Mapping[str, Fragment] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    found_in: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    def target(self, scenario: Scenario) -> TargetSpec | None:
        """The target that a scenario calls."""
        return self._known().target(scenario)

    def script(self, target: TargetSpec) -> AgentScript | None:
        """The script of a target's local agent, or of the simulated model behind it."""
        return self._known().script(target)

    def fragment(self, use: Use) -> Fragment | None:
        """The turns that are used in some place."""
        return self.fragments.get(Files(self.root).label(use.file(use.use)))

    def _known(self) -> Known:
        return Known(self.project, Files(self.root), self.intents, self.agents)


def load(
    paths: Sequence[Path],
    *,
    bounds: Bounds = DEFAULT_BOUNDS,
    check_audio: AudioCheck | None = None,
    asking: Asking | None = None,
    only: frozenset[Path] | None = None,
) -> Loaded:
    """Read files, and folders with all that is in them.

    The project is the nearest `turnspec.yaml` upwards from the first path; without one, a file stands alone.
    `check_audio` looks into recordings: it returns what is wrong with one. `asking` is told of every file
    that a document names. Of the files in `paths`, those are read that are in `only`.
    """
    root, project_file = project_of(paths)
    loading = _Loading(root, bounds)
    project = loading.project(project_file)
    files = Files(loading.root, project.allow_outside)
    if check_audio is not None:
        files = replace(files, check_audio=check_audio)
    if asking is not None:
        files = replace(files, asking=asking)
    for asked in asked_for(paths, project.scenarios, loading.root):
        if only is None or asked.path in only:
            loading.read(asked.path, must_be_ours=asked.must_be_ours)
    loading.named_by(project, files)
    known = Known(project, files, loading.intents, loading.agents(), loading.fragments(), loading.broken())
    loading.look_through(known)
    return loading.loaded(known)


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A file to be read. One that need not be ours is passed over if nothing tells what it is."""

    path: Path
    must_be_ours: bool


def asked_for(paths: Sequence[Path], scenarios: Sequence[str], root: Path) -> Iterator[AskedFor]:
    """The files that paths mean, in order; folders stand for all YAML files in them."""
    folders = [(root / folder).resolve() for folder in scenarios]
    for path in paths:
        if path.is_dir() and path.suffix not in (".yaml", ".yml"):
            resolved = path.resolve()
            for file in _yaml_files(path):
                there = resolved / file.relative_to(path)
                yield AskedFor(file, any(there.is_relative_to(folder) for folder in folders))
        else:
            yield AskedFor(path, must_be_ours=True)


def project_of(paths: Sequence[Path]) -> tuple[Path, Path | None]:
    """The folder that paths belong to, and its `turnspec.yaml` where there is one."""
    project_file = _project_file(paths[0]) if paths else None
    return _root(paths, project_file), project_file


def scenario_folders(folder: Path) -> tuple[Path, ...]:
    """Where scenarios are looked for when no path is given in `folder`: as its project says."""
    file = _project_file(folder)
    if file is None:
        return (folder / DEFAULT_FOLDER,)
    written = read_document(file, PROJECT_FILE, DEFAULT_BOUNDS).data
    listed = written.get("scenarios") if isinstance(written, Located) else None
    named = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return tuple(file.parent / each for each in named or [DEFAULT_FOLDER])


def _project_file(path: Path) -> Path | None:
    absolute = path.absolute()
    folders = [absolute, *absolute.parents] if absolute.is_dir() else [*absolute.parents]
    return next((file for folder in folders if (file := folder / PROJECT_FILE).is_file()), None)


def _root(paths: Sequence[Path], project_file: Path | None) -> Path:
    if project_file is not None:
        return project_file.parent
    if not paths:
        return Path.cwd()
    first = paths[0].absolute()
    folder = first if first.is_dir() else first.parent
    return Path.cwd() if folder.is_relative_to(Path.cwd()) else folder


class _Loading:
    def __init__(self, root: Path, bounds: Bounds) -> None:
        self.root = root
        self.bounds = bounds
        self.found_in: dict[str, list[Problem]] = {}
        self.models: dict[Path, Model | None] = {}
        self.labels: set[str] = set()
        self.intents: dict[str, IntentSpec] = {}

    def scenarios(self) -> Iterator[Scenario]:
        return (model for _, model in sorted(self.models.items()) if isinstance(model, Scenario))

    def agents(self) -> dict[str, AgentScript]:
        return {
            model.path: model for _, model in sorted(self.models.items()) if isinstance(model, AgentScript)
        }

    def fragments(self) -> dict[str, Fragment]:
        return {model.path: model for _, model in sorted(self.models.items()) if isinstance(model, Fragment)}

    def broken(self) -> frozenset[str]:
        return frozenset(problem.span.file for found in self.found_in.values() for problem in found)

    def found(self, source: str, problems: Iterable[Problem]) -> None:
        """Keep the problems that were found when this document was read, or looked through."""
        self.found_in.setdefault(source, []).extend(problems)

    def look_through(self, known: Known) -> None:
        """Find what is wrong between documents: names, files and functions that others must have."""
        self.found(known.project.place.table.file, problems_of_project(known.project, known))
        for scenario in self.scenarios():
            self.found(scenario.path, problems_of_scenario(scenario, known))
        for script in known.agents.values():
            self.found(script.path, problems_of_agent(script, known))
        for fragment in known.fragments.values():
            self.found(fragment.path, problems_of_fragment(fragment, References(known)))

    def loaded(self, known: Known) -> Loaded:
        """All that was read, with its problems in the order of reading."""
        return Loaded(
            self.root,
            known.project,
            tuple(self.scenarios()),
            known.agents,
            known.intents,
            known.fragments,
            tuple(sorted(self.labels)),
            in_reading_order(chain.from_iterable(self.found_in.values())),
            {label: in_reading_order(found) for label, found in self.found_in.items()},
        )

    def named_by(self, project: Project, files: Files) -> None:
        """Read what the project and the documents read so far name: intents, scripts, fragments."""
        for written in project.intents:
            self.catalogue(project, written, files)
        for target in chain(project.targets.values(), self.inline_targets()):
            for script in (target.agent, target.backend):
                if script is not None:
                    self.referenced(target, script, files)
        self.fragments_used(files)

    def fragments_used(self, files: Files) -> None:
        """Read the fragments that are used anywhere, and those that they use, each once."""
        looked_at: set[int] = set()
        while True:
            users = [model for model in self.models.values() if isinstance(model, Scenario | Fragment)]
            new = [model for model in users if id(model) not in looked_at]
            if not new:
                return
            looked_at |= set(map(id, new))
            for use in chain.from_iterable(map(_uses, new)):
                self.referenced(use, use.use, files)

    def inline_targets(self) -> list[TargetSpec]:
        return [scenario.target for scenario in self.scenarios() if isinstance(scenario.target, TargetSpec)]

    def project(self, path: Path | None) -> Project:
        """The project that this file describes; an empty one where there is none, or a broken one."""
        if path is None:
            return Project(version=1)
        document = self._keep(read_document(path, Files(self.root).label(path), self.bounds))
        made = self._model(document, Project)
        self.models[path.resolve()] = made
        return made or Project(version=1)

    def referenced(self, source: Model, written: str, files: Files) -> None:
        """Read a file that a document names, unless its path is wrong: that is reported where it is named."""
        path = source.file(written)
        if not any(files.problems(written, source.place, "")):
            self.read(path, must_be_ours=True)

    def catalogue(self, project: Project, written: str, files: Files) -> None:
        """Read an intents file that the project lists; only those count, wherever else there are some."""
        self.referenced(project, written, files)
        made = self.models.get(project.file(written).resolve())
        if not isinstance(made, IntentCatalogue):
            return
        for name, intent in made.intents.items():
            before = self.intents.setdefault(name, intent)
            if before is not intent:
                message = f"there is an intent '{name}' in {before.span.file} already"
                hint = "give one of them another name, or join the two"
                place = made.place.child("intents", name)
                wrong = problem_at(place, "duplicate-intent", message, hint=hint, key=True)
                self.found(project.place.table.file, [wrong])

    def read(self, path: Path, *, must_be_ours: bool) -> None:
        """Read one file, once."""
        resolved = path.resolve()
        if resolved in self.models:
            return
        self.models[resolved] = None
        document = read_document(path, Files(self.root).label(path), self.bounds)
        kind = _kind(document)
        if not (must_be_ours or kind):
            del self.models[resolved]  # a document may still name it
            return
        self._keep(document)
        if path.name == PROJECT_FILE:
            self._second_project(document)
        elif document.data is not None and kind in KINDS:
            self.models[resolved] = self._model(document, KINDS[kind])
        elif document.data is not None:
            self.found(document.table.file, [_not_ours(document)])

    def _keep(self, document: Document) -> Document:
        self.labels.add(document.table.file)
        self.found(document.table.file, document.problems)
        return document

    def _model(self, document: Document, model: type[M]) -> M | None:
        if document.data is None:
            return None
        made, problems = read_model(model, document.data, Place(document.table), self.root)
        # What is wrong in the YAML itself comes first; the same place need not be complained about twice.
        taken = {(problem.span.line, problem.span.column) for problem in document.problems}
        new = [each for each in problems if (each.span.line, each.span.column) not in taken]
        self.found(document.table.file, new)
        return made if not document.problems else None

    def _second_project(self, document: Document) -> None:
        hint = f"run them apart; the project in use is in {self.root}"
        wrong = problem_of_file(document.table.file, "two-projects", "this is another project", hint=hint)
        self.found(document.table.file, [wrong])


def _uses(model: Scenario | Fragment) -> Iterator[Use]:
    return uses(model.turns if isinstance(model, Fragment) else (*model.setup, *model.turns, *model.teardown))


def _kind(document: Document) -> str:
    """The key that tells what a file is; where it could not be read, the first line that looks like one."""
    if isinstance(document.data, Located):
        return next((key for key in document.data if key in KINDS), "")
    if document.data is not None:
        return ""
    found = (_BEGINNING.match(line) for line in document.table.lines)
    return next((match[1] for match in found if match), "")


def _not_ours(document: Document) -> Problem:
    place = Place(document.table)
    hint = "a file begins with one of: scenario, agent, fragment, intents"
    if isinstance(document.data, Located):
        for key in document.data:
            near = nearest(key, KINDS)
            if near is not None:
                message = f"a file has no key '{key}' that tells what it is"
                return problem_at(
                    place.child(key), "unknown-kind", message, suggestion=near, hint=hint, key=True
                )
    return problem_at(place, "unknown-kind", "nothing here tells what this file is", hint=hint)


def _yaml_files(folder: Path) -> Iterator[Path]:
    """All YAML files below, in order; not those of hidden folders, reports and virtual environments."""
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
            yield path
        elif path.is_dir() and not _is_foreign(path):
            yield from _yaml_files(path)


def _is_foreign(folder: Path) -> bool:
    named = folder.name.startswith(".") or folder.name in ("turnspec-report", "node_modules", "__pycache__")
    return named or (folder / "pyvenv.cfg").is_file()
