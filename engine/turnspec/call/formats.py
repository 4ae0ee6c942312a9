"""Audio formats as they cross a wire: encoding and rate, always mono."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MICROSECONDS: Final = 1_000_000


class Encoding(StrEnum):
    """How one sample is written."""

    PCM16 = "pcm16"  # signed 16-bit little-endian
    MULAW = "mulaw"  # G.711 mu-law
    ALAW = "alaw"  # G.711 A-law


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Mono audio of one encoding at one rate (samples per second)."""

    encoding: Encoding
    rate_hz: int

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return 2 if self.encoding is Encoding.PCM16 else 1

    def duration_us(self, size: int) -> int:
        """Microseconds that `size` bytes play, rounded down."""
        return size // self.sample_bytes * MICROSECONDS // self.rate_hz

    def size_of(self, duration_us: int) -> int:
        """Bytes that play for `duration_us`, in whole samples, rounded down."""
        return duration_us * self.rate_hz // MICROSECONDS * self.sample_bytes


MULAW_8K: Final = AudioFormat(Encoding.MULAW, 8_000)
ALAW_8K: Final = AudioFormat(Encoding.ALAW, 8_000)
PCM_8K: Final = AudioFormat(Encoding.PCM16, 8_000)
PCM_16K: Final = AudioFormat(Encoding.PCM16, 16_000)
PCM_24K: Final = AudioFormat(Encoding.PCM16, 24_000)
