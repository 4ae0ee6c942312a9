"""What a client keeps of the responses that it is sent, and what it makes of each message."""

from __future__ import annotations

from dataclasses import dataclass, field

from turnspec.call.events import Event


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to send, and what happened."""

    frames: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(slots=True)
class Message:
    """One item of a response as it arrives; `cut`: the model was told how much of it was heard."""

    response_id: str
    began_us: int
    content_index: int
    texts: list[str] = field(default_factory=list)
    whole: str | None = None
    size: int = 0
    said: bool = False
    cut: bool = False

    @property
    def text(self) -> str:
        """Its words so far."""
        return "".join(self.texts) if self.whole is None else self.whole


@dataclass(slots=True)
class Response:
    """One response: what it called, and what of that was answered."""

    calls: set[str] = field(default_factory=set)
    open_calls: set[str] = field(default_factory=set)
    done: bool = False
