"""A tape that keeps telephone audio as it came until somebody wants to hear it."""

from __future__ import annotations

from turnspec.audio.codecs import decode
from turnspec.audio.samples import Samples, Tape
from turnspec.call.formats import AudioFormat, Encoding

MULAW_ZEROS = b"\xff\x7f"  # both zeros of G.711 mu-law are digital silence


class CodedTape:
    """As `Tape`, written at its end or beyond. Converting many frames at once costs little more than one."""

    def __init__(self) -> None:
        self._tape = Tape()
        self._coded: list[bytes] = []  # in one format, each from where the one before ends
        self._format: AudioFormat | None = None
        self._coded_from = 0
        self._length = 0
        self.sounds_until = 0
        """From this position on everything so far is digital silence."""

    def __len__(self) -> int:
        return self._length

    def put(self, position: int, samples: Samples) -> None:
        """Write samples."""
        self._convert()
        self._tape.put(position, samples)
        self._length = self.sounds_until = position + len(samples)

    def put_coded(self, position: int, data: bytes, format_: AudioFormat) -> int:
        """Write the samples that G.711 bytes carry; returns how many."""
        if format_ is not self._format or position != self._length:
            self._convert()
            self._format, self._coded_from = format_, position
        self._coded.append(data)
        self._length = position + len(data)
        if format_.encoding is not Encoding.MULAW or data.strip(MULAW_ZEROS):
            self.sounds_until = self._length
        return len(data)

    def cut(self, position: int) -> None:
        """Forget everything from `position` on."""
        self._convert()
        self._tape.cut(position)
        self._length = min(self._length, position)
        self.sounds_until = min(self.sounds_until, position)

    def read(self, start: int, end: int) -> Samples:
        """A copy of the samples from `start` to `end`, silence where the tape is blank."""
        self._convert()
        return self._tape.read(start, end)

    def _convert(self) -> None:
        if self._coded and self._format is not None:
            self._tape.put(self._coded_from, decode(b"".join(self._coded), self._format))
            self._coded.clear()
            self._format = None
