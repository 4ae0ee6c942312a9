"""The server's side of one Realtime connection (GA), without sockets or clocks.

Theory of operation: the shell hands in each text frame with the call's time and sends what comes back;
between frames it calls `advance` when `due_us` is reached. Whatever is due before a frame happens before
it. A client event that is wrong changes nothing and is answered with `error`; no frame ever raises.
What to say is asked of a `Mind`; when and in which events it is said is decided here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, assert_never

from turnspec.adapters.base import Witness
from turnspec.adapters.realtime.server.conversation import Conversation, Entry
from turnspec.adapters.realtime.server.entries import entry_of, said_of
from turnspec.adapters.realtime.server.hearing import InputBuffer, Utterance
from turnspec.adapters.realtime.server.identify import Ids
from turnspec.adapters.realtime.server.mind import Answer, Ask, Mind, Said
from turnspec.adapters.realtime.server.outputs import Close, Output, Send
from turnspec.adapters.realtime.server.quiet import Quiet
from turnspec.adapters.realtime.server.response import Response, already_active
from turnspec.adapters.realtime.server.settings import functions_of, settings_of
from turnspec.adapters.realtime.server.usage import transcription_usage
from turnspec.adapters.realtime.wire import client_events as client
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.client_events import ClientEvent, ResponseParams
from turnspec.adapters.realtime.wire.elide import elided
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.server_events import Document
from turnspec.adapters.realtime.wire.session import Session, default_session
from turnspec.audio.activity import Activity, SpeechBegan, SpeechEnded
from turnspec.call import Identity, Track
from turnspec.call.events import AgentTruncated, FunctionReturned, ProtocolFault, Side

EXPIRES_AT: Final = 4_102_448_400  # 2100-01-01 01:00 UTC: a fixed hour, so that runs repeat
EXCERPT: Final = 200
# A cancel may cross `response.done` on the wire, so clients are not to blame for it.
RACES: Final = frozenset({"response_cancel_not_active"})
NORMAL_CLOSURE: Final = 1000


class RealtimeServer:
    """One conversation session over one WebSocket connection."""

    def __init__(
        self, mind: Mind, witness: Witness, identity: Identity, model: str, side: Side = Side.MODEL
    ) -> None:
        self._mind, self._witness, self._side = mind, witness, side
        self._ids = Ids(identity)
        self._session = Session(default_session(self._ids.next("sess"), model, EXPIRES_AT))
        self._conversation = Conversation()
        self._conversation_id = self._ids.next("conv")
        self._buffer = InputBuffer(self._session.input_format, self._session.vad)
        self._speech: tuple[str, int] | None = None  # (the item to come, position at which it began)
        self._response: Response | None = None  # the one of the default conversation
        self._apart: list[Response] = []  # those out of band
        self._spoke = False
        self._closes_at_us: int | None = None
        self._quiet = Quiet(mind.idle_after_us())
        self._talks_on_until_us = 0
        self._outbox: list[Output] = []
        self._now_us = 0

    # --- the shell's side ---------------------------------------------------------------------

    def open(self, now_us: int) -> list[Output]:
        """What is sent when the connection is up."""
        self._now_us = now_us
        self._quiet.from_now(now_us)
        self._send(wire.session_created(dict(self._session.document)))
        return self._sent()

    @property
    def due_us(self) -> int | None:
        """When `advance` has something to do; None: only a frame can change anything."""
        times = [response.due_us for response in self._in_progress]
        known = [time for time in (*times, self._closes_at_us, self._idle_due_us) if time is not None]
        return min(known, default=None)

    @property
    def _idle_due_us(self) -> int | None:
        busy = self._response is not None or self._speech is not None or self._closes_at_us is not None
        return None if busy else self._quiet.due_us

    def advance(self, now_us: int) -> list[Output]:
        """Do what is due by `now_us`, each thing at its time."""
        self._do_what_is_due(now_us)
        return self._sent()

    def receive(self, frame: str | bytes, now_us: int) -> list[Output]:
        """Take one frame of the client; text frames are events, others an error."""
        self._do_what_is_due(now_us)
        event_id: str | None = None
        try:
            event = client.decode(frame)
            event_id = event.event_id
            self._take(event)
        except ClientError as error:
            error.event_id = error.event_id or event_id
            self._refuse(error, frame)
        return self._sent()

    def _sent(self) -> list[Output]:
        outbox, self._outbox = self._outbox, []
        return outbox

    def _send(self, document: Document) -> None:
        kind, rest = document.pop("type"), document
        stamped = {"type": kind, "event_id": self._ids.next("event"), **rest}
        self._outbox.append(Send(json.dumps(stamped, ensure_ascii=False, separators=(",", ":"))))

    def _send_all(self, documents: Sequence[Document]) -> None:
        for document in documents:
            self._send(document)

    def _refuse(self, error: ClientError, frame: str | bytes) -> None:
        self._send(wire.error(error))
        if error.code not in RACES:
            excerpt = elided(frame)[:EXCERPT]
            self._witness.happened(
                ProtocolFault(
                    at_us=self._now_us, side=self._side, rule=error.code, detail=error.message, frame=excerpt
                )
            )

    # --- time ---------------------------------------------------------------------------------

    @property
    def _in_progress(self) -> list[Response]:
        return [*([self._response] if self._response else []), *self._apart]

    def _do_what_is_due(self, now_us: int) -> None:
        while (due_us := self.due_us) is not None and due_us <= now_us:
            self._now_us = max(self._now_us, due_us)
            self._step()
        self._now_us = max(self._now_us, now_us)

    def _step(self) -> None:
        for response in self._in_progress:
            self._send_all(response.advance(self._now_us))
            if response.due_us is None:
                self._leave(response)
        if self._closes_at_us is not None and self._closes_at_us <= self._now_us:
            self._closes_at_us = None
            self._outbox.append(Close(NORMAL_CLOSURE))
        if (idle_us := self._idle_due_us) is not None and idle_us <= self._now_us:
            answer = self._mind.idle(self._quiet.lasted_us(self._now_us), self._now_us)
            self._quiet.answered()
            if answer is not None:
                self._respond(answer, ResponseParams())

    def _leave(self, response: Response) -> None:
        self._spoke = self._spoke or response.speaks
        if response is self._response:
            self._response = None
        else:
            self._apart.remove(response)
        played_us = response.played_us if response.status == "completed" else 0
        self._quiet.from_now(self._now_us, plays_until_us=played_us)
        self._talks_on_until_us = 0 if response.answer.interruptible else played_us
        if response.answer.hangs_up and response.status == "completed":
            self._closes_at_us = max(self._now_us, response.played_us)

    # --- client events ------------------------------------------------------------------------

    def _take(self, event: ClientEvent) -> None:
        match event:
            case client.AudioAppend(data=data):
                for activity in self._buffer.append(data, self._now_us):
                    self._noticed(activity)
            case client.AudioCommit():
                self._commit_by_client()
            case client.AudioClear():
                self._buffer.clear()
                self._speech = None
                self._send(wire.buffer_cleared())
            case client.SessionUpdate(session=patch):
                self._update(self._session.updated(patch))
            case client.ResponseCreate(response=params):
                self._create(params or ResponseParams())
            case client.ResponseCancel(response_id=response_id):
                self._cancel_by_client(response_id)
            case _:
                self._take_item_event(event)

    def _take_item_event(
        self, event: client.ItemCreate | client.ItemRetrieve | client.ItemTruncate | client.ItemDelete
    ) -> None:
        match event:
            case client.ItemCreate(item=item, previous_item_id=previous):
                self._create_item(item, previous)
            case client.ItemRetrieve(item_id=item_id):
                self._send(wire.item_retrieved(self._conversation.get(item_id, "retrieve").with_audio()))
            case client.ItemDelete(item_id=item_id):
                self._conversation.remove(item_id)
                self._send(wire.item_deleted(item_id))
            case client.ItemTruncate(item_id=item_id, content_index=index, audio_end_ms=audio_end_ms):
                self._truncate(item_id, index, audio_end_ms)
            case unknown:
                assert_never(unknown)

    def _update(self, session: Session) -> None:
        voice = session.document["audio"]["output"]["voice"]
        if self._spoke and voice != self._session.document["audio"]["output"]["voice"]:
            message = "Cannot update a conversation's voice if assistant audio is present."
            raise ClientError("cannot_update_voice", message, "session.audio.output.voice")
        self._session = session
        if self._buffer.configure(session.input_format, session.vad):
            self._speech = None
        self._send(wire.session_updated(dict(session.document)))

    # --- items --------------------------------------------------------------------------------

    def _create_item(self, item: items.Item, previous_item_id: str | None) -> None:
        if isinstance(item, items.FunctionCall) and item.call_id is None:
            item = item.model_copy(update={"call_id": self._ids.next("call")})
        entry = self._entry(item)
        function = ""
        if isinstance(item, items.FunctionCallOutput):
            function = self._conversation.function_of(item.call_id)
        previous = self._conversation.add(entry, previous_item_id)
        self._send(wire.item_added(entry.document, previous))
        self._send(wire.item_done(entry.document, previous))
        if isinstance(item, items.FunctionCallOutput):
            self._returned(item, function)
        elif isinstance(item, items.UserMessage):
            self._quiet.from_now(self._now_us)
            self._mind.hear(said_of(entry, self._now_us), self._now_us)

    def _entry(self, item: items.Item) -> Entry:
        return entry_of(item, item.id or self._ids.next("item"), self._session.input_format)

    def _returned(self, item: items.FunctionCallOutput, function: str) -> None:
        self._witness.happened(
            FunctionReturned(at_us=self._now_us, side=self._side, call_id=item.call_id, output=item.output)
        )
        self._mind.take_result(item.call_id, function, item.output)

    def _truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        entry = self._conversation.get(item_id, "truncate")
        is_audio = entry.document.get("role") == "assistant" and entry.format is not None
        if not is_audio or content_index != 0:
            message = "Only model output audio messages can be truncated."
            raise ClientError("invalid_value", message, "content_index" if is_audio else "item_id")
        length_ms = -(-entry.audio_us // 1000)
        if audio_end_ms > length_ms:
            message = f"Audio content of {length_ms}ms is already shorter than {audio_end_ms}ms"
            raise ClientError("invalid_value", message, "audio_end_ms")
        entry.cut(audio_end_ms * 1000)
        self._quiet.from_now(self._now_us)
        self._witness.happened(
            AgentTruncated(at_us=self._now_us, side=self._side, item_id=item_id, heard_us=audio_end_ms * 1000)
        )
        self._send(wire.item_truncated(item_id, content_index, audio_end_ms))

    # --- the caller's audio -------------------------------------------------------------------

    def _noticed(self, activity: Activity) -> None:
        vad = self._session.vad
        assert vad is not None
        match activity:
            case SpeechBegan(began_us):
                self._speech = (self._ids.next("item"), began_us)
                start_us = self._buffer.start_of(began_us)
                if not self._talks_on:
                    self._send(wire.speech_started(start_us // 1000, self._speech[0]))
                if vad.interrupts_response:
                    self._interrupt()
            case SpeechEnded(ended_us) if self._speech is not None:
                item_id, began_us = self._speech
                self._speech = None
                self._quiet.from_now(self._now_us)
                self._send(wire.speech_stopped((ended_us + vad.silence_us) // 1000, item_id))
                self._commit(self._buffer.take_speech(began_us, ended_us), item_id)
                if vad.creates_response:
                    self._create_unasked()
            case SpeechEnded():
                pass  # it was committed or cleared by the client before it was over

    @property
    def _talks_on(self) -> bool:
        """Whether the agent itself is called and will not give way: whoever plays it is told to go on."""
        going_on = self._response is not None and not self._response.answer.interruptible
        return self._side is Side.AGENT and (going_on or self._now_us < self._talks_on_until_us)

    def _interrupt(self) -> None:
        response = self._response
        if response is not None and response.answer.interruptible:
            self._cancel(response, "turn_detected")

    def _commit_by_client(self) -> None:
        self._buffer.require_some()
        item_id = self._speech[0] if self._speech else self._ids.next("item")
        self._speech = None
        self._commit(self._buffer.take_all(), item_id)

    def _commit(self, utterance: Utterance, item_id: str) -> None:
        entry = Entry(items.committed_audio(item_id), bytearray(utterance.data), utterance.format)
        previous = self._conversation.add(entry)
        self._send(wire.buffer_committed(item_id, previous))
        self._send(wire.item_added(entry.document, previous))
        self._send(wire.item_done(entry.document, previous))
        track = utterance.track
        transcript = self._mind.hear(Said(utterance.ended_us, audio=track), self._now_us)
        if self._session.transcription_model is not None:
            self._transcribed(entry, track, transcript or "")

    def _transcribed(self, entry: Entry, track: Track, transcript: str) -> None:
        entry.document["content"] = [{"type": "input_audio", "transcript": transcript}]
        model = self._session.transcription_model or ""
        if transcript:
            self._send(wire.transcription_delta(entry.id, transcript))
        counts = transcription_usage(model, track, transcript)
        self._send(wire.transcription_completed(entry.id, transcript, counts))

    # --- responses ----------------------------------------------------------------------------

    def _create_unasked(self) -> None:
        if self._response is None:
            self._create(ResponseParams())
        else:  # the caller spoke over a response that is not to be interrupted: nobody's fault
            self._send(wire.error(already_active(self._response)))

    def _create(self, params: ResponseParams) -> None:
        apart = params.conversation == "none"
        if self._response is not None and not apart:
            raise already_active(self._response)
        ask = Ask(functions_of(self._session, params), self._context(params, apart=apart))
        self._respond(self._mind.respond(ask, self._now_us), params)

    def _respond(self, answer: Answer, params: ResponseParams) -> None:
        apart = params.conversation == "none"
        response = Response(
            self._ids,
            None if apart else self._conversation,
            settings_of(self._session, params),
            answer,
            self._conversation.entries,
            start_us=max(self._now_us, answer.not_before_us),
            report=self._witness.happened,
            side=self._side,
            conversation_id=self._conversation_id,
        )
        if apart:
            self._apart.append(response)
        else:
            self._response = response
        self._send_all(response.created(self._now_us))
        self._do_what_is_due(self._now_us)

    def _context(self, params: ResponseParams, *, apart: bool) -> tuple[Said, ...] | None:
        if params.input is not None:
            entries = [self._input_entry(item, index) for index, item in enumerate(params.input)]
        elif apart:
            entries = self._conversation.entries
        else:
            return None
        return tuple(
            said_of(entry, self._now_us) for entry in entries if entry.document.get("role") == "user"
        )

    def _input_entry(self, item: items.Item | items.ItemReference, index: int) -> Entry:
        if not isinstance(item, items.ItemReference):
            return self._entry(item)
        for entry in self._conversation.entries:
            if entry.id == item.id:
                return entry
        message = f"Item with id '{item.id}' not found in conversation."
        raise ClientError("invalid_value", message, f"response.input[{index}].id")

    def _cancel_by_client(self, response_id: str | None) -> None:
        for response in self._in_progress:
            if response_id == response.id or (response_id is None and response is self._response):
                self._cancel(response, "client_cancelled")
                return
        raise ClientError("response_cancel_not_active", "Cancellation failed: no active response found")

    def _cancel(self, response: Response, reason: str) -> None:
        self._send_all(response.cancel(reason, self._now_us))
        self._leave(response)
