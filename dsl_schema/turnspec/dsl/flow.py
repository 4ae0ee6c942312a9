"""Blocks of turns: branches, repetitions, turns from another file, and things watched at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, JsonValue, Tag

from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.conditions import REPLY_KEYS, Condition, conditions_listed, reply_conditions_listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.expect import Expect
from turnspec.dsl.problems import surely_meant
from turnspec.dsl.project import Budgets
from turnspec.dsl.refusals import refusal
from turnspec.dsl.templates import is_template
from turnspec.dsl.turn import Turn

BLOCKS: Final = ("choose", "repeat", "together", "use")
"""The keys that make an item of `turns` something else than a turn."""
MOST_PASSES = 100


def _fixed_path(written: str) -> str:
    if is_template(written):
        message = "which turns there are is known before any value is: a template cannot choose a file"
        raise refusal("template-not-allowed", message, hint="write the path out; values go below `with`")
    return written


class Use(Model):
    """The turns of a fragment, in this place, with these values for its parameters."""

    WORD = "a use of a fragment"

    use: Annotated[str, Field(min_length=1), AfterValidator(_fixed_path)]
    with_: dict[str, JsonValue] = Field(default_factory=dict, alias="with")
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one condition a list of it; say where values for parameters are written."""
        data = _alone(data, "use", reading)
        known = cls.keys()
        values = [key for key in data if key not in known and not surely_meant(key, known)]
        for key in values:
            hint = f"a value for a parameter goes below `with`: with: {{{key}: ...}}"
            reading.problem(
                "unknown-key", f"{cls.WORD} has no key '{key}'", data.place.child(key), hint=hint, key=True
            )
        data = Located({key: value for key, value in data.items() if key not in values}, data.place)
        return conditions_listed(data, reading, "when", "unless")


def _otherwise_tag(value: Any) -> str:
    return "<word>" if isinstance(value, str) else "<turns>"


Otherwise = Annotated[
    Annotated[Literal["fail"], Tag("<word>")] | Annotated[tuple["Entry", ...], Tag("<turns>")],
    Discriminator(_otherwise_tag),
]


