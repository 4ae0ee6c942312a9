"""The server's side of one Realtime connection, without sockets or clocks.

Theory of operation: the shell hands in each text frame with the call's time and sends what comes back;
between frames it calls `advance` when `due_us` is reached. Whatever is due before a frame happens before
it. A client event that is wrong changes nothing and is answered with `error`; no frame ever raises.
What to say is asked of a `Mind`; when and in which events it is said is decided here. Once the connection
is to be closed nothing more happens on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from turnspec.adapters.base import Witness
from turnspec.adapters.realtime.server.conversation import Conversation, Entry
from turnspec.adapters.realtime.server.entries import entry_of, said_of
from turnspec.adapters.realtime.server.exchange import Exchange
from turnspec.adapters.realtime.server.identify import Ids
from turnspec.adapters.realtime.server.listening import Listening
from turnspec.adapters.realtime.server.mind import Mind, Transcript
from turnspec.adapters.realtime.server.outputs import Output
from turnspec.adapters.realtime.server.policy import MINUTE_US, OPENAI, Policy
from turnspec.adapters.realtime.server.quiet import Quiet
from turnspec.adapters.realtime.server.responses import Responses
from turnspec.adapters.realtime.wire import client_events as client
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.beta import Beta
from turnspec.adapters.realtime.wire.client_events import ClientEvent, ResponseParams
from turnspec.adapters.realtime.wire.dialect import Dialect, Ga
from turnspec.adapters.realtime.wire.effective import Session, default_session
from turnspec.adapters.realtime.wire.elide import elided
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.adapters.realtime.wire.tools import mcp_labels
from turnspec.call import Identity
from turnspec.call.events import AgentTruncated, FunctionReturned, ProtocolFault, Side

BEGAN_AT: Final = 4_102_444_800  # 2100-01-01 00:00 UTC: a fixed moment, so that runs repeat
EXCERPT: Final = 200
# A cancel may cross `response.done` on the wire, so clients are not to blame for it.
RACES: Final = frozenset({"response_cancel_not_active"})
GOING_AWAY: Final = 1001
SECOND_US: Final = 1_000_000
VOICES: Final = {"ga": "marin", "beta": "alloy"}
DIALECTS: Final[dict[str, Callable[[], Dialect]]] = {"ga": Ga, "beta": Beta}


class RealtimeServer:
    """One conversation session over one WebSocket connection.

    `began_at` is the Unix time of its first moment; `settings` are updates that it begins with.
    """

    def __init__(
        self,
        mind: Mind,
        witness: Witness,
        identity: Identity,
        model: str,
        side: Side = Side.MODEL,
        *,
        policy: Policy = OPENAI,
        settings: Sequence[SessionPatch] = (),
        began_at: int = BEGAN_AT,
    ) -> None:
        ids = Ids(identity)
        expires_at = began_at + policy.lifetime_us // SECOND_US
        voice = VOICES[policy.dialect]
        document = default_session(ids.next("sess"), model, expires_at, voice)
        self._exchange = Exchange(
            mind,
            witness,
            side,
            policy,
            dialect=DIALECTS[policy.dialect](),
            ids=ids,
            session=Session.begun(document, *settings),
            conversation=Conversation(policy),
            conversation_id=ids.next("conv"),
            both_quiet=Quiet(mind.idle_after_us()),
            unprompted=Quiet(),
            outbox=[],
        )
        self._responses = Responses(self._exchange)
        self._listening = Listening(self._exchange, self._responses)
        self._expires_us: int | None = None

    # --- the shell's side ---------------------------------------------------------------------

    def open(self, now_us: int) -> list[Output]:
        """What is sent when the connection is up."""
        exchange = self._exchange
        exchange.now_us = now_us
        exchange.both_quiet.from_now(now_us)
        self._expires_us = now_us + exchange.policy.lifetime_us
        exchange.send(wire.session_created(dict(exchange.session.document)))
        if exchange.policy.conversation_created:
            exchange.send(wire.conversation_created(exchange.conversation_id))
        return self._exchange.taken()

    @property
    def due_us(self) -> int | None:
        """When `advance` has something to do; None: the connection is over."""
        if self._exchange.is_over:
            return None
        awaited_us = self._exchange.awaiting.due_us
        times = (
            self._responses.due_us,
            self._listening.due_us,
            self._idle_due_us,
            self._expires_us,
            awaited_us,
        )
        return min((time for time in times if time is not None), default=None)

    @property
    def _idle_due_us(self) -> int | None:
        busy = self._responses.busy or self._listening.hears_speech or self._exchange.awaiting.busy
        return None if busy else self._exchange.both_quiet.due_us

    def advance(self, now_us: int) -> list[Output]:
        """Do what is due by `now_us`, each thing at its time."""
        self._do_what_is_due(now_us)
        return self._exchange.taken()

    def receive(self, frame: str | bytes, now_us: int) -> list[Output]:
        """Take one frame of the client; text frames are events, others an error."""
        self._do_what_is_due(now_us)
        if not self._exchange.is_over:
            self._receive(frame)
        return self._exchange.taken()

    def _receive(self, frame: str | bytes) -> None:
        event_id: str | None = None
        try:
            event = self._exchange.dialect.understood(frame)
            event_id = event.event_id
            self._take(event)
        except ClientError as error:
            error.event_id = error.event_id or event_id
            self._refuse(error, frame)

    def end(self, error: ClientError, code: int, now_us: int) -> list[Output]:
        """Close the session for a reason of the server's own, such as a quota that is used up."""
        self._do_what_is_due(now_us)
        if not self._exchange.is_over:
            self._exchange.send(wire.error(error))
            self._exchange.close(code, f"{error.type}.{error.code}")
        return self._exchange.taken()

    def _refuse(self, error: ClientError, frame: str | bytes) -> None:
        exchange = self._exchange
        exchange.send(wire.error(error))
        if error.code not in RACES:
            excerpt = elided(frame)[:EXCERPT]
            detail = error.message
            exchange.report(
                ProtocolFault(
                    at_us=exchange.now_us, side=exchange.side, rule=error.code, detail=detail, frame=excerpt
                )
            )

    # --- time ---------------------------------------------------------------------------------

    def _do_what_is_due(self, now_us: int) -> None:
        exchange = self._exchange
        while (due_us := self.due_us) is not None and due_us <= now_us:
            exchange.now_us = max(exchange.now_us, due_us)
            self._step()
        exchange.now_us = max(exchange.now_us, now_us)

    def _step(self) -> None:
        now_us = self._exchange.now_us
        if self._expires_us is not None and self._expires_us <= now_us:
            self._expire()
            return
        self._responses.advance()
        self._exchange.awaiting.advance(now_us)
        if self._exchange.is_over:
            return
        if (silent_us := self._listening.due_us) is not None and silent_us <= now_us:
            self._listening.speak_up()
        if (idle_us := self._idle_due_us) is not None and idle_us <= now_us:
            self._idle()

    def _idle(self) -> None:
        exchange = self._exchange
        answer = exchange.mind.idle(exchange.both_quiet.lasted_us(exchange.now_us), exchange.now_us)
        exchange.both_quiet.forget()
        if answer is not None:
            self._responses.say(answer)

    def _expire(self) -> None:
        exchange = self._exchange
        reason = f"Your session hit the maximum duration of {_length(exchange.policy.lifetime_us)}."
        if exchange.policy.tells_expiry:
            exchange.send(wire.error(ClientError("session_expired", reason)))
        exchange.close(GOING_AWAY, reason)

    # --- client events ------------------------------------------------------------------------

    def _take(self, event: ClientEvent) -> None:
        match event:
            case client.AudioAppend(data=data):
                self._listening.append(data)
            case client.AudioCommit():
                self._listening.commit()
            case client.AudioClear():
                self._listening.clear()
            case client.SessionUpdate(session=patch):
                self._update(patch)
            case client.ResponseCreate(response=params):
                self._asked(params or ResponseParams(), event.event_id)
            case client.ResponseCancel(response_id=response_id):
                self._responses.cancel(response_id)
            case _:
                self._take_item_event(event)

    def _asked(self, params: ResponseParams, event_id: str | None) -> None:
        """Make a response, once all that was said before it is understood.

        Raises:
            ClientError: Something that is asked cannot be.
        """
        if not self._exchange.awaiting.busy:
            self._responses.create(params)
            return

        def asked_before() -> None:
            try:
                self._responses.create(params)
            except ClientError as error:
                error.event_id = event_id
                self._refuse(error, "response.create")

        self._exchange.awaiting.then(asked_before)

    def _take_item_event(
        self, event: client.ItemCreate | client.ItemRetrieve | client.ItemTruncate | client.ItemDelete
    ) -> None:
        exchange = self._exchange
        match event:
            case client.ItemCreate(item=item, previous_item_id=previous):
                self._create_item(item, previous)
            case client.ItemRetrieve(item_id=item_id):
                exchange.send(
                    wire.item_retrieved(exchange.conversation.get(item_id, "retrieve").with_audio())
                )
            case client.ItemDelete(item_id=item_id):
                exchange.conversation.remove(item_id)
                exchange.send(wire.item_deleted(item_id))
            case client.ItemTruncate(item_id=item_id, content_index=index, audio_end_ms=audio_end_ms):
                self._truncate(item_id, index, audio_end_ms)
            case unknown:
                assert_never(unknown)

    def _update(self, patch: SessionPatch) -> None:
        exchange = self._exchange
        before = exchange.session
        resets = exchange.policy.resets_turn_detection
        session = before.updated(patch, resets_turn_detection=resets)
        if self._responses.spoke and exchange.policy.freezes_voice and session.voice != before.voice:
            message = "Cannot update a conversation's voice if assistant audio is present."
            raise ClientError("cannot_update_voice", message, "session.audio.output.voice")
        exchange.session = session
        self._listening.configure()
        exchange.send(wire.session_updated(dict(session.document)))
        known = mcp_labels(before.document["tools"])
        for label in mcp_labels(session.document["tools"]):
            if label not in known:
                self._list_mcp_tools()

    def _list_mcp_tools(self) -> None:
        # This server calls nobody, so it cannot know which tools there are.
        item_id = self._exchange.ids.next("mcpl")
        self._exchange.send(wire.mcp_tools_listing(item_id))
        self._exchange.send(wire.mcp_tools_unlisted(item_id))

    # --- items --------------------------------------------------------------------------------

    def _create_item(self, item: items.Item, previous_item_id: str | None) -> None:
        exchange = self._exchange
        if isinstance(item, items.FunctionCall) and item.call_id is None:
            item = item.model_copy(update={"call_id": exchange.ids.next("call")})
        entry = entry_of(item, item.id or exchange.item_id(), exchange.session.input_format)
        function = ""
        if isinstance(item, items.FunctionCallOutput):
            function = exchange.conversation.function_of(item.call_id)
        previous = exchange.conversation.add(entry, previous_item_id)
        exchange.send(wire.item_added(entry.document, previous))
        exchange.send(wire.item_done(entry.document, previous))
        if isinstance(item, items.FunctionCallOutput):
            self._returned(item, function)
        elif isinstance(item, items.UserMessage):
            self._told(entry)

    def _told(self, entry: Entry) -> None:
        exchange = self._exchange
        exchange.both_quiet.from_now(exchange.now_us)
        exchange.understand(exchange.mind.hear(said_of(entry, exchange.now_us), exchange.now_us), _known)

    def _returned(self, item: items.FunctionCallOutput, function: str) -> None:
        exchange = self._exchange
        exchange.report(
            FunctionReturned(
                at_us=exchange.now_us, side=exchange.side, call_id=item.call_id, output=item.output
            )
        )
        exchange.mind.take_result(item.call_id, function, item.output)

    def _truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        exchange = self._exchange
        entry = exchange.conversation.get(item_id, "truncate")
        is_audio = entry.document.get("role") == "assistant" and entry.format is not None
        if not is_audio or content_index != 0:
            message = "Only model output audio messages can be truncated."
            raise ClientError("invalid_value", message, "content_index" if is_audio else "item_id")
        length_ms = -(-entry.audio_us // 1000)
        if audio_end_ms > length_ms:
            message = f"Audio content of {length_ms}ms is already shorter than {audio_end_ms}ms"
            raise ClientError("invalid_value", message, "audio_end_ms")
        entry.cut(audio_end_ms * 1000, forgets_transcript=exchange.policy.forgets_truncated_transcript)
        exchange.both_quiet.from_now(exchange.now_us)
        heard_us = audio_end_ms * 1000
        exchange.report(
            AgentTruncated(at_us=exchange.now_us, side=exchange.side, item_id=item_id, heard_us=heard_us)
        )
        exchange.send(wire.item_truncated(item_id, content_index, audio_end_ms))


def _known(transcript: Transcript) -> None:
    """What the client itself made an item of is not transcribed for it."""
    del transcript


def _length(lifetime_us: int) -> str:
    unit_us, word = (MINUTE_US, "minute") if lifetime_us % MINUTE_US == 0 else (SECOND_US, "second")
    count = lifetime_us // unit_us if lifetime_us % unit_us == 0 else lifetime_us / unit_us
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
