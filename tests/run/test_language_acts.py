"""What the agent does besides speaking, and which of several values a name has, in whole calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import plan_talk, talk

ACTING = """
agent: Desk
greeting: {say: Welcome.}
functions: {look: {returns: {}, takes: 900 ms}, slow: {returns: {}}}
responses:
  keys: {when: {pattern: '^1$'}, say: One moment., dtmf: "12#"}
  give: {when: {pattern: '^2$'}, say: I put you through., transfer: "tel:+15550100"}
  out: {when: {pattern: '^3$'}, say: Goodbye., hangup: true}
  late: {when: {pattern: '^4$'}, call: {look: {}}, then: {call: {slow: {}}, then: {say: Done.}}}
otherwise: {say: Pardon?}
"""
QUIET = "agent: Desk\ngreeting: {say: Welcome.}\notherwise: {say: Pardon?}\n"
# What is pressed, what is expected of the answer, and what fails; over AudioCodes, which shows all of it.
ACTS: list[tuple[str, str, list[str]]] = [
    ("1", '{dtmf: "12#"}', []),
    ("1", "{dtmf: {matches: '^1'}, says: one moment}", []),
    ("1", '{dtmf: "13#"}', ["dtmf"]),
    ("5", "{dtmf: true}", ["dtmf"]),
    ("5", "{dtmf: false}", []),
    ("2", '{transfer: "tel:+15550100"}', []),
    ("2", "{transfer: {contains: '5550'}}", ["transfer"]),
    ("2", "{transfer: {matches: '5550'}}", []),
    ("2", '{transfer: "tel:+15550199"}', ["transfer"]),
    ("5", "{transfer: true}", ["transfer"]),
    ("2", "{transfer: false}", ["transfer"]),
    ("2", "{says: through}", ["unexpected-hangup"]),
    ("3", "{says: goodbye, hangup: true}", []),
    ("3", "{hangup: false}", ["hangup"]),
    ("5", "{hangup: true}", ["hangup"]),
    ("5", "{activity: config}", ["activity"]),
    ("4", "{calls: [{function: look, within: 1 s}]}", []),
    ("4", "{calls: [{function: slow, within: 800 ms}]}", ["calls"]),
    ("4", "{calls: [{function: slow, within: 5 s}]}", []),
]
NAMES = """
- {turn: Greeting}
- {turn: Row, caller: {text: "{{ b }} {{ c }} {{ d }}"}, expect: {says: {equals: row scenario project}}}
- use: fragments/say.yaml
  with: {a: with}
- {turn: Captured, caller: {text: "{{ a }} {{ b }}"}, expect: {says: {equals: said row}}}
- {turn: Wrong, caller: {text: "{{ a }} {{ b }}"}, expect: {says: {equals: with with}}}
"""
SAYING = """
fragment: Say it
parameters: {a: , b: default}
turns:
  - {turn: Inside, caller: {text: "{{ a }} {{ b }} {{ c }}"}, expect: {says: {equals: with default scenario}}}
  - {turn: Capture, caller: {text: said}, expect: {says: {matches: '(?P<a>said)'}}}
  - {turn: After, caller: {text: "{{ a }}"}, expect: {says: {equals: said}}}
"""


@pytest.mark.parametrize(("key", "expect", "fails"), ACTS)
def test_an_act_of_the_agent(tmp_path: Path, key: str, expect: str, fails: list[str]) -> None:
    """It is seen, and held against what is expected of just this turn."""
    turns = (
        f'- turn: Greeting\n- {{turn: Press, caller: {{dtmf: "{key}#"}}, expect: {expect}, patience: 4 s}}'
    )
    call = talk(tmp_path, turns, ACTING, protocol="audiocodes")

    assert call.kinds() == fails


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_a_call_that_is_taken_though_it_was_to_be_refused(tmp_path: Path, protocol: str) -> None:
    """A refusal that is expected of an agent that lets everybody in."""
    call = talk(
        tmp_path,
        "- {turn: Try, expect: {refused: true}}",
        QUIET,
        protocol=protocol,
    )

    assert call.kinds() == ["refused"]


def test_the_nearest_value_of_a_name_counts(tmp_path: Path) -> None:
    """Captures before `with`, that before the row, that before the scenario's, that before the project's."""
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "say.yaml").write_text(SAYING, "utf-8")
    agent = "agent: Echo\ngreeting: {say: Hello.}\notherwise: {say: '{{ heard.text }}'}\n"
    head = "examples: [{a: row, b: row}]\nvariables: {a: scenario, b: scenario, c: scenario}\n"
    project = "variables: {a: project, b: project, c: project, d: project}\n"
    call = talk(tmp_path, NAMES, agent, head=head, protocol="realtime", project=project)

    assert [(turn.name, turn.outcome.value) for turn in call.result.turns if turn.findings] == [
        ("Row", "passed"),
        ("Inside", "passed"),
        ("Capture", "passed"),
        ("After", "passed"),
        ("Captured", "passed"),
        ("Wrong", "failed"),
    ]


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        ("with: {a: x}", []),
        ("with: {b: x}", ["missing-parameter"]),
        ("with: {a: x, e: y}", ["unknown-parameter"]),
    ],
)
def test_a_fragment_is_given_what_it_wants(tmp_path: Path, given: str, kinds: list[str]) -> None:
    """All that has no default, and nothing that it does not know."""
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "say.yaml").write_text(SAYING, "utf-8")
    turns = f"- {{use: fragments/say.yaml, {given}}}"
    planned = plan_talk(tmp_path, turns, QUIET, head="variables: {c: x}\n", protocol="realtime")

    assert [problem.kind for problem in planned.problems] == kinds
