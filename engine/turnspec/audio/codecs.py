"""Wire bytes to samples and back: G.711 by table, linear 16-bit by view.

The tables follow ITU-T G.711 (mu-law over 14-bit, A-law over 13-bit magnitudes, sign and segment bits
inverted as there). One table look-up a sample: about a microsecond for a 20 ms telephone frame.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from turnspec.audio.samples import Samples
from turnspec.call.formats import AudioFormat, Encoding

# Looking a member up on its enum costs as much as converting a frame.
_PCM16, _MULAW = Encoding.PCM16, Encoding.MULAW

_ALL_SAMPLES: Final = 1 << 16
_MULAW_BIAS: Final = 33
_MULAW_MOST: Final = 8191
_ALAW_MOST: Final = 4095


def decode(data: bytes, format: AudioFormat) -> Samples:  # noqa: A002 - the word every caller uses
    """The samples that `data` carries; the rate stays as it is.

    Raises:
        ValueError: 16-bit audio with half a sample at its end.
    """
    encoding = format.encoding
    if encoding is _PCM16:
        return _from_linear(data)
    table = mulaw_decoding() if encoding is _MULAW else alaw_decoding()
    return table.take(np.frombuffer(data, np.uint8))


def encode(samples: Samples, format: AudioFormat) -> bytes:  # noqa: A002 - the word every caller uses
    """The bytes that carry `samples`, which are at the format's rate already."""
    encoding = format.encoding
    if encoding is _PCM16:
        return samples.astype("<i2", copy=False).tobytes()
    table = mulaw_encoding() if encoding is _MULAW else alaw_encoding()
    return table.take(samples.view(np.uint16)).tobytes()


def silence_byte(format: AudioFormat) -> int:  # noqa: A002 - the word every caller uses
    """The byte that, repeated, is silence in this format (A-law's quietest code is +8, not 0)."""
    return {Encoding.PCM16: 0x00, Encoding.MULAW: 0xFF, Encoding.ALAW: 0xD5}[format.encoding]


@cache
def mulaw_decoding() -> NDArray[np.int16]:
    """The sample of each of the 256 mu-law codes."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@cache
def alaw_decoding() -> NDArray[np.int16]:
    """The sample of each of the 256 A-law codes."""
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    step = (code & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@cache
def mulaw_encoding() -> NDArray[np.uint8]:
    """The mu-law code of each 16-bit sample, by the sample's unsigned value."""
    magnitude = np.arange(_MULAW_MOST + 1)
    segment = _bits_above(magnitude, 6)
    code = ((segment << 4) | ((magnitude >> (segment + 1)) & 0x0F)).astype(np.uint8)
    value = _every_sample() >> 2
    signs = np.where(value < 0, 0x7F, 0xFF).astype(np.uint8)
    return np.asarray(code.take(np.minimum(np.abs(value) + _MULAW_BIAS, _MULAW_MOST)) ^ signs, np.uint8)


@cache
def alaw_encoding() -> NDArray[np.uint8]:
    """The A-law code of each 16-bit sample, by the sample's unsigned value."""
    magnitude = np.arange(_ALAW_MOST + 1)
    segment = _bits_above(magnitude, 5)
    code = ((segment << 4) | ((magnitude >> np.maximum(segment, 1)) & 0x0F)).astype(np.uint8)
    value = _every_sample() >> 3
    signs = np.where(value < 0, 0x55, 0xD5).astype(np.uint8)
    return np.asarray(code.take(np.minimum(np.where(value < 0, ~value, value), _ALAW_MOST)) ^ signs, np.uint8)


def _from_linear(data: bytes) -> Samples:
    if len(data) % 2:
        raise ValueError(f"16-bit audio of {len(data)} bytes ends in half a sample; send whole samples")
    return np.frombuffer(data, "<i2").astype(np.int16, copy=False)


def _every_sample() -> NDArray[np.int32]:
    return np.arange(_ALL_SAMPLES, dtype=np.uint16).view(np.int16).astype(np.int32)


def _bits_above(magnitude: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """How many bits a magnitude needs beyond `bits`: its G.711 segment."""
    return np.asarray(np.sum([magnitude >= 1 << bits + extra for extra in range(7)], axis=0), np.int64)
