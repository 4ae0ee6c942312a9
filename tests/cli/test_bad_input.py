"""Wrong files and command lines: nobody is called, the message says where and what, the exit code is 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_projects import DESK, TALK, Project, run_here, talk, turnspec, turnspec_here
from support_work import calls_made

SILENCE = np.zeros(8_000, np.int16)
SECRET = "s3cr3t-tok3n"


def misspelt(project: Project) -> None:
    """A key that nobody knows."""
    project.change("talk.yaml", "expect", "expct")


def bare_number(project: Project) -> None:
    """A duration without a unit."""
    project.change("talk.yaml", "target: desk", "target: desk\npatience: 5")


def missing_clip(project: Project) -> None:
    """A recording that is not there."""
    project.change("talk.yaml", "five-five.flac", "five.flac")


def unreadable_clip(project: Project) -> None:
    """A recording that is none."""
    (project.folder / "five-five.flac").write_bytes(b"RIFFxxxxWAVE and nothing more")


def empty_clip(project: Project) -> None:
    """A recording of no bytes."""
    (project.folder / "five-five.flac").write_bytes(b"")


def clip_without_samples(project: Project) -> None:
    """A WAV file that ends after its header."""
    soundfile.write(project.folder / "five-five.wav", SILENCE[:0], 8_000)
    project.change("talk.yaml", "five-five.flac", "five-five.wav")


def silent_clip(project: Project) -> None:
    """A recording in which nothing is said."""
    soundfile.write(project.folder / "five-five.wav", SILENCE, 8_000)
    project.change("talk.yaml", "five-five.flac", "five-five.wav")


def unreadable_agent_clip(project: Project) -> None:
    """A recording of the agent that is none."""
    (project.folder / "no-more.flac").write_bytes(b"hm")


def unknown_target(project: Project) -> None:
    """A target that the project does not have."""
    project.change("talk.yaml", "target: desk", "target: dsk")


def bad_pattern_of_readiness(project: Project) -> None:
    """A pattern that is none, to be looked for in a target's output."""
    start = "start: {command: bot, ready: {line: 'up ('}}"
    project.change(
        "turnspec.yaml",
        "{agent: desk.yaml, protocol: twilio}",
        f'{{protocol: twilio, url: "ws://b/", {start}}}',
    )


