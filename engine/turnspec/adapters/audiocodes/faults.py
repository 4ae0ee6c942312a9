"""The messages of the Bot API, by name, for those who spoil them."""

from __future__ import annotations

import json
from typing import Final

from turnspec.adapters.audiocodes.shapes import FROM_BOT, FROM_PLATFORM
from turnspec.adapters.faults import Dialect


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
