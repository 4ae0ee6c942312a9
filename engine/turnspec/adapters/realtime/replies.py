"""What a client keeps of the responses that it is sent, and what it makes of each message."""

from __future__ import annotations

from dataclasses import dataclass, field

from turnspec.call import AudioFormat
from turnspec.call.events import AgentSaid, Event, Side


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

    def as_said(self, item_id: str, format_: AudioFormat, now_us: int) -> AgentSaid:
        """What was said with it, now that it is complete."""
        return AgentSaid(
            at_us=now_us,
            side=Side.MODEL,
            response_id=self.response_id,
            item_id=item_id,
            text=self.text,
            began_us=self.began_us,
            audio_us=format_.duration_us(self.size) if self.size else None,
        )


@dataclass(slots=True)
class Response:
    """One response: what it called, and what of that was answered."""

    calls: set[str] = field(default_factory=set)
    open_calls: set[str] = field(default_factory=set)
    done: bool = False
