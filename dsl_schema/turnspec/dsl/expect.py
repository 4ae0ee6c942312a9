"""What the agent must do in a turn."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from turnspec.dsl import matchers
from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.matchers import Matcher
from turnspec.dsl.spans import Place
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


class Expect(Model):
    """The assertions of a turn; all of them are checked."""

    WORD = "expect"
    NOT_YET = frozenset(
        {"judge", "plays", "nothing", "keeps_speaking", "transfer", "dtmf", "activity", "refused", "event"}
        | {"transcript", "check", "save"}
    )

    intent: tuple[str, ...] = ()
    says: tuple[Matcher, ...] = ()
    does_not_say: tuple[Matcher, ...] = ()
    calls: CallsExpectation | None = None
    does_not_call: NotCalled = ()
    returned: dict[str, Matcher] = Field(default_factory=dict)
    silent: Duration | None = None
    stops: Annotated[bool, Field(strict=True)] | None = None
    hangup: Annotated[bool, Field(strict=True)] | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring single values into lists, and values into matchers."""
        report_vacuous(data, reading)
        changed: dict[str, Any] = {}
        for key in ("says", "does_not_say"):
            if key in data:
                changed[key] = _matcher_list(data, key, reading)
        forbidden = data.get("does_not_call")
        if isinstance(forbidden, list) and "any" in forbidden:
            data = data.but(does_not_call="any")
        forbids_all = data.get("does_not_call") == "any"
        data = listed(data, "intent") if forbids_all else listed(data, "intent", "does_not_call")
        if "calls" in data:
            changed["calls"] = _calls(data["calls"], data, reading)
        if isinstance(data.get("returned"), Located):
            returned = data["returned"]
            changed["returned"] = {
                key: matchers.located(value, returned.place.child(key), reading)
                for key, value in returned.items()
            }
        return data.but(**changed) if changed else data


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
    if isinstance(item, str):
        return [Located({"function": item}, place)]
    if not isinstance(item, Located):
        hint = "write - name: {argument: value}"
        reading.problem(
            "wrong-type", "an expected call is a function's name with its arguments", place, hint=hint
        )
        return []
    if "function" in item or (len(item) > 1 and "with" in item):
        return [item]
    return [
        Located({"function": name, "with": given}, item.place.child(name)) for name, given in item.items()
    ]
