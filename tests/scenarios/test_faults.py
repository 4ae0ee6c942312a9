"""Bridges with one planted fault each, over sockets and inside turnspec: every fault is found, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_examples import Outcome, copied_examples, run_examples

WHAT_IS_FOUND = {
    "late": "response",
    "wrong_argument": "returned",
    "no_clear": "stops",
    "forbidden_phrase": "does_not_say",
    "early_hangup": "unexpected-hangup",
    "close_mid_call": "line-broke",
    "binary": "protocol:binary-frame",
    "broken_json": "protocol:not-json",
    "bad_base64": "protocol:bad-base64",
}
HARNESS_ERRORS = ("die", "die_at_start", "never_ready")
HONEST = "honest"
INSIDE = " inside"  # the same bridge in turnspec's own process, in virtual time


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run that calls every bridge at the same time."""
    project = copied_examples(tmp_path_factory.mktemp("faults") / "scenarios")
    scenario = (project / "card-table.yaml").read_text(encoding="utf-8")
    for example in project.glob("*.yaml"):
        if example.name != "turnspec.yaml":
            example.unlink()
    for fault in (*WHAT_IS_FOUND, *HARNESS_ERRORS, HONEST):
        (project / f"{fault}.yaml").write_text(calling(scenario, fault), encoding="utf-8")
    for fault in (*WHAT_IS_FOUND, HONEST):
        text = calling_inside(scenario, fault)
        (project / f"{fault}-inside.yaml").write_text(text, encoding="utf-8")
    return run_examples(project, ".")


def calling(scenario: str, fault: str) -> str:
    """Write the example's scenario anew, for a bridge of its own."""
    name = next(line for line in scenario.splitlines() if line.startswith("scenario:"))
    within = "6 s" if fault == "never_ready" else "40 s"
    environment = f'{{OPENAI_API_BASE_URL: "{{{{ backend.url }}}}", BRIDGE_FAULT: {planted(fault)}}}'
    target = f"""\
patience: 5 s
target:
  protocol: twilio
  url: "ws://127.0.0.1:{{{{ port }}}}/twilio-agent"
  start:
    command: uvicorn targets.bridge.faulty:app --port {{{{ port }}}} --log-level warning
    environment: {environment}
    ready: {{http: "http://127.0.0.1:{{{{ port }}}}/health", within: {within}}}
  backend: agents/dealer.yaml
"""
    return scenario.replace(name, f"scenario: {fault}").replace("target: card-table\n", target)


def calling_inside(scenario: str, fault: str) -> str:
    """Write the example's scenario anew, for the same bridge as an application in the same process."""
    name = next(line for line in scenario.splitlines() if line.startswith("scenario:"))
    environment = f'{{OPENAI_API_BASE_URL: "{{{{ backend.url }}}}", BRIDGE_FAULT: {planted(fault)}}}'
    target = f"""\
patience: 5 s
target:
  protocol: twilio
  asgi: targets.bridge.faulty:app
  environment: {environment}
  backend: agents/dealer.yaml
"""
    return scenario.replace(name, f"scenario: {fault}{INSIDE}").replace("target: card-table\n", target)


def planted(fault: str) -> str:
    """Return the value of BRIDGE_FAULT."""
    return '""' if fault == HONEST else fault


def test_bridge_without_a_fault_passes(outcome: Outcome) -> None:
    """The same bridge with its fault mended is green, called beside all the others."""
    assert outcome.call(HONEST)["outcome"] == "passed", outcome.printed


@pytest.mark.parametrize("fault", WHAT_IS_FOUND)
def test_fault_of_the_agent_is_found(outcome: Outcome, fault: str) -> None:
    """A bridge that misbehaves fails its call, with a finding of the right kind."""
    assert outcome.call(fault)["outcome"] == "failed", outcome.printed
    assert WHAT_IS_FOUND[fault] in outcome.failed_kinds(fault)


@pytest.mark.parametrize("fault", [*WHAT_IS_FOUND, HONEST])
def test_outcome_inside_is_that_over_sockets(outcome: Outcome, fault: str) -> None:
    """In virtual time the same bridge comes to the same, turn by turn, with the same kind of finding."""
    outside, inside = outcome.call(fault), outcome.call(fault + INSIDE)

    assert inside["clock"] == "virtual"
    assert inside["outcome"] == outside["outcome"], outcome.printed
    assert [turn["outcome"] for turn in inside["turns"]] == [turn["outcome"] for turn in outside["turns"]]
    if fault != HONEST:
        assert WHAT_IS_FOUND[fault] in outcome.failed_kinds(fault + INSIDE)


@pytest.mark.parametrize("fault", HARNESS_ERRORS)
def test_process_that_is_gone_is_an_error(outcome: Outcome, fault: str) -> None:
    """A bridge that dies or is never ready leaves nothing to judge: the call is an error, and says why."""
    call = outcome.call(fault)

    assert call["outcome"] == "error", outcome.printed
    assert call["error"]


def test_run_ends_with_the_code_of_errors(outcome: Outcome) -> None:
    """Findings and errors together exit with 3, without a traceback."""
    assert outcome.exit_code == 3
    assert "Traceback" not in outcome.printed


def test_evidence_up_to_the_fault_is_kept(outcome: Outcome) -> None:
    """Of a bridge that died in the call there is a recording of what was said before."""
    call = outcome.call("die")

    assert [line["text"] for turn in call["turns"] for line in turn["lines"]][:1] == [
        "Hello. Your number is zero."
    ]
    assert Path(call["recording"]).name == "call.flac"
