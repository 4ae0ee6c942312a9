"""Recordings in a form that every browser plays."""

from __future__ import annotations

from pathlib import Path

from turnspec.audio.files import AudioFileError, mp3_bytes
from turnspec.audio.tracks import read_tracks


def mp3_of(recording: Path) -> bytes | None:
    """A kept recording (one or two channels) as an MP3 file; None where nothing of it can be read."""
    try:
        recorded = read_tracks(recording)
    except AudioFileError:
        return None
    return mp3_bytes(*recorded.tracks)
