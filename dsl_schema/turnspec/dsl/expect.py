"""What the agent must do in a turn."""

from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from turnspec.dsl import matchers
from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.custom import CheckExpectation, located_checks, located_events
from turnspec.dsl.durations import Duration
from turnspec.dsl.matchers import Matcher
from turnspec.dsl.problems import surely_meant
from turnspec.dsl.refusals import refusal
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import is_template
from turnspec.dsl.vacuous import report_vacuous

CallsMode = Literal["any", "in_order", "exactly"]


def _not_called_tag(value: Any) -> str:
    return "<any>" if value == "any" else "<names>"


NotCalled = Annotated[
    Annotated[tuple[str, ...], Tag("<names>")] | Annotated[Literal["any"], Tag("<any>")],
    Discriminator(_not_called_tag),
]


class CallExpectation(Model):
    """One function that must be called; `with_` is None where any arguments will do."""

    WORD = "an expected call"

    function: str
    with_: Matcher | None = Field(default=None, alias="with")
    exactly: bool = False
    times: Annotated[int, Field(strict=True, ge=1)] | None = None
    within: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the arguments into the form of a matcher."""
        if data.get("with") is None:
            return data
        return data.but(**{"with": matchers.located(data["with"], data.place.child("with"), reading)})


class CallsExpectation(Model):
    """The functions called in a turn: in any order, `in_order`, or `exactly` these and no others."""

    WORD = "calls"

    items: tuple[CallExpectation, ...] = Field(alias="<items>")
    mode: CallsMode = Field(default="any", alias="<mode>")


class ActivityExpectation(Model):
    """One named message of the agent's side; `with_` is None where any payload will do."""

    WORD = "an expected activity"

    name: str = Field(min_length=1)
    with_: Matcher | None = Field(default=None, alias="with")

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the payload into the form of a matcher."""
        if data.get("with") is None:
            return data
        return data.but(**{"with": matchers.located(data["with"], data.place.child("with"), reading)})


class RefusedExpectation(Model):
    """The call is refused; `code` is an HTTP status or a close code."""

    WORD = "refused"

    code: Matcher | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the code into the form of a matcher."""
        if data.get("code") is None:
            return data
        return data.but(code=matchers.located(data["code"], data.place.child("code"), reading))


def _question(written: str) -> str:
    if is_template(written) or any(map(str.isalnum, written)):
        return written
    raise refusal("empty", "there are no words here to judge by", hint="write what the reply has to fulfil")


class JudgeExpectation(Model):
    """A sentence that a model is asked about; `gate` None leaves it to the project whether it can fail."""

    WORD = "judge"

    question: Annotated[str, AfterValidator(_question)]
    gate: Annotated[bool, Field(strict=True)] | None = None


