"""What a target prints: the last lines of it, for the report."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable

KEPT_LINES = 200
# A line without an end is cut here, so that no output can fill the memory.
LONGEST_LINE = 8_192


class KeptOutput:
    """The last lines that a target printed, masked before they are kept."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._partial = ""
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._watchers: list[Callable[[str], None]] = []

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Take what was printed; `final`: nothing more comes."""
        *lines, self._partial = (self._partial + self._decode(data, final)).split("\n")
        for line in lines:
            self._keep(line)
        if self._partial and (final or len(self._partial) > LONGEST_LINE):
            self._keep(self._partial)
            self._partial = ""

    def _keep(self, line: str) -> None:
        masked = self._mask(line.rstrip("\r"))[:LONGEST_LINE]
        self._lines.append(masked)
        for watcher in self._watchers:
            watcher(masked)

    def watch(self, watcher: Callable[[str], None]) -> None:
        """Hand every line to `watcher`, those that are there already first."""
        for line in self._lines:
            watcher(line)
        self._watchers.append(watcher)

    def lines(self) -> tuple[str, ...]:
        """What is kept, one that has not ended yet included."""
        unfinished = [self._mask(self._partial)] if self._partial else []
        return (*self._lines, *unfinished)[-KEPT_LINES:]
