"""Paths become a project with its scenarios and scripts, or problems - all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from turnspec.dsl import render_problem
from turnspec.dsl.load import Loaded, load, scenario_folders

AGENT = "agent: Bank\nfunctions: {block_card: {returns: done}}\notherwise: {say: Sorry?}\n"
PROJECT = "version: 1\ntargets: {bank: {agent: agents/bank.yaml}}\nintents: [intents.yaml]\n"
SCENARIO = "scenario: Hello\ntarget: bank\nturns: [{caller: hello, expect: {intent: card_blocked}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that is in order."""
    for name in ("agents", "scenarios", ".hidden", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "turnspec.yaml").write_text(PROJECT)
    (tmp_path / "intents.yaml").write_text("intents: {card_blocked: {keywords: [blocked]}}\n")
    (tmp_path / "agents/bank.yaml").write_text(AGENT)
    (tmp_path / "scenarios/hello.yaml").write_text(SCENARIO)
    return tmp_path


def _kinds(loaded: Loaded) -> list[str]:
    return [problem.kind for problem in loaded.problems]


def test_one_file_brings_all_that_it_needs(folder: Path) -> None:
    """The project is found upwards; its intents and the target's script are read as well."""
    loaded = load([folder / "scenarios/hello.yaml"])

    assert loaded.problems == ()
    assert loaded.root == folder
    assert [scenario.path for scenario in loaded.scenarios] == ["scenarios/hello.yaml"]
    assert list(loaded.agents) == ["agents/bank.yaml"]
    assert list(loaded.intents) == ["card_blocked"]
    target = loaded.target(loaded.scenarios[0])
    assert target is not None
    script = loaded.script(target)
    assert script is not None
    assert script.name == "Bank"


def test_a_folder_is_read_with_all_that_is_below(folder: Path) -> None:
    """YAML of other programs, hidden folders and reports are left alone."""
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "other/broken.yaml").write_text("services: [\n")
    (folder / ".hidden/bad.yaml").write_text("scenario: [\n")
    (folder / "other/second.yml").write_text(SCENARIO.replace("Hello", "Second"))
    loaded = load([folder])

    assert loaded.problems == ()
    assert [scenario.name for scenario in loaded.scenarios] == ["Second", "Hello"]


@pytest.mark.parametrize("name", ["scenarios/stray.yaml", "stray.yaml"])
def test_a_file_of_no_kind_is_a_problem_where_scenarios_live(folder: Path, name: str) -> None:
    """Under the project's scenario folders, or when named; elsewhere it is none of ours."""
    (folder / name).write_text("scenaro: Hello\n")

    assert _kinds(load([folder / name])) == ["unknown-kind"]
    assert _kinds(load([folder])) == (["unknown-kind"] if "/" in name else [])


def test_a_broken_scenario_is_found_wherever_it_is(folder: Path) -> None:
    """A file that begins like one of ours is reported, even if nothing more of it can be read."""
    (folder / "other/broken.yaml").write_text("scenario: Broken\nturns: [\n")
    (folder / "other/large.yaml").write_text("scenario: Large\n" + "# much\n" * 50_000)

    assert _kinds(load([folder])) == ["yaml-syntax", "too-large"]


def test_a_missing_path_is_a_problem(folder: Path) -> None:
    """A path that leads nowhere is reported, not ignored."""
    loaded = load([folder / "scenarios/helo.yaml"])

    assert _kinds(loaded) == ["missing-file"]
    assert loaded.problems[0].span.file == "scenarios/helo.yaml"


def test_a_scenario_may_stand_alone(tmp_path: Path) -> None:
    """Without a project, an inline target is enough."""
    (tmp_path / "agent.yaml").write_text(AGENT)
    scenario = tmp_path / "alone.yaml"
    scenario.write_text("scenario: Alone\ntarget: {agent: agent.yaml}\nturns: [{caller: hello}]\n")
    loaded = load([scenario])

    assert loaded.problems == ()
    assert loaded.root == tmp_path
    target = loaded.target(loaded.scenarios[0])
    assert target is not None
    assert loaded.script(target) is not None


