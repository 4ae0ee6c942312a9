"""The engine as the user of a Realtime model, without sockets or clocks.

Theory of operation: every method answers with a `Reaction`, the frames to send and the events that
happened. `response.create` is only sent while no response is in progress: one that is wanted sooner waits
for `response.done`, as a second one at once would be refused.

Where the server listens by itself (turn detection), the caller's stream goes on without a gap, and the
server says when the caller spoke. Where it does not, the client is a telephone with a button: audio is sent
only while the caller has a turn; pressing stops what still plays, letting go commits the audio and asks for
the reply. Either way an item that was cut is truncated to what was heard; what comes later is not played.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from turnspec.adapters.base import Function
from turnspec.adapters.realtime.closing import ALREADY_ACTIVE, FATAL, RACES, why_failed
from turnspec.adapters.realtime.opening import opening_of
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.adapters.realtime.replies import Message, Reaction, Response
from turnspec.adapters.realtime.understood import Understood
from turnspec.adapters.realtime.wire import server_frames as server
from turnspec.audio.codecs import silence_byte
from turnspec.call.events import (
    AgentActivity,
    AgentAudio,
    AgentTruncated,
    CallUp,
    Event,
    FlushAsked,
    FunctionCalled,
    FunctionReturned,
    ProtocolFault,
    ResponseEnded,
    ResponseStarted,
    Side,
    TextBegan,
)

LEAST_COMMITTED_US: Final = 100_000  # less audio than this cannot be committed


class RealtimeClient:
    """One session, from the caller's end."""

    def __init__(self, options: RealtimeOptions, functions: Iterable[Function] = ()) -> None:
        self._options, self._functions = options, tuple(functions)
        self._format = options.audio_format
        self._listens = options.turn_detection  # how the server does
        self._is_beta = options.dialect == "beta"
        self.is_up = False
        self._frames: list[str] = []
        self._events: list[Event] = []
        self._sent = 0
        self._messages: dict[str, Message] = {}
        self._responses: dict[str, Response] = {}
        self._response_of: dict[str, str] = {}  # call id to response id
        self._names: dict[str, str] = {}  # item id to the name of its function
        self._understood = Understood()
        self._held: int | None = None  # bytes sent while the caller has its turn; None: it has none
        self._wants_response = False
        self._asked_with: str | None = None  # event id of a `response.create` that is not answered yet
        self._plays_until_us = 0

    # --- what the engine does -----------------------------------------------------------------

    def send_audio(self, frame: bytes) -> str | None:
        """The frame that carries the caller's next audio; None: nobody listens now."""
        if self._held is not None:
            self._held += len(frame)
        elif self._listens.is_off:
            return None
        # A template, because 50 of them leave a second.
        payload = binascii.b2a_base64(frame, newline=False).decode("ascii")
        return f'{{"type":"input_audio_buffer.append","audio":"{payload}"}}'

    def caller_began(self, now_us: int) -> Reaction:
        """The caller is about to speak: where nobody listens for that, stop the model and open the line."""
        if self._listens.is_off and self._held is None:
            self._held = 0
            if self._in_progress:
                self._send({"type": "response.cancel"})
            self._stop_playing(now_us)
        return self._reaction()

    def caller_finished(self) -> Reaction:
        """The caller has done all of its turn: where nobody listens for that, hand it over and ask."""
        if self._held is not None:
            self._commit(self._held)
            self._ask()
        return self._reaction()

    def _commit(self, size: int) -> None:
        lacking = self._format.size_of(LEAST_COMMITTED_US) - size
        if lacking > 0:
            padding = self.send_audio(bytes([silence_byte(self._format)]) * lacking)
            assert padding is not None, "the caller has its turn"
            self._frames.append(padding)
        self._held = None
        self._send({"type": "input_audio_buffer.commit"})

    def send_text(self, text: str) -> Reaction:
        """Say something in text and ask for the reply, giving up a response that is in progress."""
        if self._held is not None:
            self._commit(self._held)  # what was said before it
        if self._in_progress:
            self._send({"type": "response.cancel"})
        content = [{"type": "input_text", "text": text}]
        self._create_item({"type": "message", "role": "user", "content": content})
        self._ask()
        return self._reaction()

    def request_reply(self) -> Reaction:
        """Ask for a response that nothing prompted."""
        self._ask()
        return self._reaction()

    def send_message(self, event: Mapping[str, Any], now_us: int) -> Reaction:
        """Send an event as somebody wrote it; what follows of it here, follows of it as of our own."""
        event_id = self._send(event)
        match event:
            case {"type": "response.create"} if not self._in_progress:
                self._asked_with, self._wants_response = event_id, False
            case {"type": "input_audio_buffer.commit" | "input_audio_buffer.clear"} if self._held is not None:
                self._held = 0  # the caller still has its turn
            case {"type": "conversation.item.create", "item": {"call_id": str(call_id), "output": output}}:
                self._given_back(call_id, str(output), now_us)
        return self._reaction()

    def return_function(self, call_id: str, output: str, now_us: int) -> Reaction:
        """Give back an output; when the response that called has all of its own, ask for what follows."""
        self._create_item({"type": "function_call_output", "call_id": call_id, "output": output})
        if (response := self._given_back(call_id, output, now_us)) is not None:
            self._continue_after(response)
        return self._reaction()

    def _given_back(self, call_id: str, output: str, now_us: int) -> Response | None:
        """Note an output; the response that waited for it, if one did."""
        self._happened(FunctionReturned(at_us=now_us, side=Side.MODEL, call_id=call_id, output=output))
        response = self._responses.get(self._response_of.get(call_id, ""))
        if response is None or call_id not in response.open_calls:
            return None
        response.open_calls.remove(call_id)
        return response

    def playback_flushed(self, stream: str, heard_us: int, now_us: int) -> Reaction:
        """Tell the model how much of an item was heard: never more than arrived, and once."""
        message = self._messages.get(stream)
        self._plays_until_us = now_us
        if message is not None and message.size and not message.cut:
            message.cut = True
            arrived_us = self._format.duration_us(message.size)
            self._send(
                {
                    "type": "conversation.item.truncate",
                    "item_id": stream,
                    "content_index": message.content_index,
                    "audio_end_ms": min(heard_us, arrived_us) // 1000,
                }
            )
        return self._reaction()

    # --- what the server does -----------------------------------------------------------------

    def receive(self, frame: str | bytes, now_us: int) -> Reaction:
        """Take one frame of the server."""
        match server.decode(frame, beta=self._is_beta):
            case None:
                pass
            case server.Wrong(rule, detail, excerpt):
                self._fault(rule, detail, excerpt, now_us)
            case server.Unknown(kind, excerpt):
                self._note(kind, {"frame": excerpt}, now_us)
            case event:
                self._take(event, now_us)
        return self._reaction()

    def _take(self, event: server.ServerEvent, now_us: int) -> None:
        match event:
            case server.SessionCreated():
                self._begin(now_us)
            case server.SpeechStarted():
                self._give_way(now_us)
            case server.Error(error=error):
                self._refused(error, now_us)
            case server.Committed() if not (self._listens.is_off or self._listens.create_response):
                self._ask()
            case server.Truncated(item_id=item_id, audio_end_ms=end_ms):
                heard_us = end_ms * 1000
                self._happened(
                    AgentTruncated(at_us=now_us, side=Side.MODEL, item_id=item_id, heard_us=heard_us)
                )
            case server.ResponseCreated(response=response):
                self._started(response, now_us)
            case server.ResponseDone(response=response):
                self._ended(response, now_us)
            case server.Transcribing() | server.Transcribed() | server.NotTranscribed():
                self._events += self._understood.take(event, now_us)
            case _:
                self._take_output(event, now_us)

    def _take_output(self, event: server.ServerEvent, now_us: int) -> None:
        match event:
            case server.OutputItemEvent(response_id=response_id, item=item):
                self._item(event.type, response_id, item, now_us)
            case server.TextDelta(delta=delta):
                self._text(event, delta, now_us)
            case server.TextDone(text=text) | server.TranscriptDone(transcript=text):
                self._message(event, now_us).whole = text
            case server.AudioDelta(delta=delta):
                self._audio(event, delta, now_us)
            case server.ArgumentsDone(call_id=call_id, arguments=arguments, name=name):
                known = name or self._names.get(event.item_id)
                self._called(event.response_id, call_id, known, arguments, now_us)
            case _:
                pass  # `session.updated`: nothing depends on it

    def _begin(self, now_us: int) -> None:
        if self.is_up:
            return
        self.is_up = True
        self._happened(CallUp(at_us=now_us))
        self._send({"type": "session.update", "session": opening_of(self._options, self._functions)})

    def _give_way(self, now_us: int) -> None:
        # As any client does: the caller speaks, so what is still playing is dropped.
        if self._listens.interrupt_response:
            self._stop_playing(now_us)

    def _stop_playing(self, now_us: int) -> None:
        if now_us < self._plays_until_us:
            self._plays_until_us = now_us
            self._happened(FlushAsked(at_us=now_us))

    def _refused(self, error: server.ErrorBody, now_us: int) -> None:
        code = error.code or error.type
        if error.event_id is not None and error.event_id == self._asked_with:
            self._asked_with = None
            self._wants_response = code == ALREADY_ACTIVE
        if code not in RACES:
            self._fault(code, error.message, error.param or "", now_us, fatal=code in FATAL)

    # --- responses ----------------------------------------------------------------------------

    @property
    def _in_progress(self) -> bool:
        return any(not response.done for response in self._responses.values())

    def _started(self, response: server.ResponseBody, now_us: int) -> None:
        self._asked_with = None
        self._responses[response.id] = Response()
        self._happened(ResponseStarted(at_us=now_us, side=Side.MODEL, response_id=response.id))

    def _ended(self, body: server.ResponseBody, now_us: int) -> None:
        for item in body.output:
            self._item("response.output_item.done", body.id, item, now_us)
        for item_id, message in self._messages.items():
            if message.response_id == body.id:
                self._said(item_id, message, now_us)
        details = body.status_details
        reason = (details.reason or (details.error or {}).get("code") or "") if details else ""
        self._happened(
            ResponseEnded(
                at_us=now_us, side=Side.MODEL, response_id=body.id, status=body.status, reason=str(reason)
            )
        )
        if body.status == "failed":
            self._failed(details, now_us)
        response = self._responses.setdefault(body.id, Response())
        response.done = True
        if self._wants_response:
            self._ask()
        else:
            self._continue_after(response)

    def _failed(self, details: server.StatusDetails | None, now_us: int) -> None:
        code, detail = why_failed((details.error if details else None) or {})
        if code:
            self._fault(code, detail, "", now_us)
        else:
            self._fault("response-failed", detail, "", now_us)

    def _continue_after(self, response: Response) -> None:
        if response.done and response.calls and not response.open_calls:
            response.calls.clear()
            self._ask()

    def _ask(self) -> None:
        if self._held is not None:
            return  # nobody talks over the caller: its turn ends with a request
        self._wants_response = self._in_progress or self._asked_with is not None
        if not self._wants_response:
            self._asked_with = self._send({"type": "response.create"})

    # --- items --------------------------------------------------------------------------------

    def _item(self, kind: str, response_id: str, item: server.OutputItem, now_us: int) -> None:
        if item.type == "function_call" and item.name:
            self._names[item.id] = item.name
            if kind == "response.output_item.done" and item.call_id and item.status != "incomplete":
                self._called(response_id, item.call_id, item.name, item.arguments or "", now_us)
        message = self._messages.get(item.id)
        if message is not None and kind == "response.output_item.done":
            self._said(item.id, message, now_us)

    def _message(
        self,
        event: server.TextDelta | server.TextDone | server.TranscriptDone | server.AudioDelta,
        now_us: int,
    ) -> Message:
        return self._messages.setdefault(
            event.item_id, Message(event.response_id, now_us, event.content_index)
        )

    def _text(self, event: server.TextDelta, delta: str, now_us: int) -> None:
        is_first = event.item_id not in self._messages
        self._message(event, now_us).texts.append(delta)
        if is_first and event.type == "response.output_text.delta":
            self._happened(TextBegan(at_us=now_us, side=Side.MODEL, response_id=event.response_id))

    def _audio(self, event: server.AudioDelta, delta: str, now_us: int) -> None:
        try:
            data = binascii.a2b_base64(delta, strict_mode=True)
        except ValueError as error:
            self._fault("wrong-base64", f"{event.type}: {error}", delta[: server.EXCERPT], now_us)
            return
        if len(data) % self._format.sample_bytes:
            self._fault("half-sample", f"{event.type}: {len(data)} bytes of 16-bit audio", "", now_us)
            data = data[:-1]
        message = self._message(event, now_us)
        message.size += len(data)
        if message.cut:
            return  # it crossed the truncation, and nobody hears it
        self._plays_until_us = max(self._plays_until_us, now_us) + self._format.duration_us(len(data))
        self._happened(
            AgentAudio(at_us=now_us, format=self._format, size=len(data), data=data, stream=event.item_id)
        )

    def _said(self, item_id: str, message: Message, now_us: int) -> None:
        if not message.said:
            message.said = True
            self._happened(message.as_said(item_id, self._format, now_us))

    def _called(self, response_id: str, call_id: str, name: str | None, arguments: str, now_us: int) -> None:
        if self._response_of.get(call_id) == response_id:
            return  # it was told before
        self._response_of[call_id] = response_id
        response = self._responses.setdefault(response_id, Response())
        response.calls.add(call_id)
        response.open_calls.add(call_id)
        self._happened(
            FunctionCalled(
                at_us=now_us,
                side=Side.MODEL,
                call_id=call_id,
                name=name or "",
                arguments=arguments,
                response_id=response_id,
            )
        )

    # --- in and out ---------------------------------------------------------------------------

    def _create_item(self, item: Mapping[str, Any]) -> None:
        self._send({"type": "conversation.item.create", "item": item})

    def _send(self, event: Mapping[str, Any]) -> str:
        self._sent += 1
        document = {"event_id": f"turnspec_{self._sent}", **event}
        self._frames.append(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
        return str(document["event_id"])

    def _note(self, name: str, payload: dict[str, Any], now_us: int) -> None:
        self._happened(AgentActivity(at_us=now_us, side=Side.MODEL, name=name, payload=payload))

    def _fault(self, rule: str, detail: str, frame: str, now_us: int, *, fatal: bool = False) -> None:
        self._happened(
            ProtocolFault(at_us=now_us, side=Side.MODEL, rule=rule, detail=detail, frame=frame, fatal=fatal)
        )

    def _happened(self, event: Event) -> None:
        self._events.append(event)

    def _reaction(self) -> Reaction:
        frames, self._frames = self._frames, []
        events, self._events = self._events, []
        return Reaction(tuple(frames), tuple(events))
