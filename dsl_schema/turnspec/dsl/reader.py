"""From a document's plain data to models, collecting every problem on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from turnspec.dsl.base import Located, Model
from turnspec.dsl.problems import Problem, nearest, problem_at, quoted
from turnspec.dsl.spans import Place, Span

M = TypeVar("M", bound=BaseModel)

_REPORTED = "reported"
_MAX_TEXT_FILE = 64 * 1024


def read_model(
    model: type[M], data: Any, place: Place, root: Path | None = None
) -> tuple[M | None, list[Problem]]:
    """Read `data`, which stands at `place`, as a `model`; None where problems kept it from being made.

    Any pydantic model will do: adapters read their own options through this. `root` is the project folder,
    where texts beside recordings may be found.
    """
    reader = Reader(root)
    located = data if isinstance(data, Located) else _relocated(data, place)
    made = None
    try:
        made = model.model_validate(located, context=reader)
    except ValidationError as error:
        reader.translate(model, located if isinstance(located, Located) else Located({}, place), error)
    return (made if not reader.problems else None), reader.problems


def _relocated(data: Any, place: Place) -> Any:
    match data:
        case Mapping():
            return Located({key: _relocated(value, place.child(key)) for key, value in data.items()}, place)
        case list() | tuple():
            return [_relocated(item, place.child(index)) for index, item in enumerate(data)]
        case _:
            return data


class Reader:
    """Collects the problems of one document while its models are made."""

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self.problems: list[Problem] = []

    def unknown_key(self, model: type[Model], data: Located, key: str) -> None:
        """Report a key that `model` does not know."""
        place = data.place.child(key)
        meant = model.ELSEWHERE.get(key)
        if meant is None:
            self._unknown(model.WORD, model.keys(), place, key, model.NEARBY)
            return
        is_key = meant in model.keys() | model.NEARBY
        message, hint = f"{model.WORD} has no key '{key}'", "" if is_key else meant
        suggestion = meant if is_key else None
        self.problem("unknown-key", message, place, hint=hint, suggestion=suggestion, key=True)

    def problem(
        self,
        kind: str,
        message: str,
        place: Place,
        *,
        hint: str = "",
        suggestion: str | None = None,
        key: bool = False,
    ) -> None:
        """Report something wrong at `place`; `key` points at its key, not at its value."""
        self.problems.append(problem_at(place, kind, message, hint=hint, suggestion=suggestion, key=key))

    def reported(self, model: type[Model], data: Located, error: ValidationError) -> Exception:
        """Report all that validation found here, and return the error that says so to the models around."""
        self.translate(model, data, error)
        return PydanticCustomError(_REPORTED, "reported")

    def text_beside(self, place: Place, clip: str) -> str | None:
        """The words of a text file beside an audio file, where there is one inside the project."""
        path = (place.table.folder / clip).with_suffix(".txt")
        inside = self.root is not None and path.resolve().is_relative_to(self.root.resolve())
        if not inside or not path.is_file() or path.stat().st_size > _MAX_TEXT_FILE:
            return None
        return " ".join(path.read_text(encoding="utf-8-sig", errors="replace").split()) or None

    def translate(self, model: type[BaseModel], data: Located, error: ValidationError) -> None:
        """Put pydantic's findings into words for testers."""
        for found in error.errors(include_url=False):
            if not (found["type"] == _REPORTED or self._misspelt(data, found) or _follows(found)):
                self._translate(model, data, found)

    def _misspelt(self, data: Located, found: ErrorDetails) -> bool:
        """Whether a missing key is there, but misspelt, and so is reported already."""
        around = data.place.path
        return found["type"] == "missing" and any(
            problem.suggestion == found["loc"][-1] and problem.span.path[:-1] == around
            for problem in self.problems
        )

    def _translate(self, model: type[BaseModel], data: Located, found: ErrorDetails) -> None:
        place, written = _walk(data, found["loc"])
        context = found.get("ctx", {})
        if "message" in context:
            self._refusal(found["type"], context, place, written, key=found["loc"][-1:] == ("[key]",))
        elif found["type"] == "extra_forbidden":
            word = getattr(model, "WORD", None) or f"`{place.path[-2] if len(place.path) > 1 else 'this'}`"
            self._unknown(word, _keys(model), place, str(found["loc"][-1]))
        elif found["type"] == "missing":
            self._missing(model, found, place)
        else:
            self._wrong(found, place, written)

    def _refusal(
        self, kind: str, context: Mapping[str, Any], place: Place, written: Any, *, key: bool
    ) -> None:
        at: Place = context.get("place") or place
        hint = context["hint"]
        if hint == "<quote>":
            hint = _in_quotes(at)
        span = part_of(at, str(written), context["offset"], 1) if context.get("offset") is not None else None
        suggestion = context.get("suggestion")
        self.problems.append(
            problem_at(at, kind, context["message"], hint=hint, suggestion=suggestion, key=key, span=span)
        )

    def _unknown(
        self,
        word: str,
        known: frozenset[str],
        place: Place,
        key: str,
        nearby: frozenset[str] = frozenset(),
    ) -> None:
        near = nearest(key, known | nearby)
        known_here = f"known here: {', '.join(sorted(known))}"
        hint = _ELSEWHERE.get(key, known_here) if near is None else ""
        message = f"{word} has no key '{key}'"
        self.problems.append(problem_at(place, "unknown-key", message, hint=hint, suggestion=near, key=True))

    def _missing(self, model: type[BaseModel], found: ErrorDetails, place: Place) -> None:
        key, word = found["loc"][-1], getattr(model, "WORD", "this mapping")
        message = f"{word} needs the key '{key}'"
        self.problems.append(
            problem_at(place, "missing-key", message, hint=f"write `{key}: ...` here", key=True)
        )

    def _wrong(self, found: ErrorDetails, place: Place, written: Any) -> None:
        make = _WRONG.get(found["type"], _bad_value)
        kind, message, hint = make(found, _name(place), written)
        if hint == "<quote>":
            hint = _in_quotes(place)
        elif isinstance(written, str) and (joined := _with_item_before(place)):
            hint = f"if the comma is part of a text, write: {joined}"
        self.problems.append(problem_at(place, kind, message, hint=hint))


