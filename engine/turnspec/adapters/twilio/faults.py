"""The messages of a media stream, by name, for those who spoil them."""

from __future__ import annotations

from typing import Final

from turnspec.adapters.faults import Dialect
from turnspec.call import Messages

DIALECT: Final = Dialect(
    protocol="twilio",
    key="event",
    caller=frozenset({"connected", "start", "media", "dtmf", "mark", "stop"}),
    agent=frozenset({"media", "mark", "clear"}),
    audio={"media": ("media", "payload")},
)
MESSAGES: Final = Messages(key="event", audio=frozenset({"media"}), housekeeping=frozenset({"mark"}))
