"""Whether the engine itself was in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from turnspec.checks import shown
from turnspec.results import Finding, Status

TRUSTED_US: Final = 50_000
"""Over two frames late the engine is no caller any more whom an agent would know."""


def late_engine(lateness_us: int) -> Iterator[Finding]:
    """A note on a call whose own frames were too late for its times to say much about the agent."""
    if lateness_us > TRUSTED_US:
        yield Finding(
            kind="late-engine",
            status=Status.NOTE,
            message=f"turnspec itself was up to {shown.ms(lateness_us)} late in this call: "
            "its times are not to be trusted. Call fewer at a time, or on a quieter machine.",
            expected=f"at most {shown.ms(TRUSTED_US)} late",
            actual=f"{shown.ms(lateness_us)} late",
        )
