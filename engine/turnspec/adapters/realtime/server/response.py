"""One response: from `response.created` to `response.done`, in the exact order of the API.

It is a small machine over its timeline: a message item may be open; cancelling closes what is open as
incomplete and ends the response. The item pair at the end is `conversation.item.done`, then
`response.output_item.done`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from turnspec.adapters.realtime.faults import error_type
from turnspec.adapters.realtime.server.conversation import Conversation, Entry
from turnspec.adapters.realtime.server.identify import Ids
from turnspec.adapters.realtime.server.mind import Answer, Call
from turnspec.adapters.realtime.server.timeline import (
    BeginMessage,
    EndMessage,
    Finish,
    MakeCall,
    Sound,
    Step,
    Timed,
    Words,
    timeline,
)
from turnspec.adapters.realtime.server.usage import TOKEN_LIMIT, usage
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.server_events import Document
from turnspec.call import AudioFormat
from turnspec.call.events import (
    AgentSaid,
    Event,
    FunctionCalled,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
)

ARGUMENTS_DELTA: Final = 16  # characters of a function's arguments in one delta
MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one response: the session's settings, or its own where `response.create` had any."""

    modality: str
    format: AudioFormat
    format_document: Document
    voice: Any
    max_output_tokens: Any
    instructions: str
    metadata: dict[str, str] | None = None


@dataclass(slots=True)
class _Message:
    """The message item that is open."""

    entry: Entry
    previous: str | None
    index: int
    began_us: int
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)


