"""Whole recordings read side by side: a track for each channel, silent or not, cut off or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.files import AudioFileError
from turnspec.audio.resample import StreamResampler
from turnspec.audio.samples import Samples, joined, track_of
from turnspec.call.evidence import Track

FULL_SCALE: Final = 32_768
MOST_CHANNELS: Final = 2
ENOUGH_HZ: Final = 24_000
"""What is recorded at more is brought to `SPOKEN_HZ`: speech has nothing above, and hours of it fit."""
SPOKEN_HZ: Final = 16_000
LONGEST_S: Final = 6 * 3_600
UNKNOWN_BYTES: Final = 0x7FFFFF00  # what programs that stream write for a length, or more


@dataclass(frozen=True, slots=True)
class Recorded:
    """The channels of a file; `cut` where it ends before what its header says."""

    tracks: tuple[Track, ...]
    cut: bool = False


def read_tracks(path: Path) -> Recorded:
    """Every channel of a file of at most two, up to where it can be read.

    Raises:
        AudioFileError: No such file, no audio, nothing in it, more channels, or hours of it.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.channels > MOST_CHANNELS:
                raise AudioFileError(
                    path, f"has {file.channels} channels", "export two: the caller and the agent"
                )
            if file.frames > LONGEST_S * file.samplerate:
                raise AudioFileError(path, "is longer than six hours", "cut it into conversations")
            return _read(path, file)
    except soundfile.SoundFileError as error:
        raise AudioFileError(path, _why_not(path), "name a WAV, FLAC, Ogg or MP3 file") from error


def _why_not(path: Path) -> str:
    """Why a file cannot be read, of which libsndfile says little."""
    if not path.is_file():
        no_file = "is a folder" if path.is_dir() else "is no file"
        return no_file if path.exists() else "does not exist"
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "is not audio that can be read"


def _read(path: Path, file: object) -> Recorded:
    import soundfile

    assert isinstance(file, soundfile.SoundFile)
    rate_hz, channels = file.samplerate, file.channels
    wanted_hz = rate_hz if rate_hz <= ENOUGH_HZ else SPOKEN_HZ
    through = [StreamResampler(rate_hz, wanted_hz) for _ in range(channels)] if wanted_hz != rate_hz else []
    parts: list[list[Samples]] = [[] for _ in range(channels)]
    frames, cut = 0, False
    while True:
        try:
            # Floats, because libsndfile does not scale float files that are read as integers.
            sound = file.read(rate_hz, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:  # the file is cut off: what came before counts
            cut = True
            break
        if not len(sound):
            break
        frames += len(sound)
        for channel in range(channels):
            samples = _integers(sound[:, channel])
            parts[channel].append(through[channel].feed(samples) if through else samples)
    for channel, resampler in enumerate(through):
        parts[channel].append(resampler.finish())
    if not frames:
        raise AudioFileError(path, "holds no sound", "record or export it again")
    tracks = tuple(track_of(joined(part), wanted_hz) for part in parts)
    return Recorded(tracks, cut or frames < file.frames or _lacks_data(file.extra_info))


def _lacks_data(told: str) -> bool:
    """Whether a WAV's header counts more than there is; one that was streamed says that it does not know."""
    found = re.search(r"^data : (\d+) \(should be (\d+)\)", told, re.MULTILINE)
    return found is not None and int(found[2]) < int(found[1]) < UNKNOWN_BYTES


def _integers(sound: NDArray[np.float32]) -> Samples:
    whole = np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint(whole * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
