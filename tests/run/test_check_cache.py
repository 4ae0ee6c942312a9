"""The cache of `turnspec check`: the same words as without it, whatever was changed in between."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from turnspec.dsl.problems import render_problems
from turnspec.run.check_cache import FOLDER, SETTLED_NS, stamp
from turnspec.run.checking import Checked, check

FILES = {
    "turnspec.yaml": "version: 1\ntargets: {bank: {agent: agents/bank.yaml}}\nintents: [intents/bank.yaml]\n"
    "environment: [CHECKED_PIN]\n",
    "agents/bank.yaml": "agent: Bank\nfunctions: {block_card: {returns: 1}}\notherwise: {say: hello}\n",
    "intents/bank.yaml": "intents: {card_blocked: {phrases: [your card is blocked]}}\n",
    "scenarios/lost.yaml": "scenario: Lost\ntarget: bank\nturns:\n  - caller: I lost my card\n"
    "    expect: {intent: card_blocked, calls: [block_card]}\n",
    "scenarios/other.yaml": "scenario: Other\ntarget: bank\nturns: [{caller: hey, expect: {says: hello}}]\n",
    "scenarios/broken.yaml": "scenario: Broken\ntarget: bank\nturns:\n  - caler: hello\n",
    "scenarios/compiled.yaml": "scenario: Compiled\ntarget: bank\nturns:\n  - caller: {text: hello}\n"
    "    budget: {gap: 3 s}\n",
    "scenarios/played.yaml": "scenario: Played\ntarget: bank\nturns:\n  - caller: {audio: lost.wav}\n",
    "scenarios/inline.yml": "scenario: In\ntarget: {agent: ../agents/other.yaml}\nturns: [{caller: hi}]\n",
    "other/docker.yaml": "services: {web: {image: bank}}\n",
}
EDITS = {
    "a scenario": ("scenarios/lost.yaml", ("[block_card]", "[block_cart]")),
    "a scenario that is mended": ("scenarios/broken.yaml", ("caler", "caller")),
    "the agent's functions": ("agents/bank.yaml", ("block_card", "block_cart")),
    "an agent that breaks": ("agents/bank.yaml", ("otherwise", "otherwize")),
    "an intent": ("intents/bank.yaml", ("card_blocked:", "card_stopped:")),
    "the project": ("turnspec.yaml", ("{bank:", "{bunk:")),
    "a scenario's target": ("scenarios/other.yaml", ("bank", "bonk")),
    "a file of others that becomes a scenario": ("other/docker.yaml", ("services", "scenario")),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with something wrong in it, checked once."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    check([tmp_path])
    return tmp_path


def _told(found: Checked) -> tuple[str, str, int, int]:
    problems, warnings = render_problems(found.problems), render_problems(found.warnings)
    return problems, warnings, found.cases, found.scenarios


def _with_and_without(project: Path) -> tuple[Checked, Checked]:
    return check([project]), check([project], use_cache=False)


def test_what_is_replayed_is_what_was_found(project: Path) -> None:
    """Problems and warnings, with their lines and carets, are the same from the cache."""
    kept, new = _with_and_without(project)

    assert kept == new
    assert _told(kept) == _told(new)
    assert len(kept.problems) >= 3


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_seen(project: Path, what: str) -> None:
    """Whatever is edited, the outcome is that of a check without a cache, and another one than before."""
    before = check([project])
    name, (old, new) = EDITS[what]
    text = (project / name).read_text("utf-8")
    (project / name).write_text(text.replace(old, new), "utf-8")
    kept, anew = _with_and_without(project)

    assert old in text
    assert kept == anew
    assert kept != before


def test_files_that_come_and_go_are_seen(project: Path) -> None:
    """A missing script that is written, a recording that comes, a scenario that goes."""
    before = check([project])
    (project / "agents" / "other.yaml").write_text(FILES["agents/bank.yaml"], "utf-8")
    (project / "scenarios" / "lost.wav").write_bytes(b"no sound at all")
    with_both = _with_and_without(project)
    (project / "scenarios" / "lost.yaml").unlink()
    without_one = _with_and_without(project)

    assert with_both[0] == with_both[1] != before
    assert "bad-audio" in {problem.kind for problem in with_both[0].problems}
    assert without_one[0] == without_one[1] != with_both[0]
    assert with_both[0].scenarios - without_one[0].scenarios == 1


def test_a_path_of_its_own_is_another_question(project: Path) -> None:
    """A file that is passed over in a folder is wrong where it is named."""
    inside, named = check([project / "other"]), check([project / "other" / "docker.yaml"])

    assert "unknown-kind" not in {problem.kind for problem in inside.problems}
    assert "unknown-kind" in {problem.kind for problem in named.problems}
    assert check([project / "other" / "docker.yaml"]) == named


def test_the_environment_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a named variable holds is part of what an outcome depends on, and is not kept readably."""
    monkeypatch.setenv("CHECKED_PIN", "12-a-secret")
    found = check([project])
    kept = (project / FOLDER / "check.json").read_text("utf-8")

    assert found == check([project], use_cache=False)
    assert "12-a-secret" not in kept
    assert json.loads(kept)["entries"]["turnspec.yaml"]["environment_digest"]


@pytest.mark.parametrize(
    "spoiled",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 1}', b"[" * 100_000, "entries", "format", "made_by"],
    ids=["empty", "cut", "a list", "no text", "bare", "deep", "entries", "format", "made by"],
)
def test_a_spoiled_cache_is_no_cache(project: Path, spoiled: bytes | str) -> None:
    """Whatever stands in its place, the outcome is the same, and a good cache replaces it."""
    file = project / FOLDER / "check.json"
    if isinstance(spoiled, str):
        kept = json.loads(file.read_text("utf-8"))
        kept[spoiled] = {"turnspec.yaml": 5} if spoiled == "entries" else "another"
        spoiled = json.dumps(kept).encode()
    file.write_bytes(spoiled)
    found, new = _with_and_without(project)

    assert found == new
    assert json.loads(file.read_text("utf-8"))["entries"]["scenarios/lost.yaml"]["digest"]


def test_without_a_cache_nothing_is_written(project: Path) -> None:
    """`--no-cache` leaves no trace, nor does a file without a project."""
    shutil.rmtree(project / ".turnspec")
    check([project], use_cache=False)
    alone = project / "alone"
    alone.mkdir()
    (project / "turnspec.yaml").unlink()
    (alone / "one.yaml").write_text("scenario: One\n", "utf-8")
    check([alone / "one.yaml"])

    assert not (project / ".turnspec").exists()
    assert not (alone / ".turnspec").exists()


def test_a_fresh_file_is_not_relied_on(tmp_path: Path) -> None:
    """A recording may change again within the same tick: only one that is settled is kept."""
    clip = tmp_path / "clip.wav"
    clip.write_bytes(b"RIFF")
    changed = max(clip.stat().st_mtime_ns, clip.stat().st_ctime_ns)

    assert stamp(clip, changed + SETTLED_NS) == ""
    assert stamp(clip, changed + SETTLED_NS + 1).startswith("file ")


def test_processes_share_the_work(project: Path) -> None:
    """Two processes find what one finds."""
    assert check([project], workers=2, use_cache=False) == check([project], workers=1, use_cache=False)
