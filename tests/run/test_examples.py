"""`examples`: one case a row, with its values everywhere that templates may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_projects import Project, Ran, run_here, turnspec_here
from support_repeats import PROJECT

BLOCKING = """\
agent: Bank
responses:
  block:
    when: {pattern: 'ending in (?P<last4>[0-9]+)'}
    call: {block_card: {last4: "{{ last4 }}"}}
    then: {say: "Blocked, reference {{ results.block_card.reference }}."}
otherwise: {say: Which card?}
"""
LOST = """\
scenario: Lost card
target: bank
variables: {last4: "0000", city: Antwerp}
examples:
  - {last4: "4821", reference: R-1}
  - {last4: "9910", reference: R-2}
functions:
  block_card: {parameters: {last4: string}, returns: {reference: "{{ reference }}", city: "{{ city }}"}}
turns:
  - turn: Report
    caller: {text: "I lost my card ending in {{ last4 }}"}
    expect:
      calls: [{block_card: {last4: "{{ last4 }}"}}]
      returned: {block_card: {reference: "{{ reference }}", city: Antwerp}}
      says: "reference {{ reference }}"
"""


def lost(folder: Path, scenario: str = LOST, *, project: str = PROJECT) -> Project:
    """A project with the scenario of lost cards."""
    made = Project(folder)
    made.write("turnspec.yaml", project)
    made.write("bank.yaml", BLOCKING)
    made.write("lost.yaml", scenario)
    return made


def test_each_row_is_a_case(tmp_path: Path) -> None:
    """With a name, a folder and values of its own; rows come before variables."""
    ran = run_here(lost(tmp_path))
    first, second = ran.results["calls"]

    assert ran.outcomes() == {
        "Lost card [last4=4821, reference=R-1]": "passed",
        "Lost card [last4=9910, reference=R-2]": "passed",
    }
    assert first["row"] == {"last4": "4821", "reference": "R-1"}
    assert second["folder"] == "calls/lost-card-last4-9910-reference-r-2"
    assert second["turns"][0]["functions"][0]["arguments"] == '{"last4":"9910"}'


@pytest.mark.parametrize("protocol", ["realtime", "twilio", "audiocodes"])
def test_functions_have_the_values_of_their_row(tmp_path: Path, protocol: str) -> None:
    """Wherever they are run: by the engine as client, or in the place of a local agent."""
    listening = LOST.replace(
        'caller: {text: "I lost my card ending in {{ last4 }}"}', "caller: {audio: lost.flac}"
    )
    project = lost(tmp_path, listening)
    project.clip("caller/five-five.flac", "lost.flac")
    project.write("lost.txt", "I lost my card ending in 4821")
    project.change("turnspec.yaml", "protocol: realtime, options: {modality: text}", f"protocol: {protocol}")
    ran = run_here(project, "-k", "4821")

    assert ran.call()["turns"][0]["functions"][0]["output"] == '{"reference": "R-1", "city": "Antwerp"}'
    assert ran.code == 0


def test_a_row_can_be_chosen(tmp_path: Path) -> None:
    """By a part of its name; its folder is the same as among all others."""
    ran = run_here(lost(tmp_path), "-k", "last4=9910")

    assert [call["name"] for call in ran.results["calls"]] == ["Lost card [last4=9910, reference=R-2]"]
    assert ran.call()["folder"] == "calls/lost-card-last4-9910-reference-r-2"


def named(folder: Path, rows: str) -> Ran:
    """A run of a scenario that has these rows and does nothing much."""
    scenario = f"scenario: Talk\ntarget: bank\nexamples: {rows}\nturns: [{{caller: {{text: Hello}}}}]\n"
    return run_here(lost(folder, scenario))


def test_names_are_short_and_all_different(tmp_path: Path) -> None:
    """Long values are cut, values that are no texts are JSON, equal names are numbered."""
    long = "x" * 80
    rows = f"[{{a: {long}}}, {{a: {long}y}}, {{a: [1, true]}}, {{a: 1}}, {{a: '1'}}]"
    ran = named(tmp_path, rows)
    folders = [call["folder"] for call in ran.results["calls"]]

    assert list(ran.outcomes()) == [
        f"Talk [a={'x' * 31}…]",
        f"Talk [a={'x' * 31}… #2]",
        "Talk [a=[1, true]]",
        "Talk [a=1]",
        "Talk [a=1 #2]",
    ]
    assert len(set(folders)) == 5


def test_a_very_long_name_keeps_its_folder(tmp_path: Path) -> None:
    """A folder's name is cut, and told apart by the whole name of its case, not by what else is selected."""
    values = ", ".join(f"name_{number}: some value" for number in range(6))
    both = named(tmp_path / "both", f"[{{{values}, z: 1}}, {{{values}, z: 2}}]")
    folders = [Path(call["folder"]).name for call in both.results["calls"]]

    assert len(set(folders)) == 2
    assert all(len(folder) <= 60 for folder in folders)


def test_plans_are_named_alike(tmp_path: Path) -> None:
    """`turnspec plan` shows every row."""
    told = turnspec_here(lost(tmp_path).folder, "plan", ".").out

    assert "Lost card [last4=4821, reference=R-1]" in told
    assert "Lost card [last4=9910, reference=R-2]" in told


def test_a_secret_in_a_row_is_masked_everywhere(tmp_path: Path) -> None:
    """In the case's name, its folder, the progress, every report and every file."""
    secret = "S3cret-4821"
    scenario = LOST.replace('"4821"', f'"{secret}"')
    project = lost(tmp_path, scenario, project=f"{PROJECT}secrets: [BOT_TOKEN]\n")
    ran = run_here(project, environment={"BOT_TOKEN": secret})
    written = [path for path in ran.output.rglob("*") if path.is_file() and path.suffix != ".flac"]

    assert "Lost card [last4=***, reference=R-1]" in ran.outcomes()
    assert secret not in ran.told
    assert [path for path in written if secret.lower() in f"{path}".lower()] == []
    assert [path for path in written if secret in path.read_text("utf-8")] == []


def test_a_secret_that_is_longer_than_a_name_shows_is_masked_too(tmp_path: Path) -> None:
    """It is masked before the name is cut: no beginning of it is left anywhere."""
    secret = "sk-0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
    scenario = LOST.replace("R-1}", f"{secret}}}")
    project = lost(tmp_path, scenario, project=f"{PROJECT}secrets: [BOT_TOKEN]\n")
    ran = run_here(project, environment={"BOT_TOKEN": secret})
    written = [path for path in ran.output.rglob("*") if path.is_file()]

    assert "Lost card [last4=4821, reference=***]" in ran.outcomes()
    assert "0123456789" not in ran.told
    assert [path for path in written if "0123456789" in f"{path}{path.read_text('utf-8')}"] == []
