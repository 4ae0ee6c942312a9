"""`turnspec check` on a thousand scenario files, beside ruamel.yaml reading the same files."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from support_bench import TURNSPEC, cpu_s, in_turns, report, wall_s

FILES = 1_000
PROCESSES = min(2, os.cpu_count() or 1)

PROJECT = """\
version: 1
targets: {bank: {agent: agents/bank.yaml, protocol: realtime}}
budgets: {response: 2 s}
"""
AGENT = """\
agent: Bank
greeting: {say: Welcome to Example Bank}
functions:
  block_card: {parameters: {last4: string, reason: string}, returns: {status: blocked, reference: R-1042}}
responses:
  block:
    when: {keywords: [lost]}
    call: {block_card: {last4: "4821", reason: lost}}
    then: {say: "Your card is blocked, reference {{ results.block_card.reference }}."}
otherwise: {say: I understand.}
"""
BEGINNING = """\
# One of a thousand.
scenario: Lost card NUMBER
description: A caller reports a lost card; the agent blocks it and reads back a reference.
tags: [cards, smoke]
target: bank
variables: {last4: "4821"}
patience: 10 s
budgets: {greeting: 2 s, response: 1.2 s, call: 60 s}
turns:
  - turn: Greeting
    expect: {intent: greeting, says: welcome to Example Bank}
"""
TURN = """\
  - turn: Report the loss NUMBER
    caller: I lost my card ending in {{ last4 }}
    expect:
      calls:
        - block_card: {last4: "{{ last4 }}", reason: lost}
      says: {matches: 'reference (?P<reference>R-\\d+)'}
      does_not_say: [password, as an AI]
    budget: {response: 800 ms, function_call: 500 ms}
"""
BARE = """
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from ruamel.yaml import YAML

def read(paths):
    for path in paths:
        YAML().load(path)

if __name__ == "__main__":
    paths, processes = sorted(Path(sys.argv[1]).rglob("*.yaml")), int(sys.argv[2])
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(read, [paths[number::processes] for number in range(processes)]))
"""


def _scenario(number: int) -> str:
    turns = (TURN.replace("NUMBER", str(turn)) for turn in range(6))
    return BEGINNING.replace("NUMBER", str(number)) + "".join(turns) + "  - caller: goodbye\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand scenarios of sixty lines."""
    folder = tmp_path_factory.mktemp("thousand")
    for name, text in (("turnspec.yaml", PROJECT), ("agents/bank.yaml", AGENT)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "scenarios").mkdir()
    for number in range(FILES):
        (folder / "scenarios" / f"lost-{number:04}.yaml").write_text(_scenario(number), "utf-8")
    assert len(_scenario(0).splitlines()) == 60
    return folder


def test_a_cold_check_takes_little_longer_than_reading(project: Path) -> None:
    """Without a cache it costs at most 1.3 times ruamel.yaml's round-trip load, on as many processes."""
    bare = project / "bare.py"
    bare.write_text(BARE, "utf-8")
    check = [*TURNSPEC, "check", "scenarios", "--workers", str(PROCESSES)]

    def cold() -> float:
        shutil.rmtree(project / ".turnspec", ignore_errors=True)
        return cpu_s(check, project)

    ours, reading = in_turns(
        cold, lambda: cpu_s([sys.executable, str(bare), str(project), str(PROCESSES)]), rounds=3
    )
    report(f"a cold check of {FILES} files / ruamel.yaml's round-trip load", ours / reading, 1.3)
    assert ours <= 1.3 * reading


def test_a_warm_check_is_quick(project: Path) -> None:
    """With what an earlier check left behind it takes at most 1.5 s."""
    (took,) = in_turns(lambda: wall_s([*TURNSPEC, "check", "scenarios"], project), rounds=3)
    report(f"seconds of a warm check of {FILES} files", took, 1.5, " s")
    assert took <= 1.5
