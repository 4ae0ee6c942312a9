"""The responses of one connection: one of the conversation at a time, any number out of band."""

from __future__ import annotations

from typing import Final

from turnspec.adapters.realtime.server.conversation import Entry
from turnspec.adapters.realtime.server.entries import entry_of, said_of
from turnspec.adapters.realtime.server.exchange import Exchange
from turnspec.adapters.realtime.server.mind import Answer, Ask, Said
from turnspec.adapters.realtime.server.response import Response, Settings, already_active
from turnspec.adapters.realtime.server.settings import functions_of, settings_of
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.client_events import ResponseParams
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.call.events import Side

NORMAL_CLOSURE: Final = 1000
ASKED_FOR: Final = ResponseParams()


class Responses:
    """Those in progress; `spoke`: some audio has left already."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.current: Response | None = None
        self.spoke = False
        self._apart: list[Response] = []
        self._closes_at_us: int | None = None
        self._talks_on_until_us = 0

    @property
    def due_us(self) -> int | None:
        """When `advance` has something to do."""
        times = [response.due_us for response in self._in_progress]
        return min((time for time in (*times, self._closes_at_us) if time is not None), default=None)

    @property
    def busy(self) -> bool:
        """Whether the conversation has a response in progress, or is about to be closed."""
        return self.current is not None or self._closes_at_us is not None

    @property
    def talks_on(self) -> bool:
        """Whether the agent itself is called and will not give way: whoever plays it is told to go on."""
        exchange = self._exchange
        going_on = self.current is not None and not self.current.answer.interruptible
        return exchange.side is Side.AGENT and (going_on or exchange.now_us < self._talks_on_until_us)

    @property
    def _in_progress(self) -> list[Response]:
        return [*([self.current] if self.current else []), *self._apart]

    def advance(self) -> None:
        """Everything that is due by now."""
        now_us = self._exchange.now_us
        for response in self._in_progress:
            self._exchange.send_all(response.advance(now_us))
            if response.due_us is None:
                self._leave(response)
        if self._closes_at_us is not None and self._closes_at_us <= now_us:
            self._closes_at_us = None
            self._exchange.close(NORMAL_CLOSURE)

    # --- beginning ----------------------------------------------------------------------------

    def create(self, params: ResponseParams) -> None:
        """Make the response that is asked for.

        Raises:
            ClientError: The conversation has one already, or something that is asked cannot be.
        """
        apart = params.conversation == "none"
        if self.current is not None and not apart:
            raise already_active(self.current)
        exchange = self._exchange
        settings = settings_of(exchange.session, params)
        functions = functions_of(exchange.session, params)
        ask = Ask(functions, self._context(params, apart=apart), apart)
        self._begin(exchange.mind.respond(ask, exchange.now_us), settings, apart=apart)

    def create_unasked(self) -> None:
        """Answer a turn that the server found."""
        if self.current is None:
            self.create(ASKED_FOR)
        else:  # the caller spoke over a response that is not to be interrupted: nobody's fault
            self._exchange.send(wire.error(already_active(self.current)))

    def say(self, answer: Answer) -> None:
        """Say something that nobody asked for."""
        self._begin(answer, settings_of(self._exchange.session, ASKED_FOR), apart=False)

    def _begin(self, answer: Answer, settings: Settings, *, apart: bool) -> None:
        response = Response(self._exchange, settings, answer, apart=apart)
        if apart:
            self._apart.append(response)
        else:
            self.current = response
        self._exchange.send_all(response.created(self._exchange.now_us))
        self.advance()

    def _context(self, params: ResponseParams, *, apart: bool) -> tuple[Said, ...] | None:
        if params.input is not None:
            entries = [self._input_entry(item, index) for index, item in enumerate(params.input)]
        elif apart:
            entries = self._exchange.conversation.entries
        else:
            return None
        now_us = self._exchange.now_us
        return tuple(said_of(entry, now_us) for entry in entries if entry.document.get("role") == "user")

    def _input_entry(self, item: items.Item | items.ItemReference, index: int) -> Entry:
        exchange = self._exchange
        if not isinstance(item, items.ItemReference):
            return entry_of(item, item.id or exchange.item_id(), exchange.session.input_format)
        for entry in exchange.conversation.entries:
            if entry.id == item.id:
                return entry
        message = f"Item with id '{item.id}' not found in conversation."
        raise ClientError("invalid_value", message, f"response.input[{index}].id")

    # --- ending -------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """The caller speaks: stop what may be stopped."""
        response = self.current
        if response is not None and response.answer.interruptible:
            self._cancel(response, "turn_detected")

    def cancel(self, response_id: str | None) -> None:
        """Stop the response of this id; None: that of the conversation.

        Raises:
            ClientError: It is not in progress.
        """
        for response in self._in_progress:
            if response_id == response.id or (response_id is None and response is self.current):
                self._cancel(response, "client_cancelled")
                return
        raise ClientError("response_cancel_not_active", "Cancellation failed: no active response found")

    def _cancel(self, response: Response, reason: str) -> None:
        self._exchange.send_all(response.cancel(reason, self._exchange.now_us))
        self._leave(response)

    def _leave(self, response: Response) -> None:
        exchange = self._exchange
        self.spoke = self.spoke or response.speaks
        if response.status != "completed":
            exchange.mind.cut_short(response.answer)
        # Whoever cancels a response stops playing it.
        played_us = 0 if response.status == "cancelled" else response.played_us
        exchange.both_quiet.from_now(exchange.now_us, plays_until_us=played_us)
        if response.apart:
            self._apart.remove(response)
        else:
            self.current = None
            exchange.unprompted.from_now(exchange.now_us, plays_until_us=played_us)
        self._talks_on_until_us = 0 if response.answer.interruptible else played_us
        if response.answer.hangs_up and response.status == "completed":
            self._closes_at_us = max(exchange.now_us, response.played_us)
