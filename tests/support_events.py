"""Any event of any kind, all its fields chosen, for property tests of what keeps events."""

from __future__ import annotations

import dataclasses
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from turnspec.call.events import EVENT_KINDS, Event

# Lone surrogates and U+2028 included; two halves side by side are one letter, in JSON as well.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
    max_leaves=4,
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: ANY_TEXT,
    int: st.integers(),
    bool: st.booleans(),
    float: NUMBERS,
    bytes: st.binary(max_size=4),
    type(None): st.none(),
    Any: JSON,
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of(*(any_of(member) for member in get_args(hint)))
    if get_origin(hint) is dict:
        key, value = get_args(hint)
        return st.dictionaries(any_of(key), any_of(value), max_size=2)
    if hint in SCALARS:
        return SCALARS[hint]
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return any_fields(hint)


def any_fields(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a dataclass."""
    hints = get_type_hints(kind)
    fields = {field.name: any_of(hints[field.name]) for field in dataclasses.fields(kind)}
    return st.builds(kind, **fields)


ANY_EVENT: st.SearchStrategy[Event] = st.one_of(*(any_fields(kind) for kind in EVENT_KINDS.values()))
