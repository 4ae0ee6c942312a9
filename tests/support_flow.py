"""Calls that branch and repeat, with a bank that writes."""

from __future__ import annotations

from pathlib import Path

from support_talk import Talk, talk

AGENT = """
agent: Bank
greeting: {say: Welcome to Example Bank.}
responses:
  lost: {when: {keywords: [lost]}, say: Please tell me your PIN.}
  pin: {when: {keywords: ["1234"]}, say: "Thank you, your reference is R-17."}
  busy: {when: {keywords: [somebody]}, say: All our agents are busy.}
  wait: {when: {keywords: [more]}, say: "Hm, wait a moment."}
  waited: {when: {keywords: [more], turns: 3..}, priority: 9, say: Is there anything else?}
  look: {when: {keywords: [look]}, call: {lookup: {number: "7"}}, then: {say: I found it.}}
  out: {when: {keywords: [leave me]}, say: Farewell., hangup: true}
  nothing: {when: {keywords: [hush]}, call: {note: {}}}
functions: {lookup: {returns: {found: true}}, note: {returns: {}}}
otherwise: {say: I understand.}
"""


CHOICE = """
- turn: Ask
  caller: %s
- turn: Which
  choose:
    - when: {says: {matches: 'tell me your (?P<what>PIN)'}}
      turns:
        - {turn: Tell, caller: "1234", expect: {says: reference is R-17}}
    - when: {says: agents are busy}
      turns: [{turn: Give up, caller: {hangup: true}}]
    %s
- turn: After
  caller: thank you
  expect: {says: I understand}
"""


def flow(folder: Path, turns: str, head: str = "") -> Talk:
    """The call of these turns with a bank that writes."""
    return talk(folder, turns, AGENT, head=head, protocol="realtime")


REPEAT = """
- {turn: Greeting, expect: {says: welcome}}
- repeat: {until: {says: anything else}, at_most: %s}
  turns: [{turn: More, caller: more}]
- {turn: Last, caller: bye, expect: {says: I understand}}
"""
