"""The server's side of the Realtime API (GA) as a state machine without sockets."""

from turnspec.adapters.realtime.server.connection import RealtimeServer
from turnspec.adapters.realtime.server.handshake import PATH, SUBPROTOCOL, Refused, admitted
from turnspec.adapters.realtime.server.mind import Answer, Ask, Call, Mind, Said
from turnspec.adapters.realtime.server.outputs import Close, Output, Send

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
