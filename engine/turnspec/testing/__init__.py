"""Public fakes for tests of adapters, of the engine, and of what is built on them."""

from turnspec.testing.recognition import ScriptedTranscriber
from turnspec.testing.script import (
    Digit,
    Expect,
    Fails,
    Flush,
    FunctionOutput,
    HangUp,
    Mark,
    Message,
    ReplyRequest,
    ScriptMismatch,
    Send,
    Speech,
    Step,
    Text,
)
from turnspec.testing.scripted import EVERYTHING, ScriptedAdapter, ScriptedCall
from turnspec.testing.tones import ToneSynthesizer
from turnspec.testing.witness import Frame, RecordingWitness

__all__ = [
    "EVERYTHING",
    "Digit",
    "Expect",
    "Fails",
    "Flush",
    "Frame",
    "FunctionOutput",
    "HangUp",
    "Mark",
    "Message",
    "RecordingWitness",
    "ReplyRequest",
    "ScriptMismatch",
    "ScriptedAdapter",
    "ScriptedCall",
    "ScriptedTranscriber",
    "Send",
    "Speech",
    "Step",
    "Text",
    "ToneSynthesizer",
]
