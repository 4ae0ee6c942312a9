"""What a grammar is told of a scenario: every text that the agent may be heard to say."""

from __future__ import annotations

from pathlib import Path

from support_plans import plan_of
from turnspec.run.transcription.phrases import phrases_of

TURNS = """
- expect:
    says: [welcome to Example Bank, {contains: how can I help}, {equals: Hello.}]
    does_not_say: [goodbye]
- caller: {audio: clip.wav}
  filler: [one moment please]
  expect:
    says:
      one_of: [yes of course, no never]
- caller: {audio: clip.wav}
  expect:
    says:
      - {similar_to: your card is blocked, at_least: 0.8}
      - {word_error_rate: {to: "your name is {{ name }}", at_most: 10 %}}
      - {matches: 'press (?P<key>\\w+)'}
      - welcome to Example Bank
- caller: {audio: clip.wav}
  expect: {says: "you pressed {{ key }}"}
- choose:
    - when: {says: all our agents are busy}
      turns: [{caller: {audio: clip.wav}, expect: {says: call again}}]
    - when: {says: {matches: fine}}
      turns: [{caller: {audio: clip.wav}}]
"""


def test_every_text_that_may_be_said_is_a_phrase(tmp_path: Path) -> None:
    """Expected, forbidden, filling and deciding texts, each once; what is only known in the call is none."""
    plan = plan_of(tmp_path, TURNS, head="variables: {name: Ada}\n")

    assert set(phrases_of(plan)) == {
        "welcome to Example Bank",
        "how can I help",
        "Hello.",
        "goodbye",
        "one moment please",
        "yes of course",
        "no never",
        "your card is blocked",
        "your name is Ada",
        "all our agents are busy",
        "call again",
    }
    assert len(phrases_of(plan)) == 11
