"""From paths to the cases of a run: load, choose, find adapters, compile - or every problem there is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from turnspec.adapters.base import Adapter
from turnspec.adapters.registry import AdapterError, adapter, adapter_names
from turnspec.audio.files import AudioFileError, load_clip
from turnspec.call import Identity
from turnspec.checks.decisions import variable_holds
from turnspec.doubles.agent import script_problems
from turnspec.dsl.files import Asking, Files
from turnspec.dsl.load import Loaded, load
from turnspec.dsl.models import Scenario, TargetSpec
from turnspec.dsl.problems import Problem, in_reading_order, nearest, problem_at
from turnspec.dsl.reader import read_model
from turnspec.plan import CallPlan, Setting, TargetKind, compile_call
from turnspec.plan.pools import Pool, pool_problems, pools_of
from turnspec.run.case import VIRTUAL, WALL, Case
from turnspec.run.custom import custom_checks
from turnspec.run.engines import engines_of
from turnspec.run.faulty_ends import problems_of_faults
from turnspec.run.groups import Group
from turnspec.run.local_agents import agents_press_keys, endpointing_us
from turnspec.run.masking import masker
from turnspec.run.options import RunOptions
from turnspec.run.recordings import recording_problems
from turnspec.run.rows import Row, Run, Slugs, chosen_runs, equal_runs, matches, name_of_all, rows_of
from turnspec.run.servers import lacking
from turnspec.run.transcription import transcription_for, wrong_engine
from turnspec.run.voice_activity import Finders, wrong_finder
from turnspec.run.voices import speech_for
from turnspec.run.voices.finding import asked_for, wrong_name

CHECKED_RATE_HZ = 8_000


@dataclass(frozen=True, slots=True)
class Planned:
    """The cases of a run, or what stands against it; `why_none` says why nothing was selected."""

    cases: tuple[Case, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    why_none: str = ""
    refused: bool = False  # an option, for that very reason
    interrupted: bool = False  # before it was done
    limit_s: float | None = None  # `limits: {run:}` of the project
    groups: tuple[Group, ...] = ()
    root: Path = Path()
    reads: Mapping[str, Set[Path]] = field(default_factory=dict)  # which document names which files

    @property
    def plans(self) -> tuple[CallPlan, ...]:
        """The plan of each case; runs that count together have one, under the name of all."""
        together = {group.id: replace(group.plan, name=group.name) for group in self.groups}
        keyed = {case.group or f"{case.number}": together.get(case.group, case.plan) for case in self.cases}
        return tuple(keyed.values())


def plan_cases(options: RunOptions) -> Planned:
    """Read everything that was asked for and compile it; any problem refuses the whole run."""
    reads: dict[str, set[Path]] = {}
    loaded = load(
        options.paths,
        check_audio=audio_problem,
        asking=lambda document, path: reads.setdefault(document, set()).add(path),
    )
    if loaded.problems:
        return Planned(problems=loaded.problems)
    return replace(_Planner(loaded, options).planned(), root=loaded.root, reads=reads)


def plan_loaded(loaded: Loaded, options: RunOptions) -> Planned:
    """Compile scenarios that are read already."""
    return _Planner(loaded, options).planned()


def planned_each(loaded: Loaded, asking: Asking) -> Iterator[tuple[Scenario, Planned]]:
    """Each scenario planned by itself; `asking` is told of the files that are looked for."""
    planner = _Planner(loaded, RunOptions(), asking)
    for scenario in loaded.scenarios:
        yield scenario, planner.alone(scenario)


def audio_problem(path: Path) -> str | None:
    """What is wrong with a recording, in words; None where it can be played."""
    try:
        load_clip(path, CHECKED_RATE_HZ)
    except AudioFileError as error:
        return f"'{path.name}' {error.reason}"
    return None


@dataclass(frozen=True, slots=True)
class _Way:
    """A target, and how it is called."""

    target: TargetSpec
    adapter: Adapter
    options: BaseModel
    clock: str


class _Planner:
    def __init__(self, loaded: Loaded, options: RunOptions, asking: Asking | None = None) -> None:
        self._loaded = loaded
        self._options = options
        files = Files(loaded.root, loaded.project.allow_outside, audio_problem)
        self._files = files if asking is None else replace(files, asking=asking)
        self._only_checks = asking is not None  # nobody is called: on which clock is not said yet
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._cases: list[Case] = []
        names = (*loaded.project.environment, *loaded.project.secrets)
        self._environment = {name: os.environ[name] for name in names if name in os.environ}
        self._engines = engines_of(loaded, self._environment, keep=options.cache)
        self._finders = Finders(loaded.project.engines.voice_activity, options.voice_activity)
        self._speech = speech_for(loaded, self._environment, options)
        self._transcription = transcription_for(loaded, self._environment, options)
        secrets = (self._environment.get(name, "") for name in loaded.project.secrets)
        made_of = (self._engines, self._speech, self._transcription)
        self._mask = masker([*secrets, *(secret for each in made_of for secret in each.secrets)])
        self._slugs = Slugs(self._mask)
        self._groups: list[Group] = []

    def planned(self) -> Planned:
        """Everything that was selected, compiled."""
        if refusal := self._wrong_option():
            return Planned(why_none=refusal, refused=True)
        tagged = [scenario for scenario in self._loaded.scenarios if self._tagged(scenario)]
        for scenario in tagged:
            self._plan(scenario)
        if self._problems:
            return Planned(problems=in_reading_order(self._problems))
        limit = self._loaded.project.limits.run
        return Planned(
            tuple(self._cases),
            warnings=in_reading_order(self._warnings),
            why_none=self._why_none(),
            limit_s=limit.seconds if limit else None,
            groups=tuple(self._groups),
        )

    def alone(self, scenario: Scenario) -> Planned:
        """One scenario, whatever was found in those before it."""
        self._problems, self._warnings, self._cases = [], [], []
        self._slugs, self._groups = Slugs(self._mask), []
        self._plan(scenario)
        problems, warnings = in_reading_order(self._problems), in_reading_order(self._warnings)
        return Planned(tuple(self._cases), problems, warnings)

    def _wrong_option(self) -> str:
        """What is wrong with the command line, rather than with a file."""
        target, protocol = self._options.target, self._options.protocol
        if target is not None and target not in self._loaded.project.targets:
            return _unknown("target", target, sorted(self._loaded.project.targets))
        if protocol is not None and protocol not in adapter_names():
            return _unknown("protocol", protocol, adapter_names())
        if refusal := wrong_name(asked_for(self._options.speech)) or wrong_engine(self._options):
            return refusal
        wrong = [clock for clock in self._options.clocks if clock not in (VIRTUAL, WALL)]
        if wrong:
            return _unknown("clock", wrong[0], (VIRTUAL, WALL))
        if refusal := wrong_finder(self._options.voice_activity):
            return refusal
        if self._options.devices.listens and VIRTUAL in self._options.clocks:
            return "a call in virtual time cannot be heard\n  write --clock wall, or leave --clock out"
        return ""

    def _why_none(self) -> str:
        if self._cases:
            return ""
        where = ", ".join(str(path) for path in self._options.paths)
        if not self._loaded.scenarios:
            return f"there is no scenario in {where}: a scenario is a YAML file with the key `scenario:`"
        return f"none of {len(self._loaded.scenarios)} scenarios in {where} matches the selection"

    def _tagged(self, scenario: Scenario) -> bool:
        return not self._options.tags or bool(set(self._options.tags) & set(scenario.tags))

    def _plan(self, scenario: Scenario) -> None:
        self._add((*self._engines.problems, *self._speech.problems, *self._transcription.problems))
        target = self._target(scenario)
        if target is None:
            return
        self._add(self._finders.problems(target))
        protocols = self._protocols(target, scenario)
        for protocol in protocols:
            for clock in self._clocks(target):
                self._plan_over(scenario, target, protocol, clock)

    def _target(self, scenario: Scenario) -> TargetSpec | None:
        if self._options.target is None:
            return self._loaded.target(scenario)
        return self._loaded.project.targets[self._options.target]

    def _protocols(self, target: TargetSpec, scenario: Scenario) -> tuple[str, ...]:
        default = ("realtime",) if target.agent is not None else ()
        offered = target.protocol or default
        wanted = self._options.protocol
        if wanted is None:
            return offered
        if wanted in offered or target.agent is not None:
            return (wanted,)
        place = scenario.place.child("target")
        message = f"target '{target.name}' is not called over {wanted}"
        hint = f"it speaks {', '.join(offered)}"
        self._problems.append(problem_at(place, "wrong-protocol", message, hint=hint))
        return ()

    def _plan_over(self, scenario: Scenario, target: TargetSpec, protocol: str, clock: str) -> None:
        found = self._adapter(target, protocol)
        self._add(lacking(target))
        options = None if found is None else self._adapter_options(found, target)
        if found is None or options is None:
            return
        self._check_script(target, protocol, options)
        self._add(problems_of_faults(scenario, target, self._loaded.script(target), found))
        way = _Way(target, found, options, clock)
        for row in rows_of(scenario, self._mask):
            self._plan_row(scenario, way, row)

    def _plan_row(self, scenario: Scenario, way: _Way, row: Row) -> None:
        setting = self._setting(scenario, way, row)
        compiled = compile_call(scenario, setting)
        plan = compiled.plan
        runs = chosen_runs(plan, self._slugs, self._options.match) if plan else ()
        if not runs and (plan is not None or not matches(scenario.name, self._options.match)):
            return
        self._add(compiled.problems)
        custom = custom_checks(plan.turns if plan else scenario, self._loaded.root)
        self._add(custom.problems)
        self._warnings += [warning for warning in compiled.warnings if warning not in self._warnings]
        if plan is not None:
            self._add(recording_problems(plan, self._files))
            self._add(self._speech.problems_for(plan, self._loaded.script(way.target)))
            self._add(self._transcription.problems_of(plan))
            pools = pools_of(plan, setting.budgets)
            self._add(pool_problems(plan, pools))
            self._check_repeats(plan, way)
            first = replace(self._case(plan, way), custom=custom.checks, row=row.values)
            self._take(first, runs, pools)

    def _check_repeats(self, plan: CallPlan, way: _Way) -> None:
        """Refuse runs, and warn of attempts, of which each is like the others."""
        if way.clock != VIRTUAL or self._options.force:
            return
        found = equal_runs(plan.scenario, self._loaded.script(way.target))
        self._add(problem for problem in found if not problem.warning)
        self._warnings += [each for each in found if each.warning and each not in self._warnings]

    def _take(self, first: Case, runs: Sequence[Run], pools: tuple[Pool, ...]) -> None:
        """Add a case for each run, and the group in which they count together."""
        numbers = range(len(self._cases), len(self._cases) + len(runs))
        name, times = name_of_all(first.plan), first.plan.scenario.repeat_run
        # Runs that were picked out by name are calls like any other: they are not all there are.
        together = times is not None and len(runs) == times.times
        group = self._slugs.of(name) if together else ""
        for number, run in zip(numbers, runs, strict=True):
            self._cases.append(replace(first, number=number, slug=run.slug, plan=run.plan, group=group))
        if group:
            self._groups.append(
                Group(group, name, first.plan, first.clock, tuple(numbers), pools, self._mask)
            )

    def _labels(self, way: _Way, row: Row) -> tuple[str, ...]:
        """What tells one call of a scenario from its others."""
        of_row = (row.label,) if row.label else ()
        over = (way.adapter.name,) if len(way.target.protocol) > 1 else ()
        clocks = (way.clock,) if len(self._clocks(way.target)) > 1 else ()
        return (*of_row, *over, *clocks)

    def _case(self, plan: CallPlan, way: _Way) -> Case:
        return Case(
            number=len(self._cases),
            slug="",
            plan=plan,
            target=way.target,
            adapter=way.adapter,
            options=way.options,
            clock=way.clock,
            intents=self._engines.intents,
            knowing=self._engines.knowing,
            devices=self._options.devices,
            engine_texts=(
                *self._engines.texts_for(plan),
                *self._speech.texts_for(plan),
                *self._transcription.texts_for(plan),
            ),
            project=self._loaded.root,
            script=self._loaded.script(way.target),
            environment=self._environment,
            variables=self._loaded.project.variables,
            mask=self._mask,
            finder=self._finders.of(way.target),
            recognizer=self._transcription.recognizer_for(plan),
            agents_recognizer=self._transcription.recognizer_for_agents(),
            synthesizer=self._speech.synthesizer,
            voice=self._speech.voice,
        )

    def _adapter(self, target: TargetSpec, protocol: str) -> Adapter | None:
        try:
            return adapter(protocol)
        except AdapterError as error:
            place = target.place.child("protocol")
            hint = f"installed: {', '.join(adapter_names())}"
            near = nearest(protocol, adapter_names())
            self._problems.append(
                problem_at(place, "unknown-protocol", str(error), hint=hint, suggestion=near)
            )
            return None

    def _adapter_options(self, found: Adapter, target: TargetSpec) -> BaseModel | None:
        place = target.place.child("options")
        options, problems = read_model(found.options_model, target.options, place, self._loaded.root)
        self._problems += [problem for problem in problems if problem not in self._problems]
        return options

    def _check_script(self, target: TargetSpec, protocol: str, options: BaseModel) -> None:
        script = self._loaded.script(target)
        if script is None:
            return
        # The model behind a bridge is asked over Realtime, whichever way the bridge is called.
        least_us = endpointing_us("realtime") if target.backend else endpointing_us(protocol, options)
        keys = target.agent is not None and agents_press_keys(protocol)
        problems = script_problems(script, endpointing_us=least_us, keys=keys)
        self._problems += [problem for problem in problems if problem not in self._problems]

    def _add(self, problems: Iterable[Problem]) -> None:
        self._problems += [problem for problem in problems if problem not in self._problems]

    def _clocks(self, target: TargetSpec) -> tuple[str, ...]:
        if (target.agent is None and target.asgi is None) or self._options.devices.listens:
            return (WALL,)
        return self._options.clocks or (VIRTUAL,)

    def _setting(self, scenario: Scenario, way: _Way, row: Row) -> Setting:
        project = self._loaded.project
        target, found, options = way.target, way.adapter, way.options
        script = self._loaded.script(target) if target.agent else None
        seed = self._options.seed if scenario.seed is None else scenario.seed
        of_row = (row.label,) if row.label else ()
        return Setting(
            target=target.name or "inline target",
            protocol=found.name,
            kind=_kind(target),
            capabilities=found.capabilities(options),
            identity=Identity("/".join(map(str, (seed, scenario.path, found.name, *of_row)))),
            live=way.clock == WALL or self._only_checks,
            speaks=self._speech.speaks,
            why_mute=self._speech.why_none,
            recognises=self._transcription.listens,
            why_deaf=self._transcription.why_none,
            verify=target.verify or project.engines.transcription.verify,
            greets=getattr(options, "greets", None),
            budgets=(target.budgets, project.budgets),
            reply_ends_after=target.reply_ends_after,
            filler=target.filler,
            call_limit=project.limits.call,
            variables={**project.variables, "env": self._environment},
            agent_functions=script.functions if script else {},
            labels=self._labels(way, row),
            row=row.values,
            fragments=self._loaded.fragments,
            holds=variable_holds,
        )


def _unknown(what: str, word: str, known: Sequence[str]) -> str:
    near = nearest(word, known)
    suggestion = f"; did you mean '{near}'?" if near else ""
    return f"there is no {what} '{word}'{suggestion}\n  known are: {', '.join(known) or 'none'}"


def _kind(target: TargetSpec) -> TargetKind:
    if target.agent is not None:
        return TargetKind.AGENT
    return TargetKind.BACKEND if target.backend is not None else TargetKind.BARE
