"""Projects whose agent is never quite the same: its true distribution is what its script says."""

from __future__ import annotations

from pathlib import Path

from support_projects import Project
from turnspec.call import Identity

MOODY = """\
agent: Bank
responses:
  wrong: {when: {chance: 20 %}, priority: 50, say: I did not get that.}
otherwise: {say: Your balance is ten pounds., timing: {first_audio: {from: 300 ms, to: 900 ms}}}
"""
EVEN = "agent: Bank\notherwise: {say: Your balance is ten pounds., timing: {first_audio: 500 ms}}\n"
ASK = """\
turns:
  - turn: Ask
    caller: {text: How much is in my account?}
    expect: {says: ten pounds}
"""
PROJECT = """\
version: 1
scenarios: [.]
targets: {bank: {agent: bank.yaml, protocol: realtime, options: {modality: text}}}
"""


def bank(folder: Path, head: str, *, agent: str = MOODY, turns: str = ASK, project: str = PROJECT) -> Project:
    """A project with one scenario, `Balance`, over Realtime in text."""
    made = Project(folder)
    made.write("turnspec.yaml", project)
    made.write("bank.yaml", agent)
    made.write("balance.yaml", f"scenario: Balance\ntarget: bank\n{head}\n{turns}")
    return made


def drawn(which: str = "", seed: int = 0, protocol: str = "realtime", wait: int = 2) -> tuple[bool, int]:
    """What the moody agent draws in one run or attempt: if it is wrong, and how long it waits if not.

    `wait` says how many draws in it is the second of these, for agents that are never wrong.
    """
    parts = (f"{seed}", "balance.yaml", protocol, *([which] if which else []), "agent")
    identity = Identity("/".join(parts))
    wrong = identity.below(100_000_000, "draw", 1) < 20_000_000
    return wrong, 300_000 + identity.below(600_001, "draw", wait)