def alias_bomb(project: Project) -> None:
    """Aliases that multiply."""
    levels = [f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    project.write("bomb.yaml", "scenario: x\na: &a [l,l,l,l,l,l,l,l,l]\n" + "\n".join(levels))


def ten_megabytes(project: Project) -> None:
    """A scenario of ten megabytes."""
    turns = "  - caller: {text: hello there, this is long}\n" * 230_000
    project.write("big.yaml", f"scenario: x\ntarget: desk\nturns:\n{turns}")


def thousand_levels(project: Project) -> None:
    """A document a thousand levels deep."""
    project.write("deep.yaml", f"scenario: x\ntarget: desk\nturns: {'[' * 1000}{']' * 1000}\n")


def thousand_keys_deep(project: Project) -> None:
    """The same, written as keys."""
    levels = "".join(f"{' ' * (n % 400)}{{a: " for n in range(1_000))
    project.write("deep.yaml", f"scenario: x\nturns: {levels}{'}' * 1_000}\n")


REFUSED: dict[Callable[[Project], None], tuple[str, str]] = {
    misspelt: ("talk.yaml:5:5", "did you mean 'expect'?"),
    bare_number: ("talk.yaml:3:11", "write '5 ms' or '5 s'"),
    missing_clip: ("talk.yaml:7:21", "did you mean 'five-five.flac'?"),
    unreadable_clip: (
        "talk.yaml:7:21",
        "is not audio that can be read (Error in WAV file. No 'data' chunk marker)",
    ),
    empty_clip: ("talk.yaml:7:21", "is empty (0 bytes)"),
    clip_without_samples: ("talk.yaml:7:21", "has a header but no samples"),
    silent_clip: ("talk.yaml:7:21", "holds nothing but silence"),
    unreadable_agent_clip: ("desk.yaml:2:43", "is not audio that can be read"),
    unknown_target: ("talk.yaml:2:9", "did you mean 'desk'?"),
    bad_pattern_of_readiness: ("turnspec.yaml:4:", "this pattern cannot be read: missing )"),
    alias_bomb: ("bomb.yaml:7:4", "aliases make this more than 100,000 values"),
    ten_megabytes: ("big.yaml", "at most 262,144 are read"),
    thousand_levels: ("deep.yaml:3:57", "this is nested deeper than 50 levels"),
    thousand_keys_deep: ("deep.yaml:2:", "this is nested deeper than 50 levels"),
}


@pytest.mark.parametrize("broken", REFUSED, ids=lambda broken: broken.__name__)
def test_wrong_file_refuses_the_run(tmp_path: Path, broken: Callable[[Project], None]) -> None:
    """The place, the reason and the way out; exit 2; an error per file in the reports; no call."""
    project = talk(tmp_path)
    broken(project)
    where, what = REFUSED[broken]

    ran = run_here(project)

    assert ran.code == 2, ran.told
    ran.assert_clean()
    assert f"--> {where}" in ran.out
    assert what in ran.out
    assert ran.results["calls"] == []
    wrong = ran.results["wrong_files"][0]
    assert wrong["file"] == where.partition(":")[0]
    assert ran.junit.find(".//testcase/error") is not None
    assert what.partition("'")[0] in ran.html.replace("&#39;", "'")
    assert not (tmp_path / "out" / "calls").exists()


@pytest.mark.parametrize("broken", [alias_bomb, ten_megabytes, thousand_levels, thousand_keys_deep])
def test_hostile_file_is_refused_quickly(tmp_path: Path, broken: Callable[[Project], None]) -> None:
    """What would take a parser seconds or all memory is hardly more work than an honest file."""
    project = talk(tmp_path)
    codes: list[int] = []

    def check() -> None:
        codes.append(turnspec_here(tmp_path, "check", ".").code)

    check()  # what is loaded only once
    honest = calls_made(check)
    broken(project)
    hostile = calls_made(check)

    assert codes == [0, 0, 2]
    assert hostile < 4 * honest


def test_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Two wrong files and a wrong script: one run names them all."""
    project = talk(tmp_path, desk=DESK.replace("otherwise", "otherwize"))
    misspelt(project)
    project.write("second.yaml", TALK.replace("target: desk", "target: dsk"))

    ran = run_here(project)

    assert {wrong["file"] for wrong in ran.results["wrong_files"]} == {
        "desk.yaml",
        "talk.yaml",
        "second.yaml",
    }


NOTHING = {
    ("-k", "nobody"): "none of 1 scenarios in . matches the selection",
    ("--tag", "nobody"): "none of 1 scenarios in . matches the selection",
    ("-t", "dsk"): "there is no target 'dsk'; did you mean 'desk'?",
    ("--protocol", "twillio"): "there is no protocol 'twillio'; did you mean 'twilio'?",
    ("sub",): "there is no scenario in sub",
}


@pytest.mark.parametrize("arguments", NOTHING, ids=" ".join)
def test_nothing_selected(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A selection that selects nothing says why, and is no success."""
    (tmp_path / "sub").mkdir()

    ran = run_here(talk(tmp_path), *arguments)

    assert ran.code == 2
    ran.assert_clean()
    assert NOTHING[arguments] in ran.err
    assert ran.results["verdict"].startswith("Nothing was called")


@pytest.mark.parametrize("name", ["nowhere", "nowhere.yaml"])
def test_path_that_is_not_there(tmp_path: Path, name: str) -> None:
    """A path that does not exist is named."""
    ran = run_here(talk(tmp_path), name)

    assert ran.code == 2
    assert f"there is no such file\n  --> {name}" in ran.out


@pytest.mark.parametrize(
    "arguments", [("--wrkers", "2"), ("--workers", "0"), ("--clock", "sun"), ("--seed", "x")]
)
def test_wrong_option(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A wrong command line is refused with its usage before anything is read or written."""
    ran = run_here(talk(tmp_path), *arguments)

    assert ran.code == 2
    assert "Usage: turnspec run" in ran.err
    assert arguments[0] in ran.err
    assert not ran.output.exists()


def test_problem_of_a_scenario_that_is_not_selected(tmp_path: Path) -> None:
    """What cannot be called over the chosen protocol stands in nobody's way when it is not selected."""
    project = talk(tmp_path)
    project.write(
        "keys.yaml",
        TALK.replace("Talk", "Keys").replace("audio: five-five.flac, text: five five", 'dtmf: "1"'),
    )

    assert run_here(project, "--protocol", "realtime").code == 2
    assert run_here(project, "--protocol", "realtime", "-k", "talk").code == 0


def test_environment_that_is_not_set(tmp_path: Path) -> None:
    """A variable that is used and not set is named at each place where it is used; nobody is called."""
    target = """
    protocol: twilio
    url: "{{ env.BANK_URL }}"
    headers: {X-Token: "{{ env.BOT_TOKEN }}"}
"""
    project = talk(tmp_path, target=target, head="environment: [BANK_URL, UNUSED]\nsecrets: [BOT_TOKEN]\n")
    project.change("talk.yaml", "expect: {says: no more messages}", "expect: {silent: 1 s}")
    project.change("talk.yaml", "    expect: {says: message deleted}\n", "")

    ran = run_here(project, environment={"BANK_URL": "ws://127.0.0.1:9/"})

    assert ran.code == 2, ran.told
    assert "turnspec.yaml:9:24" in ran.out
    assert "the environment variable BOT_TOKEN is not set" in ran.out
    assert "BANK_URL" not in ran.out
    assert ran.results["calls"] == []
    assert turnspec(tmp_path, "check", ".").code == 0  # the files themselves are right


def test_secret_is_masked_everywhere(tmp_path: Path) -> None:
    """A secret that an agent says aloud is in nothing that is printed or written."""
    desk = DESK.replace("Message deleted.", "'Your token is {{ env.BOT_TOKEN }}.'")
    project = talk(tmp_path, head="secrets: [BOT_TOKEN]\n", desk=desk)
    project.change("talk.yaml", "message deleted", "your token is nothing")

    ran = run_here(project, environment={"BOT_TOKEN": SECRET})

    assert ran.code == 1, ran.told
    assert SECRET not in ran.told
    for path in ran.output.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("arguments", [(), ("--junit", "."), ("--html", "talk.yaml/report.html")], ids=str)
def test_output_that_cannot_be_written(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Where reports cannot be written is found out before anybody is called."""
    project = talk(tmp_path)
    if not arguments:
        project.write("out", "a file where a folder is wanted")

    ran = run_here(project, *arguments)

    assert ran.code == 2, ran.told
    ran.assert_clean()
    assert "the reports could not be written" in ran.err
    assert not list(tmp_path.glob("out/calls/*"))


def test_check_says_what_run_refuses(tmp_path: Path) -> None:
    """`check` names the same problems, and `plan` shows no plan of a wrong file."""
    project = talk(tmp_path)
    misspelt(project)

    checked = turnspec_here(tmp_path, "check", ".")
    planned = turnspec_here(tmp_path, "plan", ".")

    assert (checked.code, planned.code) == (2, 2)
    assert "did you mean 'expect'?" in checked.out
    assert "did you mean 'expect'?" in planned.err


def test_plan_is_json_when_asked(tmp_path: Path) -> None:
    """`plan --format json` is a document for programs."""
    talk(tmp_path)
    shown = turnspec_here(tmp_path, "plan", "talk.yaml", "--format", "json")

    assert shown.code == 0
    assert isinstance(json.loads(shown.out), list)
