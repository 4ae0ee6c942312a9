"""Bugs that people's bridges have had, each planted in the example bridge: red with it, green without.

They were reported of public bridges between Twilio and the Realtime API: a model that is never told of an
interruption, or told more than it ever sent (pipecat #931, openai-agents-python #2370), or before anything
was played; a telephone that is never told to be silent; a mark taken for a listener.
"""

from __future__ import annotations

import pytest

from support_examples import Outcome, copied_examples, run_examples

FAREWELL_CUT = """\
scenario: NAME
target:
  protocol: twilio
  url: "ws://127.0.0.1:{{ port }}/twilio-agent"
  start:
    command: uvicorn targets.bridge.faulty:app --port {{ port }} --log-level warning
    environment: {OPENAI_API_BASE_URL: "{{ backend.url }}", BRIDGE_FAULT: WHICH}
    ready: {http: "http://127.0.0.1:{{ port }}/health", within: 40 s}
  backend: agents/dealer.yaml
patience: 5 s
turns:
  - turn: Greeting
    expect: {says: your number is zero}
  - turn: The first card
    caller: {audio: audio/caller/seven-of-clubs.flac}
    expect: {says: your number is seven}
  - turn: Talk over the menu
    caller: {audio: audio/caller/queen-of-clubs.flac, interrupt: {after: 3 s}}
    expect:
      stops: true
      says: I'm sorry
  - turn: Talk over the farewell
    caller: {audio: audio/caller/ten-of-clubs.flac, interrupt: {after: 2300 ms}}
    expect:
      says: your number is seventeen
"""
WHAT_IS_FOUND = {
    "no_truncate": ("truncate", "no conversation.item.truncate came for it"),
    "truncate_by_clock": ("protocol:invalid_value", "is already shorter than"),
    "truncate_too_soon": ("truncate", "the model was told 0.00 s"),
    "no_clear": ("stops", ""),
    "every_mark_heard": ("unexpected-hangup", ""),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run that calls all of these bridges, and the one without a bug, at the same time."""
    project = copied_examples(tmp_path_factory.mktemp("bugs") / "scenarios")
    for example in project.glob("*.yaml"):
        if example.name != "turnspec.yaml":
            example.unlink()
    for bug in (*WHAT_IS_FOUND, '""'):
        name = bug if bug != '""' else "mended"
        scenario = FAREWELL_CUT.replace("NAME", name).replace("WHICH", bug)
        (project / f"{name}.yaml").write_text(scenario, encoding="utf-8")
    return run_examples(project, ".")


def test_bridge_without_the_bugs_passes(outcome: Outcome) -> None:
    """The mended bridge holds the same conversation without a finding."""
    assert outcome.call("mended")["outcome"] == "passed", outcome.printed


@pytest.mark.parametrize("bug", WHAT_IS_FOUND)
def test_bug_is_found_and_named(outcome: Outcome, bug: str) -> None:
    """A bridge with the bug fails its call, by a finding that says what is wrong."""
    kind, words = WHAT_IS_FOUND[bug]
    call = outcome.call(bug)
    found = [one for part in (call, *call["turns"]) for one in part["findings"] if one["kind"] == kind]

    assert call["outcome"] == "failed", outcome.printed
    assert any(words in one["message"] and one["status"] == "failed" for one in found), outcome.printed


@pytest.mark.parametrize("bug", sorted(set(WHAT_IS_FOUND) - {"truncate_too_soon", "no_clear"}))
def test_only_the_bug_is_found(outcome: Outcome, bug: str) -> None:
    """Nothing else that a finding could name is wrong with the first turns of these bridges."""
    call = outcome.call(bug)

    assert [turn["outcome"] for turn in call["turns"][:3]] == ["passed"] * 3, outcome.printed
