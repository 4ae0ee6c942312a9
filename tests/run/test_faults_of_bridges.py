"""A real bridge between two ends that fail on purpose, in virtual time: what it makes of it is its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support_examples import copied_examples
from turnspec.clients import run_scenarios
from turnspec.results import Outcome

pytest.importorskip("uvicorn")

TARGET = (
    '{protocol: twilio, asgi: "targets.bridge.app:app", url: "ws://127.0.0.1:{{ port }}/twilio-agent", '
    "backend: agents/dealer.yaml, "
    'environment: {OPENAI_API_BASE_URL: "{{ backend.url }}"}}'
)


class Played:
    """One call of the example against its bridge, in the same process."""

    def __init__(self, folder: Path, fault: str) -> None:
        project = copied_examples(folder / "scenarios")
        scenario = (project / "card-table.yaml").read_text("utf-8")
        text = scenario.replace("target: card-table", f"target: {TARGET}\nfaults: [{fault}]\npatience: 4 s")
        (project / "faulty.yaml").write_text(text, "utf-8")
        (self.result,) = run_scenarios(project / "faulty.yaml", output=folder / "out").calls
        self._folder = folder / "out"

    def events(self, kind: str) -> list[Any]:
        """The recorded events of a kind."""
        lines = (self._folder / str(self.result.folder) / "events.jsonl").read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines[1:]) if event["kind"] == kind]

    def failed(self) -> set[str]:
        """The kinds of what did not hold."""
        found = [*(each for turn in self.result.turns for each in turn.findings), *self.result.findings]
        return {finding.kind for finding in found if finding.fails}


def test_a_caller_whose_line_breaks(tmp_path: Path) -> None:
    """The bridge is not to blame for it."""
    played = Played(tmp_path, "{drop: true, at: {turn: 1}}")

    assert [event["side"] for event in played.events("fault-injected")] == ["line"]
    assert "line-broke" not in played.failed()
    assert played.result.error == ""


def test_a_message_that_a_bridge_passes_over(tmp_path: Path) -> None:
    """It goes on as ever."""
    played = Played(tmp_path, "{malformed: unknown_event, at: {turn: 1}}")

    assert len(played.events("fault-injected")) == 1
    assert played.result.outcome is Outcome.PASSED


def test_a_message_that_a_bridge_stumbles_over(tmp_path: Path) -> None:
    """This one parses what it gets without a doubt: that it falls is its own fault."""
    played = Played(tmp_path, "{malformed: not_json, at: {turn: 1}}")

    assert len(played.events("fault-injected")) == 1
    assert "line-broke" in played.failed()


def test_an_error_that_a_bridge_survives(tmp_path: Path) -> None:
    """The model reports it, and the conversation goes on."""
    played = Played(tmp_path, "{error: server_error, at: {turn: 1}, by: agent}")

    assert [event["side"] for event in played.events("fault-injected")] == ["model"]
    assert played.result.outcome is Outcome.PASSED


def test_a_model_that_goes_away(tmp_path: Path) -> None:
    """The simulated model's end does it; whatever the bridge then does is judged as in any call."""
    played = Played(tmp_path, "{drop: true, at: {turn: 1}, by: agent}")

    assert [event["side"] for event in played.events("fault-injected")] == ["model"]
    assert played.result.outcome is Outcome.FAILED


def test_a_model_that_is_slow(tmp_path: Path) -> None:
    """Its replies begin late on the telephone too."""
    played = Played(tmp_path, "{slow_first_audio: 2500 ms, at: {turn: 1}, by: agent}")

    assert [event["side"] for event in played.events("fault-injected")] == ["model"]
    late = [each for turn in played.result.turns for each in turn.measurements if each.name == "response"]
    assert max(each.value_us or 0 for each in late) > 2_500_000