def part_of(place: Place, text: str, offset: int, length: int) -> Span:
    """The part of a value that begins `offset` characters into it; all of it where it cannot be found."""
    whole = place.span
    line = place.table.line(whole.line)
    start = line.find(text, whole.column - 1) if text else -1
    if start < 0 or "\n" in text:
        return whole
    column = start + offset + 1
    return Span(whole.file, whole.line, column, column + max(1, length), whole.path)


def _keys(model: type[BaseModel]) -> frozenset[str]:
    if issubclass(model, Model):
        return model.keys()
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def _walk(data: Located, steps: tuple[int | str, ...]) -> tuple[Place, Any]:
    """Follow pydantic's location through the data; tags in angle brackets are not part of it."""
    place = data.place
    at: Any = data
    for step in steps:
        in_list = isinstance(at, list) and isinstance(step, int) and step < len(at)
        if not in_list and not (isinstance(at, Mapping) and step in at):
            continue
        place, at = place.child(step), at[step]
        if isinstance(at, Located):
            place = at.place
    return place, at


def _in_quotes(place: Place) -> str:
    span = place.span
    return f"write: {quoted(place.table.line(span.line), span.column - 1, span.end_column - 1)}"


def _with_item_before(place: Place) -> str:
    """The line with quotes around an item and what a comma parts it from; empty where none does."""
    at = place.path[-1] if place.path else None
    if not isinstance(at, int) or at == 0:
        return ""
    before, span = (*place.path[:-1], at - 1), place.span
    line = place.table.line(span.line)
    inside = [path for path in place.table.positions if path[: len(before)] == before]
    ends = [place.table.value(path) for path in inside]
    last = max((each for each in ends if each.line == span.line), key=lambda each: each.column, default=None)
    if last is None or line[last.end_column - 1 : span.column - 1].strip() != ",":
        return ""
    return quoted(line, last.column - 1, span.end_column - 1)


def _follows(found: ErrorDetails) -> bool:
    """Whether a list lacks items only because those that were written are wrong, which is reported there."""
    return found["type"] == "too_short" and bool(found["input"])


def _name(place: Place) -> str:
    path = place.span.path
    key = next((step for step in reversed(path) if isinstance(step, str)), "this file")
    return f"an item of '{key}'" if path and isinstance(path[-1], int) else f"'{key}'"


