"""What may be written becomes frozen values, in the short forms and the long ones."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from turnspec.dsl import (
    AgentScript,
    AnyValue,
    CallerAction,
    Dtmf,
    Duration,
    Expect,
    Fields,
    FunctionSpec,
    HangUp,
    IntentCatalogue,
    Matches,
    Pause,
    Place,
    Plain,
    Play,
    Problem,
    Project,
    Say,
    Scenario,
    SendText,
    Silence,
    Turn,
    TurnRange,
)
from turnspec.dsl.document import parse_document
from turnspec.dsl.reader import read_model

M = TypeVar("M", bound=BaseModel)

LOST_CARD = r"""
scenario: Lost card is blocked
description: A caller reports a lost card; the agent blocks it and reads back a reference.
tags: [cards, smoke]
target: bank                       # a name in turnspec.yaml, or an inline target
variables: {last4: "4821"}
caller:                            # who calls, and how it sounds
  from: "+15551234567"
  voice: en-US
functions:                         # tools the engine answers, where no bridge does
  block_card:
    parameters: {last4: string, "note?": string, reason: {enum: [lost, stolen]}}
    returns: {status: blocked, reference: R-1042}
    takes: 120 ms
budgets: {greeting: 2 s, response: 1.2 s, call: 60 s}
turns:
  - turn: Greeting
    expect: {intent: greeting, says: welcome to Example Bank}
  - turn: Report the loss
    caller: I lost my card ending in {{ last4 }}
    expect:
      intent: card_blocked
      calls:
        - block_card: {last4: "{{ last4 }}", reason: lost}
      says: {matches: 'reference (?P<reference>R-\d+)'}   # named groups become variables
      does_not_say: [password, as an AI]
    budget: {response: 800 ms, function_call: 500 ms}
  - turn: Confirm by keypad
    caller: {dtmf: "1#"}
    expect: {says: "your reference is {{ reference }}"}
  - turn: Talk over the agent
    caller: {say: stop please, interrupt: {after: 1 s}}
    expect: {stops: true}
    budget: {barge_in: 300 ms}
  - caller: {say: goodbye}
    expect: {intent: farewell}
"""

EXAMPLE_BANK = r"""
agent: Example Bank
session: {voice: alloy, instructions: You are a helpful bank agent.}
greeting: {say: Welcome to Example Bank. How can I help?, audio: audio/welcome.wav}
heard: {audio/lost.wav: I lost my card ending in four eight two one}
functions: {block_card: {returns: {status: blocked, reference: R-1042}}}
responses:
  block:
    when: {keywords: [lost, stolen], excludes: [found], pattern: 'ending in (?P<last4>[\w ]+)', turns: 1..,
           intents: [help_request], modalities: [audio]}
    priority: 10
    call: {block_card: {last4: "{{ last4 }}", reason: lost}}
    then: {say: "Your card is blocked, reference {{ results.block_card.reference }}."}
    timing: {first_audio: 150 ms, pace: real_time}
idle: {after: 6 s, say: Are you still there?, times: 2}
otherwise: {say: I understand. Let me help you with that.}
"""

PROJECT = """
version: 1
scenarios: [scenarios]
targets:
  bank:
    protocol: twilio                 # twilio | audiocodes | realtime | an installed adapter
    url: "ws://127.0.0.1:{{ port }}/twilio-agent"
    start:
      command: uvicorn bank:app --port {{ port }}
      environment: {OPENAI_API_BASE_URL: "{{ backend.url }}"}
      ready: {http: "http://127.0.0.1:{{ port }}/health"}   # or {port: true}, {line: regex}
    backend: agents/bank.yaml        # the model's side is simulated too
    headers: {X-Tenant: test}
    auth: {bearer: "{{ env.BOT_TOKEN }}"}
    options: {start_at: webhook}
  local: {agent: agents/bank.yaml, protocol: [twilio, audiocodes, realtime]}
environment: [BANK_URL]
secrets: [BOT_TOKEN]
budgets: {response: 2 s}
limits: {call: 5 min, run: 1 h}
intents: [intents/bank.yaml]
"""

INTENTS = """
intents:
  card_blocked:
    phrases: [your card is blocked, I have stopped that card]
    keywords: [blocked]
    patterns: ['card .* (stopped|blocked)']
    not: [not blocked]
    threshold: 0.3
