"""One response: from `response.created` to `response.done`, in the exact order of the API.

It is a small machine over its timeline: a message item may be open; cancelling it, or running out of
tokens, closes what is open as incomplete and ends the response.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from turnspec.adapters.realtime.faults import error_details
from turnspec.adapters.realtime.server.conversation import Entry
from turnspec.adapters.realtime.server.exchange import Exchange
from turnspec.adapters.realtime.server.mind import Answer, Call
from turnspec.adapters.realtime.server.timeline import (
    AwaitSound,
    BeginMessage,
    EndMessage,
    Finish,
    MakeCall,
    Sound,
    Step,
    Timed,
    Voice,
    Words,
    timeline,
)
from turnspec.adapters.realtime.server.usage import CHARACTERS_PER_TOKEN, TOKEN_LIMIT, output_tokens, usage
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.server_events import Document
from turnspec.call import AudioFormat
from turnspec.call.events import (
    AgentSaid,
    FunctionCalled,
    ResponseEnded,
    ResponseStarted,
    TextBegan,
)

ARGUMENTS_DELTA: Final = 16  # characters of a function's arguments in one delta
MINUTE_S: Final = 60
LOOK_AGAIN_US: Final = 20_000
"""How long to wait before looking again for sound that is being made: a frame."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one response: the session's settings, or its own where `response.create` had any."""

    modality: str
    format: AudioFormat
    format_document: Document
    voice: Any
    speed: float
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
    """A response in progress; `apart`: out of band, its items stay outside the conversation."""

    def __init__(self, exchange: Exchange, settings: Settings, answer: Answer, *, apart: bool) -> None:
        self.id = exchange.ids.next("resp")
        self.answer = answer
        self.start_us = max(exchange.now_us, answer.not_before_us)
        self.status = "in_progress"
        self.apart = apart
        self._exchange, self._ids, self._settings = exchange, exchange.ids, settings
        self._report, self._side = exchange.report, exchange.side
        self._context = exchange.conversation.entries
        self._voice = Voice(settings.format, settings.speed) if settings.modality == "audio" else None
        self._steps: deque[Timed] = deque(self._from_start(answer))
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
            step = self._steps.popleft()[1]
            if isinstance(step, AwaitSound):
                self._await_sound(step, now_us)
                continue
            if not self._fits(step):
                return events + self._run_out(step, now_us)
            events += self._take(step, now_us)
        return events

    def _from_start(self, answer: Answer) -> Iterable[Timed]:
        """All that it does, or first of all the wait for its sound, which is made while it is not due yet."""
        if answer.making is None or self._voice is None or answer.fails_with:
            return timeline(answer, self._voice, self.start_us)
        answer.making()
        return [(self.start_us, AwaitSound(answer.making))]

    def _await_sound(self, step: AwaitSound, now_us: int) -> None:
        audio = step.making()
        if audio is None:
            self._steps.append((now_us + LOOK_AGAIN_US, step))
            return
        self.start_us = now_us
        self._steps.extend(timeline(replace(self.answer, audio=audio), self._voice, now_us))

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
            case Finish(code):
                return self._end("failed" if code else "completed", code, now_us)
            case unknown:
                assert_never(unknown)

    # --- what it may cost ---------------------------------------------------------------------

    def _tokens(self, *more: str, audio_us: int = 0) -> int:
        open_texts = [self._message.text + "".join(more)] if self._message else list(more)
        return output_tokens([*self._said, *open_texts], self._audio_us + audio_us)

    def _fits(self, step: Step) -> bool:
        most = self._settings.max_output_tokens
        if most == "inf":
            return True
        match step:
            case Words(text):
                return self._tokens(text) <= int(most)
            case Sound(data):
                return self._tokens(audio_us=self._settings.format.duration_us(len(data))) <= int(most)
            case MakeCall(call):
                return self._tokens(call.arguments) <= int(most)
            case _:
                return True

    def _run_out(self, step: Step, now_us: int) -> list[Document]:
        """End at the step that there are no tokens for."""
        self._steps.clear()
        closing: list[Document] = []
        if self._message is not None:
            closing = self._close_message("incomplete", now_us)
        elif isinstance(step, MakeCall):
            left = (int(self._settings.max_output_tokens) - self._tokens()) * CHARACTERS_PER_TOKEN
            closing = self._cut_call(step.call, left)
        return closing + self._end("incomplete", "max_output_tokens", now_us)

    # --- messages -----------------------------------------------------------------------------

    def _open_message(self, now_us: int) -> list[Document]:
        document = items.assistant_message(self._exchange.item_id(), "in_progress", [])
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
                origin=self.answer.origin if audio_us else None,
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
        entry, events, previous = self._begin_call(call)
        index, call_id = len(self._output) - 1, entry.document["call_id"]
        events += self._arguments(entry, call.arguments)
        whole = {"call_id": call_id, "name": call.name, "arguments": call.arguments}
        events.append(wire.of_item("function_call_arguments.done", self.id, entry.id, index, **whole))
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

    def _cut_call(self, call: Call, length: int) -> list[Document]:
        """As much of a call as there are tokens for; nobody is to make it."""
        entry, events, previous = self._begin_call(call)
        arguments = call.arguments[:length]
        events += self._arguments(entry, arguments)
        entry.document.update(status="incomplete", arguments=arguments)
        self._said.append(arguments)
        return events + self._done(entry, previous, len(self._output) - 1)

    def _begin_call(self, call: Call) -> tuple[Entry, list[Document], str | None]:
        item_id, call_id = self._exchange.item_id(), self._ids.next("call")
        entry = Entry(items.function_call(item_id, "in_progress", call_id, call.name, ""))
        events, previous = self._add(entry)
        return entry, events, previous

    def _arguments(self, entry: Entry, arguments: str) -> Iterator[Document]:
        kind, index, call_id = (
            "function_call_arguments.delta",
            len(self._output) - 1,
            entry.document["call_id"],
        )
        for start in range(0, len(arguments), ARGUMENTS_DELTA):
            delta = arguments[start : start + ARGUMENTS_DELTA]
            yield wire.of_item(kind, self.id, entry.id, index, call_id=call_id, delta=delta)

    # --- items and the end --------------------------------------------------------------------

    def _add(self, entry: Entry) -> tuple[list[Document], str | None]:
        self._output.append(entry)
        item = dict(entry.document)
        events = [wire.output_item_added(self.id, len(self._output) - 1, item)]
        if self.apart:
            return events, None
        previous = self._exchange.conversation.add(entry)
        return [*events, wire.item_added(item, previous)], previous

    def _done(self, entry: Entry, previous: str | None, index: int) -> list[Document]:
        item = dict(entry.document)
        done = [wire.output_item_done(self.id, index, item)]
        if not self.apart and self._exchange.conversation.holds(entry):  # the client may have deleted it
            done.append(wire.item_done(item, previous))
        return done[::-1] if self._exchange.policy.item_done_first else done

    def _end(self, status: str, reason: str, now_us: int) -> list[Document]:
        self.status = status
        self._report(
            ResponseEnded(at_us=now_us, side=self._side, response_id=self.id, status=status, reason=reason)
        )
        counts = usage(self._settings.instructions, self._context, self._said, self._audio_us)
        used = min(counts["total_tokens"], TOKEN_LIMIT)
        reset_s = round(used * MINUTE_S / TOKEN_LIMIT, 3)
        limits = wire.rate_limits_updated(TOKEN_LIMIT, TOKEN_LIMIT - used, reset_s)
        shown = counts if status != "failed" or self._exchange.policy.failed_usage else None
        return [wire.response_done(self._document(shown, _details(status, reason))), limits]

    def _document(self, counts: Document | None, details: Document | None = None) -> Document:
        settings = self._settings
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self.status,
            "status_details": details,
            "output": [dict(entry.document) for entry in self._output],
            "conversation_id": None if self.apart else self._exchange.conversation_id,
            "output_modalities": [settings.modality],
            "max_output_tokens": settings.max_output_tokens,
            "audio": {"output": {"format": settings.format_document, "voice": settings.voice}},
            "usage": counts,
            "metadata": settings.metadata,
        }


def _details(status: str, reason: str) -> Document | None:
    match status:
        case "completed":
            return None
        case "failed":
            return {"type": status, "error": error_details(reason)}
        case _:
            return {"type": status, "reason": reason}


def already_active(response: Response) -> ClientError:
    """The error of asking for a response while another is in progress."""
    message = f"Conversation already has an active response in progress: {response.id}."
    return ClientError("conversation_already_has_active_response", message)
