"""Printing to somebody who may stop reading: `turnspec run | head` still writes its reports."""

from __future__ import annotations

import os
from typing import Any, TextIO, cast


class _Outlasting:
    """A stream that goes on into nothing once its reader is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, as long as somebody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        """Flush, as long as somebody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._let_go()

    def _let_go(self) -> None:
        # What is still in the stream's buffer would be tried again, and complained about at the very end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def outlasting(stream: TextIO) -> TextIO:
    """The stream, whose reader may go."""
    return cast(TextIO, _Outlasting(stream))
