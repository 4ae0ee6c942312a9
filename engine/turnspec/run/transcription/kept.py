"""Judging saved calls whose words were made out while they were held: the words are with their evidence."""

from __future__ import annotations

from pathlib import Path

from turnspec.call import RecordError, Track
from turnspec.call.derived import read_derived
from turnspec.call.evidence import EVENTS_FILE
from turnspec.checks.recognised import TRANSCRIPT
from turnspec.speech.transcription import Transcript, TranscriptionError


class KeptWords:
    """Stands in for the engine of the run, which need not be on this machine: nobody listens again."""

    name, version, model = "kept", "1", ""

    def transcribe(self, track: Track, language: str | None = None) -> Transcript:
        """Nothing.

        Raises:
            TranscriptionError: Always.
        """
        del track, language
        raise TranscriptionError(
            "a saved call has the words that were made out when it was held", refused=True
        )


def kept_words(output: Path) -> KeptWords | None:
    """What stands in for the engine of a run; None where no words were made out in it."""
    calls = (path.parent for path in (output / "calls").glob(f"*/{EVENTS_FILE}"))
    return KeptWords() if any(_has_words(call) for call in calls) else None


def _has_words(call: Path) -> bool:
    try:
        return any(each.kind == TRANSCRIPT for each in read_derived(call))
    except (RecordError, OSError):  # told where the call itself is read
        return False
