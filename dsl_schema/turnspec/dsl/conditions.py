"""On what it depends whether turns are run: the protocol, a variable, the agent's last reply."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from turnspec.dsl import matchers
from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.expect import Expect
from turnspec.dsl.matchers import Matcher
from turnspec.dsl.problems import in_quotes, nearest, surely_meant
from turnspec.dsl.refusals import refusal
from turnspec.dsl.spans import Place

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
    "activities",
    "events",
    "events seen",
)
"""What a call over some protocol can do, in the words of `supports`."""
REPLY_KEYS: Final = (
    "intent",
    "says",
    "does_not_say",
    "calls",
    "does_not_call",
    "returned",
    "transfer",
    "dtmf",
    "activity",
    "event",
    "transcript",
)
"""What a condition may ask of a reply: all that is known once the reply is over."""


def _capability(word: str) -> str:
    if word in CAPABILITIES:
        return word
    near = nearest(word, CAPABILITIES)
    hint = "" if near else f"a protocol can support: {', '.join(CAPABILITIES)}"
    raise refusal("unknown-capability", f"there is no capability '{word}'", hint=hint, suggestion=near)


class Condition(Model):
    """What must be the case, all of it: what the call can do, what variables are, what the last reply was.

    Only what a call `supports` is known before it.
    """

    WORD = "a condition"

    supports: tuple[Annotated[str, AfterValidator(_capability)], ...] = Field(default=(), min_length=1)
    variables: dict[str, Matcher] = Field(default_factory=dict)
    reply: Expect | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one capability a list of it; what is no key of ours is the name of a variable."""
        words = cls.keys()
        if not data:
            message, hint = (
                "a condition needs something to ask",
                "write {supports: dtmf}, or {reply: {says: yes}}",
            )
            reading.problem("missing-key", message, data.place, hint=hint)
        if data.keys() <= {"supports"}:
            return listed(data, "supports")
        kept: dict[str, Any] = {}
        asked: dict[str, Any] = {}
        for key, value in data.items():
            if key == "variables" and isinstance(value, Located):
                _report_empty(value, reading)
                asked |= _matched(value, value.place, reading)
            elif key == "reply" and isinstance(value, Located):
                kept[key] = _of_reply(value, reading)
            elif key == "reply" and isinstance(value, str):
                message = f"'reply' is what the last reply was like, not the text '{value}'"
                hint = f"write reply: {{says: {value}}}"
                reading.problem("wrong-type", message, data.place.child(key), hint=hint)
            elif key in words:
                kept[key] = value
            elif near := surely_meant(key, words):
                _report_misspelt(key, near, data.place, reading)
            else:
                asked |= _matched({key: value}, data.place, reading)
        if asked:
            kept["variables"] = asked
        return listed(Located(kept, data.place), "supports")


def _report_misspelt(key: str, meant: str, place: Place, reading: Reading) -> None:
    hint = f"a variable of that name is asked for with variables: {{{key}: ...}}"
    message = f"a condition has no key '{key}'"
    reading.problem("unknown-key", message, place.child(key), suggestion=meant, hint=hint, key=True)


def _report_empty(variables: Located, reading: Reading) -> None:
    if not variables:
        hint = 'write variables: {last4: "4821"}'
        reading.problem("empty", "no variable is asked for here", variables.place, hint=hint)


def _matched(written: Mapping[str, Any], place: Place, reading: Reading) -> dict[str, Located]:
    return {key: matchers.located(value, place.child(key), reading) for key, value in written.items()}


def _of_reply(written: Located, reading: Reading) -> Located | None:
    """The same questions about a reply, without those that it cannot answer."""
    if not written:
        hint = "write reply: {intent: NAME} or reply: {says: words}"
        reading.problem("empty", "nothing is asked of the reply here", written.place, hint=hint)
    kept = {}
    for key, value in written.items():
        if key in REPLY_KEYS:
            kept[key] = value
        else:
            _not_asked(key, written.place.child(key), reading)
    return Located(kept, written.place) if kept else None