def test_recordings_are_looked_into(folder: Path) -> None:
    """What is wrong with a recording is said where it is named."""
    (folder / "scenarios/empty.wav").write_bytes(b"")
    file = folder / "scenarios/plays.yaml"
    file.write_text("scenario: Plays\ntarget: bank\nturns: [{caller: {audio: empty.wav}}]\n")
    loaded = load(
        [file], check_audio=lambda path: None if path.stat().st_size else "there is no sound in this file"
    )

    assert len(loaded.problems) == 1
    assert render_problem(loaded.problems[0]).splitlines() == [
        "error[bad-audio]: there is no sound in this file",
        "  --> scenarios/plays.yaml:3:26",
        "  3 | turns: [{caller: {audio: empty.wav}}]",
        "    |                          ^^^^^^^^^",
        "    = record it again, or convert it to WAV",
    ]


def test_outside_paths_can_be_allowed(folder: Path) -> None:
    """`allow_outside: true` lets a scenario name files anywhere."""
    (folder.parent / "clip.wav").write_bytes(b"x")
    file = folder / "scenarios/plays.yaml"
    file.write_text("scenario: Plays\ntarget: bank\nturns: [{caller: {audio: ../../clip.wav}}]\n")
    refused = _kinds(load([file]))
    (folder / "turnspec.yaml").write_text(PROJECT + "allow_outside: true\n")

    assert refused == ["outside-project"]
    assert _kinds(load([file])) == []


def test_a_link_does_not_lead_outside(folder: Path) -> None:
    """A symbolic link to a file outside is outside."""
    (folder.parent / "secret.wav").write_bytes(b"x")
    (folder / "scenarios/clip.wav").symlink_to(folder.parent / "secret.wav")
    file = folder / "scenarios/plays.yaml"
    file.write_text("scenario: Plays\ntarget: bank\nturns: [{caller: {audio: clip.wav}}]\n")

    assert _kinds(load([file])) == ["outside-project"]


def test_captures_reach_later_turns_only(folder: Path) -> None:
    """A name captured in one turn is known in those after it, in texts, arguments and patterns."""
    file = folder / "scenarios/captures.yaml"
    turns = (
        "  - {caller: hello, expect: {says: {matches: '(?P<code>[0-9]+)'}}}\n"
        "  - caller: '{{ code }}'\n"
        "    expect: {says: {matches: 'is {{ code }}'}, calls: [{block_card: {c: '{{ code }}'}}]}\n"
    )
    file.write_text(f"scenario: Captures\ntarget: bank\nturns:\n{turns}")

    assert _kinds(load([file])) == []


def test_importing_the_language_stays_light() -> None:
    """Neither numpy nor Jinja, nor the YAML parser, is loaded to name a model."""
    heavy = ("numpy", "jinja2", "ruamel.yaml", "regex")
    code = f"import sys, turnspec.dsl; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_without_a_path_scenarios_are_where_the_project_says(tmp_path: Path) -> None:
    """In the project's folder and below it; without a project, or without a word of it, in `scenarios`."""
    below = tmp_path / "below"
    below.mkdir()
    assert scenario_folders(below) == (below / "scenarios",)

    (tmp_path / "turnspec.yaml").write_text("version: 1\nscenarios: [talks, more/talks]\n")
    assert scenario_folders(below) == (tmp_path / "talks", tmp_path / "more/talks")

    (tmp_path / "turnspec.yaml").write_text("version: 1\n")
    assert scenario_folders(below) == (tmp_path / "scenarios",)


def test_only_listed_intents_count(tmp_path: Path) -> None:
    """Whatever else is read with a scenario: a file of intents that nobody lists changes no outcome."""
    (tmp_path / "turnspec.yaml").write_text("version: 1\nscenarios: [.]\nintents: [listed.yaml]\n")
    (tmp_path / "listed.yaml").write_text("intents: {lost: {keywords: [lost]}}\n")
    (tmp_path / "other.yaml").write_text("intents: {gone: {keywords: [gone]}}\n")

    loaded = load([tmp_path])

    assert not loaded.problems
    assert list(loaded.intents) == ["lost"]
