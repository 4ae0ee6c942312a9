"""How one bot writes its media frames, learned from one of them."""

from __future__ import annotations

from binascii import a2b_base64
from typing import Final

from turnspec.adapters.twilio.excerpts import elided
from turnspec.adapters.twilio.wire import FILE_HEADERS, LARGE_MESSAGE, base64

_UNMISTAKABLE: Final = 80  # longer than any name or id in a frame


class Spelling:
    """How one bot writes its `media`: all but the audio is the same in each, so it is understood once.

    What begins and ends as a frame that had no fault, with nothing but base64 between, says the same of
    other audio.
    """

    __slots__ = ("_from", "_head", "_less", "_shown", "_tail")

    def __init__(self, head: str, tail: str) -> None:
        self._head, self._tail = head, tail
        self._from, self._less = len(head), len(head) + len(tail)
        self._shown: dict[int, str] = {}

    @classmethod
    def of(cls, frame: str | bytes, payload: bytes) -> Spelling | None:
        """How `frame` is written, which carries `payload` and had no fault; None if that cannot be told."""
        written = f'"{base64(payload)}"'
        if not isinstance(frame, str) or len(written) < _UNMISTAKABLE or frame.count(written) != 1:
            return None
        head, tail = frame.split(written)
        spelling = cls(f'{head}"', f'"{tail}')
        return spelling if elided(frame) == spelling.shown(frame) else None

    def payload(self, frame: str | bytes) -> bytes | None:
        """The audio of a frame that is written so, and has no fault; None: look at it closely."""
        if not isinstance(frame, str) or not frame.startswith(self._head) or not frame.endswith(self._tail):
            return None
        if not self._less < len(frame) <= LARGE_MESSAGE:
            return None
        try:
            payload = a2b_base64(frame[self._from : self._from - self._less], strict_mode=True)
        except ValueError:
            return None
        return payload if payload[:4] not in FILE_HEADERS else None

    def shown(self, frame: str) -> str:
        """A frame that is written so, for the wire log."""
        size = len(frame) - self._less
        if size not in self._shown:
            self._shown[size] = f"{self._head}<{size} base64 characters>{self._tail}"
        return self._shown[size]
