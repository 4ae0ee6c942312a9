"""The server's side of the Realtime API as a state machine without sockets."""

from turnspec.adapters.realtime.server.connection import BEGAN_AT, RealtimeServer
from turnspec.adapters.realtime.server.handshake import (
    PATHS,
    SUBPROTOCOL,
    Admitted,
    Handshake,
    Refused,
    admitted,
    key_refused,
)
from turnspec.adapters.realtime.server.mind import Answer, Ask, Call, Mind, Said, Transcript
from turnspec.adapters.realtime.server.outputs import Close, Output, Send
from turnspec.adapters.realtime.server.policy import OPENAI, Policy
from turnspec.adapters.realtime.server.secrets import Keys

__all__ = [
    "BEGAN_AT",
    "OPENAI",
    "PATHS",
    "SUBPROTOCOL",
    "Admitted",
    "Answer",
    "Ask",
    "Call",
    "Close",
    "Handshake",
    "Keys",
    "Mind",
    "Output",
    "Policy",
    "RealtimeServer",
    "Refused",
    "Said",
    "Send",
    "Transcript",
    "admitted",
    "key_refused",
]