class Expect(Model):
    """The assertions of a turn; all of them are checked."""

    WORD = "expect"
    ELSEWHERE = MappingProxyType(
        {
            **{
                word: f"a matcher goes below what it is about: says: {{{word}: ...}}"
                for word in matchers.MATCHER_WORDS
            },
            **dict.fromkeys(("function", "functions", "function_call"), "calls"),
            **dict.fromkeys(("budget", "caller"), "it goes beside `expect`, in the same column"),
            **dict.fromkeys(
                ("response", "greeting"), "limits of time go beside `expect`: budget: {response: 1 s}"
            ),
        }
    )

    intent: tuple[str, ...] = ()
    says: tuple[Matcher, ...] = ()
    does_not_say: tuple[Matcher, ...] = ()
    calls: CallsExpectation | None = None
    does_not_call: NotCalled = ()
    returned: dict[str, Matcher] = Field(default_factory=dict)
    silent: Duration | None = None
    stops: Annotated[bool, Field(strict=True)] | None = None
    keeps_speaking: Annotated[bool, Field(strict=True)] | None = None
    plays: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    hangup: Annotated[bool, Field(strict=True)] | None = None
    transfer: Matcher | None = None
    dtmf: Matcher | None = None
    activity: tuple[ActivityExpectation, ...] = ()
    refused: RefusedExpectation | None = None
    transcript: tuple[Matcher, ...] = ()
    nothing: Duration | None = None
    event: tuple[Matcher, ...] = ()
    check: tuple[CheckExpectation, ...] = ()
    judge: tuple[JudgeExpectation, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring single values into lists, and values into matchers."""
        report_vacuous(data, reading)
        _report_both_ways(data, reading)
        data = listed(data, "plays")
        changed: dict[str, Any] = {}
        for key in ("says", "does_not_say", "transcript"):
            if key in data:
                changed[key] = _matcher_list(data, key, reading)
        forbidden = data.get("does_not_call")
        if isinstance(forbidden, list) and "any" in forbidden:
            data = data.but(does_not_call="any")
        forbids_all = data.get("does_not_call") == "any"
        data = listed(data, "intent") if forbids_all else listed(data, "intent", "does_not_call")
        if "calls" in data:
            changed["calls"] = _calls(data["calls"], data, reading)
        if "judge" in data:
            changed["judge"] = _questions(data["judge"], data.place.child("judge"))
        changed |= _acts(data, reading)
        if isinstance(data.get("returned"), Located):
            returned = data["returned"]
            changed["returned"] = {
                key: matchers.located(value, returned.place.child(key), reading)
                for key, value in returned.items()
            }
        return data.but(**changed) if changed else data


def _report_both_ways(data: Located, reading: Reading) -> None:
    if "stops" in data and "keeps_speaking" in data:
        message = "'stops' and 'keeps_speaking' are about the same thing"
        hint = "keep one of them: whether the agent is to stop, or to go on"
        reading.problem("clash", message, data.place.child("keeps_speaking"), hint=hint, key=True)


def _acts(data: Located, reading: Reading) -> dict[str, Any]:
    """What the agent's side is to do besides speaking, in the forms that are validated."""
    changed: dict[str, Any] = {}
    if "transfer" in data:
        changed["transfer"] = _done_or_not(data, "transfer", reading)
    if "dtmf" in data:
        if isinstance(data["dtmf"], int | float) and not isinstance(data["dtmf"], bool):
            message = "digits are text: as a number, leading zeros are lost"
            hint = f'write dtmf: "{data["dtmf"]}"'
            reading.problem("unquoted-digits", message, data.place.child("dtmf"), hint=hint)
        changed["dtmf"] = _done_or_not(data, "dtmf", reading)
    if "activity" in data:
        changed["activity"] = _activities(data["activity"], data.place.child("activity"), reading)
    if "event" in data:
        changed["event"] = located_events(data["event"], data.place.child("event"), reading)
    if "check" in data:
        changed["check"] = located_checks(data["check"], data.place.child("check"), reading)
    if "refused" in data and not isinstance(data["refused"], Located):
        changed["refused"] = _refusal(data["refused"], data.place.child("refused"), reading)
    return changed


def _refusal(written: Any, place: Place, reading: Reading) -> Located:
    if written is not True:
        code = written if isinstance(written, int) and not isinstance(written, bool) else 401
        hint = f"write refused: true, or refused: {{code: {code}}}"
        reading.problem("wrong-type", "'refused' is true, or a mapping with a code", place, hint=hint)
    return Located({}, place)


def _done_or_not(data: Located, key: str, reading: Reading) -> Located:
    """`true` and `false` for what may be done in any way, or must not be done at all."""
    value, place = data[key], data.place.child(key)
    if isinstance(value, bool):
        return Located({"<any>" if value else "<absent>": True}, place)
    return matchers.located(value, place, reading)


def _activities(written: Any, place: Place, reading: Reading) -> list[Located]:
    items = written if isinstance(written, list) else [written]
    places = [place.child(index) for index in range(len(items))] if items is written else [place]
    return [made for item, at in zip(items, places, strict=True) for made in _activity(item, at, reading)]


def _activity(item: Any, place: Place, reading: Reading) -> list[Located]:
    """One item is usually one activity; a mapping of several names is several."""
    if isinstance(item, str):
        return [Located({"name": item}, place)]
    if not isinstance(item, Located) or not item:
        hint = "write - playUrl: {playUrlUrl: ...}, or only its name"
        reading.problem("wrong-type", "an activity is a name with what its payload has", place, hint=hint)
        return []
    if isinstance(item.get("name"), str):
        return [item]
    return [Located({"name": name, "with": given}, item.place.child(name)) for name, given in item.items()]


def _questions(written: Any, place: Place) -> list[Any]:
    """Each sentence as a question of its own."""
    items = written if isinstance(written, list) else [written]
    places = [place.child(index) for index in range(len(items))] if items is written else [place]
    return [
        Located({"question": item}, at) if isinstance(item, str) else item
        for item, at in zip(items, places, strict=True)
    ]


def _matcher_list(data: Located, key: str, reading: Reading) -> list[Located]:
    value, place = data[key], data.place.child(key)
    if not isinstance(value, list):
        return [matchers.located(value, place, reading)]
    return [matchers.located(item, place.child(index), reading) for index, item in enumerate(value)]


def _mode(written: Any) -> CallsMode:
    """`in_order` or `exactly` where that is the one key, with a list below it."""
    if isinstance(written, Located) and len(written) == 1:
        if isinstance(written.get("in_order"), list):
            return "in_order"
        if isinstance(written.get("exactly"), list):
            return "exactly"
    return "any"


def _calls(written: Any, data: Located, reading: Reading) -> Located:
    place = data.place.child("calls")
    mode = _mode(written)
    if mode == "any" and isinstance(written, Located) and set(written) in ({"in_order"}, {"exactly"}):
        (word,) = written
        message, hint = f"'{word}' has a list of calls", f"write {word}: [{{name: {{argument: value}}}}]"
        reading.problem("wrong-type", message, place.child(word), hint=hint, key=True)
        return Located({"<items>": [], "<mode>": mode}, place)
    if mode != "any":
        place, written = place.child(mode), written[mode]
    if isinstance(written, list):
        items = [
            made
            for index, item in enumerate(written)
            for made in _call_items(item, place.child(index), reading)
        ]
    else:
        items = _call_items(written, place, reading)
    return Located({"<items>": items, "<mode>": mode}, data.place.child("calls"))


def _call_items(item: Any, place: Place, reading: Reading) -> list[Located]:
    """One item is usually one call; a mapping of several functions is several."""
    if item == "any":
        hint = "name a function; its arguments may be any: - lookup: any"
        reading.problem("bad-calls", "an expected call is of one function, not of any", place, hint=hint)
        return []
    if isinstance(item, str) and "(" in item:
        name = item.partition("(")[0].strip()
        message = "an expected call is written without parentheses"
        hint = f"write - {name}: {{argument: value}}"
        reading.problem("bad-calls", message, place, hint=hint)
        return []
    if isinstance(item, str):
        return [Located({"function": item}, place)]
    if isinstance(item, Located) and (wrong := _not_by_name(item)) is not None:
        message, hint = wrong
        reading.problem("bad-calls", message, item.place, hint=hint)
        return []
    if not isinstance(item, Located):
        hint = "write - name: {argument: value}"
        reading.problem(
            "wrong-type", "an expected call is a function's name with its arguments", place, hint=hint
        )
        return []
    if "function" in item or (len(item) > 1 and "with" in item):
        return [item]
    for name in [name for name, given in item.items() if isinstance(given, list)]:
        message, hint = f"the arguments of '{name}' have names", "write - name: {argument: value}"
        near = surely_meant(name, ("in_order", "exactly"))
        at = item.place.child(name)
        reading.problem("wrong-type", message, at, suggestion=near, hint=hint, key=near is not None)
    return [
        Located({"function": name, "with": given}, item.place.child(name)) for name, given in item.items()
    ]


def _not_by_name(item: Located) -> tuple[str, str] | None:
    """What is wrong with a call that is not `name: {argument: value}`, but one that was meant so."""
    if not item:
        # `calls: {}` as a whole is reported as empty.
        listed_one = isinstance(item.place.path[-1], int)
        return ("this names no function", "write - name: {argument: value}") if listed_one else None
    name, *others = item
    if name in ("in_order", "exactly") and item[name] is None:
        return f"nothing stands below `{name}`", "list the calls below it, each behind a dash"
    arguments = next((key for key in ("arguments", "args", "parameters") if key in item), None)
    if arguments is not None and isinstance(item.get("name"), str):
        return "the name of the function is the key", f"write - {item['name']}: {{argument: value}}"
    plain = [key for key in others if isinstance(item[key], str | int | float) and item[key] != "any"]
    if plain and item[name] is None:
        message = f"'{name}' has no arguments: '{plain[0]}' stands beside it, not below it"
        return message, f"write - {name}: {{{plain[0]}: ...}}, or indent '{plain[0]}' deeper than '{name}'"
    return None