def _called(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text '{value}'" if len(value) <= 40 else "a text"
        case Mapping():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return type(value).__name__


Wording = Callable[[ErrorDetails, str, Any], tuple[str, str, str]]


def _expected(what: str, hint: str = "") -> Wording:
    def wording(_: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
        return "wrong-type", f"{name} is {what}, not {_called(written)}", hint

    return wording


def _text(_: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
    match written:
        case None:
            hint = "write the text behind the colon"
        case list():
            hint = "write one text; put it in quotes if it begins with a bracket"
        case Mapping():
            hint = "write a text here, without keys; put it in quotes if it has a colon"
        case _:
            hint = "<quote>"
    return "wrong-type", f"{name} is a text, not {_called(written)}", hint


def _a_list(_: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
    bare = name.strip("'")
    hint = "write each item behind a dash"
    if isinstance(written, str | int | float):
        hint = f"write: {bare}: [{written}]"
    elif written is None:
        hint = "nothing stands below it: indent what belongs to it deeper, each item behind a dash"
    elif bare == "plays":
        hint = "write where the recording is: plays: audio/hold.wav"
    elif bare in _NAMES:
        hint = f"write names, not matchers: {bare}: NAME, or {bare}: [NAME, NAME]"
    return "wrong-type", f"{name} is a list, not {_called(written)}", hint


def _one_of(found: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
    expected = str(found.get("ctx", {}).get("expected", "")).replace("'", "").replace("True", "true")
    return "bad-value", f"{name} cannot be {_called(written)}", f"it can be: {expected}"


def _true_or_false(_: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
    meant = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    text = str(written).lower()
    word = meant.get(text)
    hint = f"write {word}{', without quotes' if word == text else ''}" if word else ""
    return "wrong-type", f"{name} is true or false, not {_called(written)}", hint


def _too_little(_: ErrorDetails, name: str, __: Any) -> tuple[str, str, str]:
    return "bad-value", f"{name} is empty", "write at least one"


def _no_text(_: ErrorDetails, name: str, __: Any) -> tuple[str, str, str]:
    return "bad-value", f"{name} is empty", "write a text between the quotes"


def _bad_value(found: ErrorDetails, name: str, _: Any) -> tuple[str, str, str]:
    message = found["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return "bad-value", f"{name} should be {message}" if found["msg"].startswith("Input") else message, ""


def _mapping(found: ErrorDetails, name: str, written: Any) -> tuple[str, str, str]:
    example = _EXAMPLES.get(found.get("ctx", {}).get("class_name", ""))
    hint = f"write: {example}" if example else "write `key: value` in the lines below it, indented"
    if isinstance(written, list) and written and all(isinstance(item, Mapping) for item in written):
        named = "write a name and a colon in place of each dash"
        beside = f"take the dashes away: the keys of {name} stand below each other"
        hint = named if found["type"] == "dict_type" else beside
    return "wrong-type", f"{name} is a mapping, not {_called(written)}", hint


_NAMES = ("intent", "does_not_call")
"""Keys whose values are names of things that are declared."""
_ELSEWHERE: Mapping[str, str] = {
    **{
        word: f"an item of `turns` begins with it: - {word}: ..."
        for word in ("choose", "repeat", "together", "use")
    },
    **dict.fromkeys(("until", "at_most"), "it goes below `repeat`"),
    "otherwise": "it is the last item of `choose`, or goes below `repeat` beside `until`",
    "save": "it goes beside `caller` and `expect`, in a turn",
    "with": "it goes beside `use`",
}
"""Where words of the language belong that were written somewhere else."""
_EXAMPLES: Mapping[str, str] = {
    "Backchannel": "backchannel: {after: 1 s}",
    "Budgets": "{response: 800 ms}",
    "CallerSpec": 'caller: {from: "+15551234567"}',
    "Echo": "echo: {delay: 200 ms, level: -25 dB}",
    "Expect": "expect: {says: welcome}",
    "FunctionSpec": "{returns: {status: done}}",
    "Heard": "heard: {loss: 2 %}",
    "InBand": "in_band: true",
    "IntentSpec": "{phrases: [your card is blocked]}",
    "IntentsEngine": "intents: {engine: use}",
    "Interrupt": "interrupt: {after: 1 s}",
    "JudgeExpectation": "judge: the agent apologises",
    "Limits": "limits: {call: 5 min}",
    "Line": "line: {latency: 80 ms}",
    "Loss": "loss: 2 %, or loss: {rate: 2 %, burst: 3}",
    "Noise": "noise: {bed: cafe, snr: 15 dB}",
    "Ready": "ready: {port: true}",
    "RepeatSpec": "repeat: {times: 3}",
    "Reply": "{say: How can I help?}",
    "Response": "{when: {keywords: [lost]}, say: I will block it.}",
    "SpeechEngine": "speech: flite",
    "StartSpec": "start: {command: python bank.py}",
    "TargetSpec": "{agent: agents/bank.yaml}",
    "TranscriptionEngine": "transcription: whisper",
    "Turn": "- caller: hello",
    "Verification": "verify: true",
    "VoiceActivityEngine": "voice_activity: silero",
    "When": "when: {keywords: [lost]}",
}
_WHOLE_NUMBER = _expected("a whole number", "write it without quotes, such as 1")
_WRONG: Mapping[str, Wording] = {
    "string_type": _text,
    "tuple_type": _a_list,
    "list_type": _a_list,
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "bool_type": _true_or_false,
    "bool_parsing": _true_or_false,
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _expected("a number"),
    "float_parsing": _expected("a number"),
    "literal_error": _one_of,
    "enum": _one_of,
    "too_short": _too_little,
    "string_too_short": _no_text,
}