class Choice(Model):
    """One branch: the turns that follow a reply of which all of `when` holds, or that no other branch takes.

    A branch with no turns goes on with what comes after.
    """

    WORD = "a branch"
    ELSEWHERE = MappingProxyType(
        {
            **dict.fromkeys(REPLY_KEYS, "it goes below `when`, indented deeper"),
            **dict.fromkeys(("else", "default"), "otherwise"),
            **dict.fromkeys(("then", "do"), "turns"),
            **dict.fromkeys(("if", "expect"), "when"),
            **dict.fromkeys(("turn", "caller"), "what follows is a list of turns: turns: [{caller: ...}]"),
        }
    )

    when: tuple[Condition, ...] = ()
    turns: tuple[Entry, ...] = ()
    otherwise: Otherwise | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say what a branch lacks, and make one condition a list of it."""
        if "otherwise" in data:
            return reply_conditions_listed(_otherwise(data, reading), reading, "when")
        if not cls.keys().issuperset(data):
            # A key that is not known is reported as such: it may be the one that is lacking.
            return reply_conditions_listed(data, reading, "when")
        if "when" not in data or data["when"] == []:
            message, hint = (
                "this branch does not say when it is taken",
                "write when: {intent: NAME}, or otherwise: fail",
            )
            reading.problem("missing-key", message, data.place, hint=hint, key=True)
        if data.get("turns") is None:
            message, hint = "this branch has no turns", "write turns: [] where nothing more is to be done"
            reading.problem("missing-key", message, data.place, hint=hint, key=True)
            data = data.but(turns=[])
        return reply_conditions_listed(data, reading, "when")


def _otherwise(data: Located, reading: Reading) -> Located:
    """Say what cannot stand beside `otherwise`, or below it."""
    hint = "write otherwise: fail, or otherwise: and the turns that follow any other reply"
    place = data.place.child("otherwise")
    clashing = next((key for key in ("when", "turns") if key in data), None)
    if clashing is not None:
        message = f"`otherwise` is a branch of its own: it goes without `{clashing}`"
        reading.problem("clash", message, data.place.child(clashing), hint=hint, key=True)
    match data["otherwise"]:
        case None:
            reading.problem("missing-key", "nothing follows `otherwise`", place, hint=hint)
        case str() as word if word != "fail":
            reading.problem("bad-value", f"`otherwise` cannot be '{word}'", place, hint=hint)
            return data.but(otherwise="fail")
        case _:
            pass
    return data


class Choose(Model):
    """Which of these the agent's next reply is: the first branch whose `when` holds goes on from there."""

    WORD = "a choice of branches"

    name: str | None = Field(default=None, alias="turn")
    choose: tuple[Choice, ...] = Field(min_length=1)
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    budget: Budgets = Field(default_factory=Budgets)
    patience: Duration | None = None
    reply_ends_after: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Report what cannot stand here, and an `otherwise` before its end."""
        branches = data["choose"]
        for branch in branches[:-1] if isinstance(branches, list) else ():
            if isinstance(branch, Located) and "otherwise" in branch:
                message, hint = "no branch after `otherwise` is ever taken", "make it the last one"
                reading.problem("bad-branch", message, branch.place.child("otherwise"), hint=hint, key=True)
        return conditions_listed(_alone(data, "choose", reading), reading, "when", "unless")


def _few(written: int) -> int:
    if 1 <= written <= MOST_PASSES:
        return written
    message = f"turns are repeated 1 to {MOST_PASSES} times, not {written}"
    raise refusal("bad-value", message, hint=f"write a number from 1 to {MOST_PASSES}")


Passes = Annotated[
    int,
    Field(strict=True, json_schema_extra={"minimum": 1, "maximum": MOST_PASSES}),
    AfterValidator(_few),
]


class RepeatSpec(Model):
    """How often: until the reply after a pass is one of which all this holds, or so many times."""

    WORD = "repeat"
    ELSEWHERE = MappingProxyType(
        {
            **dict.fromkeys(("max", "maximum", "limit"), "at_most"),
            **dict.fromkeys(("count", "number"), "times"),
            "turns": "it goes beside `repeat`, in the same column",
        }
    )

    until: tuple[Condition, ...] = ()
    at_most: Passes | None = None
    otherwise: Literal["fail", "continue"] = "fail"
    times: Passes | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Say what goes together, and make one condition a list of it."""
        if "times" in data:
            for key in ("until", "at_most", "otherwise"):
                if key in data:
                    message = f"`times` repeats without a condition: it goes without `{key}`"
                    hint = "write times: N, or until: with at_most: N"
                    reading.problem("clash", message, data.place.child(key), hint=hint, key=True)
        elif cls.keys().issuperset(data):
            _report_lacking(data, reading)
        return reply_conditions_listed(data, reading, "until")


def _report_lacking(data: Located, reading: Reading) -> None:
    if "until" not in data or data["until"] == []:
        message, hint = (
            "this does not say how often",
            "write {times: 3}, or {until: {intent: NAME}, at_most: 3}",
        )
        reading.problem("missing-key", message, data.place, hint=hint)
    elif "at_most" not in data:
        message, hint = "a repetition must come to an end", "write at_most: 3 beside `until`"
        reading.problem("missing-key", message, data.place.child("until"), hint=hint, key=True)


class Repeat(Model):
    """The same turns again: `Name`, `Name (2)`, ..."""

    WORD = "a repetition"

    repeat: RepeatSpec
    turns: tuple[Entry, ...] = Field(min_length=1)
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one condition a list of it."""
        return conditions_listed(_alone(data, "repeat", reading), reading, "when", "unless")


class Watched(Model):
    """One of several things that are watched at once."""

    WORD = "a part of `together`"

    name: str | None = Field(default=None, alias="turn")
    expect: Expect
    budget: Budgets = Field(default_factory=Budgets)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Report what a turn could have, but not this."""
        if "caller" not in data:
            return data
        message = "the parts of `together` only watch: the caller does nothing in them"
        hint = "put a turn before it, in which the caller acts and nothing is expected"
        reading.problem("clash", message, data.place.child("caller"), hint=hint, key=True)
        return Located({key: value for key, value in data.items() if key != "caller"}, data.place)


