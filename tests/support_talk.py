"""One scenario and one local agent, written in a test and called in virtual time."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from turnspec.dsl.problems import render_problems
from turnspec.results import CallResult, Finding, FunctionUse, Measurement, TurnResult
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned, plan_cases
from turnspec.speech import Synthesizer
from turnspec.speech.transcription import Transcriber

CLIPS = Path(__file__).resolve().parents[1] / "scenarios" / "audio"
CLIP = re.compile(r"\baudio/([\w/-]+)(?:\.\w+|/\{\{)")  # a recording, or a folder before a template


@dataclass(frozen=True, slots=True)
class Talk:
    """What one call came to."""

    result: CallResult
    output: Path

    def turn(self, name: str) -> TurnResult:
        """The turn of this name."""
        (found,) = [turn for turn in self.result.turns if turn.name == name]
        return found

    def measured(self, name: str, measurement: str) -> Measurement:
        """One measurement of a turn."""
        (found,) = [each for each in self.turn(name).measurements if each.name == measurement]
        return found

    def said(self, name: str) -> str:
        """The agent's words in a turn."""
        return " ".join(line.text for line in self.turn(name).lines if line.who == "agent" and line.text)

    def calls(self, name: str) -> list[FunctionUse]:
        """The functions called in a turn."""
        return list(self.turn(name).functions)

    def failures(self) -> list[Finding]:
        """Everything that did not hold, in the order of the call."""
        found = [*(each for turn in self.result.turns for each in turn.findings), *self.result.findings]
        return [finding for finding in found if finding.fails]

    def kinds(self) -> list[str]:
        """The kinds of what did not hold."""
        return sorted({finding.kind for finding in self.failures()})

    def outcomes(self) -> list[str]:
        """The outcome of each turn."""
        return [turn.outcome.value for turn in self.result.turns]

    def events(self, kind: str | None = None) -> list[Any]:
        """The recorded events of a kind, or all."""
        lines = (self.output / str(self.result.folder) / "events.jsonl").read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines[1:]) if kind in (None, event["kind"])]


def plan_talk(
    folder: Path,
    turns: str,
    agent: str,
    *,
    head: str = "",
    protocol: str = "twilio",
    project: str = "",
    synthesizer: Synthesizer | None = None,
    transcriber: Transcriber | None = None,
) -> Planned:
    """Write a project of one scenario and plan its call; recordings of the examples are in `audio/`."""
    folder.mkdir(parents=True, exist_ok=True)
    _copy_clips(folder, turns + agent + head + project)
    target = f"targets: {{desk: {{agent: agent.yaml, protocol: {protocol}}}}}\n"
    (folder / "turnspec.yaml").write_text(f"version: 1\n{target}{dedent(project)}", "utf-8")
    (folder / "agent.yaml").write_text(dedent(agent), "utf-8")
    text = f"scenario: Talk\ntarget: desk\n{dedent(head)}turns:\n{indent(dedent(turns), '  ')}"
    (folder / "talk.yaml").write_text(text, "utf-8")
    options = RunOptions(
        paths=(folder / "talk.yaml",),
        output=folder / "out",
        synthesizer=synthesizer,
        transcriber=transcriber,
    )
    return plan_cases(options)


def _copy_clips(folder: Path, text: str) -> None:
    """Copy the recordings that a text names, and what stands beside them."""
    for name in set(CLIP.findall(text)):
        for clip in [*CLIPS.glob(f"{name}.*"), *CLIPS.glob(f"{name}/*")]:
            copy = folder / "audio" / clip.relative_to(CLIPS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists():
                shutil.copyfile(clip, copy)


def talk(
    folder: Path,
    turns: str,
    agent: str,
    *,
    head: str = "",
    protocol: str = "twilio",
    project: str = "",
    synthesizer: Synthesizer | None = None,
) -> Talk:
    """Make the one call of such a project."""
    more: dict[str, Any] = {"head": head, "protocol": protocol, "project": project}
    planned = plan_talk(folder, turns, agent, **more, synthesizer=synthesizer)
    assert not planned.problems, render_problems(planned.problems)
    (case,) = planned.cases
    return Talk(call_virtual(case, folder / "out"), folder / "out")
