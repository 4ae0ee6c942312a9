"""What documents say about one another: targets, intents, functions, files, names in templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from turnspec.dsl.agent_references import problems_of_agent
from turnspec.dsl.engine_parts import problems_of_engines
from turnspec.dsl.flow_references import problems_of_flow, problems_of_fragment
from turnspec.dsl.known import Known
from turnspec.dsl.names import RESERVED, Text, no_templates, problems_of_texts, reserved_name, texts_of
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.project import Project, TargetSpec
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.spans import Place
from turnspec.dsl.targets import problems_of_parts, texts_of_target
from turnspec.dsl.texts import replies_of, texts_of_call, texts_of_functions, texts_of_script, texts_of_turn
from turnspec.dsl.turn_references import References
from turnspec.dsl.voice_activity import problems_of_voice_activity

__all__ = [
    "Known",
    "functions_known",
    "problems_of_agent",
    "problems_of_fragment",
    "problems_of_project",
    "problems_of_scenario",
    "problems_of_target",
    "replies_of",
    "texts_of_call",
    "texts_of_script",
    "texts_of_turn",
]

_NULL = frozenset({"null", "Null", "NULL", "~"})
TWILIO_NAMES = frozenset({"twilio.api_url", "twilio.account_sid", "twilio.auth_token"})
"""What a target over Twilio is told of its account: the REST API stands on this machine, too."""


def problems_of_project(project: Project, known: Known) -> Iterator[Problem]:
    """What is wrong with the targets of a project, and with its texts."""
    place = project.place
    yield from no_templates(
        texts_of(project.variables, place.child("variables")), "a variable of the project"
    )
    yield from _problems_of_values(_values(project.variables, place.child("variables")))
    for number, written in enumerate(project.intents):
        yield from known.files.problems(written, place.child("intents", number), "an intents file")
    yield from problems_of_engines(project.engines, known.names)
    for target in project.targets.values():
        yield from problems_of_target(target, known)


def problems_of_target(target: TargetSpec, known: Known) -> Iterator[Problem]:
    """What is wrong with how a target is reached and started."""
    place = target.place
    for key, written in (("agent", target.agent), ("backend", target.backend)):
        if written is not None:
            yield from known.files.problems(written, place.child(key), "an agent script")
    yield from problems_of_parts(target)
    yield from problems_of_voice_activity(target.voice_activity)
    names = known.names.with_words({"port", "backend"})
    if "twilio" in target.protocol:
        names = names.with_dotted(TWILIO_NAMES)
    yield from problems_of_texts(texts_of_target(target), names)


def problems_of_scenario(scenario: Scenario, known: Known) -> Iterator[Problem]:
    """What is wrong with all that a scenario refers to."""
    place = scenario.place
    yield from no_templates(_fixed_texts(scenario), "this")
    yield from _problems_of_its_target(scenario, known)
    line = scenario.caller.line
    for way in (line, line.heard) if line else ():
        noise = way.noise if way else None
        if noise is not None and noise.recording is not None:
            yield from known.files.audio_problems(noise.recording, noise.place.child("file"))
    target = known.target(scenario)
    yield from _never_used(scenario, target)
    names = known.names.with_words(scenario.given)
    functions = functions_known(scenario, target, known)
    yield from problems_of_texts(texts_of_functions(scenario.functions), names.with_words({"arguments"}))
    yield from no_templates(texts_of(scenario.variables, place.child("variables")), "a variable")
    yield from no_templates(texts_of(scenario.examples, place.child("examples")), "an example")
    yield from _problems_of_values([*_values(scenario.variables, place.child("variables")), *_rows(scenario)])
    yield from problems_of_flow(scenario, names, References(known, functions))


Value = tuple[str, JsonValue, Place]
"""A name, what it stands for, and where that is written."""


def _values(named: Mapping[str, JsonValue], place: Place) -> Iterator[Value]:
    return ((name, value, place.child(name)) for name, value in named.items())


def _rows(scenario: Scenario) -> Iterator[Value]:
    place = scenario.place.child("examples")
    for number, row in enumerate(scenario.examples):
        yield from _values(row, place.child(number))


def _problems_of_values(values: Iterable[Value]) -> Iterator[Problem]:
    """Names that templates use for something else, and names behind which nothing stands."""
    for name, value, place in values:
        if name in RESERVED:
            yield reserved_name(name, place, key=True)
        elif value is None and place.table.lines and place.text not in _NULL:
            hint = f'write it behind the colon: {name}: "" is an empty text, {name}: null is no value'
            yield problem_at(place, "empty", f"'{name}' has no value", hint=hint, key=True)


def _fixed_texts(scenario: Scenario) -> Iterator[Text]:
    yield scenario.name, scenario.place.child("scenario")
    yield from texts_of(scenario.tags, scenario.place.child("tags"))
    if isinstance(scenario.target, str):
        yield scenario.target, scenario.place.child("target")


def _problems_of_its_target(scenario: Scenario, known: Known) -> Iterator[Problem]:
    if isinstance(scenario.target, TargetSpec):
        yield from problems_of_target(scenario.target, known)
    elif scenario.target not in known.project.targets and not known.project_is_broken:
        hint = f"turnspec.yaml has: {', '.join(sorted(known.project.targets))}"
        if not known.project.targets:
            hint = "name it in turnspec.yaml, under `targets:`, or write the target here: {agent: FILE}"
        near = nearest(scenario.target, known.project.targets)
        message = f"there is no target '{scenario.target}'"
        yield problem_at(
            scenario.place.child("target"), "unknown-target", message, suggestion=near, hint=hint
        )


def _never_used(scenario: Scenario, target: TargetSpec | None) -> Iterator[Problem]:
    if target is None or target.backend is None:
        return
    for name, function in scenario.functions.items():
        for key in ("returns", "returns_in_turn"):
            if getattr(function, key):
                message = f"the target itself runs '{name}': what is returned here would never be used"
                hint = "keep the parameters only, or say under `expect: returned:` what it must give back"
                yield problem_at(function.place.child(key), "never-used", message, hint=hint, key=True)


def functions_known(scenario: Scenario, target: TargetSpec | None, known: Known) -> frozenset[str] | None:
    """The functions that can be called in a scenario; None where nobody declares any, or not in full."""
    script = known.script(target)
    lacking = target is None or (script is None and (target.agent or target.backend))
    if lacking or (script is None and not scenario.functions):
        return None
    called = set(scenario.functions)
    if script is not None:
        called |= set(script.functions)
        called |= {call.function for reply, _ in replies_of(script) for call in reply.call}
    return frozenset(called)
