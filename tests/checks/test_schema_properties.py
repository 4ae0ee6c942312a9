"""Our JSON Schema against the reference implementation, on documents that nobody thought of."""

from __future__ import annotations

from typing import Any

import jsonschema
from hypothesis import example, given
from hypothesis import strategies as st

from turnspec.checks.schema import broken_rules
from turnspec.dsl.parameters import KEYWORDS

VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, 2.5])
    | st.sampled_from(["", "a", "ab", "b1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
COUNT = st.integers(0, 2)
LEAVES: dict[str, Any] = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minimum": COUNT,
    "maximum": COUNT,
    "exclusiveMinimum": COUNT,
    "exclusiveMaximum": COUNT,
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "minLength": COUNT,
    "maxLength": COUNT,
    "pattern": st.sampled_from(["^a", "b", "[0-9]$"]),
    "minItems": COUNT,
    "maxItems": COUNT,
    "uniqueItems": st.booleans(),
    "minProperties": COUNT,
    "maxProperties": COUNT,
    "required": st.lists(st.sampled_from("ab"), min_size=1, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(
        st.sampled_from("ab"), st.lists(st.sampled_from("ab"), max_size=1), max_size=1
    ),
    "$ref": st.just("#/$defs/one"),
}


def made_of(inner: Any) -> Any:
    """Schemas with a few words, and others inside."""
    listed = st.lists(inner, min_size=1, max_size=2)
    nested = {
        "items": inner,
        "prefixItems": listed,
        "contains": inner,
        "minContains": COUNT,
        "maxContains": COUNT,
        "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=1),
        "propertyNames": inner,
        "additionalProperties": inner,
        "anyOf": listed,
        "oneOf": listed,
        "allOf": listed,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    words = {**LEAVES, **nested}
    return st.lists(st.sampled_from(sorted(words)), max_size=3, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({word: words[word] for word in chosen})
    )


PLAIN = {word: each for word, each in LEAVES.items() if word != "$ref"}
DEFINED = st.lists(st.sampled_from(sorted(PLAIN)), max_size=2, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({word: PLAIN[word] for word in chosen})
)
SCHEMAS = st.recursive(st.booleans() | DEFINED, made_of, max_leaves=5)


def test_every_word_is_drawn() -> None:
    """The words that are judged are those that the property below tries, and formats."""
    told = {
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$schema",
        "$comment",
    }
    drawn = {*LEAVES, "items", "prefixItems", "contains", "minContains", "maxContains", "properties"}
    drawn |= {"patternProperties", "propertyNames", "additionalProperties", "anyOf", "oneOf", "allOf", "not"}
    drawn |= {"if", "then", "else"}

    assert drawn | told | {"$defs", "definitions", "format"} == KEYWORDS


@given(SCHEMAS, DEFINED, VALUES)
@example({"oneOf": [{"$ref": "#/$defs/one"}, True]}, {"const": 1}, 1)
def test_the_same_arguments_are_taken(schema: Any, defined: dict[str, Any], value: Any) -> None:
    """What we find wrong is what the reference finds wrong, and nothing else."""
    whole = {**schema, "$defs": {"one": defined}} if isinstance(schema, dict) else schema
    expected = jsonschema.Draft202012Validator(whole).is_valid(value)

    assert (list(broken_rules(value, whole)) == []) is expected


def test_a_schema_that_means_itself_ends() -> None:
    """A reference in a circle says nothing more than the first time."""
    circle = {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a", "type": "string"}},
    }
    nested = {
        "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["n"]}},
        "$ref": "#/$defs/node",
    }

    assert list(broken_rules("x", circle)) == []
    assert "not of type string" in "; ".join(broken_rules(1, circle))
    assert list(broken_rules({"n": 1, "next": {"n": 2, "next": {}}}, nested)) == ["next.next.n is missing"]
