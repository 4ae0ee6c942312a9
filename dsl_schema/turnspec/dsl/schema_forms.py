"""The forms that may be written where a model validates another one, by model and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from turnspec.dsl.agent import PACES
from turnspec.dsl.conditions import CAPABILITIES
from turnspec.dsl.faults import CLOSE_CODES, NEVER_SENT, REFUSAL_STATUSES
from turnspec.dsl.line import BOTH_WAYS
from turnspec.dsl.parameters import TYPES
from turnspec.dsl.percent import Percent
from turnspec.dsl.schema_parts import (
    CHECK,
    ENTRIES,
    NAME,
    PHRASE,
    REGEX,
    SAID,
    TEXT,
    Schema,
    any_of,
    both,
    calls,
    list_of,
    one_or_more,
    or_nothing,
    ref,
)

Form = Callable[[Schema], None]


def _never(part: Schema, *refused: Schema) -> None:
    part.setdefault("allOf", []).extend({"not": each} for each in refused)


def _listed(*keys: str, least: int = 0) -> Form:
    """One value where a list of it is meant."""

    def form(part: Schema) -> None:
        for key in keys:
            part["properties"][key] = one_or_more(_items(part["properties"][key]), least)

    return form


def _items(part: Schema) -> Schema:
    if "anyOf" in part:
        part = next(each for each in part["anyOf"] if each.get("type") == "array")
    found: Schema = part["items"]
    return found


def _set(**keys: Schema) -> Form:
    """These forms for these keys; an underscore behind a key is not part of it."""

    def form(part: Schema) -> None:
        part["properties"].update({key.removesuffix("_"): value for key, value in keys.items()})

    return form


def _but(**words: Any) -> Form:
    """These words of JSON Schema beside the keys."""
    return lambda part: part.update(words)


def _not_both(*pairs: tuple[str, str]) -> Form:
    return lambda part: _never(part, *(both(*pair) for pair in pairs))


def _all(*forms: Form) -> Form:
    def form(part: Schema) -> None:
        for each in forms:
            each(part)

    return form


def _conditional(part: Schema) -> None:
    for key in ("when", "unless"):
        part["properties"][key] = one_or_more(ref("Condition"), 1)


def _saving(part: Schema) -> None:
    part["properties"]["save"] = {**part["properties"]["save"], "minProperties": 1}


def _named(*keys: str) -> Form:
    """The name of an engine where the engine is meant."""

    def form(part: Schema) -> None:
        for key in keys:
            name = {"type": "string", "minLength": 1}
            part["properties"][key] = any_of(name, part["properties"][key])

    return form


def _line(part: Schema) -> None:
    """A share alone where a loss is meant, and one codec where a list of them is."""
    part["properties"]["loss"] = any_of(_PERCENT, part["properties"]["loss"])
    _listed("codecs")(part)


def _in_band(part: Schema) -> None:
    part["properties"]["in_band"] = any_of({"type": "boolean"}, part["properties"]["in_band"])


def _verify(part: Schema) -> None:
    part["properties"]["verify"] = any_of({"type": "boolean"}, part["properties"]["verify"])


def _fillers(part: Schema) -> None:
    part["properties"]["filler"] = any_of(SAID, list_of(SAID), {"type": "null"})


def _one_fault(part: Schema) -> None:
    words = sorted(set(part["properties"]) - {"at", "by"})
    part["oneOf"] = [both(word) for word in words]


def _one_moment(part: Schema) -> None:
    part["anyOf"] = [both(key) for key in ("turn", "after", "event", "nth")]
    moments = ("turn", "after", "event")
    _never(
        part,
        *(both(a, b) for a in moments for b in moments if a < b),
        both("nth", "turn"),
        both("nth", "after"),
    )


def _codes(*ranges: range) -> Schema:
    return any_of(*({"type": "integer", "minimum": each.start, "maximum": each.stop - 1} for each in ranges))


def _sendable(part: Schema) -> Schema:
    return {**part, "not": {"enum": sorted(NEVER_SENT)}}


def _faults(part: Schema) -> None:
    properties = part["properties"]
    if "refuse" in properties:
        codes = _sendable(_codes(REFUSAL_STATUSES, CLOSE_CODES))
        properties["refuse"] = any_of({"const": True}, codes, {"type": "null"})
        properties["close"] = or_nothing(_sendable(_codes(CLOSE_CODES)))
    properties["error"] = or_nothing({"type": "string", "pattern": "^[a-z][a-z0-9_]*$"})
    _one_fault(part)


_TURN_RANGE: Final = any_of(
    {"type": "integer", "minimum": 1},
    {"type": "string", "pattern": r"^[1-9][0-9]{0,5}(\.\.([1-9][0-9]{0,5})?)?$"},
    {"type": "null"},
)
_DIGITS: Final = {"type": "string", "pattern": r"^([0-9*#A-Da-dw]+|[\s\S]*(\{\{|\{%)[\s\S]*)$"}
_PERCENT: Final = {"type": "string", "pattern": f"^{Percent.FORM}$"}
_NAMED: Final = {"type": "object", "additionalProperties": or_nothing({"type": "object"})}
_CASES: Final = {
    "if": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "object"},
        "contains": {
            "anyOf": [
                both("returns"),
                both("error"),
                {**both("when"), "properties": {"when": {"type": "object"}}},
            ]
        },
    },
    "then": {"items": ref("FunctionCase")},
}
_BOUND: Final = any_of({"type": "number"}, {"type": "string", "pattern": r"\{\{|\{%"}, {"type": "null"})
_PARAMETER: Final = any_of({"enum": list(TYPES)}, {"type": "object"}, {"type": "boolean"})

FORMS: Final[Mapping[str, Form]] = {
    "Scenario": _all(
        _listed("faults"),
        _fillers,
        _set(
            examples=list_of({"type": "object", "minProperties": 1}, 1),
            setup=ENTRIES,
            turns=list_of(ref("Entry"), 1),
            teardown=ENTRIES,
        ),
        _not_both(("repeat_run", "retries")),
    ),
    "Fragment": _set(
        turns=list_of(ref("Entry"), 1),
        parameters=any_of(
            list_of({"type": "string", "pattern": NAME}),
            {"type": "object", "propertyNames": {"pattern": NAME}},
        ),
    ),
    "Turn": _all(
        _conditional,
        _saving,
        _fillers,
        _set(caller=any_of(SAID, ref("Action"), list_of(any_of(SAID, ref("Action"))))),
    ),
    "Choose": _conditional,
    "Repeat": _all(_conditional, _set(turns=list_of(ref("Entry"), 1))),
    "Use": _all(_conditional, _set(use={"type": "string", "minLength": 1, "not": {"pattern": r"\{\{|\{%"}})),
    "Together": _all(_conditional, _set(together=list_of(ref("Watched"), 2))),
    "Choice": _all(
        _set(
            when=one_or_more(ref("AboutReply"), 1),
            turns=ENTRIES,
            otherwise=any_of({"const": "fail"}, ENTRIES),
        ),
        _but(oneOf=[both("when", "turns"), both("otherwise")]),
        _not_both(("otherwise", "when"), ("otherwise", "turns")),
    ),
    "RepeatSpec": _all(
        _set(until=one_or_more(ref("AboutReply"), 1)),
        _but(oneOf=[both("until", "at_most"), both("times")]),
        _not_both(("times", "until"), ("times", "at_most"), ("times", "otherwise")),
    ),
    "Condition": _all(
        _set(
            supports=one_or_more({"enum": list(CAPABILITIES)}, 1),
            variables={"type": "object", "minProperties": 1, "additionalProperties": ref("Matcher")},
            reply=ref("ReplyAsked"),
        ),
        _but(minProperties=1, additionalProperties=ref("Matcher")),
    ),
    "Line": _all(
        _line,
        _but(anyOf=[both(key) for key in (*BOTH_WAYS, "jitter", "echo", "heard")]),
    ),
    "Heard": _all(_line, _but(minProperties=1)),
    "Noise": _but(oneOf=[both("bed"), both("file")]),
    "Say": _all(
        _set(say=any_of(SAID, list_of(any_of(SAID, ref("Pause")), 1))),
        _not_both(("interrupt", "backchannel")),
    ),
    "Play": _not_both(("interrupt", "backchannel")),
    "SendText": _set(text=SAID),
    "Dtmf": _all(_set(dtmf=_DIGITS), _in_band),
    "Keys": _all(_set(digits=_DIGITS), _in_band),
    "SendActivity": _set(
        activity=any_of(
            {"type": "string", "minLength": 1},
            {
                "type": "object",
                "if": {"properties": {"type": {"const": "message"}}, "required": ["type"]},
                "then": {"properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]},
                "else": {"properties": {"name": {"type": "string", "minLength": 1}}, "required": ["name"]},
            },
        )
    ),
    "SendEvent": _set(
        event=any_of(
            {"type": "string", "minLength": 1},
            {
                "type": "object",
                "properties": {"type": {"type": "string", "minLength": 1}},
                "required": ["type"],
            },
        )
    ),
    "Expect": _all(
        _but(minProperties=1),
        _listed("intent", "plays", least=1),
        _set(
            says=one_or_more(ref("Said"), 1),
            does_not_say=one_or_more(ref("Said"), 1),
            transcript=one_or_more(ref("Said"), 1),
            calls=calls(),
            does_not_call=one_or_more(TEXT, 1),
            returned={"type": "object", "minProperties": 1, "additionalProperties": ref("Matcher")},
            transfer=ref("Matcher"),
            dtmf={"allOf": [ref("Matcher"), {"not": {"type": "number"}}]},
            activity=one_or_more(ref("Activity"), 1),
            event=one_or_more(ref("Event"), 1),
            check=one_or_more(ref("Check"), 1),
            judge=one_or_more(any_of(PHRASE, ref("JudgeExpectation")), 1),
            refused=any_of({"const": True}, ref("RefusedExpectation")),
        ),
        _not_both(("stops", "keeps_speaking")),
    ),
    "JudgeExpectation": _set(question=PHRASE),
    "CheckExpectation": _set(name=CHECK, with_={"type": "object"}),
    "Contains": _set(contains={"not": {"enum": ["", [], {}]}}),
    "Matches": _set(matches={**REGEX, "minLength": 1}),
    "OneOf": _set(one_of={"type": "array", "minItems": 1}),
    "Range": _all(_set(at_least=_BOUND, at_most=_BOUND), _but(anyOf=[both("at_least"), both("at_most")])),
    "SimilarTo": _set(similar_to=PHRASE),
    "WordErrors": _set(to=PHRASE),
    "FunctionSpec": _all(
        _set(
            parameters=any_of(
                {"type": "object", "additionalProperties": _PARAMETER},
                {
                    "type": "object",
                    "properties": {"type": {"const": "object"}, "properties": {"type": "object"}},
                    "required": ["type", "properties"],
                },
            ),
            returns=_CASES,
        ),
        _not_both(("returns", "returns_in_turn")),
    ),
    "FunctionCase": _not_both(("returns", "error")),
    "Percentiles": _but(minProperties=1),
    "TargetSpec": _all(
        _listed("protocol"),
        _fillers,
        _named("voice_activity"),
        _verify,
        _set(
            asgi=or_nothing(
                {"type": "string", "pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$"}
            )
        ),
    ),
    "Ready": _set(line=or_nothing(REGEX)),
    "IntentsEngine": _set(url=or_nothing({"type": "string", "pattern": r"^https?://|\{\{|\{%"})),
    "JudgeEngine": _set(url={"type": "string", "pattern": r"^https?://|\{\{|\{%"}),
    "SpeechEngine": _set(url=or_nothing({"type": "string", "pattern": r"^https?://|\{\{|\{%"})),
    "TranscriptionEngine": _all(
        _set(
            url=or_nothing({"type": "string", "pattern": r"^https?://|\{\{|\{%"}),
            language=or_nothing({"type": "string", "pattern": "^[a-z]{2,3}$"}),
        ),
        _verify,
    ),
    "Engines": _named("speech", "transcription", "voice_activity"),
    "AgentScript": _listed("faults"),
    "AgentSession": _set(transcription_fails=_TURN_RANGE),
    "Reply": _all(
        _listed("faults"),
        _set(
            call=any_of(TEXT, _NAMED, list_of(any_of(TEXT, _NAMED))),
            dtmf=any_of(_DIGITS, ref("Keys"), {"type": "null"}),
            transfer=any_of({"type": "string", "minLength": 1}, ref("Transfer"), {"type": "null"}),
        ),
    ),
    "ReplyTiming": _set(
        pace=any_of(
            {"enum": [*PACES, None]}, {"type": "string", "pattern": r"^[1-9][0-9]?(\.[0-9]{1,2})? ?x$"}
        )
    ),
    "When": _all(
        _listed("intents", "modalities"),
        _set(
            keywords=one_or_more(PHRASE),
            all_of=one_or_more(PHRASE),
            excludes=one_or_more(PHRASE),
            pattern=or_nothing(REGEX),
            turns=_TURN_RANGE,
        ),
    ),
    "IntentSpec": _all(
        _set(
            phrases=list_of(PHRASE),
            keywords=list_of(PHRASE),
            not_=list_of(PHRASE),
            patterns=list_of(REGEX),
        ),
        _but(
            anyOf=[
                {**both(key), "properties": {key: {"minItems": 1}}}
                for key in ("phrases", "keywords", "patterns")
            ]
        ),
    ),
    "ReplyFault": _faults,
    "FaultMoment": _one_moment,
}
"""By the name of the model; those that it builds on come first."""
