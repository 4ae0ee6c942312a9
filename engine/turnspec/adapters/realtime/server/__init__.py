"""The server's side of the Realtime API (GA) as a state machine without sockets."""

from turnspec.adapters.realtime.server.connection import Close, Output, RealtimeServer, Send
from turnspec.adapters.realtime.server.handshake import PATH, SUBPROTOCOL, Refused, admitted
from turnspec.adapters.realtime.server.mind import Answer, Ask, Call, Mind, Said

__all__ = [
    "PATH",
    "SUBPROTOCOL",
    "Answer",
    "Ask",
    "Call",
    "Close",
    "Mind",
    "Output",
    "RealtimeServer",
    "Refused",
    "Said",
    "Send",
    "admitted",
]
