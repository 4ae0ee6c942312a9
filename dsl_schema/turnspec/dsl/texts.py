"""All texts of a document that may be filled in, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from turnspec.dsl.agent import AgentScript, Reply, Response
from turnspec.dsl.caller import CallerAction, Dtmf, Play, Say, SendText
from turnspec.dsl.conditions import Condition
from turnspec.dsl.expect import Expect
from turnspec.dsl.flow import Choose, Entry, Repeat, Together, Use, turns_of
from turnspec.dsl.functions import FunctionSpec
from turnspec.dsl.names import Names, Text, matchers_of, texts_of, texts_of_matcher
from turnspec.dsl.patterns import capture_names
from turnspec.dsl.project import TargetSpec
from turnspec.dsl.raw import SendActivity, SendEvent
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.targets import texts_of_target
from turnspec.dsl.turn import Turn


def texts_of_call(scenario: Scenario, target: TargetSpec, script: AgentScript | None) -> Iterator[Text]:
    """All texts that may be filled in while a scenario is called: its own, its target's, its script's.

    Those of fragments are not among them.
    """
    yield from texts_of_target(target)
    yield from texts_of_functions(scenario.functions)
    for part in (scenario.setup, scenario.turns, scenario.teardown):
        yield from texts_of_entries(part)
    if script is not None:
        yield from texts_of_script(script)


def texts_of_entries(entries: Iterable[Entry]) -> Iterator[Text]:
    """All texts of these turns, of all branches."""
    for entry in entries:
        if isinstance(entry, Turn):
            yield from texts_of_turn(entry)
            continue
        for condition in (*entry.when, *entry.unless):
            yield from texts_of_condition(condition)
        match entry:
            case Choose():
                for choice in entry.choose:
                    for condition in choice.when:
                        yield from texts_of_condition(condition)
                    yield from texts_of_entries(turns_of(choice))
            case Repeat():
                for condition in entry.repeat.until:
                    yield from texts_of_condition(condition)
                yield from texts_of_entries(entry.turns)
            case Together():
                for part in entry.together:
                    yield from texts_of_expect(part.expect)
            case Use():
                yield from texts_of(entry.with_, entry.place.child("with"))


def texts_of_condition(condition: Condition) -> Iterator[Text]:
    """All texts of a condition that may be filled in."""
    for matcher in condition.variables.values():
        yield from texts_of_matcher(matcher)
    if condition.reply is not None:
        yield from texts_of_expect(condition.reply)


def texts_of_script(script: AgentScript) -> Iterator[Text]:
    """All texts of an agent script that may be filled in while it is played."""
    yield from texts_of_functions(script.functions)
    yield from texts_of_idle(script)
    for reply, _ in replies_of(script):
        yield from texts_of_reply(reply)


def texts_of_turn(turn: Turn) -> Iterator[Text]:
    """All texts of a turn that may be filled in."""
    for condition in (*turn.when, *turn.unless):
        yield from texts_of_condition(condition)
    for action in turn.caller:
        yield from texts_of_action(action)
    if turn.expect is not None:
        yield from texts_of_expect(turn.expect)
    if turn.save:
        yield from texts_of(turn.save, turn.place.child("save"))


def texts_of_expect(expect: Expect) -> Iterator[Text]:
    """All texts of what a turn expects that may be filled in."""
    for matcher in matchers_of(expect):
        yield from texts_of_matcher(matcher)
    yield from texts_of(list(expect.plays), expect.place.child("plays"))
    for check in expect.check:
        yield from texts_of(check.with_, check.place)


def texts_of_action(action: CallerAction) -> Iterator[Text]:
    """All texts of what the caller does."""
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
        case SendActivity():
            yield from texts_of(action.activity, place.child("activity"))
        case SendEvent():
            yield from texts_of(action.event, place.child("event"))
        case _:
            pass


def texts_of_functions(functions: Mapping[str, FunctionSpec]) -> Iterator[Text]:
    """All texts of what functions give back."""
    for function in functions.values():
        for case in function.returns:
            yield from texts_of(case.returns, case.place.child("returns"))
            yield from texts_of(case.error, case.place.child("error"))
            yield from texts_of_matcher(case.when)
        yield from texts_of(function.returns_in_turn, function.place.child("returns_in_turn"))


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


def texts_of_idle(script: AgentScript) -> Iterator[Text]:
    """All texts of what is said when nobody speaks."""
    if script.idle is not None:
        yield script.idle.say, script.idle.place.child("say")


def texts_of_reply(reply: Reply) -> Iterator[Text]:
    """All texts of one reply that may be filled in."""
    yield from texts_of(reply.say, reply.place.child("say"))
    if reply.dtmf is not None:
        yield reply.dtmf.digits, reply.dtmf.place.child("digits")
    if (transfer := reply.transfer) is not None:
        yield from texts_of(transfer.target, transfer.place.child("target"))
        yield from texts_of(transfer.reason, transfer.place.child("reason"))
        yield from texts_of(transfer.headers, transfer.place.child("headers"))
    for call in reply.call:
        yield from texts_of(call.arguments, call.place)
