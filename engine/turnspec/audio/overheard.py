"""What libraries below Python print of their own accord, such as ALSA: kept off the terminal, but at hand."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STANDARD_ERROR: Final = 2
MOST_LINES: Final = 5
log = logging.getLogger(__name__)
_one_at_a_time = threading.RLock()  # there is one standard error


class Overheard:
    """What was printed meanwhile; there are lines once the block is over."""

    def __init__(self) -> None:
        self.lines: tuple[str, ...] = ()

    @property
    def last(self) -> tuple[str, ...]:
        """The last lines, which tell most of why something failed."""
        return self.lines[-MOST_LINES:]


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Catch what is written to standard error, whoever writes it; it goes to the debug log."""
    found = Overheard()
    with _one_at_a_time, tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        before = os.dup(STANDARD_ERROR)
        os.dup2(file.fileno(), STANDARD_ERROR)
        try:
            yield found
        finally:
            sys.stderr.flush()
            os.dup2(before, STANDARD_ERROR)
            os.close(before)
            file.seek(0)
            found.lines = tuple(filter(None, file.read().decode(errors="replace").splitlines()))
    for line in found.lines:
        log.debug("%s", line)