class Response:
    """A response in progress; `conversation` None: out of band, its items stay outside."""

    def __init__(
        self,
        ids: Ids,
        conversation: Conversation | None,
        settings: Settings,
        answer: Answer,
        context: list[Entry],
        *,
        start_us: int,
        report: Callable[[Event], None],
        side: Side,
        conversation_id: str,
    ) -> None:
        self.id = ids.next("resp")
        self.answer = answer
        self.start_us = start_us
        self.status = "in_progress"
        self._ids, self._conversation, self._settings = ids, conversation, settings
        self._context, self._report, self._side = context, report, side
        self._conversation_id = conversation_id if conversation is not None else None
        audio_format = settings.format if settings.modality == "audio" else None
        self._steps: deque[Timed] = deque(timeline(answer, audio_format, start_us))
        self._message: _Message | None = None
        self._output: list[Entry] = []
        self._said: list[str] = []
        self._audio_us = 0

    @property
    def due_us(self) -> int | None:
        """When the next step is due; None: it is over."""
        return self._steps[0][0] if self._steps else None

    @property
    def speaks(self) -> bool:
        """Whether audio has been sent."""
        return self._audio_us > 0

    @property
    def played_us(self) -> int:
        """When its audio, played from its start on without a pause, is over."""
        return self.start_us + self._audio_us

    def created(self, now_us: int) -> list[Document]:
        """Its first event."""
        self._report(ResponseStarted(at_us=now_us, side=self._side, response_id=self.id))
        return [wire.response_created(self._document(None))]

    def advance(self, now_us: int) -> list[Document]:
        """Everything due by `now_us`."""
        events: list[Document] = []
        while self._steps and self._steps[0][0] <= now_us:
            events += self._take(self._steps.popleft()[1], now_us)
        return events

    def cancel(self, reason: str, now_us: int) -> list[Document]:
        """Close what is open, as incomplete, and end."""
        self._steps.clear()
        closing = self._close_message("incomplete", now_us) if self._message else []
        return closing + self._end("cancelled", reason, now_us)

    def _take(self, step: Step, now_us: int) -> list[Document]:
        match step:
            case BeginMessage():
                return self._open_message(now_us)
            case Words(text):
                return [self._words(text, now_us)]
            case Sound(data):
                return [self._sound(data)]
            case EndMessage():
                return self._close_message("completed", now_us)
            case MakeCall(call):
                return self._call(call, now_us)
            case Finish():
                return self._finish(now_us)
            case unknown:
                assert_never(unknown)

    # --- messages -----------------------------------------------------------------------------

    def _open_message(self, now_us: int) -> list[Document]:
        document = items.assistant_message(self._ids.next("item"), "in_progress", [])
        entry = Entry(document, format=self._settings.format if self._is_audio else None)
        added, previous = self._add(entry)
        self._message = _Message(entry, previous, len(self._output) - 1, now_us)
        part = {"type": "audio", "transcript": ""} if self._is_audio else {"type": "text", "text": ""}
        return [*added, self._of_message("content_part.added", content_index=0, part=part)]

    def _words(self, text: str, now_us: int) -> Document:
        message = self._open
        if not message.texts and not self._is_audio:
            self._report(TextBegan(at_us=now_us, side=self._side, response_id=self.id))
        message.texts.append(text)
        kind = "output_audio_transcript.delta" if self._is_audio else "output_text.delta"
        return self._of_message(kind, content_index=0, delta=text)

    def _sound(self, data: bytes) -> Document:
        self._open.entry.audio += data
        self._audio_us += self._settings.format.duration_us(len(data))
        return self._of_message("output_audio.delta", content_index=0, delta=wire.base64_text(data))

    def _close_message(self, status: str, now_us: int) -> list[Document]:
        message = self._open
        closing = self._closing_audio(message.text) if self._is_audio else self._closing_text(message.text)
        content = {"type": "output_audio", "transcript": message.text}
        if not self._is_audio:
            content = {"type": "output_text", "text": message.text}
        message.entry.document.update(status=status, content=[content])
        closing += self._done(message.entry, message.previous, message.index)
        self._said.append(message.text)
        self._message = None
        audio_us = message.entry.audio_us if self._is_audio else None
        self._report(
            AgentSaid(
                at_us=now_us,
                side=self._side,
                response_id=self.id,
                item_id=message.entry.id,
                text=message.text,
                began_us=message.began_us,
                audio_us=audio_us,
            )
        )
        return closing

    def _closing_audio(self, text: str) -> list[Document]:
        part = {"type": "audio", "transcript": text}
        return [
            self._of_message("output_audio.done", content_index=0),
            self._of_message("output_audio_transcript.done", content_index=0, transcript=text),
            self._of_message("content_part.done", content_index=0, part=part),
        ]

    def _closing_text(self, text: str) -> list[Document]:
        part = {"type": "text", "text": text}
        return [
            self._of_message("output_text.done", content_index=0, text=text),
            self._of_message("content_part.done", content_index=0, part=part),
        ]

    @property
    def _open(self) -> _Message:
        assert self._message is not None
        return self._message

    @property
    def _is_audio(self) -> bool:
        return self._settings.modality == "audio"

    def _of_message(self, kind: str, **more: Any) -> Document:
        message = self._open
        return wire.of_item(kind, self.id, message.entry.id, message.index, **more)

    # --- function calls -----------------------------------------------------------------------

    def _call(self, call: Call, now_us: int) -> list[Document]:
        item_id, call_id = self._ids.next("item"), self._ids.next("call")
        entry = Entry(items.function_call(item_id, "in_progress", call_id, call.name, ""))
        events, previous = self._add(entry)
        index = len(self._output) - 1
        for start in range(0, len(call.arguments), ARGUMENTS_DELTA):
            delta = call.arguments[start : start + ARGUMENTS_DELTA]
            kind = "function_call_arguments.delta"
            events.append(wire.of_item(kind, self.id, item_id, index, call_id=call_id, delta=delta))
        whole = {"call_id": call_id, "name": call.name, "arguments": call.arguments}
        events.append(wire.of_item("function_call_arguments.done", self.id, item_id, index, **whole))
        entry.document.update(status="completed", arguments=call.arguments)
        self._said.append(call.arguments)
        self._report(
            FunctionCalled(
                at_us=now_us,
                side=self._side,
                call_id=call_id,
                name=call.name,
                arguments=call.arguments,
                response_id=self.id,
            )
        )
        return events + self._done(entry, previous, index)

    # --- items and the end --------------------------------------------------------------------

    def _add(self, entry: Entry) -> tuple[list[Document], str | None]:
        self._output.append(entry)
        item = dict(entry.document)
        events = [wire.output_item_added(self.id, len(self._output) - 1, item)]
        if self._conversation is None:
            return events, None
        previous = self._conversation.add(entry)
        return [*events, wire.item_added(item, previous)], previous

    def _done(self, entry: Entry, previous: str | None, index: int) -> list[Document]:
        item = dict(entry.document)
        done = wire.output_item_done(self.id, index, item)
        return [done] if self._conversation is None else [wire.item_done(item, previous), done]

    def _finish(self, now_us: int) -> list[Document]:
        code = self.answer.fails_with
        if not code:
            return self._end("completed", "", now_us)
        return self._end("failed", code, now_us, {"error": {"type": error_type(code), "code": code}})

    def _end(self, status: str, reason: str, now_us: int, details: Document | None = None) -> list[Document]:
        self.status = status
        self._report(
            ResponseEnded(at_us=now_us, side=self._side, response_id=self.id, status=status, reason=reason)
        )
        counts = usage(self._settings.instructions, self._context, self._said, self._audio_us)
        if reason:
            details = {"type": status, **(details or {"reason": reason})}
        used = min(counts["total_tokens"], TOKEN_LIMIT)
        reset_s = round(used * MINUTE_S / TOKEN_LIMIT, 3)
        limits = wire.rate_limits_updated(TOKEN_LIMIT, TOKEN_LIMIT - used, reset_s)
        return [wire.response_done(self._document(counts, details)), limits]

    def _document(self, counts: Document | None, details: Document | None = None) -> Document:
        settings = self._settings
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self.status,
            "status_details": details,
            "output": [dict(entry.document) for entry in self._output],
            "conversation_id": self._conversation_id,
            "output_modalities": [settings.modality],
            "max_output_tokens": settings.max_output_tokens,
            "audio": {"output": {"format": settings.format_document, "voice": settings.voice}},
            "usage": counts,
            "metadata": settings.metadata,
        }


def already_active(response: Response) -> ClientError:
    """The error of asking for a response while another is in progress."""
    message = f"Conversation already has an active response in progress: {response.id}."
    return ClientError("conversation_already_has_active_response", message)
