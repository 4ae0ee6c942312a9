"""Recordings in a form that every browser plays."""

from __future__ import annotations

from pathlib import Path

from turnspec.audio.files import mp3_bytes
from turnspec.call.evidence import Track


def mp3_of(recording: Path) -> bytes:
    """A kept recording (one or two channels) as an MP3 file."""
    import soundfile  # imported where used: most runs embed nothing

    sound, rate_hz = soundfile.read(recording, dtype="int16", always_2d=True)
    tracks = [Track(rate_hz, sound[:, channel].astype("<i2").tobytes()) for channel in range(sound.shape[1])]
    return mp3_bytes(*tracks[:2])
