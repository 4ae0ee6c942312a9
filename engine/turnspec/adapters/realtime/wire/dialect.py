"""The dialects of the API: how frames are read and events worded. What they mean is the GA's, always."""

from __future__ import annotations

from typing import Protocol

from turnspec.adapters.realtime.wire.client_events import ClientEvent, decode
from turnspec.adapters.realtime.wire.server_events import Document


class Dialect(Protocol):
    """One client's dialect, for the length of its connection."""

    def understood(self, frame: str | bytes) -> ClientEvent:
        """The event in one frame.

        Raises:
            ClientError: What the server answers instead.
        """
        ...

    def spoken(self, document: Document) -> Document | None:
        """A server's event in this dialect; None: it has no word for it."""
        ...


class Ga:
    """The API as it is."""

    def understood(self, frame: str | bytes) -> ClientEvent:
        """The event in one frame.

        Raises:
            ClientError: What the server answers instead.
        """
        return decode(frame)

    def spoken(self, document: Document) -> Document:
        """The event itself."""
        return dict(document)