def _not_asked(key: str, place: Place, reading: Reading) -> None:
    if key in {*Expect.keys()}:
        message = f"a condition cannot ask '{key}': when the reply is over, that is not known yet"
        hint = f"expect it in a turn; a condition can ask: {', '.join(REPLY_KEYS)}"
        reading.problem("bad-condition", message, place, hint=hint, key=True)
        return
    near = nearest(key, REPLY_KEYS)
    hint = "" if near else f"a condition can ask of a reply: {', '.join(REPLY_KEYS)}"
    message = f"a condition on the reply has no key '{key}'"
    reading.problem("unknown-key", message, place, suggestion=near, hint=hint, key=True)


def conditions_listed(data: Located, reading: Reading, *keys: str) -> Located:
    """The same mapping, where each of these keys that has one condition has a list of it."""
    changed: dict[str, Any] = {}
    for key in keys:
        match data.get(key):
            case Located() as one:
                changed[key] = [one]
            case [] | None if key in data:
                hint = f"write {key}: {{supports: dtmf}}, or leave `{key}` out"
                message = f"'{key}' has no condition"
                reading.problem("empty", message, data.place.child(key), hint=hint)
                changed[key] = []
            case str() as word:
                message = f"'{key}' is a condition, not the text '{word}'"
                hint = f"write {key}: {{supports: {word if word in CAPABILITIES else 'dtmf'}}}"
                reading.problem("wrong-type", message, data.place.child(key), hint=hint)
                changed[key] = []
            case _:
                pass
    return data.but(**changed) if changed else data


def reply_conditions_listed(data: Located, reading: Reading, key: str) -> Located:
    """The same mapping, with a list of conditions under `key`, in which what a reply is stands under `reply`.

    What the call supports is no question here: it is known before the call.
    """
    written = data.get(key)
    if isinstance(written, str):
        _no_text(key, written, data.place.child(key), reading)
        return data.but(**{key: []})
    items = [written] if isinstance(written, Located) else written
    if not isinstance(items, list):
        return data
    for number, item in enumerate(items):
        if isinstance(item, str):
            _no_text(key, item, data.place.child(key).child(number), reading)
    kept = [_about_reply(item, reading) for item in items if not isinstance(item, str)]
    return data.but(**{key: kept})


def _no_text(key: str, written: str, place: Place, reading: Reading) -> None:
    """Report a text where a condition is wanted: the name of an intent, or words of the reply."""
    words = in_quotes(written.removeprefix("says ")) if " " in written else written
    intent = "" if " " in written else f"{key}: {{intent: {written}}} or "
    message = f"'{key}' is a condition, not the text '{written}'"
    reading.problem("wrong-type", message, place, hint=f"write {intent}{key}: {{says: {words}}}")


def _about_reply(written: Any, reading: Reading) -> Any:
    if not isinstance(written, Located):
        return written
    if "supports" in written:
        message = "what a call supports is known before it: no reply has to be awaited for that"
        hint = "write `when: {supports: ...}` at a turn, or beside `choose` or `repeat`"
        reading.problem("bad-condition", message, written.place.child("supports"), hint=hint, key=True)
    known = {*Expect.keys(), *Condition.keys()}
    misspelt = {key: near for key in written if key not in known and (near := surely_meant(key, REPLY_KEYS))}
    for key in written:
        if key in misspelt:
            _report_misspelt(key, misspelt[key], written.place, reading)
        elif key in known - Condition.keys() and key not in REPLY_KEYS:
            _not_asked(key, written.place.child(key), reading)
    written = Located({key: each for key, each in written.items() if key not in misspelt}, written.place)
    asked = {key: value for key, value in written.items() if key in REPLY_KEYS}
    if not asked:
        return written if written or not misspelt else Located({"variables": {}}, written.place)
    rest = {key: value for key, value in written.items() if key not in REPLY_KEYS}
    if "reply" in rest:
        hint = f"write {', '.join(asked)} below `reply` as well, or all of it without `reply`"
        message = "the same reply is asked in two places"
        reading.problem("clash", message, written.place.child("reply"), hint=hint, key=True)
    return Located({**rest, "reply": Located(asked, written.place)}, written.place)
