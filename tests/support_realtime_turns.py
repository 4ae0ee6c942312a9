"""A session of the Realtime server that answers in text, and a spoken turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from support_realtime import Line, LiteralAgent, quiet, tone
from turnspec.doubles.agent.reply import Reply

TEXT_ONLY = {"output_modalities": ["text"]}


UTTERANCE = np.concatenate([quiet(500_000), tone(600_000), quiet(600_000)])


SPEECH_END_US = 1_100_000


def text_line(*replies: Reply, **agent: Any) -> Line:
    """A session that answers in text."""
    line = Line(LiteralAgent(list(replies), **agent))
    line.configure(**TEXT_ONLY)
    line.news()
    return line
