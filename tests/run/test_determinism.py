"""Virtual calls leave the same bytes wherever, however and beside whatever they are made; wall calls agree.

`TURNSPEC_OTHER_PYTHON` names the interpreter of another Python version in which turnspec is installed: it is
then held to the same bytes too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support_projects import EXAMPLES, REPOSITORY, Project, Ran, surroundings, turnspec_here

PROTOCOLS = ("twilio", "audiocodes", "realtime")
VIRTUAL = ("dictation.yaml", "editor.yaml", "mailbox.yaml", "rover.yaml")
ROOMS = os.pathsep.join(str(REPOSITORY / room) for room in ("dsl_schema", "engine", "reports"))
STAMP = re.compile(rb' timestamp="[^"]*"')


def run_in(
    project: Path,
    output: Path,
    *arguments: str,
    hash_seed: str = "0",
    python: str = sys.executable,
    more: Mapping[str, str] | None = None,
) -> Ran:
    """Run the examples that are virtual, or those named."""
    files = arguments if arguments and arguments[0].endswith(".yaml") else (*VIRTUAL, *arguments)
    done = subprocess.run(
        [python, "-m", "turnspec", "run", *files, "-o", str(output)],
        cwd=project,
        env={**surroundings(more), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr, output)
    assert ran.code == 0, ran.told
    return ran


def bytes_of(ran: Ran, call: Mapping[str, Any]) -> dict[str, bytes]:
    """All that a call left, by file name."""
    return {path.name: path.read_bytes() for path in sorted((ran.output / call["folder"]).iterdir())}


def assert_same(ran: Ran, other: Ran) -> None:
    """Every call of the one left the same bytes in the other; so are the reports, but for when they were."""
    calls = {call["name"]: call for call in other.results["calls"]}
    for call in ran.results["calls"]:
        assert bytes_of(ran, call) == bytes_of(other, calls[call["name"]]), call["name"]
        assert call == calls[call["name"]]


def assert_same_reports(ran: Ran, other: Ran) -> None:
    """The whole reports are the same bytes, but for the run's id and dates, which are in one place each."""
    one, two = ((each.output / "junit.xml").read_bytes() for each in (ran, other))
    assert STAMP.sub(b"", one, count=1) == STAMP.sub(b"", two, count=1)
    assert {**ran.results, "info": {}} == {**other.results, "info": {}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All four, one after another."""
    return run_in(EXAMPLES, tmp_path_factory.mktemp("base") / "out")


def test_evidence_is_complete(base: Ran) -> None:
    """What is compared is there: events, frames and a recording of every call."""
    assert len(base.results["calls"]) == len(VIRTUAL)
    for call in base.results["calls"]:
        assert set(bytes_of(base, call)) >= {"events.jsonl", "wire.jsonl", "call.flac"}


@pytest.mark.parametrize("file", VIRTUAL)
def test_alone_as_among_others(base: Ran, tmp_path: Path, file: str) -> None:
    """A call leaves the same when it is the only one, in a process that has done much else before."""
    ran = turnspec_here(EXAMPLES, "run", file, "-o", str(tmp_path / "out"))

    assert ran.code == 0, ran.told
    assert_same(replace(ran, output=tmp_path / "out"), base)


def test_in_two_workers(base: Ran, tmp_path: Path) -> None:
    """Two processes share the calls out; nothing differs."""
    ran = run_in(EXAMPLES, tmp_path / "out", "--workers", "2")

    assert_same(ran, base)
    assert_same_reports(ran, base)


def test_other_hash_seed_and_other_place(base: Ran, tmp_path: Path) -> None:
    """Another order of sets, another folder, another time zone and another language: the same bytes."""
    project = Path(shutil.copytree(EXAMPLES, tmp_path / "elsewhere"))

    ran = run_in(
        project,
        tmp_path / "out",
        hash_seed="4242",
        more={"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONUTF8": "0"},
    )

    assert_same(ran, base)
    assert_same_reports(ran, base)


# Where no second interpreter is named (CI looks for one), there is nothing to compare with.
if OTHER_PYTHON := os.environ.get("TURNSPEC_OTHER_PYTHON"):

    def test_other_python(base: Ran, tmp_path: Path) -> None:
        """Another version of Python: the same bytes."""
        assert OTHER_PYTHON
        ran = run_in(EXAMPLES, tmp_path / "out", python=OTHER_PYTHON, more={"PYTHONPATH": ROOMS})

        assert ran.results["info"]["python"] != base.results["info"]["python"]
        assert_same(ran, base)
        assert_same_reports(ran, base)


@pytest.mark.parametrize(
    ("arguments", "calls"),
    [(("card-table.yaml", "--target", "card-table-inside"), 1), (("station.yaml",), 3)],
    ids=["a bridge in process", "three protocols"],
)
def test_once_more(tmp_path: Path, arguments: tuple[str, ...], calls: int) -> None:
    """A real bridge between two simulated ends, and one file over every protocol: the same bytes twice."""
    first = run_in(EXAMPLES, tmp_path / "first", *arguments)
    second = run_in(EXAMPLES, tmp_path / "second", *arguments, hash_seed="77")

    assert len(first.results["calls"]) == calls
    assert {call["clock"] for call in first.results["calls"]} == {"virtual"}
    assert_same(second, first)
    assert_same_reports(second, first)


def test_other_seed_is_another_call(base: Ran, tmp_path: Path) -> None:
    """Ids derive from the seed, and from nothing else: with another one they differ, outcomes do not."""
    ran = run_in(EXAMPLES, tmp_path / "out", "mailbox.yaml", "--seed", "8")

    (call,) = ran.results["calls"]
    (before,) = [each for each in base.results["calls"] if each["file"] == "mailbox.yaml"]
    assert bytes_of(ran, call)["wire.jsonl"] != bytes_of(base, before)["wire.jsonl"]
    assert checked(call) == checked(before)


def checked(call: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Every check of a call and how it came out; budgets among them."""
    found = [
        (turn["name"], finding["kind"], finding["status"])
        for turn in call["turns"]
        for finding in turn["findings"]
    ]
    limited = [
        (str(measured["turn"]), measured["name"], f"{measured['state']} {measured['judged']}")
        for measured in [
            *(each for turn in call["turns"] for each in turn["measurements"]),
            *call["measurements"],
        ]
        if measured["limit_us"] is not None
    ]
    return [*found, *limited, ("", call["outcome"], " ".join(turn["how"] for turn in call["turns"]))]


SCENARIO = """
scenario: Talk over {protocol}
target: desk-{protocol}
budgets: {{connect: 2 s, greeting: 2 s, call: 30 s}}
turns:
  - turn: Greeting
    expect: {{says: no more messages, does_not_say: deleted}}
  - turn: Ask
    caller: {{audio: account.flac, text: one two three}}
    expect:
      calls: [{{look_up: {{what: one}}}}]
      returned: {{look_up: {{found: true}}}}
      says: [message, saved]
    budget: {{response: 1.5 s, function_call: 1.5 s}}
  - turn: Expect the wrong thing
    caller: {{audio: five-five.flac, text: five five}}
    expect: {{says: saved, calls: [look_up]}}
    budget: {{response: 100 ms}}
  - turn: Goodbye
    caller: {{audio: forward.flac, text: goodbye}}
    expect: {{intent: farewell, hangup: true}}
"""
AGENT = """
agent: Desk
greeting: {say: No more messages., audio: no-more.flac}
functions: {look_up: {returns: {found: true}, takes: 80 ms}}
responses:
  one:
    when: {keywords: [one]}
    call: {look_up: {what: one}}
    then: {say: Your message has been saved., audio: saved.flac}
  bye: {when: {keywords: [goodbye]}, say: Message undeleted. Goodbye!, audio: undeleted.flac, hangup: true}
otherwise: {say: Message deleted., audio: deleted.flac, timing: {first_audio: 700 ms}}
"""


def test_wall_clock_comes_to_the_same(tmp_path: Path) -> None:
    """The same file over real sockets: every check and every budget comes out as in virtual time."""
    project = Project(tmp_path)
    for clip in ("no-more", "saved", "undeleted", "deleted"):
        project.clip(f"agent/{clip}.flac")
    for clip in ("account", "five-five", "forward"):
        project.clip(f"caller/{clip}.flac")
    targets = "".join(f"  desk-{name}: {{agent: desk.yaml, protocol: {name}}}\n" for name in PROTOCOLS)
    project.write("turnspec.yaml", f"version: 1\nscenarios: [.]\ntargets:\n{targets}")
    project.write("desk.yaml", AGENT)
    for protocol in PROTOCOLS:
        project.write(f"{protocol}.yaml", SCENARIO.format(protocol=protocol))

    virtual = project.run("-o", "virtual")
    wall = project.run("-o", "wall", "--clock", "wall")

    assert (virtual.code, wall.code) == (1, 1), virtual.told + wall.told
    for output in ("virtual", "wall"):
        results = json.loads((tmp_path / output / "results.json").read_text())
        assert {call["clock"] for call in results["calls"]} == {output}
        checks = [checked(call) for call in results["calls"]]
        if output == "virtual":
            before = checks
    assert checks == before
    assert ("Expect the wrong thing", "says", "failed") in checks[0]
    assert ("Goodbye", "hangup", "passed") in checks[0]
