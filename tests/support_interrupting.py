"""A conversation whose caller talks over the agent, on a line of literal events."""

from __future__ import annotations

from pathlib import Path

from support_line import MS, Line
from support_plans import plan_of
from turnspec.call import MULAW_8K
from turnspec.call.events import AgentAudio, AgentSpeechBegan, CallUp

INTERRUPTION = """
- turn: Menu
  caller: {audio: clip.wav, text: hello}
- turn: Cut in
  caller: {audio: clip.wav, text: stop, interrupt: {after: 1 s}}
"""


def interrupting(folder: Path) -> Line:
    """A call that has come to the reply that the caller is to talk over."""
    line = Line(plan_of(folder, INTERRUPTION))
    line.feed(CallUp(at_us=0))
    line.spoke(0, 0, 1_000 * MS)
    line.feed(AgentAudio(at_us=1_500 * MS, format=MULAW_8K, size=80_000))
    line.feed(AgentSpeechBegan(at_us=1_530 * MS, began_us=1_500 * MS))
    return line