"""


def _read(model: type[M], text: str) -> M:
    made, problems = _try(model, text)
    assert problems == []
    assert made is not None
    return made


def _try(model: type[M], text: str) -> tuple[M | None, list[Problem]]:
    document = parse_document(text.encode(), "x.yaml", Path("/nowhere"))
    assert document.problems == ()
    return read_model(model, document.data, Place(document.table))


def _only_turn(text: str) -> Turn:
    (turn,) = _read(Scenario, text).plain_turns()
    return turn


def _turn(text: str) -> Expect:
    expect = _only_turn(f"scenario: x\ntarget: t\nturns:\n  - expect: {text}\n").expect
    assert expect is not None
    return expect


def _caller(text: str) -> tuple[CallerAction, ...]:
    return _only_turn(f"scenario: x\ntarget: t\nturns:\n  - caller: {text}\n").caller


def test_the_example_scenario_reads_as_written() -> None:
    """Every part of it is there, typed."""
    scenario = _read(Scenario, LOST_CARD)

    assert scenario.tags == ("cards", "smoke")
    assert scenario.caller.from_ == "+15551234567"
    turns = tuple(scenario.plain_turns())
    assert turns[-1].name is None
    assert list(scenario.titles())[-1] == "turn 5"
    assert turns[1].budget.response == Duration(800_000)
    talk_over = turns[3].caller[0]
    assert isinstance(talk_over, Say)
    assert talk_over.interrupt is not None
    assert talk_over.interrupt.after == Duration(1_000_000)
    assert scenario.patience == Duration(15_000_000)
    assert scenario.on_failure == "continue"


def test_the_example_agent_reads_as_written() -> None:
    """Conditions, calls and what follows them are there, typed."""
    response = _read(AgentScript, EXAMPLE_BANK).responses["block"]

    assert response.name == "block"
    assert response.when.turns == TurnRange(first=1, last=None)
    assert response.call[0].function == "block_card"
    assert response.call[0].arguments == {"last4": "{{ last4 }}", "reason": "lost"}
    assert response.then is not None
    assert response.then.say == "Your card is blocked, reference {{ results.block_card.reference }}."


def test_the_example_project_reads_as_written() -> None:
    """Targets know their names, and single protocols are lists of one."""
    project = _read(Project, PROJECT)

    assert {name: target.name for name, target in project.targets.items()} == {
        "bank": "bank",
        "local": "local",
    }
    assert project.targets["bank"].protocol == ("twilio",)
    start = project.targets["bank"].start
    assert start is not None
    assert start.ready is not None
    assert start.ready.within == Duration(20_000_000)
    assert project.targets["local"].protocol == ("twilio", "audiocodes", "realtime")


def test_the_example_intents_read_as_written() -> None:
    """`not` is a key like the others."""
    assert _read(IntentCatalogue, INTENTS).intents["card_blocked"].not_ == ("not blocked",)


@pytest.mark.parametrize(
    ("written", "actions"),
    [
        ("hello", (Say(say=("hello",)),)),
        ("{say: [one, {pause: 1.5 s}, two]}", (Say(say=("one", Pause(pause=Duration(1_500_000)), "two")),)),
        ("{audio: lost.wav, text: I lost it}", (Play(audio="lost.wav", text="I lost it"),)),
        ("{text: hello}", (SendText(text="hello"),)),
        ('{dtmf: "1w#", every: 150 ms}', (Dtmf(dtmf="1w#", every=Duration(150_000)),)),
        (
            "[{silence: 2 s}, bye, {hangup: true}]",
            (Silence(silence=Duration(2_000_000)), Say(say=("bye",)), HangUp(hangup=True)),
        ),
    ],
)
def test_what_a_caller_does(written: str, actions: tuple[CallerAction, ...]) -> None:
    """A text is said, a mapping is one action, a list is done in order."""
    assert _caller(written) == actions


def test_a_text_beside_a_recording_is_what_is_said_in_it(tmp_path: Path) -> None:
    """`lost.txt` gives the text of `lost.wav`, unless one is written."""
    (tmp_path / "lost.txt").write_text("I lost\nmy card\n", encoding="utf-8")
    text = "scenario: x\ntarget: t\nturns: [{caller: [{audio: lost.wav}, {audio: lost.wav, text: mine}]}]"
    document = parse_document(text.encode(), "x.yaml", tmp_path)
    scenario, problems = read_model(Scenario, document.data, Place(document.table), tmp_path)

    assert problems == []
    assert scenario is not None
    assert [action.text for action in next(scenario.plain_turns()).caller if isinstance(action, Play)] == [
        "I lost my card",
        "mine",
    ]


@pytest.mark.parametrize(
    ("written", "mode", "functions"),
    [
        ("[a, b]", "any", ["a", "b"]),
        ("[a: {x: 1}]", "any", ["a"]),
        ("{a: any, b: {x: 1}}", "any", ["a", "b"]),
        ("{in_order: [a, b: {x: 1}]}", "in_order", ["a", "b"]),
        ("{exactly: [{function: a, times: 2, within: 500 ms}]}", "exactly", ["a"]),
    ],
)
def test_expected_calls(written: str, mode: str, functions: list[str]) -> None:
    """Calls are expected in any order, in order, or exactly."""
    calls = _turn(f"{{calls: {written}}}").calls

    assert calls is not None
    assert calls.mode == mode
    assert [item.function for item in calls.items] == functions


def test_matchers_are_told_from_values() -> None:
    """A mapping whose only keys are matcher words is a matcher; others are fields, with matchers inside."""
    calls = _turn("{calls: [f: {a: 1, b: any, c: {matches: 'x(?P<name>y)'}, d: {e: absent}}]}").calls
    assert calls is not None
    arguments = calls.items[0].with_

    assert isinstance(arguments, Fields)
    assert isinstance(arguments.fields["a"], Plain)
    assert arguments.fields["a"].value == 1
    assert arguments.fields["b"] == AnyValue()
    named = arguments.fields["c"]
    assert isinstance(named, Matches)
    assert named.captures == ("name",)
    assert isinstance(arguments.fields["d"], Fields)


def test_single_values_are_lists_of_one() -> None:
    """`intent: a` is `intent: [a]`, and so for the others."""
    assert _turn("{intent: a, says: b, does_not_call: c}") == _turn(
        "{intent: [a], says: [b], does_not_call: [c]}"
    )
    assert _turn("{does_not_call: any}").does_not_call == "any"
    assert _turn("{does_not_call: [block_card, any]}").does_not_call == "any"


def test_every_assertion_knows_its_line() -> None:
    """A finding can point at the very item that failed."""
    written = "  - expect:\n      says:\n        - one\n        - two\n      stops: true\n"
    text = f"scenario: x\ntarget: t\nturns:\n{written}"
    expect = _only_turn(text).expect
    assert expect is not None

    assert str(expect.says[1].span) == "x.yaml:7:11"
    assert str(expect.span_of("stops")) == "x.yaml:8:14"
    assert str(expect.key_span("stops")) == "x.yaml:8:7"
    assert expect.says[1].span.path == ("turns", 0, "expect", "says", 1)


@pytest.mark.parametrize(
    ("parameters", "required"),
    [
        ("{a: string, 'b?': {enum: [x]}}", ["a"]),
        ("{type: object, properties: {a: {type: string}}, required: [a]}", ["a"]),
    ],
)
def test_parameters_are_a_json_schema_either_way(parameters: str, required: list[str]) -> None:
    """The short form requires all but the names that end in a question mark."""
    schema = _read(FunctionSpec, f"parameters: {parameters}").json_schema

    assert schema["type"] == "object"
    assert schema["required"] == required


def test_a_list_of_cases_is_told_from_a_list_as_value() -> None:
    """Only mappings with `returns` or `error` are cases."""
    cases = _read(FunctionSpec, "returns: [{when: {a: 1}, error: no}, {returns: 5}]").returns
    value = _read(FunctionSpec, "returns: [{a: 1}]").returns

    assert [(case.error, case.returns) for case in cases] == [("no", None), (None, 5)]
    assert [case.returns for case in value] == [[{"a": 1}]]


def test_models_are_frozen_and_can_travel() -> None:
    """Values cannot be changed, and reach another process with their places."""
    scenario = _read(Scenario, LOST_CARD)
    there = pickle.loads(pickle.dumps(scenario))

    assert there == scenario
    assert there.turns[1].span == scenario.turns[1].span
    with pytest.raises(ValidationError):
        scenario.name = "other"


def test_the_same_words_elsewhere_are_equal() -> None:
    """Where a value was written is no part of what it says."""
    assert _turn("{says: hello}") == _turn("   {says:   hello}")


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start_at: str = "webhook"
    port: int = 1


def test_adapters_read_their_options_with_the_same_errors() -> None:
    """Any pydantic model gets problems with places and suggestions."""
    project = _read(Project, "version: 1\ntargets: {bank: {options: {strat_at: socket, port: x}}}")
    target = project.targets["bank"]
    made, problems = read_model(_Options, target.options, target.place.child("options"))

    assert made is None
    assert [(problem.kind, str(problem.span), problem.suggestion) for problem in problems] == [
        ("wrong-type", "x.yaml:2:52", None),
        ("unknown-key", "x.yaml:2:28", "start_at"),
    ]
    assert problems[1].message == "`options` has no key 'strat_at'"
