"""Every budget, kept, exceeded, and not to be measured, in whole calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import talk
from turnspec.results import State

DESK = """
agent: Desk
greeting: {say: No more messages., audio: audio/agent/no-more.flac, timing: {first_audio: 400 ms}}
functions: {look: {returns: {}, takes: 400 ms}}
responses:
  look:
    when: {keywords: [five five]}
    say: One moment.
    audio: audio/agent/one-moment.flac
    call: {look: {}}
    then: {say: Message deleted., audio: audio/agent/deleted.flac}
otherwise:
  say: First message. Received yesterday from an unknown caller.
  audio: audio/agent/mailbox-first.flac
"""
TURNS = """
- {turn: Greeting}
- {turn: Look, caller: {audio: audio/caller/five-five.flac}, filler: One moment}
- {turn: Listen, caller: {audio: audio/caller/account.flac}}
- {turn: Over, caller: {audio: audio/caller/account.flac, interrupt: {after: 1 s}}}
"""
# Of each budget a limit that holds and one that does not, and where the finding is.
LIMITS = {
    "connect": ("2 s", "", ""),
    "greeting": ("2 s", "1 ms", ""),
    "response": ("3 s", "1 s", "Look"),
    "first_audio": ("2 s", "1 ms", "Look"),
    "first_response": ("2 s", "1 ms", "Look"),
    "function_call": ("3 s", "1 ms", "Look"),
    "function_return": ("500 ms", "300 ms", "Look"),
    "turn": ("8 s", "1 s", "Look"),
    "speech": ("8 s", "500 ms", "Look"),
    "gap": ("2 s", "1 ms", "Over"),
    "overlap": ("3 s", "1 ms", "Over"),
    "barge_in": ("1 s", "1 ms", "Over"),
    "underrun": ("2 s", "", ""),
    "call": ("1 min", "5 s", ""),
}
PROTOCOLS = ["twilio", "audiocodes", "realtime"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_budget_can_be_kept(tmp_path: Path, protocol: str) -> None:
    """With room enough nothing fails, and each of them was measured somewhere in the call."""
    limits = ", ".join(f"{name}: {kept}" for name, (kept, _, _) in LIMITS.items())
    call = talk(tmp_path, TURNS, DESK, head=f"budgets: {{{limits}}}\n", protocol=protocol)
    taken = [*call.result.measurements, *(each for turn in call.result.turns for each in turn.measurements)]
    measured = {each.name for each in taken if each.state is State.MEASURED and each.limit_us is not None}

    assert call.failures() == []
    assert measured == set(LIMITS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_budget_can_be_exceeded(tmp_path: Path, protocol: str) -> None:
    """With too little each of them is a finding of its own name, in the turn that took too long."""
    tight = {name: (limit, turn) for name, (_, limit, turn) in LIMITS.items() if limit}
    limits = ", ".join(f"{name}: {limit}" for name, (limit, _) in tight.items())
    call = talk(tmp_path, TURNS, DESK, head=f"budgets: {{{limits}}}\n", protocol=protocol)
    found = {(each.kind, "") for each in call.result.findings if each.fails}
    found |= {(each.kind, turn.name) for turn in call.result.turns for each in turn.findings if each.fails}

    assert {(name, turn) for name, (_, turn) in tight.items()} <= found
    assert {kind for kind, _ in found} == set(tight)


@pytest.mark.parametrize("name", ["barge_in", "function_call", "function_return"])
def test_what_cannot_be_measured_fails_only_where_it_must_be(tmp_path: Path, name: str) -> None:
    """Inherited it does not apply; on the turn it is not exercised, and that fails."""
    turn = "{turn: Press, caller: {dtmf: '1'}, expect: {says: first message}%s}"
    quiet = DESK.replace("audio/agent/mailbox-first", "audio/agent/deleted")
    inherited = talk(tmp_path, f"- turn: Greeting\n- {turn % ''}", quiet, head=f"budgets: {{{name}: 5 s}}\n")
    own = talk(tmp_path, f"- turn: Greeting\n- {turn % f', budget: {{{name}: 5 s}}'}", quiet)

    assert inherited.failures() == []
    assert [(each.kind, each.status.value) for each in own.failures()] == [(name, "not exercised")]
