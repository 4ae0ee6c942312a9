"""Arguments against the JSON Schema that a function declares."""

from __future__ import annotations

from typing import Any

import pytest

from turnspec.checks.schema import broken_rules

NAMED = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("schema", "fits", "breaks", "said"),
    [
        ({"type": "string"}, "a", 1, "the argument list is the number 1, not of type string"),
        ({"type": ["string", "null"]}, None, 1, "not of type string or null"),
        ({"type": "integer"}, 2.0, 2.5, "not of type integer"),
        ({"enum": ["lost", 1]}, 1.0, "found", 'not one of "lost" or 1'),
        ({"const": 3}, 3, 4, "is 4, not 3"),
        ({"minimum": 3}, 3, 2, "is 2, not at least 3"),
        ({"maximum": 3}, 3, 4, "is 4, not at most 3"),
        ({"exclusiveMinimum": 3}, 4, 3, "is 3, not more than 3"),
        ({"exclusiveMaximum": 3}, 2, 3, "is 3, not less than 3"),
        ({"multipleOf": 0.1}, 0.3, 0.35, "is 0.35, not a multiple of 0.1"),
        ({"minLength": 2}, "ab", "a", "has 1 character, not at least 2"),
        ({"maxLength": 2}, "ab", "abc", "has 3 characters, not at most 2"),
        ({"minItems": 1}, [1], [], "has 0 items, not at least 1"),
        ({"maxItems": 1}, [1], [1, 2], "has 2 items, not at most 1"),
        ({"minProperties": 1}, {"a": 1}, {}, "has 0 keys, not at least 1"),
        ({"maxProperties": 1}, {"a": 1}, {"a": 1, "b": 2}, "has 2 keys, not at most 1"),
        ({"uniqueItems": True}, [1, "1"], [1, 1.0], "has 1.0 twice"),
        ({"pattern": "^x"}, "xy", "yx", 'is "yx", which /^x/ does not match'),
        ({"items": {"type": "string"}}, ["a"], ["a", 1], "[1] is the number 1"),
        ({"prefixItems": [{"type": "string"}], "items": False}, ["a"], ["a", 1], "[1] is not allowed"),
        ({"anyOf": [{"type": "string"}, {"minimum": 2}]}, 2, 1, "which fits none of anyOf, not any"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 1, 2, "which fits 2 of oneOf, not one"),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 2, 3, "is 3, not at most 2"),
        ({"not": {"type": "null"}}, 1, None, "is null, which it must not be"),
        (NAMED, {"n": 1}, {}, "n is missing"),
        (NAMED, {"n": 1, "m": 2}, {"n": "1"}, "n is the text"),
        ({"additionalProperties": False}, {}, {"a": 1}, "a is not declared"),
        ({"additionalProperties": {"type": "string"}}, {"a": "1"}, {"a": 1}, "a is the number 1"),
        ({"properties": {"a": False}}, {}, {"a": 1}, "a is not allowed"),
        (
            {"patternProperties": {"^x": {"type": "string"}}},
            {"x1": "a", "y": 1},
            {"x1": 1},
            "x1 is the number 1",
        ),
        ({"propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}, "ab is no name that is allowed"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}, "b is missing, which goes with a"),
        (
            {"contains": {"minimum": 2}},
            [1, 2],
            [1],
            "has 0 of the items that it is to contain, not at least 1",
        ),
        (
            {"contains": True, "maxContains": 1},
            [1],
            [1, 2],
            "has 2 of the items that it is to contain, not at most 1",
        ),
        ({"if": {"minimum": 2}, "then": {"multipleOf": 2}}, 4, 3, "is 3, not a multiple of 2"),
        ({"if": {"minimum": 2}, "else": {"const": 0}}, 0, 1, "is 1, not 0"),
        (
            {"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}},
            None,
            1,
            "is the number 1, not of type null",
        ),
        ({"format": "date"}, "2026-02-28", "2026-02-30", 'is "2026-02-30", which is no date'),
        ({"format": "time"}, "23:59:59Z", "24:00:00Z", "which is no time"),
        (
            {"format": "date-time"},
            "2026-01-01T10:00:00.5+02:00",
            "2026-01-01 at ten",
            "which is no date-time",
        ),
        ({"format": "email"}, "a.b@c.example", "a b@c", "which is no email"),
        ({"format": "uuid"}, "123e4567-e89b-12d3-a456-426614174000", "123e4567", "which is no uuid"),
        ({"format": "ipv4"}, "127.0.0.1", "127.0.0.256", "which is no ipv4"),
        ({"format": "ipv6"}, "::1", "127.0.0.1", "which is no ipv6"),
        ({"format": "uri"}, "https://a.example/b?c", "//a.example", "which is no uri"),
        ({"properties": {"a": {"items": NAMED}}}, {"a": [{"n": 1}]}, {"a": [{}]}, "a[0].n is missing"),
    ],
)
def test_each_rule(schema: dict[str, Any], fits: Any, breaks: Any, said: str) -> None:
    """What keeps to a rule passes; what breaks it is named with its path, the value and the rule."""
    assert list(broken_rules(fits, schema)) == []
    assert said in "; ".join(broken_rules(breaks, schema))


@pytest.mark.parametrize("value", ["text", 1, True, None, [1, 1], {"a": 1}])
def test_rules_of_one_type_say_nothing_of_others(value: Any) -> None:
    """As in JSON Schema: a least number limits numbers alone."""
    numbers = {"minimum": 5, "maximum": 6} if not isinstance(value, int) or value is True else {}
    texts = {"minLength": 9, "pattern": "z"} if not isinstance(value, str) else {}
    lists = {"minItems": 9} if not isinstance(value, list) else {}
    mappings = {"minProperties": 9} if not isinstance(value, dict) else {}

    assert list(broken_rules(value, {**numbers, **texts, **lists, **mappings})) == []


def test_a_pattern_that_cannot_be_used_does_not_pass() -> None:
    """What cannot be held against a rule does not keep to it."""
    (broken,) = broken_rules("a", {"pattern": "("})

    assert broken.startswith("the argument list cannot be held against the pattern /(/")
