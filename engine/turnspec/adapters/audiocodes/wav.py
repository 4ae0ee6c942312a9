"""The header of a WAV file, as far as telephone audio needs it; files may still be arriving."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from turnspec.call import AudioFormat, Encoding

LONGEST_HEADER: Final = 65_536
RATES_HZ: Final = range(4_000, 192_001)
_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_ENCODINGS: Final = {
    (_PCM, 16): Encoding.PCM16,
    (_ALAW, 8): Encoding.ALAW,
    (_MULAW, 8): Encoding.MULAW,
}
_UNKNOWN_SIZE: Final = 0xFFFFFFFF  # of a file that has no end yet


class WavError(ValueError):
    """The file is none that can be played, and why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says; the audio begins at `size` and has `length` bytes, or as many as come."""

    format: AudioFormat
    size: int
    length: int


def is_wav(data: bytes) -> bool:
    """Whether this is how a WAV file begins."""
    return data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"")


def read_header(data: bytes) -> Header | None:
    """The header at the beginning of `data`; None: it has not all arrived.

    Raises:
        WavError: It is no WAV file, or its audio is not mono 16-bit PCM, mu-law or A-law.
    """
    if len(data) < 12:
        return None
    if not is_wav(data):
        raise WavError("it does not begin as a WAV file does")
    place, found = 12, None
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        if name == b"data":
            if found is None:
                raise WavError("its audio comes before its format")
            return Header(found, place + 8, length)
        if name == b"fmt ":
            if place + 8 + max(16, length) > len(data):
                break
            found = _format(data[place + 8 : place + 8 + length])
        place += 8 + length + length % 2
    if len(data) > LONGEST_HEADER:
        raise WavError(f"there is no audio in its first {LONGEST_HEADER} bytes")
    return None


def _format(chunk: bytes) -> AudioFormat:
    if len(chunk) < 16:
        raise WavError("its format is cut short")
    code, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if code == _EXTENSIBLE and len(chunk) >= 26:
        (code,) = struct.unpack_from("<H", chunk, 24)
    encoding = _ENCODINGS.get((code, bits))
    if encoding is None or channels != 1 or rate_hz not in RATES_HZ:
        raise WavError(
            f"it has {channels} channels of {bits} bits at {rate_hz} Hz in format {code}; "
            "mono 16-bit PCM, mu-law or A-law can be played"
        )
    return AudioFormat(encoding, rate_hz)


def streamed_header(audio: AudioFormat) -> bytes:
    """The header of a file whose length nobody knows yet."""
    code, bits = (_PCM, 16) if audio.encoding is Encoding.PCM16 else (_MULAW, 8)
    rate_hz, width = audio.rate_hz, audio.sample_bytes
    chunk = struct.pack("<HHIIHH", code, 1, rate_hz, rate_hz * width, width, bits)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE"),
            struct.pack("<4sI", b"fmt ", len(chunk)) + chunk,
            struct.pack("<4sI", b"data", _UNKNOWN_SIZE),
        )
    )
