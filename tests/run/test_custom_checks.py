"""Checks in Python: found, called with what they may see, and what becomes of those that break."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from support_projects import DESK, TALK, Project, run_here
from support_talk import Talk, plan_talk, talk
from turnspec.dsl.problems import render_problems
from turnspec.results import Status
from turnspec.run.custom import custom_checks

ASK = "caller: {audio: audio/caller/five-five.flac, text: five five}"
AGENT = """
agent: Desk
functions: {look_up: {returns: {reference: R-1042}}}
greeting: {say: No more messages., audio: audio/agent/no-more.flac}
otherwise: {call: {look_up: {number: 5}}, then: {say: Message deleted., audio: audio/agent/deleted.flac}}
"""
CHECKS = """
from turnspec.checks.custom import TurnView, fails, holds, unknown

SEEN = []


def look(turn: TurnView) -> None:
    (call,) = turn.called("look_up")
    SEEN.append(turn)
    assert turn.name == "Ask", "another turn"
    assert turn.agent_words == "Message deleted."
    assert turn.caller_words == "five five"
    assert (call.arguments, call.output) == ({"number": 5}, {"reference": "R-1042"})
    assert turn.variables["limit"] == 4
    assert turn.measurements["response"].value_us > 0
    assert any(event.kind == "function-called" for event in turn.events)
    assert all(turn.began_us <= event.at_us <= turn.ended_us for event in turn.events)


def sounds(turn):
    assert max(turn.agent_audio.pcm) > 0
    length_us = turn.ended_us - turn.began_us
    assert abs(turn.agent_audio.duration_us - length_us) < 1_000
    assert abs(turn.caller_audio.duration_us - length_us) < 1_000


def short(turn, most: int = 8):
    reference = turn.called("look_up")[0].output["reference"]
    if len(reference) > most:
        yield fails(f"{reference} has more than {most} characters", actual=reference, at_us=7)
    else:
        yield holds(f"{reference} is short")


def shrugs(turn):
    return unknown("who knows")


def breaks(turn):
    yield holds("so far")
    raise KeyError("nowhere")


def leaves(turn):
    raise SystemExit(3)


def says_yes(turn):
    return True


def asserts(turn):
    assert turn.agent_words == "Goodbye.", f"it said {turn.agent_words}"


async def waits(turn):
    pass


class Longer:
    def __init__(self, least):
        self.least = least

    def __call__(self, turn):
        return None if len(turn.agent_words) >= self.least else [fails("too short")]


long_enough = Longer(3)
NUMBER = 5
"""

LINES = {
    name: number
    for number, line in enumerate(CHECKS.splitlines(), start=1)
    for name, text in (("asserts", 'f"it said'), ("breaks", "KeyError"), ("leaves", "SystemExit"))
    if text in line
}


def checked(folder: Path, check: str, protocol: str = "twilio", source: str = CHECKS) -> Talk:
    """A call whose second turn has this check."""
    (folder / "bank_checks.py").write_text(dedent(source), "utf-8")
    turns = f"- turn: Greeting\n- turn: Ask\n  {ASK}\n  expect: {{says: message deleted, check: {check}}}\n"
    return talk(folder, turns, AGENT, head="variables: {limit: 4}\n", protocol=protocol)


def planned(folder: Path, check: str, source: str = CHECKS) -> list[str]:
    """The problems of planning such a call."""
    (folder / "bank_checks.py").write_text(dedent(source), "utf-8")
    turns = f"- turn: Ask\n  {ASK}\n  expect: {{check: {check}}}\n"
    problems = plan_talk(folder, turns, AGENT).problems
    return [f"{problem.message} | {problem.suggestion or problem.help}" for problem in problems]


@pytest.mark.parametrize("protocol", ["twilio", "realtime", "audiocodes"])
def test_a_check_sees_the_turn(tmp_path: Path, protocol: str) -> None:
    """Words, calls, times, events, variables and sound of the turn, over each protocol."""
    result = checked(tmp_path, "[python:bank_checks.look, python:bank_checks.sounds]", protocol)

    assert [each.message for each in result.failures()] == []
    found = [each for each in result.turn("Ask").findings if each.kind == "check"]
    assert [each.message for each in found] == [
        "python:bank_checks.look holds.",
        "python:bank_checks.sounds holds.",
    ]


@pytest.mark.parametrize(
    ("check", "status", "message"),
    [
        ("{python:bank_checks.short: {most: 8}}", Status.PASSED, "R-1042 is short"),
        (
            '{python:bank_checks.short: {most: "{{ limit }}"}}',
            Status.FAILED,
            "R-1042 has more than 4 characters",
        ),
        ("python:bank_checks.long_enough", Status.PASSED, "python:bank_checks.long_enough holds."),
        ("python:bank_checks.shrugs", Status.NOT_EXERCISED, "who knows"),
        (
            "python:bank_checks.asserts",
            Status.FAILED,
            "python:bank_checks.asserts: it said Message deleted. (bank_checks.py:{asserts}).",
        ),
        (
            "python:bank_checks.breaks",
            Status.NOT_EXERCISED,
            "The check python:bank_checks.breaks broke (bank_checks.py:{breaks}): KeyError: 'nowhere'.",
        ),
        (
            "python:bank_checks.leaves",
            Status.NOT_EXERCISED,
            "The check python:bank_checks.leaves broke (bank_checks.py:{leaves}): SystemExit: 3.",
        ),
        (
            "python:bank_checks.says_yes",
            Status.NOT_EXERCISED,
            "The check python:bank_checks.says_yes gave back bool True, which is no finding.",
        ),
    ],
)
def test_what_a_check_says_is_a_finding(tmp_path: Path, check: str, status: Status, message: str) -> None:
    """At its place in the scenario; one that breaks says so itself, and what else was found stays."""
    result = checked(tmp_path, check)
    says, found = result.turn("Ask").findings

    assert (says.kind, says.status) == ("says", Status.PASSED)
    assert (found.kind, found.status, found.message) == ("check", status, message.format(**LINES))
    assert found.turn == 1
    assert found.span is not None
    assert found.span.file == "talk.yaml"
    assert (result.turn("Ask").outcome.value == "passed") is (status is Status.PASSED)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("python:bank_chekcs.look", "there is no module 'bank_chekcs' | bank_checks"),
        ("python:bank_checks.lok", "'bank_checks' has no function 'lok' | look"),
        ("python:bank_checks.NUMBER", "'python:bank_checks.NUMBER' is int, not a function | "),
        (
            "python:bank_checks.waits",
            "'python:bank_checks.waits' is asynchronous, and nobody awaits it | write def, without async",
        ),
        (
            "{python:bank_checks.short: {mots: 1}}",
            "'short' cannot be called so: got an unexpected keyword argument 'mots' | it is written short(",
        ),
        ("bank.short", "no check 'bank.short' is installed | none is installed; one in the project folder"),
    ],
)
def test_what_cannot_be_called_is_a_problem(tmp_path: Path, check: str, message: str) -> None:
    """Before any call, with what to write."""
    (problem,) = planned(tmp_path, check)

    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere' (bank_checks.py:1)"),
        ("\nraise RuntimeError('no database')\n", "RuntimeError: no database (bank_checks.py:2)"),
        ("import sys\nsys.exit(4)\n", "SystemExit: 4 (bank_checks.py:2)"),
        ("def look(turn:\n", "SyntaxError: '(' was never closed (bank_checks.py, line 1)"),
    ],
)
def test_a_module_that_does_not_import(tmp_path: Path, source: str, reason: str) -> None:
    """Its last line is the problem, at the place of the check."""
    (problem,) = planned(tmp_path, "python:bank_checks.look", source)

    assert problem.startswith(f"'bank_checks' cannot be imported: {reason} | ")


def test_each_project_has_its_own_modules(tmp_path: Path) -> None:
    """A module of the same name in another project is another module."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = checked(tmp_path / "one", "python:bank_checks.said", source="def said(turn): pass\n")
    second = checked(tmp_path / "two", "python:bank_checks.said", source="def said(turn): return 1\n")

    assert (first.kinds(), second.kinds()) == ([], ["check"])


