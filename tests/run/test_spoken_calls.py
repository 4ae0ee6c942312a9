"""Whole calls in which both sides speak by engines that are installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support_talk import Talk, plan_talk
from support_voices import INSTALLED_HERE, needs
from turnspec.results import Outcome
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned, plan_cases
from turnspec.run.unset import unset_variables

AGENT = """
    agent: Desk
    greeting: {say: Welcome to Example Bank.}
    responses:
      lost:
        when: {pattern: 'ending in (?P<last4>[\\w ]+)'}
        say: "I blocked the card ending in {{ last4 }}. Your reference is nine nine."
      thanks: {when: {keywords: [nine nine]}, say: You are welcome. Goodbye.}
    otherwise: {say: I did not understand.}
"""
TURNS = """
    - turn: Greeting
      expect: {says: welcome to Example Bank}
      budget: {greeting: 3 s}
    - turn: Lost
      caller: {say: [I lost my card, {pause: 150 ms}, ending in four eight]}
      expect: {says: {matches: 'reference is (?P<reference>[\\w ]+)'}}
      budget: {response: 3 s}
    - turn: Thanks
      caller: {say: "Thank you, {{ reference }}"}
      expect: {says: welcome}
"""


def planned(folder: Path, engine: str, **more: Any) -> Planned:
    """The calls of the talk with this engine."""
    plan_talk(folder, TURNS, AGENT, **more)
    return plan_cases(RunOptions(paths=(folder / "talk.yaml",), output=folder / "out", speech=engine))


@pytest.mark.parametrize("engine", INSTALLED_HERE)
def test_a_conversation_is_spoken(tmp_path: Path, engine: str) -> None:
    """Caller and agent speak; what was saved is said, and each is known by its sound alone."""
    needs(engine)
    (case,) = planned(tmp_path, engine).cases
    call = Talk(call_virtual(case, tmp_path / "out"), tmp_path / "out")

    assert call.failures() == []
    assert call.result.outcome is Outcome.PASSED
    assert {event["source"] for event in call.events("caller-heard")} == {"known clip"}
    assert {event["origin"] for event in call.events("agent-said")} == {"synthesised"}
    response = call.measured("Lost", "response").value_us
    assert response is not None
    assert 0 < response < 2_000_000
    assert (tmp_path / ".turnspec" / "cache" / "voices").is_dir()


@pytest.mark.parametrize("protocol", ["twilio", "realtime"])
def test_the_same_words_are_the_same_call(tmp_path: Path, protocol: str) -> None:
    """With what was kept and without it, the evidence is the same to the byte."""
    needs("nanotts")
    (case,) = planned(tmp_path, "nanotts", protocol=protocol).cases
    files = []
    for name in ("first", "second"):
        call_virtual(case, tmp_path / name)
        files.append((tmp_path / name / "calls" / case.slug / "events.jsonl").read_bytes())
        case = replace(case)

    assert files[0] == files[1]


def test_without_an_engine_the_agent_is_silent_and_says_so(tmp_path: Path) -> None:
    """Silence as long as saying it takes, marked as that."""
    turns = "- turn: Greeting\n  expect: {says: welcome}\n"
    (case,) = plan_talk(tmp_path, turns, AGENT).cases
    call = Talk(call_virtual(case, tmp_path / "out"), tmp_path / "out")

    assert [event["origin"] for event in call.events("agent-said")] == ["silent"]


def test_a_voice_that_there_is_not_is_a_problem_at_its_place(tmp_path: Path) -> None:
    """It names the nearest ones."""
    needs("flite")
    (problem,) = planned(tmp_path, "flite", head="caller: {voice: en-AU}\n").problems

    assert (problem.kind, problem.span.line) == ("unknown-voice", 3)
    assert "flite has no voice 'en-AU'" in str(problem)
    assert "did you mean en-US or en-GB?" in str(problem)


def test_a_voice_that_only_the_agent_needs_is_a_problem_before_the_call(tmp_path: Path) -> None:
    """Where no sound is carried, or the agent has a voice of its own, nobody needs the project's."""
    needs("flite")
    project = "engines: {speech: {engine: flite, voice: de}}\n"
    listening = "- turn: Greeting\n  expect: {says: welcome}\n"

    def found(agent: str = AGENT, protocol: str = "twilio") -> list[tuple[str, int]]:
        plan_talk(tmp_path, listening, agent, project=project, protocol=protocol)
        options = RunOptions(paths=(tmp_path / "talk.yaml",), output=tmp_path / "out", speech="flite")
        return [(problem.kind, problem.span.line) for problem in plan_cases(options).problems]

    assert found() == [("unknown-voice", 3)]
    assert found(AGENT.replace("agent: Desk", "agent: Desk\n    session: {voice: slt}")) == []
    assert found(protocol="realtime, options: {modality: text}") == []


def test_a_voice_without_a_name_is_a_problem(tmp_path: Path) -> None:
    """It is not taken for a caller who has none of their own."""
    (problem, *_) = planned(tmp_path, "none", head="caller: {voice: ''}\n").problems

    assert (problem.kind, problem.span.line) == ("bad-value", 3)


def test_a_voice_of_the_project_is_that_of_callers_without_one(tmp_path: Path) -> None:
    """`engines: {speech:}` says who speaks, and a plain name is an engine."""
    needs("flite")
    project = "engines: {speech: {engine: flite, voice: slt}}\n"
    plan_talk(tmp_path, TURNS, AGENT, project=project)
    options = RunOptions(paths=(tmp_path / "talk.yaml",), output=tmp_path / "out")
    plan = plan_cases(replace(options, speech="flite"))

    assert [case.speaker.voice for case in plan.cases if case.speaker] == ["slt"]
    assert [problem.kind for problem in plan_cases(options).problems] == ["no-voice", "no-voice"]


@pytest.mark.parametrize(
    ("written", "kind", "told"),
    [
        ("flight", "no-engine", "did you mean 'flite'?"),
        ("piper", "missing-key", "model"),
        ("{engine: endpoint, url: 'http://127.0.0.1:9'}", "missing-key", "model: gpt-4o-mini-tts"),
        ("{engine: flite, url: 'http://127.0.0.1:9'}", "clash", "asks nobody"),
    ],
)
def test_an_engine_written_wrongly_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, kind: str, told: str
) -> None:
    """At its place in turnspec.yaml, with what to write."""
    monkeypatch.delenv("TURNSPEC_SPEECH")
    problems = plan_talk(tmp_path, TURNS, AGENT, project=f"engines: {{speech: {written}}}\n").problems

    assert {(problem.kind, problem.span.file) for problem in problems} >= {(kind, "turnspec.yaml")}
    assert any(told in str(problem) for problem in problems)


def test_what_an_endpoint_lacks_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only its key is not set, nobody is told to record what is to be said."""
    monkeypatch.delenv("TURNSPEC_SPEECH")
    monkeypatch.delenv("VOICE_KEY", raising=False)
    endpoint = "engine: endpoint, url: 'http://127.0.0.1:9', model: m, voice: v, key: '{{ env.VOICE_KEY }}'"
    project = f"secrets: [VOICE_KEY]\nengines: {{speech: {{{endpoint}}}}}\n"
    plan = plan_talk(tmp_path, TURNS, AGENT, project=project)

    assert plan.problems == ()
    assert ["VOICE_KEY" in str(problem) for problem in unset_variables(plan.cases)] == [True]


def test_an_engine_that_is_asked_for_and_not_there_refuses_the_run(tmp_path: Path) -> None:
    """With the line that brings it."""
    assert "there is no speech engine 'flight'; did you mean 'flite'?" in planned(tmp_path, "flight").why_none
