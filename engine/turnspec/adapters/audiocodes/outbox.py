"""What the platform's end has to send, and what it has to report."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from turnspec.adapters.audiocodes.messages import Activities, Activity, Message
from turnspec.adapters.audiocodes.wire import encode
from turnspec.call import Identity
from turnspec.call.events import Event, ProtocolFault

# Activities carry the time of day; a call that can be repeated has none, and begins at this one.
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
_COMMON: Final = ("id", "timestamp", "language")


class Reaction(NamedTuple):
    """What is to be sent, and what has happened."""

    frames: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


class Outbox:
    """Frames and events until somebody takes them. Activities wait while the bot is not connected."""

    def __init__(self, identity: Identity, language: str) -> None:
        self.conversation_id = _uuid(identity.hex("audiocodes", "conversation"))
        self.connected = False
        self._identity, self._language = identity, language
        self._count = 0
        self._waiting: list[Activity] = []
        self._frames: list[str] = []
        self._events: list[Event] = []

    def say(self, message: Message) -> None:
        """Send a message."""
        self._frames.append(encode(message))

    def event(self, name: str, at_us: int, **fields: Any) -> None:
        """Send an event, once there is a connection."""
        self._do("event", at_us, name=name, **fields)

    def message(self, text: str, at_us: int) -> None:
        """Send a text, once there is a connection."""
        self._do("message", at_us, text=text)

    def tell(self, *events: Event) -> None:
        """Report what has happened."""
        self._events += events

    def told(self, events: Iterable[Event]) -> None:
        """Report what has happened."""
        self._events += events

    def fault(self, rule: str, detail: str, at_us: int, frame: str = "") -> None:
        """Report what the protocol does not allow."""
        self.tell(ProtocolFault(at_us=at_us, rule=rule, detail=detail, frame=frame))

    def connect(self) -> None:
        """The bot can be sent to: what waited leaves."""
        self.connected = True
        waiting, self._waiting = self._waiting, []
        for activity in waiting:
            self.say(Activities((activity,), self.conversation_id))

    def taken(self) -> Reaction:
        """All of it; from here on it is sent and reported."""
        reaction = Reaction(tuple(self._frames), tuple(self._events))
        self._frames, self._events = [], []
        return reaction

    def activity(self, document: Mapping[str, Any], at_us: int) -> None:
        """Send an activity as it is written, once there is a connection; what all of them have is added."""
        given = {key: document[key] for key in _COMMON if isinstance(document.get(key), str)}
        named = {key: document[key] for key in ("name", "text") if isinstance(document.get(key), str)}
        self._do(str(document.get("type", "event")), at_us, **{**named, **given}, more=dict(document))

    def _do(self, type_: str, at_us: int, **fields: Any) -> None:
        self._count += 1
        when = (EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="milliseconds")
        common = {
            "id": _uuid(self._identity.hex("audiocodes", "activity", self._count)),
            "timestamp": when.replace("+00:00", "Z"),
            "language": self._language,
        }
        activity = Activity(type_, **{**common, **fields})
        if self.connected:
            self.say(Activities((activity,), self.conversation_id))
        else:
            self._waiting.append(activity)


def _uuid(digits: str) -> str:
    return str(uuid.UUID(hex=digits, version=4))
