"""Written conversations over Realtime, in virtual time."""

from __future__ import annotations

from pathlib import Path

from turnspec.results import CallResult, Outcome
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

AGENT = """
agent: Pizza Palace
greeting: {say: Welcome to Pizza Palace. What would you like?}
functions:
  order:
    parameters: {size: {enum: [small, large]}, topping: string}
    returns: {price: 12, id: P-77}
responses:
  order:
    when: {keywords: [pizza], pattern: '(?P<size>small|large) (?P<topping>\\w+) pizza'}
    call: {order: {size: "{{ size }}", topping: "{{ topping }}"}}
    then: {say: "That is {{ results.order.price }} dollars, your order is {{ results.order.id }}."}
  where:
    when: {pattern: 'where is (?P<id>P-\\d+)'}
    say: "{{ id }} is in the oven."
  bye: {when: {intents: [farewell]}, say: Goodbye!, hangup: true}
otherwise: {say: I did not get that.}
"""
SCENARIO = """
scenario: Order a pizza
target: {agent: agent.yaml, protocol: realtime, options: {modality: text}}
turns:
  - expect: {says: welcome to pizza palace}
  - turn: Order
    caller: I want a large mushroom pizza
    expect:
      calls: [{order: {size: large, topping: mushroom}}]
      returned: {order: {price: 12}}
      says: {matches: 'order is (?P<id>P-\\d+)'}
  - turn: Ask
    caller: "where is {{ id }}"
    expect: {says: P-77 is in the oven, does_not_call: any}
  - turn: Bye
    caller: goodbye
    expect: {intent: farewell, says: goodbye, hangup: true}
"""


def _held(folder: Path, scenario: str, agent: str = AGENT) -> CallResult:
    (folder / "agent.yaml").write_text(agent)
    (folder / "order.yaml").write_text(scenario)
    planned = plan_cases(RunOptions(paths=(folder / "order.yaml",)))
    assert not planned.problems
    return call_virtual(planned.cases[0], folder / "report")


def test_a_written_conversation_holds_turn_by_turn(tmp_path: Path) -> None:
    """Though nothing takes any time, every word and call belongs to the turn that it answers."""
    result = _held(tmp_path, SCENARIO)

    assert [finding.message for finding in result.all_findings if finding.fails] == []
    assert result.outcome is Outcome.PASSED
    assert [use.name for turn in result.turns for use in turn.functions] == ["order"]


def test_a_wrong_word_is_found_in_its_own_turn(tmp_path: Path) -> None:
    """One changed word fails one check of one turn, and nothing else."""
    result = _held(tmp_path, SCENARIO, AGENT.replace("in the oven", "in the bin"))

    failing = [(finding.turn, finding.kind) for finding in result.all_findings if finding.fails]
    assert failing == [(2, "says")]


def test_an_unexpected_hang_up_is_found_where_text_takes_no_time(tmp_path: Path) -> None:
    """The agent's hang-up is the finding of a turn that does not expect it."""
    result = _held(tmp_path, SCENARIO.replace(", hangup: true", ""))

    failing = [(finding.turn, finding.kind) for finding in result.all_findings if finding.fails]
    assert failing == [(3, "unexpected-hangup")]