def test_installed_checks_are_named_by_their_entry_points(tmp_path: Path) -> None:
    """One that loads is called by its name; one that does not, and one that is not there, are problems."""
    turns = f"- turn: Ask\n  {ASK}\n  expect: {{check: [short, broken, shrot]}}\n"
    scenario = plan_talk(tmp_path, turns.replace("[short, broken, shrot]", "[]"), AGENT)
    assert scenario.problems  # it would always hold
    (tmp_path / "bank_checks.py").write_text("def look(turn): pass\n", "utf-8")
    part = plan_talk(tmp_path, f"- turn: Ask\n  {ASK}\n  expect: {{check: python:bank_checks.look}}\n", AGENT)
    (case,) = part.cases
    (item,) = case.plan.turns[0].turn.expect.check if case.plan.turns[0].turn.expect else ()
    named = [item.model_copy(update={"name": name}) for name in ("short", "broken", "shrot")]
    expect = case.plan.turns[0].turn.expect
    assert expect is not None
    points = [
        EntryPoint("short", "os.path:join", "turnspec.checks"),
        EntryPoint("broken", "os.path:nowhere", "turnspec.checks"),
    ]

    found = custom_checks(expect.model_copy(update={"check": tuple(named)}), tmp_path, points)

    first, second = (problem.message for problem in found.problems)
    assert first.startswith("the installed check 'broken' (os.path:nowhere) does not load: AttributeError: ")
    assert second == "no check 'shrot' is installed"
    assert found.problems[1].suggestion == "short"
    assert list(found.checks) == ["short"]


def test_a_wrong_check_ends_the_command_with_2(tmp_path: Path) -> None:
    """The command line says where and why, with no traceback."""
    project = Project(tmp_path)
    for clip in ("agent/no-more.flac", "agent/deleted.flac", "caller/five-five.flac"):
        project.clip(clip)
    project.write(
        "turnspec.yaml", "version: 1\nscenarios: [.]\ntargets: {desk: {agent: desk.yaml, protocol: twilio}}\n"
    )
    project.write("desk.yaml", DESK)
    project.write("talk.yaml", TALK.replace("says: message deleted", "check: python:bank_checks.starts"))

    ran = run_here(project)

    assert ran.code == 2
    assert "talk.yaml:8:21" in ran.told
    assert "there is no module 'bank_checks'" in ran.told
    assert "Traceback" not in ran.told


def test_problems_are_shown_at_the_check(tmp_path: Path) -> None:
    """The caret stands under the name, whichever form it is written in."""
    (tmp_path / "bank_checks.py").write_text("def look(turn): pass\n", "utf-8")
    named = "[python:bank_checks.lok, {python:bank_checks.luk: {a: 1}}]"
    turns = f"- {ASK}\n  expect: {{check: {named}}}\n"
    rendered = render_problems(plan_talk(tmp_path, turns, AGENT).problems)

    assert rendered.count("^" * len("python:bank_checks.lok")) == 2
