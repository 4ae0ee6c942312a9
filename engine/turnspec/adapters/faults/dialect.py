"""How one protocol names its messages, and what is needed to spoil one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never, runtime_checkable

from turnspec.dsl.faults import Malformed

Frame = str | bytes
NOT_BASE64: Final = "*not base64*"
UNHEARD_OF: Final = "turnspec_unknown"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The messages of one protocol: JSON objects, named by the value of `key`.

    `caller` and `agent` are the names of the messages that each side sends; `audio` maps those that carry
    audio to the path of their base64 text. `error` makes the message that reports an error by its code.
    """

    protocol: str
    key: str
    caller: frozenset[str]
    agent: frozenset[str]
    audio: Mapping[str, tuple[str, ...]]
    error: Callable[[str], str] | None = None
    fails_replies: bool = False  # an error can come in place of a reply

    def name(self, frame: Frame) -> str:
        """The name of a message; empty where it has none."""
        document = _document(frame)
        name = document.get(self.key)
        return name if isinstance(name, str) else ""

    def spoilt(self, frame: Frame, how: Malformed) -> Frame | None:
        """The message with something wrong in it; None where this message cannot have that."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        match how:
            case "not_json":
                return f"{{{text}"
            case "truncated":
                return text[: max(1, len(text) // 2)]
            case "binary":
                return text.encode()
            case "bad_base64":
                return self._without_base64(frame)
            case "unknown_event":
                document = _document(frame)
                return json.dumps({**document, self.key: UNHEARD_OF}) if document else None
            case _:
                assert_never(how)

    def _without_base64(self, frame: Frame) -> str | None:
        path = self.audio.get(self.name(frame))
        return None if path is None else json.dumps(_replaced(_document(frame), path, NOT_BASE64))


@runtime_checkable
class HasDialect(Protocol):
    """An adapter that lets its messages be spoilt."""

    @property
    def dialect(self) -> Dialect:
        """The messages of its protocol."""
        ...


def dialect_of(adapter: object) -> Dialect | None:
    """How the messages of an adapter's protocol are spoilt; None: it does not tell."""
    return adapter.dialect if isinstance(adapter, HasDialect) else None


def _document(frame: Frame) -> dict[str, Any]:
    try:
        document = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _replaced(document: dict[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    key, *rest = path
    if not rest:
        return {**document, key: value}
    inner = document.get(key)
    return {**document, key: _replaced(inner if isinstance(inner, dict) else {}, tuple(rest), value)}
