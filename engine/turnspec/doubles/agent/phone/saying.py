"""A reply on its way to the caller."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from turnspec.doubles.agent.reply import Reply


@dataclass(slots=True)
class Saying:
    """One reply on its way out; `reference_us` is the true end of what it answers."""

    reply: Reply
    response_id: str
    reference_us: int
    chunks: deque[bytes] = field(default_factory=deque)
    began_us: int = 0
    sent: int = 0
    ended: bool = False
    dropped: bool = False
    open_calls: int = 0
    results: dict[str, str] = field(default_factory=dict)
