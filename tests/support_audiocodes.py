"""The platform's end of an AudioCodes call in a test's hand: literal messages in, what it did out."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from turnspec.adapters.audiocodes.caller import CallerEnd
from turnspec.adapters.audiocodes.options import AudioCodesOptions
from turnspec.adapters.audiocodes.outbox import Reaction
from turnspec.call import Identity
from turnspec.call.events import AgentAudio, Event, ProtocolFault

MS = 1_000
PCM = b64encode(bytes(range(8))).decode()


class PlatformEnd:
    """A `CallerEnd` whose clock stands at `now_ms`; `sent` and `events` are taken by reading them."""

    def __init__(self, **options: Any) -> None:
        self.end = CallerEnd(AudioCodesOptions(**options), Identity("test"), "+1555", "+1666")
        self.now_ms = 0
        self._sent: list[dict[str, Any]] = []
        self._events: list[Event] = []
        self.do(self.end.opening(0))

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages that left since this was asked last."""
        sent, self._sent = self._sent, []
        return sent

    @property
    def types(self) -> list[str]:
        """The types of the messages that left, activities by their name or text."""
        return [named(message) for message in self.sent]

    @property
    def events(self) -> list[Event]:
        """What was seen since this was asked last."""
        events, self._events = self._events, []
        return events

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events seen, faults by their rule."""
        return [event.rule if isinstance(event, ProtocolFault) else event.kind for event in self.events]

    def do(self, reaction: Reaction) -> None:
        """Keep a reaction."""
        self._sent += [json.loads(frame) for frame in reaction.frames]
        self._events += reaction.events

    def raw(self, frame: str | bytes) -> None:
        """A frame of the bot, whatever it is."""
        self.do(self.end.receive(frame, self.now_ms * MS))

    def bot(self, type_: str, **fields: Any) -> None:
        """A message of the bot."""
        self.raw(json.dumps({"type": type_, **fields}))

    def acts(self, name: str, params: Any = None, **fields: Any) -> None:
        """An event among the bot's activities."""
        extra = {} if params is None else {"activityParams": params}
        self.bot("activities", activities=[{"type": "event", "name": name, **extra, **fields}])

    def says(self, text: str) -> None:
        """A text among the bot's activities."""
        self.bot("activities", activities=[{"type": "message", "text": text}])

    def plays(
        self, stream: str = "s", audio: str = "AAAAAAAA", form: str = "raw/lpcm16", params: Any = None
    ) -> None:
        """A whole stream of the bot."""
        self.bot("playStream.start", streamId=stream, mediaFormat=form, activityParams=params)
        self.bot("playStream.chunk", streamId=stream, audioChunk=audio)
        self.bot("playStream.stop", streamId=stream)

    def played_out(self) -> None:
        """All that arrived was heard."""
        self.do(self.end.played_out(self.now_ms * MS))

    def wait_until(self, now_ms: int) -> None:
        """Let time pass, with whatever the end wanted to be woken for."""
        while (due_us := self.end.wake_us) is not None and due_us <= now_ms * MS:
            self.now_ms = due_us // MS
            self.do(self.end.woken(due_us))
        self.now_ms = now_ms

    def hears(self, milliseconds: int = 100) -> list[dict[str, Any]]:
        """The caller's silence for so long, in 20 ms frames at 16 kHz; answers with the chunks."""
        chunks = [chunk for _ in range(milliseconds // 20) for chunk in self.end.audio(bytes(640))]
        return [json.loads(chunk) for chunk in chunks]


def named(message: dict[str, Any]) -> str:
    """A message's type, or what the one activity in it is about."""
    if message["type"] != "activities":
        return str(message["type"])
    (activity,) = message["activities"]
    return f"[{activity.get('name') or activity.get('text')}]"


def up(**options: Any) -> PlatformEnd:
    """An end whose call is up and streams, and nothing of that is left to be read."""
    line = PlatformEnd(**options)
    line.bot("session.accepted", mediaFormat="raw/lpcm16")
    line.bot("userStream.started")
    assert line.sent
    assert line.events
    return line


def audio_of(events: list[Event]) -> bytes:
    """The agent's audio among events."""
    return b"".join(event.data for event in events if isinstance(event, AgentAudio))
