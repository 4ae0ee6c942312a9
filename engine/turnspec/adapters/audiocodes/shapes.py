"""What must stand under the keys of each message, and the reading of JSON that is not trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from turnspec.adapters.excerpts import excerpt, kind
from turnspec.adapters.frames import Fault

DEEPEST: Final = 40  # nothing that the protocol knows is deeper than five
# Answers with what was expected instead, or with None where the value is right.
Check: TypeAlias = Callable[[Any], "str | None"]


class Field(NamedTuple):
    """One key: a field that may be absent may also be null, as some bots write it."""

    check: Check
    required: bool = False


Shape: TypeAlias = Mapping[str, Field]


def text(value: Any) -> str | None:
    """A text."""
    return None if isinstance(value, str) else "a text"


def flag(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "true or false"


def number(value: Any) -> str | None:
    """A number."""
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "a number"


def mapping(value: Any) -> str | None:
    """An object."""
    return None if isinstance(value, dict) else "an object"


def sequence(value: Any) -> str | None:
    """A list."""
    return None if isinstance(value, list) else "a list"


def texts(value: Any) -> str | None:
    """A list of texts."""
    right = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return None if right else "a list of texts"


def anything(value: Any) -> str | None:
    """Any value."""
    del value
    return None


TEXT, NEED_TEXT = Field(text), Field(text, required=True)
OBJECT: Final = Field(mapping)
_STREAM: Final = {"participant": TEXT}
_SPEECH: Final = {"participant": TEXT}
_TO_BOT: Final = {"conversationId": NEED_TEXT}
ACTIVITIES: Final = {"activities": Field(sequence, required=True)}
ACTIVITY: Final[Shape] = {
    "type": NEED_TEXT,
    "activityParams": OBJECT,
    "sessionParams": OBJECT,
    "parameters": OBJECT,
    "value": Field(anything),
    "id": TEXT,
    "timestamp": TEXT,
    "language": TEXT,
}
FROM_PLATFORM: Final[Mapping[str, Shape]] = {
    "connection.validate": {},
    "session.initiate": {
        **_TO_BOT,
        "botName": TEXT,
        "caller": TEXT,
        "expectAudioMessages": Field(flag),
        "supportedMediaFormats": Field(texts),
    },
    "session.resume": _TO_BOT,
    "activities": {**_TO_BOT, **ACTIVITIES},
    "userStream.start": {**_TO_BOT, **_STREAM},
    "userStream.chunk": {**_TO_BOT, **_STREAM, "audioChunk": NEED_TEXT},
    "userStream.stop": {**_TO_BOT, **_STREAM},
    "session.end": {**_TO_BOT, "reasonCode": TEXT, "reason": TEXT},
    "playStream.mark.reached": {},
}
FROM_BOT: Final[Mapping[str, Shape]] = {
    "connection.validated": {"success": Field(flag, required=True)},
    "session.accepted": {"mediaFormat": TEXT},
    "session.error": {"reason": TEXT},
    "session.end": {"reasonCode": TEXT, "reason": TEXT},
    "userStream.started": _STREAM,
    "userStream.stopped": _STREAM,
    "userStream.speech.started": _SPEECH,
    "userStream.speech.stopped": _SPEECH,
    "userStream.speech.committed": _SPEECH,
    "userStream.speech.hypothesis": {**_SPEECH, "alternatives": Field(anything)},
    "userStream.speech.recognition": {**_SPEECH, "alternatives": Field(anything)},
    "playStream.start": {
        "streamId": NEED_TEXT,
        "mediaFormat": NEED_TEXT,
        "altText": TEXT,
        "activityParams": OBJECT,
        "participant": TEXT,
    },
    "playStream.chunk": {"streamId": NEED_TEXT, "audioChunk": NEED_TEXT},
    "playStream.stop": {"streamId": NEED_TEXT},
    "playStream.mark.set": {},
    "activities": ACTIVITIES,
}


class Misfit(NamedTuple):
    """One key that is not as it must be; `fatal`: nothing can be made of the message without it."""

    rule: str
    detail: str
    fatal: bool


def misfits(document: Mapping[str, Any], shape: Shape, path: str = "") -> Iterator[Misfit]:
    """What is missing or of a wrong type; keys that nobody knows are let pass."""
    for key, field in shape.items():
        value = document.get(key)
        if value is None:
            if field.required:
                said = "null" if key in document else "missing"
                yield Misfit("missing-field", f"{path}{key} is {said}", fatal=True)
        elif (expected := field.check(value)) is not None:
            detail = f"{path}{key} must be {expected}, not {kind(value)}"
            yield Misfit("wrong-type", detail, field.required)


def fitting(document: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The keys of a document that are as they must be, nulls left out."""
    return {
        key: document[key]
        for key, field in shape.items()
        if document.get(key) is not None and field.check(document[key]) is None
    }


def present(**fields: Any) -> dict[str, Any]:
    """An object without what is absent."""
    return {key: value for key, value in fields.items() if value is not None}


def unfit(frame: str, document: dict[str, Any]) -> Fault | None:
    """Why an object can be no message, whatever is in it."""
    if _is_deep(frame, document):
        return Fault("too-deep", f"objects and lists more than {DEEPEST} deep", excerpt(frame))
    if not _is_unicode(frame, document):
        return Fault("not-unicode", "half of a surrogate pair, which is no character", ascii(frame)[:200])
    return None


_HALF_PAIR: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _is_deep(frame: str, document: Any) -> bool:
    if frame.count("[") + frame.count("{") <= DEEPEST:
        return False
    level = [document]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterator[Any]:
    yield from value.values() if isinstance(value, dict) else value


def _is_unicode(frame: str, document: Any) -> bool:
    """JSON can spell half of a surrogate pair, which no file and no report can hold."""
    if frame.isascii() and ("\\" not in frame or _HALF_PAIR.search(frame) is None):
        return True
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
