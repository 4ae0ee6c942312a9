"""What a value is compared with, the same everywhere a value is matched."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from turnspec.dsl import patterns
from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.percent import Percent
from turnspec.dsl.problems import surely_meant
from turnspec.dsl.refusals import refusal
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import is_template
from turnspec.dsl.vacuous import is_vacuous_matcher

DEFAULT_SIMILARITY: Final = 0.8
"""How alike `similar_to` asks for where nothing is written."""


def _number(written: Any) -> float | str:
    """A number, or a template that becomes one."""
    if isinstance(written, str) and is_template(written):
        return written
    if isinstance(written, str):
        raise refusal(
            "wrong-type", f"only numbers have bounds; '{written}' is a text", hint=_unquoted(written)
        )
    if isinstance(written, bool) or not isinstance(written, int | float) or not math.isfinite(written):
        raise refusal("wrong-type", "a bound is a number", hint="write at_least: 1, at_most: 5, or both")
    return written


def _unquoted(written: str) -> str:
    plain = written.strip()
    if plain.lstrip("-").replace(".", "", 1).isdigit():
        return f"write it without quotes: {plain}"
    return "a text is compared by equals, contains, matches or similar_to"


def _share(written: Any) -> float:
    if isinstance(written, bool) or not isinstance(written, int | float) or not 0 < written <= 1:
        hint = "write a number above 0, at most 1: at_least: 0.8"
        raise refusal("wrong-type", f"a likeness is from 0 to 1, not {written!r}", hint=hint)
    return float(written)


def _with_words(written: str) -> str:
    if not is_template(written) and not any(map(str.isalnum, written)):
        raise refusal("empty", "there are no words here to compare with", hint="write what was to be said")
    return written


Regex = Annotated[str, AfterValidator(patterns.checked)]
Bound = Annotated[
    float | str | None,
    PlainValidator(_number),
    WithJsonSchema({"type": ["number", "string"], "description": "a number"}),
]
Likeness = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)]
Wording = Annotated[str, AfterValidator(_with_words)]


class MatcherModel(Model):
    """The base of all matchers."""

    WORD = "a matcher"


class Plain(MatcherModel):
    """A value as written: a run of words in `says`, the same value in arguments."""

    value: Any = Field(alias="<plain>")


class Fields(MatcherModel):
    """A mapping whose named values match; others may be there too."""

    fields: dict[str, "Matcher"] = Field(alias="<fields>")


class Items(MatcherModel):
    """A list whose items match one by one, as many as written."""

    items: tuple["Matcher", ...] = Field(alias="<items>")


class Contains(MatcherModel):
    """Has this inside: words in a text, an item in a list, keys in a mapping."""

    contains: JsonValue


class Equals(MatcherModel):
    """Is exactly this, even where it reads like a matcher."""

    equals: JsonValue


class Matches(MatcherModel):
    """A pattern found somewhere, ignoring case; named groups become variables."""

    matches: Regex

    @property
    def captures(self) -> tuple[str, ...]:
        """The names of the variables that a match binds."""
        return patterns.capture_names(self.matches)


class OneOf(MatcherModel):
    """Any of these values."""

    one_of: tuple[JsonValue, ...]


class Range(MatcherModel):
    """A number within bounds, both of which belong to it."""

    at_least: Bound = None
    at_most: Bound = None


class SimilarTo(MatcherModel):
    """Worded alike: the share of the words of both texts that both have in the same order."""

    similar_to: Wording
    at_least: Likeness = DEFAULT_SIMILARITY


class WordErrors(Model):
    """What is to be said, and the share of its words that may be wrong, missing or too many."""

    WORD = "word_error_rate"

    to: Wording
    at_most: Percent


class WordErrorRate(MatcherModel):
    """Said almost word by word."""

    word_error_rate: WordErrors


class AnyValue(MatcherModel):
    """Anything, as long as it is there."""

    anything: Literal[True] = Field(default=True, alias="<any>")


class Absent(MatcherModel):
    """Not there at all."""

    absent: Literal[True] = Field(default=True, alias="<absent>")


_TAGS: Final[Mapping[str, str]] = {
    "<plain>": "<Plain>",
    "<fields>": "<Fields>",
    "<items>": "<Items>",
    "contains": "<Contains>",
    "equals": "<Equals>",
    "matches": "<Matches>",
    "one_of": "<OneOf>",
    "similar_to": "<SimilarTo>",  # before its `at_least`
    "word_error_rate": "<WordErrorRate>",
    "at_least": "<Range>",
    "at_most": "<Range>",
    "<any>": "<AnyValue>",
    "<absent>": "<Absent>",
}
MATCHER_WORDS: Final = frozenset(word for word in _TAGS if not word.startswith("<"))
# Each other word stands alone.
_TOGETHER: Final = (frozenset({"at_least", "at_most"}), frozenset({"similar_to", "at_least"}))


def _tag(value: Any) -> str | None:
    if isinstance(value, MatcherModel):
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return next((tag for key, tag in _TAGS.items() if key in value), None)
    return None


Matcher = Annotated[
    Annotated[Plain, Tag("<Plain>")]
    | Annotated[Fields, Tag("<Fields>")]
    | Annotated[Items, Tag("<Items>")]
    | Annotated[Contains, Tag("<Contains>")]
    | Annotated[Equals, Tag("<Equals>")]
    | Annotated[Matches, Tag("<Matches>")]
    | Annotated[OneOf, Tag("<OneOf>")]
    | Annotated[Range, Tag("<Range>")]
    | Annotated[SimilarTo, Tag("<SimilarTo>")]
    | Annotated[WordErrorRate, Tag("<WordErrorRate>")]
    | Annotated[AnyValue, Tag("<AnyValue>")]
    | Annotated[Absent, Tag("<Absent>")],
    Discriminator(_tag),
    WithJsonSchema({"description": "a plain value, any, absent, or a matcher such as {matches: pattern}"}),
]


def located(value: Any, place: Place, reading: Reading) -> Located:
    """Bring a matcher as written into the form that is validated.

    A mapping whose only keys are matcher words is a matcher; any other mapping is one of fields.
    """
    match value:
        case "any":
            return Located({"<any>": True}, place)
        case "absent":
            return Located({"<absent>": True}, place)
        case Located():
            return _located_mapping(value, reading)
        case list():
            items = [located(item, place.child(index), reading) for index, item in enumerate(value)]
            return Located({"<items>": items}, place)
        case _:
            return Located({"<plain>": value}, place)


def _located_mapping(value: Located, reading: Reading) -> Located:
    if value and MATCHER_WORDS.issuperset(value):
        return _matcher_words(value, reading)
    if value and all(meant := [surely_meant(key, MATCHER_WORDS) for key in value]):
        _report_misspelt(value, dict(zip(value, meant, strict=True)), reading)
        return Located({"<any>": True}, value.place)
    fields = {key: located(item, value.place.child(key), reading) for key, item in value.items()}
    return Located({"<fields>": fields}, value.place)


def _report_misspelt(value: Located, meant: Mapping[str, str | None], reading: Reading) -> None:
    """Report what is no matcher though nothing but matchers is so alike."""
    for key, word in meant.items():
        if key != word:
            message = f"there is no matcher '{key}'"
            hint = f"a field of that name is asked for with {{equals: {{{key}: ...}}}}"
            place = value.place.child(key)
            reading.problem("unknown-key", message, place, suggestion=word, hint=hint, key=True)


def _matcher_words(value: Located, reading: Reading) -> Located:
    if len(value) > 1 and frozenset(value) not in _TOGETHER:
        reading.problem(
            "bad-matcher",
            f"a matcher has one word, not {', '.join(value)}",
            value.place,
            hint=_instead(value),
        )
        value = _first_alone(value)
    key = next(iter(value))
    if is_vacuous_matcher(key, value[key]):
        message, hint = f"'{key}' is empty, so nothing is compared", "write what to look for, or use any"
        reading.problem("empty", message, value.place.child(key), hint=hint)
    elif value.keys() == {"at_least", "at_most"}:
        _report_empty_range(value, reading)
    elif key == "word_error_rate" and not isinstance(value[key], Mapping):
        message, hint = f"'{key}' is a mapping", f"write {key}: {{to: the words, at_most: 10 %}}"
        reading.problem("wrong-type", message, value.place.child(key), hint=hint)
        return Located({"<any>": True}, value.place)
    return value.but()


def _first_alone(value: Located) -> Located:
    key = next(iter(value))
    return Located({key: value[key]}, value.place)


def _instead(value: Located) -> str:
    if "similar_to" in value:
        return "beside similar_to stands at_least: 0.8, how alike it must be, and nothing else"
    if "word_error_rate" in value:
        return "its limit stands inside: word_error_rate: {to: ..., at_most: 10 %}"
    return "use one word here; a list of matchers, each on its own, means all of them"


def _report_empty_range(value: Located, reading: Reading) -> None:
    low, high = value["at_least"], value["at_most"]
    numbers = all(isinstance(bound, int | float) for bound in (low, high))
    if numbers and low > high:
        message = f"no number is at least {low} and at most {high}"
        reading.problem("bad-matcher", message, value.place.child("at_least"), hint="exchange the two")
