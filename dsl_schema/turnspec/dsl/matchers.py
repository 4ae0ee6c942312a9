"""What a value is compared with, the same everywhere a value is matched."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, JsonValue, Tag, WithJsonSchema

from turnspec.dsl import patterns
from turnspec.dsl.base import Located, Model, Reading
from turnspec.dsl.spans import Place
from turnspec.dsl.vacuous import is_vacuous_matcher

Regex = Annotated[str, AfterValidator(patterns.checked)]


class MatcherModel(Model):
    """The base of all matchers."""

    WORD = "a matcher"
    NOT_YET = frozenset({"at_least", "at_most", "similar_to", "word_error_rate", "to"})


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


class AnyValue(MatcherModel):
    """Anything, as long as it is there."""

    anything: Literal[True] = Field(default=True, alias="<any>")


class Absent(MatcherModel):
    """Not there at all."""

    absent: Literal[True] = Field(default=True, alias="<absent>")


MATCHER_WORDS = frozenset({"contains", "equals", "matches", "one_of"})
MATCHER_WORDS_NOT_YET = MatcherModel.NOT_YET
_KEYS: Mapping[type[MatcherModel], str] = {
    Plain: "<plain>",
    Fields: "<fields>",
    Items: "<items>",
    Contains: "contains",
    Equals: "equals",
    Matches: "matches",
    OneOf: "one_of",
    AnyValue: "<any>",
    Absent: "<absent>",
}


def _tag(value: Any) -> str | None:
    if isinstance(value, MatcherModel):
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return next((f"<{model.__name__}>" for model, key in _KEYS.items() if key in value), None)
    return None


Matcher = Annotated[
    Annotated[Plain, Tag("<Plain>")]
    | Annotated[Fields, Tag("<Fields>")]
    | Annotated[Items, Tag("<Items>")]
    | Annotated[Contains, Tag("<Contains>")]
    | Annotated[Equals, Tag("<Equals>")]
    | Annotated[Matches, Tag("<Matches>")]
    | Annotated[OneOf, Tag("<OneOf>")]
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
    words = MATCHER_WORDS | MATCHER_WORDS_NOT_YET
    if value and words.issuperset(value):
        return _matcher_words(value, reading)
    fields = {key: located(item, value.place.child(key), reading) for key, item in value.items()}
    return Located({"<fields>": fields}, value.place)


def _matcher_words(value: Located, reading: Reading) -> Located:
    late = [key for key in value if key in MATCHER_WORDS_NOT_YET]
    for key in late:
        reading.unknown_key(MatcherModel, value, key)
    if late:
        return Located({"<any>": True}, value.place)
    if len(value) > 1:
        hint = "use one word here; a list of matchers, each on its own, means all of them"
        reading.problem(
            "bad-matcher", f"a matcher has one word, not {', '.join(value)}", value.place, hint=hint
        )
    key = next(iter(value))
    if is_vacuous_matcher(key, value[key]):
        message, hint = f"'{key}' is empty, so nothing is compared", "write what to look for, or use any"
        reading.problem("empty", message, value.place.child(key), hint=hint)
    return Located({key: value[key]}, value.place)
