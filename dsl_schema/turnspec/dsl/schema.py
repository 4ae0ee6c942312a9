"""JSON Schemas for editors, made from the models, with the short forms that may be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from turnspec.dsl.agent import PACES, AgentScript, IntentCatalogue
from turnspec.dsl.base import Model
from turnspec.dsl.project import Project
from turnspec.dsl.scenario import Scenario

Schema = dict[str, Any]
Widen = Callable[[Schema], Schema]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> Schema:
    """What a scenario file may hold."""
    return _schema(Scenario, "A turnspec scenario")


def agent_schema() -> Schema:
    """What an agent script may hold."""
    return _schema(AgentScript, "A turnspec agent script")


def project_schema() -> Schema:
    """What `turnspec.yaml` may hold."""
    return _schema(Project, "A turnspec project")


def intents_schema() -> Schema:
    """What an intents file may hold."""
    return _schema(IntentCatalogue, "Intents of a turnspec project")


def _schema(model: type[Model], title: str) -> Schema:
    made = model.model_json_schema(by_alias=True)
    definitions: Mapping[str, Schema] = made.get("$defs", {})
    for name, part in (*definitions.items(), (model.__name__, made)):
        _as_written(name, part)
    return {"$schema": DIALECT, **made, "title": title}


def _as_written(name: str, part: Schema) -> None:
    if name == "CallsExpectation":
        part.clear()
        part.update(_CALLS)
        return
    properties: Schema = part.get("properties", {})
    for key in [key for key in properties if key.startswith("<")]:
        del properties[key]
    for key, widen in _SHORT_FORMS.get(name, {}).items():
        properties[key] = widen(properties[key])


def _or_one(listed: Schema) -> Schema:
    return {"anyOf": [listed.get("items", {}), listed]}


def _caller(listed: Schema) -> Schema:
    action = {"anyOf": [{"type": "string"}, listed["items"]]}
    return {"anyOf": [*action["anyOf"], {"type": "array", "items": action}]}


def _returns(listed: Schema) -> Schema:
    return {"description": "a value, or a list of cases", "anyOf": [listed, {}]}


def _call(_: Schema) -> Schema:
    one = {"type": ["string", "object"]}
    description = "a function's name with its arguments; several are called at once"
    return {"description": description, "anyOf": [one, {"type": "array", "items": one}]}


def _turns(_: Schema) -> Schema:
    number = {"type": "integer", "minimum": 1}
    return {"anyOf": [number, {"type": "string", "pattern": r"^[1-9]\d*(\.\.([1-9]\d*)?)?$"}]}


def _activities(_: Schema) -> Schema:
    one = {"type": ["string", "object"]}
    description = "a named message of the agent's side: name: {key: value}"
    return {"description": description, "anyOf": [one, {"type": "array", "items": one}]}


def _or_true(part: Schema) -> Schema:
    return {"anyOf": [{"const": True}, part]}


def _or_target(transfer: Schema) -> Schema:
    return {"anyOf": [{"type": "string", "minLength": 1}, transfer]}


def _pace(_: Schema) -> Schema:
    times = {"type": "string", "pattern": r"^[1-9][0-9]?(\.[0-9]{1,2})? ?x$"}
    return {"anyOf": [{"enum": [*PACES, None]}, times]}


_CALL = {"type": ["string", "object"]}
_CALLS: Schema = {
    "description": "functions called in this turn: name: {argument: value}",
    "anyOf": [{"type": "array", "items": _CALL}, _CALL],
}
_REPLY: Mapping[str, Widen] = {"call": _call, "faults": _or_one, "transfer": _or_target}
_SHORT_FORMS: Mapping[str, Mapping[str, Widen]] = {
    "Turn": {"caller": _caller, "when": _or_one, "unless": _or_one},
    "Condition": {"supports": _or_one},
    "Say": {"say": _or_one},
    "Expect": {
        **dict.fromkeys(("intent", "says", "does_not_say", "does_not_call"), _or_one),
        "activity": _activities,
        "refused": _or_true,
    },
    "FunctionSpec": {"returns": _returns},
    "TargetSpec": {"protocol": _or_one},
    "AgentSession": {"transcription_fails": _turns},
    "ReplyTiming": {"pace": _pace},
    "Reply": _REPLY,
    "Response": _REPLY,
    "AgentScript": {"faults": _or_one},
    "Scenario": {"faults": _or_one},
    "When": {
        **dict.fromkeys(("keywords", "all_of", "excludes", "intents", "modalities"), _or_one),
        "turns": _turns,
    },
}
