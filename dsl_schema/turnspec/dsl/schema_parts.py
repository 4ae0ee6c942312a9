"""Parts of the schemas that no model is: what may stand where a model wants its own form.

What a schema cannot say is said by the loader alone: that a template or a pattern can be read, that a path
leads to a file, that rows of examples have the same names, that a name is misspelt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from turnspec.dsl.conditions import REPLY_KEYS
from turnspec.dsl.expect import Expect
from turnspec.dsl.matchers import MATCHER_WORDS, MatcherModel

Schema = dict[str, Any]

WORDS_PATTERN: Final = r"[0-9A-Za-z\u00aa-\uffff]|\{\{|\{%"
"""Something to compare: a letter, a digit, or a template that becomes some."""
NOT_BLANK: Final = r"\S"
NAME: Final = r"^[A-Za-z_\u00aa-\uffff][0-9A-Za-z_\u00aa-\uffff]*$"


def ref(name: str) -> Schema:
    """A part that is told elsewhere."""
    return {"$ref": f"#/$defs/{name}"}


def any_of(*parts: Schema) -> Schema:
    """One of these."""
    return {"anyOf": list(parts)}


def list_of(part: Schema, least: int = 0) -> Schema:
    """A list, of so many at least."""
    return {"type": "array", "items": part, **({"minItems": least} if least else {})}


def one_or_more(part: Schema, least: int = 0) -> Schema:
    """One value, or a list of such."""
    return any_of(part, list_of(part, least))


def or_nothing(part: Schema) -> Schema:
    """The same, or nothing behind the colon."""
    return any_of(part, {"type": "null"})


def both(*keys: str) -> Schema:
    """All of these keys are there."""
    return {"required": list(keys)}


TEXT: Final[Schema] = {"type": "string"}
SAID: Final[Schema] = {"type": "string", "pattern": NOT_BLANK}
PHRASE: Final[Schema] = {"type": "string", "pattern": WORDS_PATTERN}
REGEX: Final[Schema] = {"type": "string", "format": "regex"}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}
CHECK: Final[Schema] = {
    "type": "string",
    "pattern": r"^(python:[A-Za-z_]\w*(\.[A-Za-z_]\w*)+|(?!python:)[A-Za-z_][\w.-]*)$",
}
_MATCHERS: Final = tuple(ref(model.__name__) for model in MatcherModel.__subclasses__() if model.keys())
ENTRIES: Final = list_of(ref("Entry"))


def _replies() -> Mapping[str, Schema]:
    """The keys of `expect` that a condition may ask of a reply."""
    return {key: {"$ref": f"#/$defs/Expect/properties/{key}"} for key in REPLY_KEYS}


def _about_reply() -> Schema:
    others = sorted(Expect.keys() - set(REPLY_KEYS))
    return {
        "type": "object",
        "description": "What the reply must be; other names are variables.",
        "minProperties": 1,
        "properties": {
            **_replies(),
            **dict.fromkeys((*others, "supports"), False),
            "variables": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": ref("Matcher"),
                "description": "variables, each with what it must be",
            },
            "reply": {**ref("ReplyAsked"), "description": "the same, below a key of its own"},
        },
        "additionalProperties": ref("Matcher"),
        "allOf": [{"not": {"required": ["reply"], "anyOf": [both(key) for key in REPLY_KEYS]}}],
    }


def calls() -> Schema:
    """The functions that `calls` asks for."""
    return {
        "anyOf": [
            list_of(ref("Call"), 1),
            ref("Call"),
            {"type": "object", "properties": {"in_order": list_of(ref("Call"), 1)},
             "required": ["in_order"], "additionalProperties": False,
             "description": "These, in this order."},
            {"type": "object", "properties": {"exactly": list_of(ref("Call"))},
             "required": ["exactly"], "additionalProperties": False,
             "description": "These and no others."},
        ]
    }  # fmt: skip


ADDED: Final[dict[str, Schema]] = {
    "Entry": {
        "description": "A turn, or a block of turns.",
        **any_of(*map(ref, ("Turn", "Choose", "Repeat", "Use", "Together"))),
    },
    "Action": {
        "description": "What the caller does.",
        **any_of(
            *map(
                ref,
                (
                    *("Say", "Play", "SendText", "Dtmf", "Silence", "Microphone", "HangUp"),
                    *("SendActivity", "SendEvent"),
                ),
            )
        ),
    },
    "Matcher": {
        "description": "A value as it must be, any, absent, or a matcher such as {matches: pattern}.",
        "anyOf": [
            _SCALAR,
            *_MATCHERS,
            list_of(ref("Matcher")),
            {
                "type": "object",
                "description": "Values of a mapping, each as it must be; others may be there too.",
                "additionalProperties": ref("Matcher"),
                "not": {"minProperties": 1, "propertyNames": {"enum": sorted(MATCHER_WORDS)}},
            },
        ],
    },
    "Said": {
        "description": "A run of words, any, absent, or a matcher such as {matches: pattern}.",
        "anyOf": [
            PHRASE,
            {"type": ["number", "boolean"]},
            *(part for part in _MATCHERS if part != ref("Range")),
        ],
    },
    "Call": {
        "description": "A function, or functions with their arguments.",
        "anyOf": [
            {"type": "string", "not": {"const": "any"}},
            ref("CallExpectation"),
            {
                "type": "object",
                "minProperties": 1,
                "properties": {"function": False, "in_order": False, "exactly": False},
                "additionalProperties": {"allOf": [or_nothing(ref("Matcher")), {"not": {"type": "array"}}]},
                "not": {"required": ["with"], "minProperties": 2},
            },
        ],
    },
    "Activity": {
        "description": "An activity's name, or names with some of what they carry.",
        "anyOf": [
            {**TEXT, "minLength": 1},
            ref("ActivityExpectation"),
            {
                "type": "object",
                "minProperties": 1,
                "properties": {"name": {"not": {"type": "string"}}},
                "propertyNames": {"minLength": 1},
                "additionalProperties": or_nothing(ref("Matcher")),
            },
        ],
    },
    "Event": {
        "description": "An event's name, or some of what it carries.",
        "anyOf": [
            {"type": "string", "not": {"enum": ["any", "absent"]}},
            {"allOf": [{"type": "object", "minProperties": 1}, ref("Matcher")]},
        ],
    },
    "Check": {
        "description": "A check, or checks with their arguments.",
        "anyOf": [
            CHECK,
            ref("CheckExpectation"),
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": CHECK,
                "additionalProperties": {"type": ["object", "null"]},
                "not": both("name", "with"),
            },
        ],
    },
    "ReplyAsked": {
        "type": "object",
        "description": "What the reply must be.",
        "minProperties": 1,
        "properties": dict(_replies()),
        "additionalProperties": False,
    },
    "AboutReply": _about_reply(),
    "JsonValue": {},
}
"""Parts that forms name and no model is."""
