"""A name is known where every way has bound it: the analysis agrees with walking every way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from turnspec.dsl.files import Files
from turnspec.dsl.flow_references import problems_of_flow
from turnspec.dsl.known import Known
from turnspec.dsl.names import Names
from turnspec.dsl.project import Project
from turnspec.dsl.reader import read_model
from turnspec.dsl.scenario import Scenario
from turnspec.dsl.spans import NOWHERE
from turnspec.dsl.turn_references import References

NAMES = ("a", "b", "c")
LEVEL = "level"  # a variable of the scenario, for conditions

Items = list[dict[str, Any]]


def _catch(name: str) -> dict[str, Any]:
    return {"caller": "hello", "expect": {"says": {"matches": f"(?P<{name}>x)"}}}


def _use(name: str) -> dict[str, Any]:
    return {"caller": f"say {{{{ {name} }}}}"}


HANG_UP: dict[str, Any] = {"caller": {"hangup": True}}
NAME = st.sampled_from(NAMES)
LEVELS = st.sampled_from(["gold", "silver"])
TURN = st.one_of(NAME.map(_catch), NAME.map(_use), st.just(HANG_UP))


def _conditional(item: dict[str, Any], level: str) -> dict[str, Any]:
    return {**item, "when": {LEVEL: level}}


def _blocks(inside: st.SearchStrategy[Items]) -> st.SearchStrategy[dict[str, Any]]:
    branch = st.tuples(st.one_of(st.none(), NAME), inside).map(
        lambda made: {
            "when": {"says": {"matches": f"(?P<{made[0]}>x)"} if made[0] else "x"},
            "turns": made[1],
        }
    )
    fails = st.lists(branch, min_size=1, max_size=2).map(lambda some: [*some, {"otherwise": "fail"}])
    goes_on = st.tuples(st.lists(branch, max_size=2), inside).map(
        lambda made: [*made[0], {"otherwise": made[1]}]
    )
    choose = st.one_of(fails, goes_on).map(lambda branches: {"choose": branches})
    repeat = st.tuples(inside.filter(bool), st.sampled_from(["fail", "continue"]), NAME).map(
        lambda made: {
            "repeat": {
                "until": {"says": {"matches": f"(?P<{made[2]}>x)"}},
                "at_most": 2,
                "otherwise": made[1],
            },
            "turns": made[0],
        }
    )
    return st.one_of(choose, repeat, st.tuples(TURN, LEVELS).map(lambda made: _conditional(*made)), TURN)


FLOW = st.recursive(
    st.lists(TURN, max_size=3), lambda inside: st.lists(_blocks(inside), max_size=3), max_leaves=8
)

# One way: names bound so far, whether the call still goes on, and uses of names that were not bound.
Way = tuple[frozenset[str], bool, frozenset[str]]


def _walk(items: Sequence[dict[str, Any]], way: Way, level: str, path: str) -> Iterator[Way]:
    """Every way through these items, for one value of the variable."""
    if not items or not way[1]:
        yield way
        return
    for after in _step(items[0], way, level, f"{path}/{len(items)}"):
        yield from _walk(items[1:], after, level, path)


def _step(item: dict[str, Any], way: Way, level: str, path: str) -> Iterator[Way]:
    bound, _, missed = way
    if item.get("when", {LEVEL: level}) != {LEVEL: level}:
        yield way
    elif "choose" in item:
        for number, choice in enumerate(item["choose"]):
            taken = choice.get("turns", choice.get("otherwise"))
            if taken != "fail":
                caught = bound | _groups(choice.get("when"))
                yield from _walk(taken, (caught, True, missed), level, f"{path}.{number}")
    elif "repeat" in item:
        for once in _walk(item["turns"], way, level, path):
            if not once[1]:
                yield once
                continue
            yield (once[0] | _groups(item["repeat"]["until"]), True, once[2])
            if item["repeat"]["otherwise"] == "continue":
                yield once
    else:
        used = set(re.findall(r"\{\{ (\w+) \}\}", str(item["caller"])))
        lost = frozenset(f"{path}:{name}" for name in used - bound)
        yield (bound | _groups(item.get("expect")), item["caller"] != {"hangup": True}, missed | lost)


def _groups(written: Any) -> frozenset[str]:
    return frozenset(re.findall(r"\(\?P<(\w+)>", str(written)))


def _told(items: Items) -> int:
    """How many uses of names the analysis refuses."""
    data = {"scenario": "x", "target": "t", "variables": {LEVEL: "gold"}, "turns": items}
    scenario, problems = read_model(Scenario, data, NOWHERE)
    assert problems == []
    assert scenario is not None
    known = Known(Project(version=1), Files(Path()))
    found = list(problems_of_flow(scenario, Names(frozenset({LEVEL})), References(known)))
    assert {problem.kind for problem in found} <= {"undefined-name"}
    return len(found)


@given(FLOW.filter(bool), NAME)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_analysis_agrees_with_every_way(flow: Items, name: str) -> None:
    """What it passes has a value on every way, and what has a value on every way it passes.

    One thing it does not know: what holds at one value of a variable only. A name that only such ways bind
    it refuses, though no way may lack it.
    """
    items = [*flow, _use(name)]
    ways = [
        way
        for level in ("gold", "silver")
        for way in _walk(items, (frozenset(), True, frozenset()), level, "")
    ]
    lacking = {use for _, _, missed in ways for use in missed}
    told = _told(items)

    if told == 0:
        assert lacking == set()
    if not lacking and "when': {'level'" not in str(items) and all(on for _, on, _ in ways):
        assert told == 0


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        ([_catch("a"), _use("a")], 0),
        ([_use("a"), _catch("a")], 1),
        ([{"choose": [{"when": {"says": "x"}, "turns": [_catch("a")]}]}, _use("a")], 0),
        ([{"choose": [{"when": {"says": "x"}, "turns": [_catch("a")]}, {"otherwise": []}]}, _use("a")], 1),
        (
            [{"choose": [{"when": {"says": "x"}, "turns": [_catch("a")]}, {"otherwise": "fail"}]}, _use("a")],
            0,
        ),
        (
            [
                {"choose": [{"when": {"says": "x"}, "turns": [_catch("a")]}, {"otherwise": [HANG_UP]}]},
                _use("a"),
            ],
            0,
        ),
        ([_conditional(_catch("a"), "gold"), _use("a")], 1),
        ([_conditional(_catch("a"), "gold"), _conditional(_use("a"), "gold")], 0),
        ([_conditional(_catch("a"), "gold"), _conditional(_use("a"), "silver")], 1),
        ([_conditional(_catch("a"), "gold"), _catch(LEVEL), _conditional(_use("a"), "gold")], 1),
        ([{**_catch("a"), "unless": {LEVEL: "gold"}}, {**_use("a"), "unless": {LEVEL: "gold"}}], 0),
        ([{**_catch("a"), "unless": {LEVEL: "gold"}}, _conditional(_use("a"), "gold")], 1),
        (
            [
                {**_catch("a"), "when": {"reply": {"says": "x"}}},
                {**_use("a"), "when": {"reply": {"says": "x"}}},
            ],
            1,
        ),
        ([{**_catch("a"), "when": {"supports": "dtmf"}}, _use("a")], 0),
        ([{**_use("a"), "when": {"reply": {"says": {"matches": "(?P<a>x)"}}}}], 0),
        ([{"repeat": {"times": 2}, "turns": [_catch("a")]}, _use("a")], 0),
        ([{"repeat": {"times": 2}, "turns": [_use("a"), _catch("a")]}], 1),
        ([{"together": [{"expect": _catch("a")["expect"]}, {"expect": {"says": "y"}}]}, _use("a")], 0),
        ([{**_use("b"), "save": {"b": "{{ reply.text }}"}}], 1),
        ([{"caller": "x", "save": {"b": "{{ reply.text }} {{ calls.f.x }}"}}, _use("b")], 0),
        ([{**_catch("a"), "save": {"b": "{{ a }}"}}, _use("b")], 0),
        ([{"caller": "{{ reply.text }}"}], 1),
        ([{"caller": "x", "save": {"b": "{{ reply.words }}"}}], 1),
    ],
)
def test_ways(turns: Items, told: int) -> None:
    """Each rule of which names are known by itself."""
    assert _told(turns) == told
