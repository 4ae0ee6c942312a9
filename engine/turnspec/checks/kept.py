"""Whether everything of a call could be kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.results import Finding, Status

INCOMPLETE_RECORD: Final = "incomplete-record"


def incomplete_record(reason: str) -> Iterator[Finding]:
    """A note on a call of which not everything is on disk; it was judged by all that happened in it."""
    if reason:
        yield Finding(
            kind=INCOMPLETE_RECORD,
            status=Status.NOTE,
            message=f"Not everything of this call could be written: {reason}. "
            "It was judged by all that happened; what had been written before is in its folder.",
            expected="the whole record on disk",
            actual="a part of it",
        )
