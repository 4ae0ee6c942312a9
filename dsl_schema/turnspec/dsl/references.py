"""What documents say about one another: targets, intents, functions, files, names in templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from turnspec.dsl.agent import BUILT_IN_INTENTS, AgentScript, IntentSpec, Reply, Response
from turnspec.dsl.base import Model
from turnspec.dsl.caller import CallerAction, Dtmf, Play, Say, SendText
from turnspec.dsl.expect import Expect
from turnspec.dsl.files import Files
from turnspec.dsl.functions import FunctionSpec
from turnspec.dsl.names import (
    Names,
    Text,
    captures_of,
    matchers_of,
    no_templates,
    problems_of_texts,
    texts_of,
    texts_of_matcher,
)
from turnspec.dsl.patterns import capture_names
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.project import Project, TargetSpec
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.spans import Place
from turnspec.dsl.targets import problems_of_parts, texts_of_target
from turnspec.dsl.turn import Turn

TWILIO_NAMES = frozenset({"twilio.api_url", "twilio.account_sid", "twilio.auth_token"})
"""What a target over Twilio is told of its account: the REST API stands on this machine, too."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that the files of a project may refer to."""

    project: Project
    files: Files
    intents: Mapping[str, IntentSpec] = field(default_factory=dict)
    agents: Mapping[str, AgentScript] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    """Files that could not be understood: what they would have declared is not missed."""

    def is_broken(self, source: Model, written: str) -> bool:
        """Whether the file that a document names is one of these, or not there at all."""
        label = self.files.label(source.file(written))
        return label in self.broken or not source.file(written).is_file()

    @property
    def project_is_broken(self) -> bool:
        """Whether targets, variables and names of the environment may be declared after all."""
        return "turnspec.yaml" in self.broken

    @property
    def intents_are_broken(self) -> bool:
        """Whether more intents may be declared after all."""
        return self.project_is_broken or any(
            self.is_broken(self.project, each) for each in self.project.intents
        )

    def target(self, scenario: Scenario) -> TargetSpec | None:
        """The target a scenario calls; None where its name is unknown."""
        target = scenario.target
        return self.project.targets.get(target) if isinstance(target, str) else target

    def script(self, target: TargetSpec | None) -> AgentScript | None:
        """The script behind a target: of the local agent, or of the simulated model at its back."""
        if target is None or (written := target.agent or target.backend) is None:
            return None
        return self.agents.get(self.files.label(target.file(written)))

    @property
    def names(self) -> Names:
        """What templates may use everywhere."""
        outside = (*self.project.environment, *self.project.secrets)
        return Names(
            frozenset(self.project.variables),
            frozenset(f"env.{name}" for name in outside),
            complete=not self.project_is_broken,
        )


def problems_of_project(project: Project, known: Known) -> Iterator[Problem]:
    """What is wrong with the targets of a project, and with its texts."""
    place = project.place
    yield from no_templates(
        texts_of(project.variables, place.child("variables")), "a variable of the project"
    )
    for number, written in enumerate(project.intents):
        yield from known.files.problems(written, place.child("intents", number), "an intents file")
    for target in project.targets.values():
        yield from problems_of_target(target, known)


def problems_of_target(target: TargetSpec, known: Known) -> Iterator[Problem]:
    """What is wrong with how a target is reached and started."""
    place = target.place
    for key, written in (("agent", target.agent), ("backend", target.backend)):
        if written is not None:
            yield from known.files.problems(written, place.child(key), "an agent script")
    yield from problems_of_parts(target)
    names = known.names.with_words({"port", "backend"})
    if "twilio" in target.protocol:
        names = names.with_dotted(TWILIO_NAMES)
    yield from problems_of_texts(texts_of_target(target), names)


def problems_of_scenario(scenario: Scenario, known: Known) -> Iterator[Problem]:
    """What is wrong with all that a scenario refers to."""
    place = scenario.place
    yield from no_templates(_fixed_texts(scenario), "this")
    yield from _problems_of_its_target(scenario, known)
    target = known.target(scenario)
    yield from _never_used(scenario, target)
    names = known.names.with_words(scenario.variables)
    functions = functions_known(scenario, target, known)
    yield from problems_of_texts(_texts_of_functions(scenario.functions), names)
    yield from no_templates(texts_of(scenario.variables, place.child("variables")), "a variable")
    for turn in scenario.plain_turns():
        names = _with_later(names, scenario, turn)
        yield from _problems_of_turn(turn, names, functions, known)
        names = names.with_words(captures_of(turn.expect))


def _with_later(names: Names, scenario: Scenario, turn: Turn) -> Names:
    """The same names, told what this turn and those after it will bind."""
    begun = False
    later: list[tuple[str, str]] = []
    for title, each in zip(scenario.titles(), scenario.plain_turns(), strict=True):
        begun = begun or each is turn
        if begun:
            here = "this turn" if each is turn else f"'{title}', which comes later"
            text = f"it is captured in {here}: use it in a turn after that"
            later.extend((name, text) for name in sorted(captures_of(each.expect) - names.words))
    return replace(names, later=tuple(reversed(later)))


def _fixed_texts(scenario: Scenario) -> Iterator[Text]:
    yield scenario.name, scenario.place.child("scenario")
    yield from texts_of(scenario.tags, scenario.place.child("tags"))
    if isinstance(scenario.target, str):
        yield scenario.target, scenario.place.child("target")
    for turn in scenario.plain_turns():
        if turn.name is not None:
            yield turn.name, turn.place.child("turn")


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


