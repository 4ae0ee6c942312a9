"""What happens in a call: events, actions, audio formats, capabilities and Evidence."""

from turnspec.call.actions import (
    Action,
    BeginTurn,
    EndTurn,
    HangUp,
    RequestReply,
    SendDigits,
    SendMessage,
    SendText,
    Speak,
    StaySilent,
    WakeAt,
)
from turnspec.call.capability import Capabilities, Capability, Messages, ReplyEnd, Source
from turnspec.call.evidence import Evidence, EvidenceView, Snapshot, Track, read_events
from turnspec.call.formats import ALAW_8K, MULAW_8K, PCM_8K, PCM_16K, PCM_24K, AudioFormat, Encoding
from turnspec.call.ids import Identity
from turnspec.call.record import RecordError, from_document, to_document

__all__ = [
    "ALAW_8K",
    "MULAW_8K",
    "PCM_8K",
    "PCM_16K",
    "PCM_24K",
    "Action",
    "AudioFormat",
    "BeginTurn",
    "Capabilities",
    "Capability",
    "Encoding",
    "EndTurn",
    "Evidence",
    "EvidenceView",
    "HangUp",
    "Identity",
    "Messages",
    "RecordError",
    "ReplyEnd",
    "RequestReply",
    "SendDigits",
    "SendMessage",
    "SendText",
    "Snapshot",
    "Source",
    "Speak",
    "StaySilent",
    "Track",
    "WakeAt",
    "from_document",
    "read_events",
    "to_document",
]
