"""Nothing too large, too deep or too long reaches the YAML parser, and saying so is quick."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from turnspec.dsl.document import Document, parse_document, read_document
from turnspec.dsl.guard import LINE_BREAK, Bounds, scan

BOUNDS = Bounds()


def _kinds(text: str, bounds: Bounds = BOUNDS) -> list[str]:
    return [trap.kind for trap in scan(tuple(LINE_BREAK.split(text)), bounds)]


def _parsed(text: str) -> Document:
    return parse_document(text.encode(), "x.yaml", Path("/nowhere"))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000 + "]" * 1_000,
        "{a: " * 1_000 + "}" * 1_000,
        "- " * 1_000 + "x",
        "? " * 1_000 + "x",
        "\n".join(" " * depth + "a:" for depth in range(1_000)),
        "a: text\n  'not a quote\n" + "[" * 1_000,
        "a: it's [\nb: " + "[" * 1_000,
        "a: |\n  text\nb: " + "[" * 1_000,
        "a: 'it''s'\nb: " + "[" * 1_000,
        'a: "say \\" ["\nb: ' + "[" * 1_000,
    ],
)
def test_deep_nesting_is_found_however_it_is_written(text: str) -> None:
    """Brackets, dashes, indentation: more than 50 levels are refused."""
    assert _kinds(text)[-1] == "too-deep"


@pytest.mark.parametrize(
    "text",
    [
        "a: |\n" + "\n".join(" " * depth + "[" for depth in range(1, 200)),
        "a: '" + "[" * 200 + "'",
        "a: text with " + "[" * 200,
        "# " + "[" * 200,
        "a: >\n  " + "{" * 200 + "\nb: 1",
        "- say: |\n    " + "[" * 200 + "\n  interrupt: {after: 1 s}",
        "\n".join("a: [1, {b: 2}]" for _ in range(200)),
    ],
)
def test_brackets_inside_texts_do_not_count(text: str) -> None:
    """What is text to YAML is text to the scan."""
    assert _kinds(text) == []


@pytest.mark.parametrize(
    "written",
    [
        b"scenario: x\nturns:\n" + b"  - caller: hello\n" * 600_000,
        b"scenario: " + b"[" * 1_000 + b"]" * 1_000,
        b"scenario: x\n" + b"".join(b" " * depth + b"a:\n" for depth in range(1_000)),
        b"a: &a [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%b]\n" % (c, c, b", ".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 122)),
        b"a: &a {<<: [*a]}\n",
        b"- a\n" * 60_000,
    ],
    ids=["10 MB", "1,000 brackets", "1,000 levels", "alias bomb", "merge loop", "60,000 values"],
)
def test_hostile_files_are_refused_quickly(written: bytes, tmp_path: Path) -> None:
    """A file of 10 MB, one nested 1,000 deep and an alias bomb are refused in well under a second."""
    file = tmp_path / "hostile.yaml"
    file.write_bytes(written)
    began = time.process_time()
    document = read_document(file, "hostile.yaml")

    assert time.process_time() - began < 0.5
    assert document.data is None
    assert [problem.kind for problem in document.problems] in (
        ["too-large"],
        ["too-deep"],
        ["alias-bomb"],
        ["alias-loop"],
        ["unknown-alias"],
    )


def test_bounds_can_be_set() -> None:
    """Whoever needs larger files says so."""
    text = "a: [[[1]]]"

    assert _kinds(text, Bounds(depth=3)) == ["too-deep"]
    assert _kinds(text, Bounds(depth=4)) == []
    assert _kinds("a: [1, 2, 3]", Bounds(tokens=3)) == ["too-long"]


YAML_PIECES = st.lists(
    st.sampled_from(
        [
            "a: ",
            "- ",
            "\n",
            "  ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "'",
            '"',
            "x",
            "#",
            "|",
            ">",
            "&a ",
            "*a",
            "!t ",
            ": ",
            "?",
            "\t",
        ]
    ),
    max_size=40,
).map("".join)


@given(YAML_PIECES)
@settings(max_examples=300)
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    """Reading ends with data or with problems, whatever the text."""
    document = _parsed(text)

    assert document.data is not None or document.problems
    for problem in document.problems:
        assert str(problem)


@given(YAML_PIECES)
@settings(max_examples=300)
def test_the_scan_knows_depth_at_least_as_well_as_the_parser(text: str) -> None:
    """What the parser nests deeper than 8 levels, the scan has refused."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        root = yaml.compose(text)
    except (YAMLError, RecursionError, ValueError):
        return

    def depth(node: object) -> int:
        children = getattr(node, "value", None)
        if not isinstance(children, list):
            return 0
        parts = [each for child in children for each in (child if isinstance(child, tuple) else (child,))]
        return 1 + max(map(depth, parts), default=0)

    if "*a" not in text and root is not None and depth(root) > 8:
        assert "too-deep" in _kinds(text, Bounds(depth=8))
