"""Who runs functions, and what they give back: over the protocols, in virtual time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support_talk import Talk, plan_talk, talk
from turnspec.results import Outcome
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

PROTOCOLS = ["realtime", "twilio", "audiocodes"]
TWO_WAYS = PROTOCOLS[:2]  # the client answers, or the agent itself
SPOKEN = "{audio: audio/caller/five-five.flac, text: five five}"


WRITTEN = "realtime, options: {modality: text}"


def ask(expect: str, *, name: str = "Ask", caller: str = SPOKEN) -> str:
    """A turn in which the caller speaks."""
    return f"- turn: {name}\n  caller: {caller}\n  expect: {expect}\n"


def agent(arguments: str = "{last4: '4821'}", own: str = "", then: str = "Message deleted.") -> str:
    """An agent that calls `block_card` and then says what came of it."""
    said = f'{{say: "{then}", audio: audio/agent/deleted.flac}}'
    return f"""
    agent: Desk
    {own}
    greeting: {{say: No more messages., audio: audio/agent/no-more.flac}}
    otherwise: {{call: {{block_card: {arguments}}}, then: {said}}}
    """


def called(
    folder: Path,
    functions: str,
    *,
    protocol: str = "realtime",
    expect: str = "{says: deleted}",
    **of_agent: str,
) -> Talk:
    """A call in which the agent calls `block_card`, which the scenario declares; Realtime is in writing."""
    head = f"functions: {{{functions}}}\nvariables: {{limit: 5, lost: '4821'}}\n" if functions else ""
    if protocol == "realtime":
        asked, protocol = ask(expect, caller="five five"), WRITTEN
    else:
        asked = ask(expect)
    return talk(folder, f"- turn: Greeting\n{asked}", agent(**of_agent), head=head, protocol=protocol)


def outputs(result: Talk, turn: str = "Ask") -> list[Any]:
    """What came back, call by call."""
    return [use.output and json.loads(use.output) for use in result.calls(turn)]


@pytest.mark.parametrize("protocol", TWO_WAYS)
@pytest.mark.parametrize(
    ("functions", "given"),
    [
        ("block_card: {returns: {status: blocked}}", {"status": "blocked"}),
        ("block_card: {returns: [1, 2]}", [1, 2]),
        ("block_card: {}", None),
        (
            "block_card: {returns: [{when: {last4: '1'}, returns: a}, {when: {last4: '4821'}, returns: b}]}",
            "b",
        ),
        ("block_card: {returns: [{when: {last4: '{{ lost }}'}, returns: b}, {returns: c}]}", "b"),
        (
            "block_card: {returns: [{when: {last4: {matches: '^48'}}, error: no such card}]}",
            {"error": "no such card"},
        ),
        (
            "block_card: {returns: {card: '{{ arguments.last4 }}', limit: '{{ limit }}'}}",
            {"card": "4821", "limit": 5},
        ),
    ],
)
def test_what_a_function_gives_back(tmp_path: Path, protocol: str, functions: str, given: Any) -> None:
    """By its arguments, in the order of the cases; by the client over Realtime, else in the agent's place."""
    result = called(tmp_path, functions, protocol=protocol)

    assert result.kinds() == []
    assert outputs(result) == [given]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_results_in_turn(tmp_path: Path, protocol: str) -> None:
    """The first call gets the first, the second the second, and all after the last get the last again."""
    turns = "- turn: Greeting\n" + "".join(ask("{says: deleted}", name=f"Ask {n}") for n in range(3))
    head = "functions: {block_card: {returns_in_turn: [{n: 1}, {n: 2}]}}\n"
    result = talk(tmp_path, turns, agent(), head=head, protocol=protocol)

    assert [outputs(result, f"Ask {n}") for n in range(3)] == [[{"n": 1}], [{"n": 2}], [{"n": 2}]]


@pytest.mark.parametrize("protocol", TWO_WAYS)
@pytest.mark.parametrize(
    ("functions", "takes_us"),
    [
        ("block_card: {returns: 1}", 0),
        ("block_card: {returns: 1, takes: 120 ms}", 120_000),
        ("block_card: {returns: [{returns: 1, takes: 300 ms}], takes: 120 ms}", 300_000),
        ("block_card: {returns_in_turn: [1], takes: 80 ms}", 80_000),
    ],
)
def test_a_function_takes_its_time(tmp_path: Path, protocol: str, functions: str, takes_us: int) -> None:
    """That of its case, else its own."""
    (use,) = called(tmp_path, functions, protocol=protocol).calls("Ask")

    assert use.returned_us is not None
    assert use.returned_us - use.called_us == pytest.approx(takes_us, abs=2_000)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_scenarios_function_comes_before_the_scripts(tmp_path: Path, protocol: str) -> None:
    """What the script declares is the default."""
    own = "functions: {block_card: {returns: script}}"
    alone = called(tmp_path / "one", "", protocol=protocol, own=own)
    over = called(tmp_path / "two", "block_card: {returns: scenario}", protocol=protocol, own=own)

    assert (outputs(alone), outputs(over)) == (["script"], ["scenario"])