class Together(Model):
    """Expectations of one reply that are watched at once, each with its own verdict."""

    WORD = "`together`"

    name: str | None = Field(default=None, alias="turn")
    together: tuple[Watched, ...] = Field(min_length=1)
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    patience: Duration | None = None
    reply_ends_after: Duration | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Report what cannot stand here, and a single part."""
        parts = data["together"]
        if isinstance(parts, list) and len(parts) == 1:
            message, hint = "one thing alone is not watched together", "make it a turn with that `expect`"
            reading.problem("bad-value", message, data.place.child("together"), hint=hint, key=True)
        return conditions_listed(_alone(data, "together", reading), reading, "when", "unless")


_NOT_BESIDE: Mapping[str, tuple[str, ...]] = {
    "choose": ("repeat", "together", "use", "caller", "expect", "turns", "with", "save"),
    "repeat": ("together", "use", "caller", "expect", "turn", "with", "save", "budget"),
    "together": ("use", "caller", "expect", "turns", "with", "save"),
    "use": ("caller", "expect", "turns", "turn", "save", "budget"),
}
_INSTEAD: Mapping[str, str] = {
    "choose": "let the caller act in a turn before it; what is expected of the reply goes below `when`",
    "repeat": "make it an item of the `turns` that are repeated",
    "together": "let the caller act in a turn before it; each part has its own `expect`",
    "use": "write a turn of its own before or after it",
}


def _alone(data: Located, word: str, reading: Reading) -> Located:
    """The mapping without the keys that make it two things at once, which are reported."""
    clashing = [key for key in _NOT_BESIDE[word] if key in data]
    for key in clashing:
        message = f"one item of `turns` cannot have both `{word}` and `{key}`"
        place = data.place.child(key)
        hint = "write two items" if key in BLOCKS else _INSTEAD[word]
        reading.problem("clash", message, place, hint=hint, key=True)
    if not clashing:
        return data
    return Located({key: value for key, value in data.items() if key not in clashing}, data.place)


_MODELS: Mapping[type[Model], str] = {
    Choose: "<choose>",
    Repeat: "<repeat>",
    Together: "<together>",
    Use: "<use>",
}


def _entry_tag(value: Any) -> str:
    if isinstance(value, Mapping):
        for word in BLOCKS:
            if word in value:
                return f"<{word}>"
    return _MODELS.get(type(value), "<turn>")


Entry = Annotated[
    Annotated[Turn, Tag("<turn>")]
    | Annotated[Choose, Tag("<choose>")]
    | Annotated[Repeat, Tag("<repeat>")]
    | Annotated[Use, Tag("<use>")]
    | Annotated[Together, Tag("<together>")],
    Discriminator(_entry_tag),
]
"""One item of `turns`."""


def plain_turns(entries: Iterable[Entry]) -> Iterator[Turn]:
    """Every turn among these, nested ones too, in reading order; fragments are not followed."""
    for entry in entries:
        match entry:
            case Turn():
                yield entry
            case Choose():
                for choice in entry.choose:
                    yield from plain_turns(turns_of(choice))
            case Repeat():
                yield from plain_turns(entry.turns)
            case _:
                pass


def uses(entries: Iterable[Entry]) -> Iterator[Use]:
    """Every use of a fragment among these, nested ones too, in reading order."""
    for entry in entries:
        match entry:
            case Use():
                yield entry
            case Choose():
                for choice in entry.choose:
                    yield from uses(turns_of(choice))
            case Repeat():
                yield from uses(entry.turns)
            case _:
                pass


def turns_of(choice: Choice) -> tuple[Entry, ...]:
    """The turns of a branch, whichever key they are under; none where it fails."""
    if choice.otherwise is None:
        return choice.turns
    return () if choice.otherwise == "fail" else choice.otherwise
