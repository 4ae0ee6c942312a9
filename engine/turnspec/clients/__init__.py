"""The imperative Python API: clients that call agents, a local model to connect to, whole runs."""

from turnspec.clients.clock import run_virtually
from turnspec.clients.phone import Phone
from turnspec.clients.realtime import LocalRealtimeServer, ServedCall, WrongScript, local_realtime
from turnspec.clients.scenarios import run_scenarios
from turnspec.clients.told import CallOver, NoReply, Recording, Reply
from turnspec.clients.twilio import MockTwilioClient

__all__ = [
    "CallOver",
    "LocalRealtimeServer",
    "MockTwilioClient",
    "NoReply",
    "Phone",
    "Recording",
    "Reply",
    "ServedCall",
    "WrongScript",
    "local_realtime",
    "run_scenarios",
    "run_virtually",
]
