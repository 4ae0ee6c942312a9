"""On what it depends whether a turn is run."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.problems import nearest
from turnspec.dsl.refusals import refusal

CAPABILITIES: Final = (
    "audio",
    "text",
    "dtmf",
    "interrupt",
    "hangup seen",
    "functions",
    "transfer seen",
    "keys seen",
    "activities seen",
)
"""What a call over some protocol can do, in the words of `supports`."""


def _capability(word: str) -> str:
    if word in CAPABILITIES:
        return word
    near = nearest(word, CAPABILITIES)
    hint = "" if near else f"a protocol can support: {', '.join(CAPABILITIES)}"
    raise refusal("unknown-capability", f"there is no capability '{word}'", hint=hint, suggestion=near)


class Condition(Model):
    """What must be the case; `supports` is known before the call: all these are things that it can do."""

    WORD = "a condition"
    NOT_YET = frozenset({"reply"})

    supports: tuple[Annotated[str, AfterValidator(_capability)], ...] = Field(default=(), min_length=1)

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one capability a list of it; what is no key of ours is the name of a variable."""
        words = {*cls.keys(), *cls.NOT_YET}
        named = [key for key in data if key not in words and nearest(key, words) is None]
        for name in named:
            message = "this version of turnspec does not run conditions on variables yet"
            hint = "write supports: WORD, or take it out"
            reading.problem("not-yet", message, data.place.child(name), hint=hint, key=True)
        if not data:
            message, hint = "a condition needs the key 'supports'", "write {supports: dtmf}"
            reading.problem("missing-key", message, data.place, hint=hint)
        known = {key: value for key, value in data.items() if key not in named}
        return listed(Located(known, data.place), "supports")


def conditions_listed(data: Located, reading: Reading, *keys: str) -> Located:
    """The same mapping, where each of these keys that has one condition has a list of it."""
    changed: dict[str, Any] = {}
    for key in keys:
        match data.get(key):
            case Located() as one:
                changed[key] = [one]
            case str() as word:
                message = f"'{key}' is a condition, not the text '{word}'"
                hint = f"write {key}: {{supports: {word if word in CAPABILITIES else 'dtmf'}}}"
                reading.problem("wrong-type", message, data.place.child(key), hint=hint)
                changed[key] = []
            case _:
                pass
    return data.but(**changed) if changed else data
