"""Documents as plain data that knows its places."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnspec.dsl.document import Document, parse_document


def _parsed(text: str) -> Document:
    return parse_document(text.encode(), "x.yaml", Path("/nowhere"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("NO", "NO"),
        ("true", True),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2026-11-22", "2026-11-22"),
        ("2026-13-45", "2026-13-45"),
        ("'4821'", "4821"),
        ("!!str 4821", "4821"),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """Words stay words, and a date stays the text that it would be in JSON."""
    document = _parsed(f"a: {written}\n")

    assert document.problems == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_every_value_and_key_has_its_place() -> None:
    """Keys, values, list items and values in braces are found by their path."""
    table = _parsed("a: 1\nb:\n  - x\n  - {c: 'two words', d: [3]}\n").table

    assert str(table.key(("b",))) == "x.yaml:2:1"
    assert str(table.value(("b", 0))) == "x.yaml:3:5"
    assert str(table.key(("b", 1, "c"))) == "x.yaml:4:6"
    span = table.value(("b", 1, "c"))
    assert (span.line, span.column, span.end_column, span.path) == (4, 9, 20, ("b", 1, "c"))
    assert str(table.value(("b", 1, "d", 0))) == "x.yaml:4:26"


def test_an_unknown_path_is_where_its_parent_is() -> None:
    """What was not written has the place of what it would have been written in."""
    table = _parsed("a: {b: 1}\n").table

    assert table.value(("a", "missing", 3)) == table.value(("a",))


def test_merged_keys_yield_to_written_ones() -> None:
    """`<<` fills in only what is not there, at the place where it was first written."""
    document = _parsed("base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\n")

    assert document.problems == ()
    assert document.data["use"] == {"a": 1, "b": 3}
    assert document.table.value(("use", "a")).line == 1
    assert document.table.value(("use", "b")).line == 4


def test_a_byte_order_mark_and_windows_lines_change_nothing() -> None:
    """Files from Windows editors have the same data at the same places."""
    plain = _parsed("a: 1\nb: [x, y]\n")
    windows = parse_document(b"\xef\xbb\xbfa: 1\r\nb: [x, y]\r\n", "x.yaml", Path("/nowhere"))

    assert windows.data == plain.data
    assert windows.table.positions == plain.table.positions
    assert windows.table.lines == plain.table.lines


def test_one_unquoted_template_does_not_hide_the_rest() -> None:
    """What comes after a template without quotes is read as well."""
    document = _parsed("a: {{ x }}\nb: 1\nb: 2\n")

    assert [problem.kind for problem in document.problems] == ["unquoted-template", "duplicate-key"]
