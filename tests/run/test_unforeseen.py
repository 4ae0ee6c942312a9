"""What nobody foresaw in judging a call loses neither what was recorded of it nor the other calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from turnspec.results import Outcome
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases
from turnspec.speech.intents import Intents


class BrokenEngine:
    """An installed engine of intents that fails on what an agent says."""

    name, version = "broken", "1"

    def scores(self, text: str) -> Mapping[str, float]:
        """It cannot bear goodbyes."""
        if text == "Goodbye!":
            raise KeyError(text)
        return {}

    def threshold(self, intent: str) -> float:
        """Whatever the intent."""
        del intent
        return 0.5


def test_an_error_in_judging_is_the_harness_s_own(tmp_path: Path) -> None:
    """The call is an error that says what broke; its events are on disk, and a result is returned."""
    target = "target: {agent: desk.yaml, protocol: realtime}"
    (tmp_path / "desk.yaml").write_text("agent: Desk\notherwise: {say: Goodbye!}\n")
    (tmp_path / "bye.yaml").write_text(
        f"scenario: Bye\n{target}\nturns: [{{caller: bye, expect: {{intent: farewell}}}}]\n"
    )
    (case,) = plan_cases(RunOptions(paths=(tmp_path / "bye.yaml",))).cases

    result = call_virtual(replace(case, intents=Intents({}, lambda _: BrokenEngine())), tmp_path / "out")

    assert result.outcome is Outcome.ERROR
    assert "KeyError: 'Goodbye!'" in result.error
    assert (tmp_path / "out" / str(result.folder) / "events.jsonl").read_text().count("\n") > 5
