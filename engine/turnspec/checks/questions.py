"""What has to be asked about a call before it can be judged: questions, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

JUDGE: Final = "judge"
INTENT: Final = "intent"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to be known about a turn.

    `kind` is `judge`, where `text` is the sentence and `said` the words so far (turn from 1, who, text), or
    `intent`, where `text` is the reply.
    """

    kind: str
    turn: int
    text: str
    said: tuple[tuple[int, str, str], ...] = ()

    @property
    def given(self) -> Mapping[str, Any]:
        """What goes with the question."""
        lines = [{"turn": turn, "who": who, "text": text} for turn, who, text in self.said]
        return {"said": lines} if lines else {}
