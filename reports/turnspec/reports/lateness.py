"""What reports say of calls for which the machine was too slow."""

from __future__ import annotations

from typing import Final

from turnspec.reports.repeats import named_calls
from turnspec.reports.text import length, many
from turnspec.results import CallResult, RunResult

LATE_ENGINE: Final = "late-engine"  # the kind of the note on such a call


def too_late(run: RunResult) -> str:
    """One sentence on all of them, which names the latest; empty where there are none."""
    late = [(call.lateness_us or 0, name) for name, call in named_calls(run) if _told_late(call)]
    if not late:
        return ""
    most_us, name = max(late)
    told = f"{name}: turnspec itself was up to {length(most_us)} late"
    if len(late) == 1:
        return f"{told}; do not trust the times of that call"
    return (
        f"{told}, and {many(len(late) - 1, 'more call', 'more calls')}; do not trust the times of those calls"
    )


def _told_late(call: CallResult) -> bool:
    return any(finding.kind == LATE_ENGINE for finding in call.findings)
