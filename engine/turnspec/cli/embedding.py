"""The recordings that a page carries inside."""

from __future__ import annotations

from pathlib import Path

from turnspec.results import CallResult, Outcome


class EmbeddedRecordings:
    """Makes MP3 of the recordings that the page is to carry, and of no others."""

    def __init__(self, folder: Path, which: str) -> None:
        self._folder = folder
        self._which = which

    def __call__(self, call: CallResult) -> bytes | None:
        """The MP3 of a call's recording, or None where the page links to the file."""
        wanted = self._which == "all" or (self._which == "failures" and call.outcome is not Outcome.PASSED)
        if not wanted or call.recording is None:
            return None
        from turnspec.audio.embedding import mp3_of

        return mp3_of(self._folder / call.recording)
