"""Fragments are read where they are used, and hold wherever they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnspec.dsl.flow import uses
from turnspec.dsl.load import Loaded, load

SCENARIO = "scenario: Main\ntarget: {agent: agent.yaml}\nturns:\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an agent and a folder of fragments."""
    (tmp_path / "turnspec.yaml").write_text("version: 1\n")
    (tmp_path / "agent.yaml").write_text("agent: Bank\notherwise: {say: Sorry?}\n")
    (tmp_path / "fragments").mkdir()
    return tmp_path


def _written(folder: Path, turns: str, **fragments: str) -> Loaded:
    for name, text in fragments.items():
        (folder / f"fragments/{name}.yaml").write_text(f"fragment: {name}\n{text}\n")
    (folder / "main.yaml").write_text(SCENARIO + turns)
    return load([folder / "main.yaml"])


def _told(loaded: Loaded) -> list[str]:
    return [f"{each.span.file}:{each.span.line} {each.kind}" for each in loaded.problems]


def test_fragments_are_read_with_those_that_they_use(folder: Path) -> None:
    """Each once, by the paths that its user's folder gives them."""
    loaded = _written(
        folder,
        "  - {use: fragments/outer.yaml}\n  - choose: [{otherwise: [{use: fragments/inner.yaml}]}]\n",
        outer="turns: [{repeat: {times: 2}, turns: [{use: inner.yaml}]}]",
        inner="turns: [{caller: hello}]",
    )
    (main,) = loaded.scenarios

    assert loaded.problems == ()
    assert sorted(loaded.fragments) == ["fragments/inner.yaml", "fragments/outer.yaml"]
    found = [loaded.fragment(use) for use in uses(main.turns)]
    assert [fragment.name for fragment in found if fragment] == ["outer", "inner"]
    (nested,) = uses(loaded.fragments["fragments/outer.yaml"].turns)
    assert loaded.fragment(nested) is loaded.fragments["fragments/inner.yaml"]


def test_a_fragment_among_the_scenarios_is_a_fragment(folder: Path) -> None:
    """Reading a folder, it is no scenario and no problem."""
    (folder / "fragments/verify.yaml").write_text("fragment: Verify\nturns: [{caller: '{{ pin }}'}]\n")
    loaded = load([folder / "fragments"])

    assert (loaded.problems, loaded.scenarios) == ((), ())
    assert list(loaded.fragments) == ["fragments/verify.yaml"]


def test_a_fragment_stays_inside_the_project(folder: Path) -> None:
    """Outside is refused where it is used, and read once the project allows it."""
    (folder.parent / "far.yaml").write_text("fragment: Far\nturns: [{caller: hello}]\n")
    turns = "  - {use: ../far.yaml}\n"
    assert _told(_written(folder, turns)) == ["main.yaml:4 outside-project"]

    (folder / "turnspec.yaml").write_text("version: 1\nallow_outside: true\n")
    loaded = _written(folder, turns)
    assert loaded.problems == ()
    assert [fragment.name for fragment in loaded.fragments.values()] == ["Far"]


def test_a_ring_of_fragments_is_told_once(folder: Path) -> None:
    """Whichever of them is used first, and also where nothing uses them."""
    ring = {
        "b": "turns: [{use: c.yaml}]",
        "c": "turns: [{use: a.yaml}]",
        "a": "turns: [{use: b.yaml}]",
    }
    told = ["fragments/c.yaml:2 fragment-ring"]

    assert _told(_written(folder, "  - {use: fragments/c.yaml}\n", **ring)) == told
    assert _told(load([folder / "fragments"])) == told
    assert load([folder]).problems[0].message == (
        "this fragment would contain itself: "
        "fragments/a.yaml > fragments/b.yaml > fragments/c.yaml > fragments/a.yaml"
    )


def test_the_same_fragment_beside_itself_is_no_ring(folder: Path) -> None:
    """Twice in a row, and by two ways, is twice its turns."""
    loaded = _written(
        folder,
        "  - {use: fragments/a.yaml}\n  - {use: fragments/b.yaml}\n  - {use: fragments/a.yaml}\n",
        a="turns: [{caller: hello}]",
        b="turns: [{use: a.yaml}]",
    )

    assert loaded.problems == ()


def test_names_go_into_a_fragment_and_come_out(folder: Path) -> None:
    """It knows its parameters and what is known where it is used; what it captures is known after it."""
    loaded = _written(
        folder,
        """  - {caller: hello, expect: {says: {matches: 'case (?P<case>.+)'}}}
  - {use: fragments/verify.yaml, with: {pin: "{{ case }}"}}
  - {caller: "{{ token }}"}
variables: {level: gold}
""",
        verify="""parameters: [pin]
turns: [{caller: "{{ pin }} {{ case }} {{ level }}", expect: {says: {matches: '(?P<token>.+)'}}}]""",
    )

    assert loaded.problems == ()


def test_parameters_do_not_come_out(folder: Path) -> None:
    """A parameter is a name of the fragment, not of what follows it."""
    loaded = _written(
        folder,
        '  - {use: fragments/verify.yaml, with: {pin: "1"}}\n  - {caller: "{{ pin }}"}\n',
        verify="parameters: [pin]\nturns: [{caller: '{{ pin }}'}]",
    )

    assert _told(loaded) == ["main.yaml:5 undefined-name"]


def test_a_name_that_a_fragment_lacks_is_told_once(folder: Path) -> None:
    """At its place in the fragment, with the first use that leads there; a use that gives it is fine."""
    loaded = _written(
        folder,
        """  - {use: fragments/say.yaml}
  - {use: fragments/say.yaml}
  - {caller: hello, expect: {says: {matches: '(?P<word>.+)'}}}
  - {use: fragments/say.yaml}
""",
        say='turns: [{caller: "{{ word }}"}]',
    )

    assert _told(loaded) == ["fragments/say.yaml:2 undefined-name"]
    assert "main.yaml:4:5" in loaded.problems[0].help


def test_nothing_is_missed_in_a_broken_fragment(folder: Path) -> None:
    """What it would have captured is not missed; what is wrong in it is told there."""
    loaded = _written(
        folder,
        '  - {use: fragments/bad.yaml}\n  - {caller: "{{ token }}"}\n',
        bad="turns: [{callr: hello}]",
    )

    assert _told(loaded) == ["fragments/bad.yaml:2 unknown-key"]


def test_many_uses_of_uses_end(folder: Path) -> None:
    """Fragments that double ten times over are looked through in bounded time."""
    doubling = {f"f{n}": f"turns: [{{use: f{n + 1}.yaml}}, {{use: f{n + 1}.yaml}}]" for n in range(9)}
    loaded = _written(
        folder, "  - {use: fragments/f0.yaml}\n" * 50, **doubling, f9="turns: [{caller: hello}]"
    )

    assert {problem.kind for problem in loaded.problems} <= {"too-deep"}
