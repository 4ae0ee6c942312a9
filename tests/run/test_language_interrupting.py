"""Talking over the agent, and sounds beside it: each sentence held and broken over every protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import Talk, talk
from turnspec.results import State

DESK = """
agent: Desk
greeting: {say: No more messages., audio: audio/agent/no-more.flac}
responses:
  polite:
    when: {keywords: [five five]}
    say: First message. Received yesterday from an unknown caller.
    audio: audio/agent/mailbox-first.flac
  stubborn:
    when: {keywords: [nine three]}
    say: First message. Received yesterday from an unknown caller.
    audio: audio/agent/mailbox-first.flac
    interruptible: false
  short: {when: {keywords: [seven]}, say: Message deleted., audio: audio/agent/deleted.flac}
otherwise: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
"""
PROTOCOLS = ["twilio", "audiocodes", "realtime"]
POLITE, STUBBORN, SHORT = "five-five", "account", "seven-of-clubs"
OTHER = "audio: audio/caller/ten-of-clubs.flac"
# What is talked over, how, what is expected, and what fails; what stands behind it is answered as ever.
OVER = {
    "one that stops": (POLITE, "interrupt: {after: 1 s}", "{stops: true}", []),
    "one that must not stop": (POLITE, "interrupt: {after: 1 s}", "{stops: false}", ["stops"]),
    "one that goes on": (STUBBORN, "interrupt: {after: 1 s}", "{stops: true}", ["stops"]),
    "one that may go on": (STUBBORN, "interrupt: {after: 1 s}", "{stops: false}", []),
    "at once": (POLITE, "interrupt: {}", "{stops: true}", []),
    "one that is over before": (SHORT, "interrupt: {after: 5 s}", "{stops: true}", ["interrupt"]),
    "a sound beside one that goes on": (STUBBORN, "backchannel: {after: 1 s}", "{keeps_speaking: true}", []),
    "a sound that stops it": (
        POLITE,
        "backchannel: {after: 1 s}",
        "{keeps_speaking: true}",
        ["keeps_speaking"],
    ),
    "a sound that is to stop it": (POLITE, "backchannel: {after: 1 s}", "{keeps_speaking: false}", []),
}


def over(folder: Path, clip: str, how: str, expect: str, protocol: str) -> Talk:
    """A question, somebody who talks over the answer, and one more question."""
    turns = f"""
        - turn: Greeting
        - turn: Ask
          caller: {{audio: audio/caller/{clip}.flac}}
          expect: {{does_not_say: undeleted}}
        - turn: Over
          caller: {{{OTHER}, {how}}}
          expect: {expect}
        - turn: Again
          caller: {{{OTHER}}}
          expect: {{says: undeleted}}
    """
    return talk(folder, turns, DESK, protocol=protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", OVER)
def test_who_stops_for_whom(tmp_path: Path, case: str, protocol: str) -> None:
    """Only what is said of the agent is judged, in the turn that says it."""
    clip, how, expect, fails = OVER[case]
    call = over(tmp_path, clip, how, expect, protocol)
    found = [(turn.name, each.kind) for turn in call.result.turns for each in turn.findings if each.fails]

    assert found == [("Over", kind) for kind in fails]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_left_of_the_old_reply_is_of_the_old_turn(tmp_path: Path, protocol: str) -> None:
    """Its turn, speech and gap are censored; the new reply is answered from the end of the caller's clip."""
    call = over(tmp_path, POLITE, "interrupt: {after: 1 s}", "{stops: true, says: undeleted}", protocol)

    assert call.failures() == []
    assert call.turn("Ask").how == "interrupted"
    states = {name: call.measured("Ask", name).state for name in ("turn", "speech", "gap")}
    assert set(states.values()) == {State.CENSORED}
    (over_us,) = [line.ended_us for line in call.turn("Over").lines if line.who == "caller"]
    (said_us,) = [line.began_us for line in call.turn("Over").lines if line.who == "agent"]
    response = call.measured("Over", "response")
    assert (response.from_us or 0) <= (over_us or 0) < said_us <= (response.to_us or 0)
    assert "unknown caller" not in call.said("Ask")
    assert "message" not in call.said("Over").partition("undeleted")[2]