def _problems_of_turn(
    turn: Turn, names: Names, functions: frozenset[str] | None, known: Known
) -> Iterator[Problem]:
    for action in turn.caller:
        yield from problems_of_texts(_texts_of_action(action), names)
        if isinstance(action, Play):
            yield from known.files.audio_problems(action.audio, action.place.child("audio"))
    if (expect := turn.expect) is None:
        return
    for number, intent in enumerate(expect.intent):
        yield from _unknown_intent(intent, expect.place.child("intent", number), known)
    if functions is not None:
        yield from _unknown_functions(expect, functions)
    for number, recording in enumerate(expect.plays):
        yield from known.files.audio_problems(recording, expect.place.child("plays", number))
    yield from problems_of_texts(
        (text for each in matchers_of(expect) for text in texts_of_matcher(each)), names
    )


def _texts_of_action(action: CallerAction) -> Iterator[Text]:
    place = action.place
    match action:
        case Say():
            yield from texts_of(
                [part if isinstance(part, str) else None for part in action.parts], place.child("say")
            )
        case Play():
            yield from texts_of(action.text, place.child("text"))
            yield action.audio, place.child("audio")
        case SendText():
            yield action.text, place.child("text")
        case Dtmf():
            yield action.digits, place.child("dtmf")
        case _:
            pass


def _texts_of_functions(functions: Mapping[str, FunctionSpec]) -> Iterator[Text]:
    for function in functions.values():
        for case in function.returns:
            yield from texts_of(case.returns, case.place.child("returns"))
            yield from texts_of(case.error, case.place.child("error"))
            yield from texts_of_matcher(case.when)
        yield from texts_of(function.returns_in_turn, function.place.child("returns_in_turn"))


def _unknown_intent(intent: str, place: Place, known: Known) -> Iterator[Problem]:
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


def problems_of_agent(script: AgentScript, known: Known) -> Iterator[Problem]:
    """What is wrong with all that an agent script refers to."""
    names = known.names.with_words({"heard"}).with_dotted({"call.from", "call.to"})
    for clip in script.heard:
        yield from known.files.audio_problems(clip, script.place.child("heard", clip), key=True)
    if script.idle is not None and script.idle.audio is not None:
        yield from known.files.audio_problems(script.idle.audio, script.idle.place.child("audio"))
    yield from problems_of_texts(_texts_of_functions(script.functions), names)
    yield from problems_of_texts(_texts_of_idle(script), names)
    for response in script.responses.values():
        for number, intent in enumerate(response.when.intents):
            yield from _unknown_intent(intent, response.when.place.child("intents", number), known)
    for reply, bound in replies_of(script):
        if reply.audio is not None:
            yield from known.files.audio_problems(reply.audio, reply.place.child("audio"))
        yield from problems_of_texts(
            _texts_of_reply(reply), names.with_words(bound.words).with_dotted(bound.dotted)
        )


def replies_of(script: AgentScript) -> Iterator[tuple[Reply, Names]]:
    """All replies of a script, those under `then` too, each with the names that lead to it bind."""
    for first in _first_replies(script):
        reply: Reply | None = first
        pattern = first.when.pattern if isinstance(first, Response) else None
        bound = Names(frozenset(capture_names(pattern)) if pattern else frozenset())
        while reply is not None:
            yield reply, bound
            bound = bound.with_dotted({f"results.{call.function}" for call in reply.call})
            reply = reply.then


def _first_replies(script: AgentScript) -> Iterable[Reply]:
    greeting = (script.greeting,) if script.greeting is not None else ()
    return (*greeting, *script.responses.values(), script.otherwise)


def _texts_of_idle(script: AgentScript) -> Iterator[Text]:
    if script.idle is not None:
        yield script.idle.say, script.idle.place.child("say")


def texts_of_call(scenario: Scenario, target: TargetSpec, script: AgentScript | None) -> Iterator[Text]:
    """All texts that may be filled in while a scenario is called: its own, its target's, its script's."""
    yield from texts_of_target(target)
    yield from _texts_of_functions(scenario.functions)
    for turn in scenario.plain_turns():
        yield from texts_of_turn(turn)
    if script is not None:
        yield from texts_of_script(script)


def texts_of_script(script: AgentScript) -> Iterator[Text]:
    """All texts of an agent script that may be filled in while it is played."""
    yield from _texts_of_functions(script.functions)
    yield from _texts_of_idle(script)
    for reply, _ in replies_of(script):
        yield from _texts_of_reply(reply)


def texts_of_turn(turn: Turn) -> Iterator[Text]:
    """All texts of a turn that may be filled in."""
    for action in turn.caller:
        yield from _texts_of_action(action)
    for matcher in matchers_of(turn.expect) if turn.expect is not None else ():
        yield from texts_of_matcher(matcher)


def _texts_of_reply(reply: Reply) -> Iterator[Text]:
    yield from texts_of(reply.say, reply.place.child("say"))
    yield from texts_of(reply.dtmf, reply.place.child("dtmf"))
    if (transfer := reply.transfer) is not None:
        yield from texts_of(transfer.target, transfer.place.child("target"))
        yield from texts_of(transfer.reason, transfer.place.child("reason"))
        yield from texts_of(transfer.headers, transfer.place.child("headers"))
    for call in reply.call:
        yield from texts_of(call.arguments, call.place)
