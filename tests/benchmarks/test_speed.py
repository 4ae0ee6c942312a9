"""Speed, as ratios against a baseline that is named and taken in the same run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from support_bench import CORE, ROOT, TURNSPEC, cpu_s, in_turns, project_of, report, wall_s

IMPORTS = "; ".join(f"import {name}" for name in CORE.split() if name != "sounddevice")
COPIES = 21


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the timed scenario once."""
    return project_of(tmp_path_factory.mktemp("one") / "project")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the timed scenario many times."""
    return project_of(tmp_path_factory.mktemp("many") / "project", COPIES)


def _run(project: Path) -> list[str]:
    return [*TURNSPEC, "run", str(project), "-o", str(project / "turnspec-report"), "-q"]


def _conversation_s(project: Path) -> float:
    document = json.loads((project / "turnspec-report" / "results.json").read_text("utf-8"))
    return float(sum(call["duration_us"] for call in document["calls"])) / 1e6


def test_help_is_quick() -> None:
    """`turnspec --help` takes at most 8 times a bare Python start."""
    helped, bare = in_turns(
        lambda: wall_s([*TURNSPEC, "--help"]), lambda: wall_s([sys.executable, "-c", "pass"]), rounds=9
    )
    report("turnspec --help / python -c pass", helped / bare, 8)
    assert helped <= 8 * bare


def test_one_scenario_costs_little_more_than_its_imports(one: Path) -> None:
    """One virtual call of 18 s with all reports costs at most 3 times the bare import of the dependencies.

    Speech is found as the base install finds it: the model of the extra `vad` is none of these dependencies.
    """
    run = [*_run(one), "--voice-activity", "webrtc"]
    called, imported = in_turns(lambda: cpu_s(run), lambda: cpu_s([sys.executable, "-c", IMPORTS]))
    assert 15 <= _conversation_s(one) <= 21
    report("one virtual scenario with reports / importing the core dependencies", called / imported, 3)
    assert called <= 3 * imported


def test_the_cookbook_is_held_while_one_waits(tmp_path: Path) -> None:
    """All recipes, one of them with twenty runs, are held in virtual time in under 20 seconds."""
    taken = wall_s([*TURNSPEC, "run", str(ROOT / "scenarios" / "cookbook"), "-o", str(tmp_path), "-q"])
    report("seconds of the whole cookbook", taken, 20, " s")
    assert taken <= 20


def test_further_scenarios_run_fast(one: Path, many: Path) -> None:
    """Each further scenario of one agent gets at least 200 seconds of conversation out of a second of CPU."""
    all_of_them, first = in_turns(lambda: cpu_s(_run(many)), lambda: cpu_s(_run(one)), rounds=3)
    further = (_conversation_s(many) - _conversation_s(one)) / (all_of_them - first)
    report("seconds of further conversation / second of CPU (at least)", further, 200)
    assert further >= 200


def test_a_sandwich_adds_little_to_its_call(tmp_path: Path) -> None:
    """Starting a bridge, waiting for it, judging and reporting take at most 2 s beside the call itself."""
    output = tmp_path / "report"
    card_table = str(ROOT / "scenarios" / "card-table.yaml")
    took = wall_s([*TURNSPEC, "run", card_table, "-o", str(output), "-q"])
    document = json.loads((output / "results.json").read_text("utf-8"))
    call_s = document["calls"][0]["duration_us"] / 1e6
    report("seconds that a sandwich run takes beside its call", took - call_s, 2, " s")
    assert took - call_s <= 2


def test_a_bridge_inside_is_fifty_times_as_fast(tmp_path: Path) -> None:
    """A further call to the example bridge as `asgi:` takes a fiftieth of what it takes over sockets."""
    project = Path(shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios"))
    text = (project / "card-table.yaml").read_text("utf-8")
    name = next(line for line in text.splitlines() if line.startswith("scenario:"))
    for number in range(11):
        inside = text.replace(name, f"scenario: hand {number}").replace(
            "card-table\n", "card-table-inside\n", 1
        )
        (project / f"hand-{number}.yaml").write_text(inside, "utf-8")
    hands = [str(path) for path in sorted(project.glob("hand-*.yaml"))]
    run = [*TURNSPEC, "run", "-q", "-o", str(tmp_path / "report")]
    all_of_them, first = in_turns(lambda: wall_s([*run, *hands]), lambda: wall_s([*run, hands[0]]), rounds=3)
    over_sockets = wall_s([*run, str(project / "card-table.yaml")])
    ratio = over_sockets / ((all_of_them - first) / (len(hands) - 1))
    report("the bridge over sockets / a further call of it inside (at least)", ratio, 50)
    assert ratio >= 50


LOAD = """
import sys
from pathlib import Path
from ruamel.yaml import YAML
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    YAML().load(path)
"""
CHECK = """
import sys
from pathlib import Path
from turnspec.dsl.load import load
assert not load([Path(sys.argv[1])]).problems
"""


def test_reading_files_costs_no_more_than_ruamel_alone(tmp_path: Path) -> None:
    """Reading and checking a further scenario takes at most 1.3 times a bare round-trip load of it."""
    one, many = project_of(tmp_path / "one"), project_of(tmp_path / "many", 121)
    took = in_turns(
        *(
            lambda code=code, folder=folder: cpu_s([sys.executable, "-c", code, str(folder)])
            for code, folder in ((CHECK, many), (CHECK, one), (LOAD, many), (LOAD, one))
        ),
        rounds=3,
    )
    ours, bare = took[0] - took[1], took[2] - took[3]
    report("reading 120 further scenarios / ruamel.yaml's round-trip load", ours / bare, 1.3)
    assert ours <= 1.3 * bare


BOMBS = {
    "alias bomb": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)),
    "ten megabytes": "scenario: Big\nturns:\n" + "  - {turn: Again}\n" * 600_000,
    "a thousand deep": "scenario: Deep\nturns: " + "[" * 1_000 + "]" * 1_000 + "\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_documents_are_refused_as_quickly_as_small_ones_are_read(tmp_path: Path, name: str) -> None:
    """Refusing a bomb takes at most twice what checking one honest scenario takes, start-up included."""
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text(BOMBS[name], "utf-8")
    honest = project_of(tmp_path / "project")
    refusing = [sys.executable, "-c", REFUSE, str(bomb)]
    refused, read = in_turns(
        lambda: wall_s(refusing), lambda: wall_s([sys.executable, "-c", CHECK, str(honest)]), rounds=3
    )
    report(f"refusing {name} / checking one scenario", refused / read, 2)
    assert refused <= 2 * read


REFUSE = CHECK.replace("assert not", "assert")
