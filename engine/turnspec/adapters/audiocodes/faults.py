"""The messages of the Bot API, by name, for those who spoil them."""

from __future__ import annotations

import json
from typing import Final

from turnspec.adapters.audiocodes.shapes import FROM_BOT, FROM_PLATFORM
from turnspec.adapters.faults import Dialect
from turnspec.call import Messages


def _error(code: str) -> str:
    return json.dumps({"type": "session.error", "reason": code})


DIALECT: Final = Dialect(
    protocol="audiocodes",
    key="type",
    caller=frozenset(FROM_PLATFORM),
    agent=frozenset(FROM_BOT),
    audio={"userStream.chunk": ("audioChunk",), "playStream.chunk": ("audioChunk",)},
    error=_error,
)
# What a bot answers to the platform, and what it makes of the caller's audio, says nothing of what it does.
MESSAGES: Final = Messages(
    audio=frozenset({"playStream.chunk"}),
    housekeeping=frozenset(
        {
            "connection.validated",
            "session.accepted",
            "userStream.started",
            "userStream.stopped",
            "userStream.speech.started",
            "userStream.speech.stopped",
            "userStream.speech.committed",
            "userStream.speech.hypothesis",
            "userStream.speech.recognition",
            "playStream.mark.set",
        }
    ),
    parts="activities",
)
