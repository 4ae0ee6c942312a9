"""WebSocket frames in the bytes that an end writes (RFC 6455, section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
FIN: Final = 0x80
MASKED: Final = 0x80
SHORT: Final = 125  # the longest payload whose length fits into the header's second byte


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame as it was written; `payload` is unmasked."""

    first: int  # FIN, reserved bits and opcode
    payload: bytes
    raw: bytes
    mask: bytes | None

    @property
    def opcode(self) -> int:
        """What kind of frame it is."""
        return self.first & 0x0F

    @property
    def message(self) -> str | bytes | None:
        """The message that this frame is the whole of; None if it is none, or only a part."""
        match self.first:
            case 0x81:
                return self.payload.decode()
            case 0x82:
                return self.payload
            case _:
                return None


class Splitter:
    """Cuts what is written into frames, however the writes fall."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The frames that are complete now."""
        self._rest += data
        while (piece := _first(self._rest)) is not None:
            self._rest = self._rest[len(piece.raw) :]
            yield piece


def _first(data: bytes) -> Piece | None:
    if len(data) < 2:
        return None
    first, second = data[0], data[1]
    length, start = second & ~MASKED, 2
    if length > SHORT:
        start += 2 if length == SHORT + 1 else 8
        length = int.from_bytes(data[2:start])
    mask = data[start : start + 4] if second & MASKED else None
    start += 4 if second & MASKED else 0
    if len(data) < start + length:
        return None
    payload = data[start : start + length]
    return Piece(first, payload if mask is None else masked(payload, mask), data[: start + length], mask)


def frame(message: str | bytes, mask: bytes | None) -> bytes:
    """One whole message as one frame, masked if there is a mask, as clients must."""
    opcode, payload = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
    length = len(payload)
    if length <= SHORT:
        size = bytes((length,))
    elif length <= 0xFFFF:
        size = bytes((SHORT + 1,)) + length.to_bytes(2)
    else:
        size = bytes((SHORT + 2,)) + length.to_bytes(8)
    head = bytes((FIN | opcode,))
    if mask is None:
        return head + size + payload
    return head + bytes((size[0] | MASKED,)) + size[1:] + mask + masked(payload, mask)


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload under this mask, which also takes the mask off (RFC 6455, section 5.3)."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(length)
