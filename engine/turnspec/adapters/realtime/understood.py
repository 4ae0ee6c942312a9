"""What the model's side understood of the caller, as input transcription tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.adapters.realtime.wire import server_frames as server
from turnspec.call.events import AgentActivity, CallerGuessed, CallerHeard, Event, Side

SOURCE: Final = "protocol"


class Understood:
    """Puts the pieces of each item together; a guess has all that came of it so far."""

    def __init__(self) -> None:
        self._guesses: dict[str, str] = {}

    def take(
        self, event: server.Transcribing | server.Transcribed | server.NotTranscribed, now_us: int
    ) -> Iterator[Event]:
        """What one event tells of the caller."""
        match event:
            case server.Transcribing(item_id=item_id, delta=delta):
                guess = self._guesses[item_id] = self._guesses.get(item_id, "") + delta
                if delta:
                    yield CallerGuessed(at_us=now_us, side=Side.MODEL, text=guess)
            case server.Transcribed(item_id=item_id, transcript=transcript):
                self._guesses.pop(item_id, None)
                yield CallerHeard(
                    at_us=now_us, side=Side.MODEL, text=transcript.strip() or None, source=SOURCE
                )
            case server.NotTranscribed(item_id=item_id, error=error):
                self._guesses.pop(item_id, None)
                yield CallerHeard(at_us=now_us, side=Side.MODEL, text=None, source=SOURCE)
                said = {key: str(error.get(key)) for key in ("code", "message")}
                yield AgentActivity(at_us=now_us, side=Side.MODEL, name=event.type, payload=said)
