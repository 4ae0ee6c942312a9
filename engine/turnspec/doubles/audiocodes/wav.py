"""The header with which a `wav/` stream begins; its lengths are left open, as of any live recording."""

from __future__ import annotations

import struct
from typing import Final

from turnspec.call.formats import AudioFormat, Encoding

OPEN: Final = 0xFFFFFFFF
TAGS: Final = {Encoding.PCM16: 1, Encoding.ALAW: 6, Encoding.MULAW: 7}
RIFF_LENGTH: Final = 12
CHUNK_LENGTH: Final = 8


def wav_header(format: AudioFormat) -> bytes:  # noqa: A002 - the word every caller uses
    """What comes before the audio."""
    width = format.sample_bytes
    facts = (TAGS[format.encoding], 1, format.rate_hz, format.rate_hz * width, width, 8 * width)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", OPEN, b"WAVE", b"fmt ", 16, *facts, b"data", OPEN)


def without_header(data: bytes) -> bytes:
    """The audio after the header, if there is one."""
    if data[:4] != b"RIFF" or data[8:RIFF_LENGTH] != b"WAVE":
        return data
    at = RIFF_LENGTH
    while at + CHUNK_LENGTH <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        at += CHUNK_LENGTH
        if name == b"data":
            return data[at:]
        at += length + length % 2
    return b""
