"""The quicker parser makes of every text what ruamel.yaml's own makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import ScalarNode, SequenceNode

from turnspec.dsl.parser import parser

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TEXTS = [path.read_text("utf-8") for path in sorted(SCENARIOS.glob("**/*.yaml"))]
PIECES = [
    "#",
    ": ",
    ":",
    ",",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\n  ",
    " ",
    "- ",
    "?",
    "|",
    ">",
    "'",
    '"',
    "&a ",
    "*a",
    "!t ",
]


@given(st.sampled_from(TEXTS), st.data())
@settings(max_examples=60, deadline=None)
def test_spoiled_scenarios_are_read_alike(text: str, data: st.DataObject) -> None:
    """Nodes and their marks, or the complaint and its marks, are the same, whatever is put where."""
    start = data.draw(st.integers(0, len(text)))
    part = text[start : start + 600]
    at = data.draw(st.integers(0, len(part)))
    spoiled = part[:at] + data.draw(st.sampled_from(PIECES)) + part[at + data.draw(st.integers(0, 2)) :]

    assert _read(parser, spoiled) == _read(_bare, spoiled)


@given(
    st.lists(st.sampled_from([*PIECES, "a", "b c", "1", "\t", "\r\n", "é", "..."]), max_size=14).map("".join)
)
@settings(max_examples=150, deadline=None)
def test_short_texts_are_read_alike(text: str) -> None:
    """The same for whatever can be put together from the signs of YAML."""
    assert _read(parser, text) == _read(_bare, text)


def _bare() -> YAML:
    return YAML(typ="safe", pure=True)


def _read(make: Callable[[], YAML], text: str) -> Any:
    try:
        yaml = make()
        yaml.composer.warn_double_anchors = False
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        return error.problem, error.context, _mark(error.problem_mark), _mark(error.context_mark)
    except YAMLError as error:
        return type(error)
    except (AttributeError, ValueError) as error:  # ruamel.yaml's own slips, on both sides alike
        return type(error)
    return None if root is None else _flat(root)


def _mark(mark: Any) -> Any:
    return None if mark is None else (mark.index, mark.line, mark.column)


def _flat(node: Any) -> Any:
    about = (str(node.tag), _mark(node.start_mark), _mark(node.end_mark))
    if isinstance(node, ScalarNode):
        return (*about, node.value, node.style)
    if isinstance(node, SequenceNode):
        return (*about, node.flow_style, [_flat(child) for child in node.value])
    return (*about, node.flow_style, [(_flat(key), _flat(value)) for key, value in node.value])
