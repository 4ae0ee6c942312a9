"""`turnspec check` and `schema`, as people and programs call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from turnspec.cli.main import cli

AGENT = "agent: Bank\notherwise: {say: hello}\n"
BROKEN = "scenario: Broken\ntarget: bunk\nturns:\n  - caler: 100 %, surely\n"
WARNED = "scenario: Warned\ntarget: bank\nvariables: {colour: blue}\nturns: [{caller: hello}]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a good scenario, in which the command is called."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "bank.yaml").write_text(AGENT, "utf-8")
    (tmp_path / "turnspec.yaml").write_text("version: 1\ntargets: {bank: {agent: bank.yaml}}\n", "utf-8")
    (tmp_path / "scenarios" / "good.yaml").write_text(
        "scenario: Good\ntarget: bank\nturns: [{caller: hi}]\n", "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _called(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def test_json_tells_all_of_each_problem(project: Path) -> None:
    """A program gets place, kind, words, suggestion and severity, and what would be run."""
    (project / "scenarios" / "broken.yaml").write_text(BROKEN, "utf-8")
    (project / "scenarios" / "warned.yaml").write_text(WARNED, "utf-8")
    result = _called("check", "--format", "json")
    told = json.loads(result.stdout)

    assert result.exit_code == 2
    assert (told["format"], told["cases"], told["scenarios"], told["why_none"]) == (1, 2, 2, "")
    assert [problem["severity"] for problem in told["problems"]] == ["error", "warning"]
    assert told["problems"][0] == {
        "severity": "error",
        "kind": "unknown-key",
        "message": "a turn has no key 'caler'",
        "file": "scenarios/broken.yaml",
        "line": 4,
        "column": 5,
        "end_column": 10,
        "path": "/turns/0/caler",
        "suggestion": "caller",
        "hint": None,
    }


def test_github_gets_workflow_commands(project: Path) -> None:
    """Errors and warnings stand at their lines; what separates the parts of a command is escaped."""
    (project / "scenarios" / "a,b: 50%.yaml").write_text(BROKEN, "utf-8")
    (project / "scenarios" / "warned.yaml").write_text(WARNED, "utf-8")
    result = _called("check", "--format", "github")
    lines = result.stdout.splitlines()

    assert result.exit_code == 2
    assert lines[0] == (
        "::error file=scenarios/a%2Cb%3A 50%25.yaml,line=4,col=5,endColumn=10,title=turnspec%3A unknown-key"
        "::a turn has no key 'caler'%0Adid you mean 'caller'?"
    )
    assert lines[1].startswith("::warning file=scenarios/warned.yaml,line=3,")
    assert lines[-1] == "1 problem in 1 file"


def test_a_file_as_a_whole_has_no_line(project: Path) -> None:
    """Where a problem has no line, no form makes one up."""
    (project / "scenarios" / "empty.yaml").write_text("", "utf-8")
    told = json.loads(_called("check", "--format", "json").stdout)["problems"][0]

    assert (told["kind"], told["line"], told["path"]) == ("empty-file", None, "")
    assert "::error file=scenarios/empty.yaml,title=" in _called("check", "--format", "github").stdout


def test_warnings_refuse_only_when_asked(project: Path) -> None:
    """`--strict` makes 2 of a warning; without it the exit code is 0, from the cache, too."""
    (project / "scenarios" / "warned.yaml").write_text(WARNED, "utf-8")
    codes = [_called("check").exit_code, _called("check").exit_code, _called("check", "--strict").exit_code]

    assert codes == [0, 0, 2]
    assert "no turn uses the variable 'colour'" in _called("check").stdout


def test_several_paths_and_none(project: Path) -> None:
    """Files and folders may be mixed, each counts once; where there is nothing, the reason is told."""
    (project / "empty").mkdir()
    both = _called("check", "scenarios", "scenarios/good.yaml", "bank.yaml")
    nothing = _called("check", "empty")

    assert (both.exit_code, both.stdout) == (0, "1 case, no problems\n")
    assert nothing.exit_code == 2
    assert nothing.stdout.startswith("there is no scenario in empty:")
    assert json.loads(_called("check", "empty", "--format", "json").stdout)["why_none"] in nothing.stdout
    assert (
        "::error title=turnspec::there is no scenario"
        in _called("check", "empty", "--format", "github").stdout
    )


def test_a_folder_with_the_name_of_a_file(project: Path) -> None:
    """A folder named like a file, and a path that is not there, are problems with exit 2."""
    (project / "scenarios" / "folder.yaml").mkdir()
    inside, missing = _called("check"), _called("check", "scenarios/goood.yaml")

    assert inside.exit_code == missing.exit_code == 2
    assert "error[is-a-directory]" in inside.stdout
    assert "error[missing-file]" in missing.stdout


def test_schemas_are_put_where_files_look_for_them(project: Path) -> None:
    """Every kind has a file of its own; one kind alone can be printed."""
    written = _called("schema", "--write")
    names = sorted(path.name for path in (project / ".turnspec").iterdir())
    scenario = json.loads((project / ".turnspec" / "scenario.schema.json").read_text("utf-8"))

    assert written.exit_code == 0
    assert names == [
        f"{kind}.schema.json" for kind in ("agent", "fragment", "intents", "project", "scenario")
    ]
    assert scenario == json.loads(_called("schema", "scenario").stdout)
    assert _called("schema").exit_code == 2
