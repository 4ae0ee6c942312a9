"""What the server says to a client event that it cannot take: exact codes, parameters and messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

INVALID_REQUEST: Final = "invalid_request_error"


class ClientError(Exception):
    """A client event that is refused; what the `error` event will say.

    `param` is the dotted path of what is wrong inside the event, `event_id` the event's own id.
    """

    def __init__(
        self,
        code: str,
        message: str,
        param: str | None = None,
        *,
        event_id: str | None = None,
        type: str = INVALID_REQUEST,  # noqa: A002 # the wire's own word
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.event_id = event_id
        self.type = type


def modalities_refused(value: list[str]) -> PydanticCustomError:
    """The error of a modality list that is not exactly one modality."""
    return PydanticCustomError(
        "modalities",
        "Invalid modalities: {shown}. Supported combinations are: ['text'] and ['audio'].",
        {"shown": repr(value)},
    )


def refusal(error: ValidationError, event: Mapping[str, Any]) -> ClientError:
    """The first thing that pydantic found wrong, in the words of the API."""
    first = error.errors(include_url=False)[0]
    param = _path(first, event)
    code, message = _code_and_message(first, param)
    return ClientError(code, message, param)


def supported(values: list[str]) -> str:
    """A list of quoted values as the API writes it: 'a', 'b', and 'c'."""
    if len(values) == 1:
        return f"Supported values are: {values[0]}."
    joint = " and " if len(values) == 2 else ", and "
    return f"Supported values are: {', '.join(values[:-1])}{joint}{values[-1]}."


_EXPECTED: Final = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "bool_type": "a boolean",
    "float_type": "a number",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "literal_error": "one of the supported values",
}
_BOUNDS: Final = {
    "greater_than_equal": ("below_min_value", "below minimum value", ">=", "ge"),
    "less_than_equal": ("above_max_value", "above maximum value", "<=", "le"),
}


def _code_and_message(error: ErrorDetails, param: str) -> tuple[str, str]:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "missing" | "union_tag_not_found":
            return "missing_required_parameter", f"Missing required parameter: '{param}'."
        case "extra_forbidden":
            return "unknown_parameter", f"Unknown parameter: '{param}'."
        case "literal_error" if isinstance(value, str) or context["expected"].isdecimal():
            values = re.findall(r"'[^']*'|\d+", context["expected"])
            return "invalid_value", _invalid_value(value, values)
        case "union_tag_invalid":
            tags = re.findall(r"'[^']*'", context["expected_tags"])
            return "invalid_value", _invalid_value(context["tag"], tags)
        case "greater_than_equal" | "less_than_equal":
            suffix, words, sign, key = _BOUNDS[kind]
            bound = context[key]
            number = "integer" if isinstance(bound, int) else "decimal"
            instead = f"Expected a value {sign} {bound}, but got {value} instead."
            return f"{number}_{suffix}", f"Invalid '{param}': {number} {words}. {instead}"
        case "too_long":
            most, has = context["max_length"], len(value)
            expected = f"Expected an object with at most {most} properties, but got an object with {has}"
            message = f"Invalid '{param}': too many properties. {expected} properties instead."
            return "object_above_max_properties", message
        case "string_too_long":
            most = f"Expected a string with maximum length {context['max_length']}"
            instead = f"{most}, but got a string with length {len(value)} instead."
            return "string_above_max_length", f"Invalid '{param}': string too long. {instead}"
        case "modalities":
            return "invalid_value", error["msg"]
        case _ if kind in _EXPECTED:
            expected = _EXPECTED[kind]
            return (
                "invalid_type",
                f"Invalid type for '{param}': expected {expected}, but got {json_type(value)} instead.",
            )
        case _:
            return "invalid_value", f"Invalid '{param}': {error['msg']}."


def _invalid_value(value: object, values: list[str]) -> str:
    return f"Invalid value: '{value}'. {supported(values)}"


def json_type(value: Any) -> str:
    """The JSON type of a value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _path(error: ErrorDetails, event: Any) -> str:
    # pydantic names the branches of its unions in `loc`; only what is in the document counts.
    path = ""
    place: Any = event
    for part in error["loc"]:
        if isinstance(part, int) and isinstance(place, list):
            path, place = f"{path}[{part}]", place[part]
        elif isinstance(place, dict) and part in place:
            path, place = _join(path, str(part)), place[part]
    match error["type"]:
        case "missing":
            return _join(path, str(error["loc"][-1]))
        case "union_tag_not_found" | "union_tag_invalid" if isinstance(place, dict):
            return _join(path, error["ctx"]["discriminator"].strip("'"))
        case _:
            return path


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
