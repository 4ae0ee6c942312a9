"""How a double that is served alone tells of its connections; a call of a run has a record instead."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from turnspec.adapters.base import Witness


class Watcher(Protocol):
    """Who wants to know of each connection; a double with a watcher outlives what one of them fails with."""

    def refused(self, reason: str, code: int) -> None:
        """A connection was declined with an HTTP status or a close code, before it had a witness."""
        ...

    def ended(self, witness: Witness, error: Exception | None) -> None:
        """The connection of this witness is over; `error` is what nobody foresaw."""
        ...


def ended_at_once(witness: Witness, watcher: Watcher | None) -> None:
    """Tell the watcher, if there is one, that a connection is over before anything was said on it."""
    if watcher is not None:
        watcher.ended(witness, None)


async def watched(talk: Awaitable[None], witness: Witness, watcher: Watcher | None) -> bool:
    """Hold a conversation to its end and tell the watcher; whether it came to its end.

    Raises:
        Exception: What the conversation failed with, where nobody watches.
    """
    failed: Exception | None = None
    try:
        await talk
    except Exception as error:
        if watcher is None:
            raise
        failed = error
    finally:
        if watcher is not None:
            watcher.ended(witness, failed)
    return failed is None
