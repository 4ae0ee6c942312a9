"""Sound: codecs, rates, files, edges of speech, the playback clock, recordings, known clips.

Importing this room loads numpy and nothing else that is heavy.
"""

from turnspec.audio.activity import (
    Activity,
    ActivityTracker,
    SpeechBegan,
    SpeechEnded,
)
from turnspec.audio.codecs import decode, encode, silence_byte
from turnspec.audio.edges import RESOLUTION_US, Segment, Speech, refined, speech_segments, voiced_span
from turnspec.audio.files import AudioFileError, load_clip, mp3_bytes, read_audio, write_flac
from turnspec.audio.match import ClipIndex, Match
from turnspec.audio.playback import Flushed, Placement, PlaybackClock
from turnspec.audio.recorder import Recorder
from turnspec.audio.resample import StreamResampler, resample
from turnspec.audio.samples import (
    EMPTY,
    Samples,
    Tape,
    position_at,
    samples_of,
    silence,
    time_of,
    track_of,
)
from turnspec.audio.waveform import peaks

__all__ = [
    "EMPTY",
    "RESOLUTION_US",
    "Activity",
    "ActivityTracker",
    "AudioFileError",
    "ClipIndex",
    "Flushed",
    "Match",
    "Placement",
    "PlaybackClock",
    "Recorder",
    "Samples",
    "Segment",
    "Speech",
    "SpeechBegan",
    "SpeechEnded",
    "StreamResampler",
    "Tape",
    "decode",
    "encode",
    "load_clip",
    "mp3_bytes",
    "peaks",
    "position_at",
    "read_audio",
    "refined",
    "resample",
    "samples_of",
    "silence",
    "silence_byte",
    "speech_segments",
    "time_of",
    "track_of",
    "voiced_span",
    "write_flac",
]
