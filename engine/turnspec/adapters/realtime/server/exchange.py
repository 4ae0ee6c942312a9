"""What the parts of one connection share: who answers, what was agreed and said, and what goes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from turnspec.adapters.base import Witness
from turnspec.adapters.realtime.server.awaiting import Awaiting
from turnspec.adapters.realtime.server.conversation import Conversation
from turnspec.adapters.realtime.server.identify import Ids
from turnspec.adapters.realtime.server.mind import Mind, Transcript
from turnspec.adapters.realtime.server.outputs import Close, Output, Send
from turnspec.adapters.realtime.server.policy import Policy
from turnspec.adapters.realtime.server.quiet import Quiet
from turnspec.adapters.realtime.wire.dialect import Dialect
from turnspec.adapters.realtime.wire.effective import Session
from turnspec.adapters.realtime.wire.server_events import Document
from turnspec.call.events import Event, Side

STAMP: Final = "event_id"


@dataclass(slots=True)
class Exchange:
    """The state of one connection that more than one of its parts needs.

    `both_quiet` counts while neither side says anything, `unprompted` since the model was last heard.
    """

    mind: Mind
    witness: Witness
    side: Side
    policy: Policy
    dialect: Dialect
    ids: Ids
    session: Session
    conversation: Conversation
    conversation_id: str
    both_quiet: Quiet
    unprompted: Quiet
    outbox: list[Output]
    awaiting: Awaiting = field(default_factory=Awaiting)
    now_us: int = 0
    is_over: bool = False

    def send(self, document: Document) -> None:
        """Send an event, in the words of the client's dialect, if that has any for it."""
        spoken = self.dialect.spoken(document)
        if spoken is not None:
            kind = spoken.pop("type")
            stamped = {"type": kind, STAMP: self.ids.next("event"), **spoken}
            self.outbox.append(Send(json.dumps(stamped, ensure_ascii=False, separators=(",", ":"))))

    def send_all(self, documents: Iterable[Document]) -> None:
        """Send events in order."""
        for document in documents:
            self.send(document)

    def close(self, code: int, reason: str = "") -> None:
        """End the connection."""
        self.is_over = True
        self.outbox.append(Close(code, reason))

    def taken(self) -> list[Output]:
        """What is to be sent, once."""
        outbox, self.outbox = self.outbox, []
        return outbox

    def item_id(self) -> str:
        """An id for an item to come, which the client has not taken."""
        while (item_id := self.ids.next("item")) in self.conversation:
            pass
        return item_id

    def understand(self, transcript: Transcript, act: Callable[[Transcript], None]) -> None:
        """Do something with a transcript, now or once it is made out."""
        making = transcript.making
        if making is None:
            self.awaiting.then(partial(act, transcript))
            return

        def found() -> bool:
            made = making(self.now_us)
            if made is not None:
                act(made)
            return made is not None

        self.awaiting.look(found, self.now_us)

    def report(self, event: Event) -> None:
        """Tell the witness."""
        self.witness.happened(event)
