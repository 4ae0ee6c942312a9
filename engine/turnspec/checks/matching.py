"""A value of a call against a matcher of the language: what differs, where, and what was captured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from turnspec.call.evidence import MASK
from turnspec.checks import shown
from turnspec.dsl import Absent, AnyValue, Contains, Equals, Fields, Items, Matcher, Matches, OneOf, Plain
from turnspec.dsl.patterns import TIME_LIMIT_S, compiled
from turnspec.speech.text import contains_words, words


class Missing:
    """Stands for a value that is not there at all, which is not the same as null."""

    def __repr__(self) -> str:
        return shown.ABSENT


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where a value is not as expected; `path` is empty for the value as a whole.

    `undecided`: the pattern could not be searched for, so that nothing is known either way.
    """

    path: str
    expected: str
    actual: str
    message: str
    undecided: bool = False

    def __str__(self) -> str:
        if self.undecided:
            return self.message
        return f"{self.path or 'it'} {self.message}"


@dataclass(frozen=True, slots=True)
class Match:
    """What comparing found: nothing in `mismatches` means that it holds."""

    mismatches: tuple[Mismatch, ...] = ()
    captures: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the value is as expected."""
        return not self.mismatches

    @property
    def undecided(self) -> str:
        """Why nothing can be said either way; empty if something can."""
        return next((mismatch.message for mismatch in self.mismatches if mismatch.undecided), "")


def match_value(value: Any, matcher: Matcher, *, exactly: bool = False, path: str = "") -> Match:
    """Hold a JSON value against a matcher; mappings may have more keys unless `exactly`."""
    match matcher:
        case Fields():
            return _fields(value, matcher, path, exactly=exactly)
        case Items():
            return _items(value, matcher, path, exactly=exactly)
        case Absent():
            return _verdict(value is MISSING, path, "nothing here", value)
        case _ if value is MISSING:
            return _differs(path, written(matcher), value, f"is missing; expected {written(matcher)}")
        case Plain():
            return _equal(value, matcher.value, path)
        case Equals():
            return _equal(value, matcher.equals, path)
        case OneOf():
            return _verdict(any(same(value, one) for one in matcher.one_of), path, written(matcher), value)
        case Contains() if isinstance(value, str) and (blank := _blank(matcher)):
            return _undecided(path, written(matcher), value, f"{blank} has no words to look for")
        case Contains():
            return _verdict(_has(value, matcher.contains), path, written(matcher), value)
        case Matches():
            return _search(value if isinstance(value, str) else shown.value(value), matcher.matches, path)
        case AnyValue():
            return Match()


def match_words(text: str, matcher: Matcher) -> Match:
    """Hold what was said against a matcher; plain text is a run of whole words in it.

    Silence is none of it, whichever pattern would match no text at all.
    """
    if not text.strip() and not isinstance(matcher, Absent):
        return _differs("", written_words(matcher), text, f"is no words, not {written_words(matcher)}")
    if blank := _blank(matcher):
        return _undecided("", written_words(matcher), text, f"{blank} has no words to look for")
    match matcher:
        case Plain():
            return _said(text, [matcher.value], written_words(matcher))
        case Contains():
            wanted = matcher.contains if isinstance(matcher.contains, list) else [matcher.contains]
            return _every(text, wanted, written_words(matcher))
        case OneOf():
            return _said(text, list(matcher.one_of), written_words(matcher))
        case Equals():
            return _verdict(text.strip() == str(matcher.equals).strip(), "", written_words(matcher), text)
        case Matches():
            return _search(text, matcher.matches, "")
        case AnyValue():
            return _verdict(bool(text.strip()), "", "any words", text)
        case Absent():
            return _verdict(not text.strip(), "", "no words", text)
        case Fields() | Items():
            return match_value(text, matcher)


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, but true is not 1 and "1" is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and bool(one == other)


def kind_of(value: Any) -> str:
    """What JSON calls a value: text, number, true or false, null, list, mapping."""
    match value:
        case Missing():
            return shown.ABSENT
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return "text"
        case Mapping():
            return "mapping"
        case _:
            return "list"


def written(matcher: Matcher) -> str:
    """A matcher in words, where values are compared."""
    match matcher:
        case Plain():
            return shown.value(matcher.value)
        case Equals():
            return f"exactly {shown.value(matcher.equals)}"
        case Contains():
            return f"something that contains {shown.value(matcher.contains)}"
        case OneOf():
            return f"one of {shown.listed(map(shown.value, matcher.one_of), 'or')}"
        case Matches():
            return f"a match of /{matcher.matches}/"
        case AnyValue():
            return "any value"
        case Absent():
            return "nothing"
        case Fields():
            return f"{{{', '.join(f'{key}: {written(item)}' for key, item in matcher.fields.items())}}}"
        case Items():
            return f"[{', '.join(map(written, matcher.items))}]"


def written_words(matcher: Matcher) -> str:
    """A matcher in words, where what was said is compared."""
    match matcher:
        case Plain():
            return shown.quoted(str(matcher.value))
        case Contains() if isinstance(matcher.contains, list):
            return f"all of {shown.listed(shown.quoted(str(one)) for one in matcher.contains)}"
        case Contains():
            return shown.quoted(str(matcher.contains))
        case OneOf():
            return f"one of {shown.listed((shown.quoted(str(one)) for one in matcher.one_of), 'or')}"
        case Equals():
            return f"exactly {shown.quoted(str(matcher.equals))}"
        case Matches():
            return f"words that match /{matcher.matches}/"
        case _:
            return written(matcher)


def rendered(matcher: Matcher, render: Callable[[Any], Any]) -> Matcher:
    """The matcher with `render` applied to every value in it."""
    match matcher:
        case Plain():
            return matcher.model_copy(update={"value": render(matcher.value)})
        case Equals():
            return matcher.model_copy(update={"equals": render(matcher.equals)})
        case Contains():
            return matcher.model_copy(update={"contains": render(matcher.contains)})
        case OneOf():
            return matcher.model_copy(update={"one_of": tuple(render(one) for one in matcher.one_of)})
        case Matches():
            return matcher.model_copy(update={"matches": str(render(matcher.matches))})
        case Fields():
            fields = {key: rendered(item, render) for key, item in matcher.fields.items()}
            return matcher.model_copy(update={"fields": fields})
        case Items():
            return matcher.model_copy(update={"items": tuple(rendered(one, render) for one in matcher.items)})
        case AnyValue() | Absent():
            return matcher


def _fields(value: Any, matcher: Fields, path: str, *, exactly: bool) -> Match:
    if not isinstance(value, Mapping):
        return _differs(path, written(matcher), value, f"is {_named(value)}, not a mapping")
    parts = [
        match_value(value.get(key, MISSING), item, exactly=exactly, path=_joined(path, key))
        for key, item in matcher.fields.items()
    ]
    extra = [key for key in value if key not in matcher.fields] if exactly else []
    parts += [
        _differs(
            _joined(path, key), "nothing here", value[key], f"is {shown.value(value[key])}, not expected here"
        )
        for key in extra
    ]
    return _together(parts)


def _items(value: Any, matcher: Items, path: str, *, exactly: bool) -> Match:
    if not isinstance(value, list | tuple):
        return _differs(path, written(matcher), value, f"is {_named(value)}, not a list")
    if len(value) != len(matcher.items):
        message = f"has {shown.many(len(value), 'item')}, not {len(matcher.items)}"
        return _differs(path, written(matcher), value, message)
    pairs = enumerate(zip(value, matcher.items, strict=True))
    return _together(
        [match_value(one, item, exactly=exactly, path=f"{path}[{index}]") for index, (one, item) in pairs]
    )


def _equal(value: Any, expected: Any, path: str) -> Match:
    if same(value, expected):
        return Match()
    if kind_of(value) != kind_of(expected):
        message = f"is {_named(value)}, not {_named(expected)}"
        if str(value) == str(expected):
            message += "; they look alike, but are of different types"
    else:
        message = f"is {shown.value(value)}, not {shown.value(expected)}"
    return _differs(path, shown.value(expected), value, message)


def _named(value: Any) -> str:
    match kind_of(value):
        case "null" | shown.ABSENT as kind:
            return kind
        case "true or false":
            return shown.value(value)
        case kind:
            return f"the {kind} {shown.value(value)}"


def _has(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return all(contains_words(value, str(one)) for one in _many(wanted))
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return all(key in value and same(value[key], wanted[key]) for key in wanted)
    if isinstance(value, Mapping):
        return all(isinstance(one, str) and one in value for one in _many(wanted))
    if isinstance(value, list | tuple):
        return all(any(same(item, one) for item in value) for one in _many(wanted))
    return same(value, wanted)


def _many(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def _search(text: str, pattern: str, path: str) -> Match:
    from regex import error as bad_pattern

    expected = f"a match of /{pattern}/"
    try:
        # What stands for a secret is no pattern itself.
        found = compiled(pattern.replace(MASK, r"\*\*\*")).search(text, timeout=TIME_LIMIT_S)
    except TimeoutError:
        why = f"/{pattern}/ takes longer than {TIME_LIMIT_S} s on {shown.quoted(text)}: make it simpler"
        return _undecided(path, expected, text, why)
    except bad_pattern as error:
        return _undecided(path, expected, text, f"/{pattern}/ is no pattern once filled in: {error}")
    if found is None:
        return _differs(path, expected, text, f"is {shown.quoted(text)}, which /{pattern}/ does not match")
    groups = {name: part for name, part in found.groupdict().items() if part is not None}
    return Match(captures=groups)


def _blank(matcher: Matcher) -> str:
    """What is to be looked for but has no words, so that it would be found everywhere; empty if all have."""
    match matcher:
        case Plain():
            wanted = [matcher.value]
        case Contains():
            wanted = _many(matcher.contains)
        case OneOf():
            wanted = list(matcher.one_of)
        case _:
            wanted = []
    return next((shown.quoted(str(one)) for one in wanted if not words(str(one))), "")


def _said(text: str, wanted: list[Any], expected: str) -> Match:
    return _verdict(any(contains_words(text, str(one)) for one in wanted), "", expected, text)


def _every(text: str, wanted: list[Any], expected: str) -> Match:
    return _verdict(all(contains_words(text, str(one)) for one in wanted), "", expected, text)


def _verdict(holds: bool, path: str, expected: str, value: Any) -> Match:  # noqa: FBT001 # private, one meaning
    actual = shown.ABSENT if value is MISSING else shown.value(value)
    return Match() if holds else _differs(path, expected, value, f"is {actual}, not {expected}")


def _differs(path: str, expected: str, value: Any, message: str) -> Match:
    actual = shown.ABSENT if value is MISSING else shown.value(value)
    return Match((Mismatch(path, expected, actual, message),))


def _undecided(path: str, expected: str, text: str, message: str) -> Match:
    return Match((Mismatch(path, expected, shown.quoted(text), message, undecided=True),))


def _together(parts: list[Match]) -> Match:
    captures = {name: value for part in parts for name, value in part.captures.items()}
    return Match(tuple(mismatch for part in parts for mismatch in part.mismatches), captures)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
