"""A recording that is written while it is made: whole after every append, whoever dies."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np

from turnspec.audio.samples import Samples

HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
WIDTH: Final = 2  # bytes a sample
MOST_BYTES: Final = (1 << 32) - 1 - HEADER.size  # what the header can say


class GrowingWav:
    """A WAV file of one or two channels.

    The sound is written before the header that counts it: a reader finds a whole file up to the last
    append, and nothing half written in it.

    Raises:
        OSError: The file cannot be written; what was appended before stays as it is.
    """

    def __init__(self, path: Path, rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self._channels = channels
        self._bytes = 0
        self._file = path.open("wb", buffering=0)
        self._put(0, self._header())

    def append(self, *tracks: Samples) -> None:
        """Add one array a channel, all of one length."""
        frames = np.empty((len(tracks[0]), self._channels), "<i2")
        for column, samples in enumerate(tracks):
            frames[:, column] = samples
        data = frames.tobytes()
        if self._bytes + len(data) > MOST_BYTES:
            raise OSError("a WAV file cannot be longer than 4 GiB")
        self._put(HEADER.size + self._bytes, data)
        self._bytes += len(data)
        self._put(0, self._header())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, position: int, data: bytes) -> None:
        self._file.seek(position)
        left = memoryview(data)
        while left:  # a disk that is nearly full takes a part, and refuses the next
            left = left[self._file.write(left) :]

    def _header(self) -> bytes:
        frame = WIDTH * self._channels
        return HEADER.pack(
            b"RIFF",
            HEADER.size - 8 + self._bytes,
            b"WAVE",
            b"fmt ",
            16,
            1,  # PCM
            self._channels,
            self._rate_hz,
            self._rate_hz * frame,
            frame,
            8 * WIDTH,
            b"data",
            self._bytes,
        )