def test_functions_are_offered_to_the_model(tmp_path: Path) -> None:
    """In the session, each with the schema of its parameters, in whichever form they are written."""
    parameters = "{last4: string, 'note?': string, why: {enum: [lost]}}"
    functions = f"block_card: {{description: Blocks it., parameters: {parameters}}}"
    result = called(tmp_path, functions)
    lines = (result.output / str(result.result.folder) / "wire.jsonl").read_text("utf-8").splitlines()
    frames = [json.loads(json.loads(line)["frame"]) for line in lines if '"direction":"out"' in line]
    update = next(frame for frame in frames if frame["type"] == "session.update")

    assert update["session"]["tools"] == [
        {
            "type": "function",
            "name": "block_card",
            "description": "Blocks it.",
            "parameters": {
                "type": "object",
                "properties": {
                    "last4": {"type": "string"},
                    "note": {"type": "string"},
                    "why": {"enum": ["lost"]},
                },
                "required": ["last4", "why"],
            },
        }
    ]


@pytest.mark.parametrize("protocol", TWO_WAYS)
@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        ("{last4: '4821'}", []),
        ("{last4: '4821', note: lost it}", []),
        ("{last4: 4821}", ["arguments"]),
        ("{note: lost it}", ["arguments"]),
        ("{last4: '4821', note: 5}", ["arguments"]),
    ],
)
def test_arguments_keep_to_the_declaration(
    tmp_path: Path, protocol: str, arguments: str, kinds: list[str]
) -> None:
    """A name is required unless it ends in `?`; nothing has to be asserted for that."""
    functions = "block_card: {parameters: {last4: string, 'note?': string}, returns: 1}"
    result = called(tmp_path, functions, protocol=protocol, arguments=arguments)

    assert result.kinds() == kinds
    assert outputs(result) == [1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_that_no_case_is_for(tmp_path: Path, protocol: str) -> None:
    """The agent is given an error, and goes on; a finding says so."""
    result = called(
        tmp_path, "block_card: {returns: [{when: {last4: '9910'}, returns: 1}]}", protocol=protocol
    )

    assert outputs(result) == [{"error": "no case of block_card holds for these arguments"}]
    assert result.said("Ask") == "Message deleted."
    assert result.kinds() == ["unanswered"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_function_that_nobody_declares(tmp_path: Path, protocol: str) -> None:
    """The agent is given an error, and a finding says so."""
    result = called(tmp_path, "look_up: {returns: 1}", protocol=protocol)

    assert result.kinds() == ["unanswered"]


@pytest.mark.parametrize("key", ["returns: {status: blocked}", "returns_in_turn: [1]"])
def test_what_a_bridge_runs_returns_nothing_here(tmp_path: Path, key: str) -> None:
    """The bridge runs its own functions: what is returned in the scenario would never be used."""
    target = "targets: {desk: {protocol: twilio, url: 'ws://127.0.0.1:1/', backend: agent.yaml}}\n"
    head = f"functions: {{block_card: {{parameters: {{last4: string}}, {key}}}}}\n"
    turns = "- turn: Greeting\n"
    plan_talk(tmp_path, turns, agent(), head=head)
    (tmp_path / "turnspec.yaml").write_text(f"version: 1\n{target}", "utf-8")
    problems = plan_cases(RunOptions(paths=(tmp_path / "talk.yaml",), output=tmp_path / "out")).problems

    assert [problem.kind for problem in problems] == ["never-used"]


SAVED = """
- turn: Greeting
- turn: Ask
  caller: {audio: audio/caller/five-five.flac, text: five five}
  save:
    reference: "{{ returned.block_card.reference }}"
    card: "{{ calls.block_card.last4 }}"
    words: "{{ reply.text }}"
"""


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_turn_saves_is_there_for_the_next(tmp_path: Path, protocol: str) -> None:
    """Arguments, results and words; with their types."""
    calls = '[{block_card: {last4: "{{ card }}"}}]'
    returned = '{block_card: {reference: "{{ reference }}"}}'
    expect = f'{{says: "{{{{ words }}}}", returned: {returned}, calls: {calls}}}'
    result = talk(
        tmp_path,
        SAVED + ask(expect, name="Again"),
        agent("{last4: 4821}"),
        head="functions: {block_card: {returns: {reference: {n: 7}}}}\n",
        protocol=protocol,
    )

    assert result.outcomes() == ["passed", "passed", "passed"]
    caught = {event["name"]: event["value"] for event in result.events("captured")}
    assert caught == {"reference": {"n": 7}, "card": 4821, "words": "Message deleted."}


def test_what_could_not_be_saved_skips_the_turns_that_need_it(tmp_path: Path) -> None:
    """As a capture that did not happen."""
    result = talk(
        tmp_path,
        SAVED + ask('{says: "{{ reference }}"}', name="Again"),
        agent(),
        head="functions: {block_card: {returns: blocked}}\n",
        protocol="twilio",
    )

    assert result.outcomes() == ["passed", "passed", "skipped"]
    assert "it needs 'reference'" in result.turn("Again").why
    assert result.result.outcome is not Outcome.ERROR


def test_a_call_of_another_turn_is_named(tmp_path: Path) -> None:
    """Where a function was called, but in another turn, the finding says in which."""
    agent = """
    agent: Taxi
    functions: {order: {parameters: {to: string}, returns: {minutes: 12}}}
    responses:
      go: {when: {keywords: [station]}, call: {order: {to: station}}, then: {say: It comes.}}
    otherwise: {say: Good night!}
    """
    turns = """
    - {turn: Order, caller: to the station, expect: {says: it comes}}
    - {turn: Thank, caller: thanks, expect: {calls: [{order: {to: station}}]}}
    """

    call = talk(tmp_path, turns, agent, protocol="realtime")

    (finding,) = call.failures()
    assert finding.message == "order was not called: no function was called in this turn."
    assert finding.details == ('order(to: "station") was called at 0.00 s, in "Order"',)
