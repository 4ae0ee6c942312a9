"""The default conversation: items in order, each found by its id."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from turnspec.adapters.realtime.server.policy import OPENAI, Policy
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.call import AudioFormat

ROOT = "root"


@dataclass(slots=True)
class Entry:
    """One item: its document without audio, and its audio apart."""

    document: dict[str, Any]
    audio: bytearray = field(default_factory=bytearray, repr=False)
    format: AudioFormat | None = None

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.document["id"])

    @property
    def audio_us(self) -> int:
        """How long its audio is."""
        return self.format.duration_us(len(self.audio)) if self.format else 0

    def cut(self, audio_us: int, *, forgets_transcript: bool) -> None:
        """Keep the audio up to `audio_us`; its transcript would say more than was heard, so it may go."""
        assert self.format is not None
        del self.audio[self.format.size_of(audio_us) :]
        if forgets_transcript:
            content = [dict(part) for part in self.document["content"]]
            for part in content:
                part.pop("transcript", None)
            self.document["content"] = content

    def with_audio(self) -> dict[str, Any]:
        """The document with the audio bytes in its first audio part, for `retrieved`."""
        content = [dict(part) for part in self.document.get("content", ())]
        heard = [part for part in content if part["type"].endswith("_audio")]
        if not self.audio or not heard:  # an item in progress has no parts yet
            return self.document
        heard[0]["audio"] = base64.b64encode(self.audio).decode("ascii")
        return {**self.document, "content": content}


class Conversation:
    """Items in order; every id is used once."""

    def __init__(self, policy: Policy = OPENAI) -> None:
        self._policy = policy
        self._entries: dict[str, Entry] = {}
        self._order: list[str] = []
        self._reserved: set[str] = set()

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._entries or item_id in self._reserved

    def holds(self, entry: Entry) -> bool:
        """Whether this very item is in it."""
        return self._entries.get(entry.id) is entry

    def reserve(self, item_id: str) -> None:
        """Keep an id that was announced for the item to come."""
        self._reserved.add(item_id)

    def release(self, item_id: str) -> None:
        """Let the id go: its item comes now, or never."""
        self._reserved.discard(item_id)

    @property
    def entries(self) -> list[Entry]:
        """All items, in order."""
        return [self._entries[item_id] for item_id in self._order]

    @property
    def last_id(self) -> str | None:
        """The id of the last item; None in an empty conversation."""
        return self._order[-1] if self._order else None

    def add(self, entry: Entry, previous_item_id: str | None = None) -> str | None:
        """Insert after `previous_item_id` (None: at the end); answers the id before it.

        Raises:
            ClientError: The id is taken, or there is no such item before.
        """
        if entry.id in self:
            message = f"Error adding item: an item with id '{entry.id}' already exists in the conversation."
            raise ClientError("item_create_duplicate_item_id", message, "item.id")
        place = self._place_after(previous_item_id)
        self._entries[entry.id] = entry
        self._order.insert(place, entry.id)
        return self._order[place - 1] if place else None

    def get(self, item_id: str, verb: str) -> Entry:
        """The item of this id; `verb` names what was to be done with it.

        Raises:
            ClientError: There is none.
        """
        entry = self._entries.get(item_id)
        if entry is None:
            doing = "truncating" if verb == "truncate" else f"{verb[:-1]}ing"
            message = f"Error {doing} item: the item with id '{item_id}' does not exist."
            raise ClientError(f"item_{verb}_invalid_item_id", message, "item_id")
        return entry

    def remove(self, item_id: str) -> None:
        """Take an item out.

        Raises:
            ClientError: There is none.
        """
        self.get(item_id, "delete")
        del self._entries[item_id]
        self._order.remove(item_id)

    def function_of(self, call_id: str) -> str:
        """The name of the function that a call in this conversation called.

        Raises:
            ClientError: No call has this id.
        """
        for entry in self._entries.values():
            document = entry.document
            if document["type"] == "function_call" and document["call_id"] == call_id:
                return str(document["name"])
        message = f"Tool call ID '{call_id}' not found in conversation."
        raise ClientError(self._policy.unknown_call_code, message, "item.call_id")

    def _place_after(self, previous_item_id: str | None) -> int:
        if previous_item_id is None:
            return len(self._order)
        if previous_item_id == ROOT:
            return 0
        if previous_item_id not in self._entries:
            message = f"Error adding item: the item with id '{previous_item_id}' does not exist."
            raise ClientError(self._policy.unknown_place_code, message, "previous_item_id")
        return self._order.index(previous_item_id) + 1
