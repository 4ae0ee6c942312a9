"""The imperative Python API: clients that call agents, a local model to connect to, whole runs."""

from turnspec.clients.audiocodes import MockAudioCodesClient
from turnspec.clients.clock import run_virtually
from turnspec.clients.local import (
    LocalAudioCodesBot,
    LocalRealtimeServer,
    LocalTwilioBot,
    ServedCall,
    local_audiocodes_bot,
    local_realtime,
    local_twilio_bot,
)
from turnspec.clients.phone import Phone
from turnspec.clients.scenarios import run_scenarios
from turnspec.clients.told import CallOver, NoReply, Recording, Reply
from turnspec.clients.twilio import MockTwilioClient
from turnspec.run.scripts import WrongScript

__all__ = [
    "CallOver",
    "LocalAudioCodesBot",
    "LocalRealtimeServer",
    "LocalTwilioBot",
    "MockAudioCodesClient",
    "MockTwilioClient",
    "NoReply",
    "Phone",
    "Recording",
    "Reply",
    "ServedCall",
    "WrongScript",
    "local_audiocodes_bot",
    "local_realtime",
    "local_twilio_bot",
    "run_scenarios",
    "run_virtually",
]
