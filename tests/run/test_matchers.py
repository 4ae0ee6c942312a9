"""Matchers and transcripts in whole calls, in virtual time: each holds once and fails once."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import Talk, talk
from turnspec.results import Outcome

AGENT = """
    agent: Desk
    greeting: {say: Welcome.}
    functions:
      pay:
        parameters: {amount: number, note: string}
        returns:
          - {when: {amount: {at_least: 100}}, returns: {fee: 7}}
          - {returns: {fee: 1.5}}
    responses:
      pay:
        when: {pattern: 'pay (?P<amount>\\d+)'}
        call: {pay: {amount: 20, note: for my card}}
        then: {say: "Your fee is one dollar and fifty cents, your code is four eight two one."}
      code: {when: {keywords: [code]}, say: "I have it here; the code is 4821."}
    otherwise: {say: I can block your card for you.}
"""
PAY = """
- turn: Greeting
- turn: Pay
  caller: pay 20
  expect:
    calls: [{pay: {amount: {at_least: 10, at_most: 20}, note: {similar_to: for the card, at_least: 0.6}}}]
    returned: {pay: {fee: {at_most: 2}}}
    says: ['your fee is $1.50', {matches: 'code is (?P<code>[a-z ]+)'}]
    does_not_say: "4822"
- turn: Code
  caller: what is my code
  expect:
    says: "the code is {{ code }}"
    transcript: [what is my code, {word_error_rate: {to: what was my code, at_most: 25 %}}]
- turn: Block
  caller: please block it
  expect:
    says: {word_error_rate: {to: I can block the card for you, at_most: 15 %}}
    transcript: {matches: 'block (?P<what>\\w+)'}
- turn: Again
  when: {what: {one_of: [it, that]}}
  caller: "block {{ what }}"
  expect: {says: {similar_to: I can block the card for you}}
"""


def held(folder: Path, turns: str, agent: str = AGENT) -> Talk:
    """The call in writing."""
    return talk(folder, turns, agent, protocol="realtime, options: {modality: text}")


def test_a_conversation_with_every_matcher(tmp_path: Path) -> None:
    """A code is caught in words and found in figures; bounds choose what a function gives back."""
    result = held(tmp_path, PAY)

    assert [finding.message for finding in result.failures()] == []
    assert result.result.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("old", "new", "turn", "kind"),
    [
        ("at_most: 20}, note", "at_most: 19}, note", 1, "calls"),
        ("at_least: 0.6", "at_least: 0.8", 1, "calls"),
        ("fee: {at_most: 2}", "fee: {at_least: 2}", 1, "returned"),
        ("'your fee is $1.50'", "'your fee is $1.05'", 1, "says"),
        ('does_not_say: "4822"', 'does_not_say: "4821"', 1, "does_not_say"),
        ("[what is my code, {word", "[what is your code, {word", 2, "transcript"),
        ("to: what was my code, at_most: 25 %", "to: what was my code, at_most: 24.9 %", 2, "transcript"),
        ("for you, at_most: 15 %", "for you, at_most: 14 %", 3, "says"),
        (
            "{similar_to: I can block the card for you}",
            "{similar_to: I can stop that card for you}",
            4,
            "says",
        ),
    ],
)
def test_each_of_them_can_fail(tmp_path: Path, old: str, new: str, turn: int, kind: str) -> None:
    """One change fails that one expectation, in its turn."""
    assert old in PAY
    result = held(tmp_path, PAY.replace(old, new))

    assert [(finding.turn, finding.kind) for finding in result.failures()] == [(turn, kind)]


def test_a_figure_that_is_another_is_not_what_was_caught(tmp_path: Path) -> None:
    """What was caught in words is found in the right figures alone."""
    result = held(tmp_path, PAY, AGENT.replace("the code is 4821", "the code is 4812"))

    assert [(finding.turn, finding.kind) for finding in result.failures()] == [(2, "says")]


SPOKEN_AGENT = """
    agent: Desk
    greeting: {say: No more messages., audio: audio/agent/no-more.flac}
    otherwise: {say: Message deleted., audio: audio/agent/deleted.flac}
"""
SPOKEN = """
- turn: Greeting
- turn: Ask
  caller: {audio: audio/caller/five-five.flac, text: five five}
  expect: {says: message deleted, transcript: "55"}
"""


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_what_a_local_agent_heard_over_each_protocol(tmp_path: Path, protocol: str) -> None:
    """The recording that it knew again has its words, however they are written."""
    result = talk(tmp_path, SPOKEN, SPOKEN_AGENT, protocol=protocol)
    other = talk(tmp_path, SPOKEN.replace('"55"', '"56"'), SPOKEN_AGENT, protocol=protocol)

    assert [finding.message for finding in result.failures()] == []
    assert other.kinds() == ["transcript"]
    assert 'it heard "five five"' in other.failures()[0].message


def test_a_turn_in_which_the_caller_says_nothing_has_no_transcript(tmp_path: Path) -> None:
    """A source that stays empty is not exercised, and that fails."""
    result = talk(tmp_path, "- turn: Greeting\n  expect: {transcript: any}\n", SPOKEN_AGENT)

    assert [(finding.kind, finding.status.value) for finding in result.failures()] == [
        ("transcript", "not exercised")
    ]


SPANISH = """
    agent: Mesa
    greeting: {say: "Su código es cuatro ocho dos uno."}
    otherwise: {say: Adiós.}
"""


@pytest.mark.parametrize(("voice", "kinds"), [("es-ES", []), ("en-US", ["says"])])
def test_the_language_is_that_of_the_callers_voice(tmp_path: Path, voice: str, kinds: list[str]) -> None:
    """Digits in Spanish words are digits where the caller speaks Spanish."""
    turns = "- turn: Greeting\n  expect: {says: 'su código es 4821'}\n"
    head = f"caller: {{voice: {voice}}}\n"
    result = talk(tmp_path, turns, SPANISH, head=head, protocol="realtime, options: {modality: text}")

    assert result.kinds() == kinds
