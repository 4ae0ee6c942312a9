"""Messages of a protocol that the caller sends as they are written, for what the language does not name."""

from typing import Annotated, Any

from pydantic import AfterValidator, JsonValue

from turnspec.dsl.action import Action
from turnspec.dsl.base import Located, Reading
from turnspec.dsl.refusals import refusal
from turnspec.dsl.spans import Place

Document = dict[str, JsonValue]


def _named_activity(written: Document) -> Document:
    if written.get("type", "event") == "message":
        if not (isinstance(written.get("text"), str) and written["text"]):
            hint = "write activity: {type: message, text: the words}"
            raise refusal("missing-key", "an activity of type message has a text", hint=hint)
    elif not (isinstance(written.get("name"), str) and written["name"]):
        hint = "write activity: {name: NAME}, with what else it carries beside the name"
        raise refusal("missing-key", "an activity has a name", hint=hint)
    return written


def _named_event(written: Document) -> Document:
    if not (isinstance(written.get("type"), str) and written["type"]):
        hint = "write event: {type: response.create}, with what else it carries beside the type"
        raise refusal("missing-key", "an event has a type", hint=hint)
    return written


class SendActivity(Action):
    """Send an activity of the Bot API as it is written; its id and time are added where they lack."""

    WORD = "activity"

    activity: Annotated[Document, AfterValidator(_named_activity)]

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make a name the activity of that name."""
        return _spelt_out(data, "activity", "name", reading)


class SendEvent(Action):
    """Send a client event of the Realtime API as it is written; its id is added where it lacks."""

    WORD = "event"

    event: Annotated[Document, AfterValidator(_named_event)]

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make a name the event of that type."""
        return _spelt_out(data, "event", "type", reading)


def _spelt_out(data: Located, key: str, name: str, reading: Reading) -> Located:
    written: Any = data[key]
    place: Place = data.place.child(key)
    if isinstance(written, str):
        return data.but(**{key: {name: written}})
    if not isinstance(written, Located):
        hint = f"write {key}: {{{name}: NAME}}"
        reading.problem("wrong-type", f"'{key}' is a name, or a mapping with one", place, hint=hint)
        return data.but(**{key: {name: "?"}})
    return data
