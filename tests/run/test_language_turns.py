"""One turn, one reply; names and templates; who waits for what: each rule held and broken in a whole call."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import talk

DESK = r"""
agent: Desk
greeting: {say: Welcome.}
functions: {look: {returns: {id: 7, name: Bo, open: true}}}
responses:
  echo: {when: {pattern: '^say (?P<what>.*)'}, say: "{{ what }}"}
  look: {when: {keywords: [look]}, call: {look: {}}, then: {say: Done. Your code is 4821.}}
  out: {when: {keywords: [leave]}, say: Goodbye., hangup: true}
  two: {when: {keywords: [both]}, say: One., call: {look: {}}, then: {say: Two.}}
otherwise: {say: Pardon?}
idle: {after: 3 s, say: Are you still there?}
"""
# The turns of a call, and what fails in it, and in which turn.
CALLS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a turn takes the next reply": (
        """
        - {turn: A, expect: {says: welcome}}
        - {turn: B, caller: {text: say one}, expect: {says: one}}
        - {turn: C, caller: {text: say two}, expect: {says: one}}
        """,
        [("C", "says")],
    ),
    "one without expectations leaves the reply to the turn that listens": (
        """
        - {turn: A}
        - {turn: B, caller: {text: say one}}
        - {turn: C, expect: {says: one}}
        """,
        [],
    ),
    "one with expectations takes it, and nothing is left to listen to": (
        """
        - {turn: A}
        - {turn: B, caller: {text: say one}, expect: {says: one}}
        - {turn: C, expect: {says: one}, patience: 2 s}
        """,
        [("C", "no-reply"), ("C", "says")],
    ),
    "one without expectations leaves the reply to the choice behind it": (
        """
        - {turn: A}
        - {turn: B, caller: {text: say one}}
        - turn: C
          choose: [{when: {says: two}, turns: []}, {when: {says: one}, turns: []}]
        """,
        [],
    ),
    "the continuation of a function call is the same reply": (
        """
        - {turn: A}
        - {turn: B, caller: {text: both}, expect: {says: [one, two], calls: [{look: any}]}}
        - {turn: C, caller: {text: both}, expect: {says: three}}
        """,
        [("C", "says")],
    ),
    "an agent that hangs up unexpected": (
        """
        - {turn: A}
        - {turn: B, caller: {text: leave}, expect: {says: goodbye}}
        - {turn: C, caller: {text: say one}, expect: {says: one}}
        """,
        [("C", "says"), ("C", "unexpected-hangup")],
    ),
    "an agent that hangs up as expected": (
        """
        - {turn: A}
        - {turn: B, caller: {text: leave}, expect: {says: goodbye, hangup: true}}
        """,
        [],
    ),
    "an agent that does not hang up": (
        """
        - {turn: A}
        - {turn: B, caller: {text: say one}, expect: {hangup: true}, patience: 3 s}
        """,
        [("B", "hangup")],
    ),
    "an agent that must not hang up": (
        """
        - {turn: A}
        - {turn: B, caller: {text: leave}, expect: {hangup: false}}
        """,
        [("B", "hangup")],
    ),
    "silence that is kept": (
        """
        - {turn: A}
        - {turn: B, caller: {silence: 500 ms}, expect: {silent: 2 s}}
        - {turn: C, caller: {text: say one}, expect: {says: one}}
        """,
        [],
    ),
    "silence that is broken": (
        """
        - {turn: A}
        - {turn: B, caller: {silence: 500 ms}, expect: {silent: 4 s}}
        - {turn: C, caller: {text: say one}, expect: {says: one}}
        """,
        [("B", "silent")],
    ),
    "a failed expectation does not end the call": (
        """
        - {turn: A, expect: {says: farewell}}
        - {turn: B, caller: {text: say one}, expect: {says: one}}
        """,
        [("A", "says")],
    ),
    "a value keeps its type": (
        r"""
        - {turn: A}
        - {turn: B, caller: {text: look}, expect: {returned: {look: {id: "{{ number }}", open: "{{ yes }}"}}}}
        - {turn: C, caller: {text: look}, expect: {returned: {look: {id: "{{ number ~ '' }}"}}}}
        - {turn: D, caller: {text: look}, expect: {returned: {look: {id: "{{ digits }}"}}}}
        """,
        [("C", "returned"), ("D", "returned")],
    ),
    "captures come before variables": (
        r"""
        - {turn: A}
        - {turn: B, caller: {text: "say {{ place }}"}, expect: {says: town}}
        - {turn: C, caller: {text: look}, expect: {says: {matches: 'code is (?P<place>\d+)'}}}
        - {turn: D, caller: {text: "say {{ place }}"}, expect: {says: "4821"}}
        - {turn: E, caller: {text: "say {{ place }}"}, expect: {says: town}}
        """,
        [("E", "says")],
    ),
    "templates have filters and conditions": (
        """
        - {turn: A}
        - turn: B
          caller: {text: "say {{ place|upper }} {% if yes %}open{% else %}closed{% endif %}"}
          expect: {says: {equals: TOWN open}}
        - {turn: C, caller: {text: "say {{ number * 6 }}"}, expect: {says: "41"}}
        """,
        [("C", "says")],
    ),
    "conditions on variables and replies": (
        """
        - {turn: A}
        - {turn: B, caller: {text: say one}, when: {place: town}, expect: {says: one}}
        - {turn: C, caller: {text: say two}, when: {place: city}, expect: {says: never}}
        - {turn: D, caller: {text: say two}, when: {reply: {says: one}}, expect: {says: two}}
        - {turn: E, caller: {text: say three}, unless: {reply: {says: two}}, expect: {says: never}}
        - {turn: F, caller: {text: say four}, when: [{reply: {says: two}}, {number: 8}], expect: {says: no}}
        - {turn: G, caller: {text: say five}, unless: {number: {at_least: 8}}, expect: {says: six}}
        - {turn: H, caller: {text: say five}, when: {supports: dtmf}, expect: {says: never}}
        """,
        [("G", "says")],
    ),
    "a capture that did not happen": (
        """
        - {turn: A, expect: {says: {matches: '(welcome|to (?P<firm>.*))'}}}
        - {turn: B, caller: {text: "say {{ firm }}"}, expect: {says: never}}
        - {turn: C, caller: {text: say one}, expect: {says: two}}
        """,
        [("C", "says")],
    ),
}
HEAD = 'variables: {place: town, number: 7, digits: "7", yes: true}\n'
PROJECT = "variables: {place: country, number: 1}\n"


@pytest.mark.parametrize("rule", CALLS)
def test_a_rule_of_turns(tmp_path: Path, rule: str) -> None:
    """What fails, and in which turn, is what the rule says: nothing besides it."""
    turns, fails = CALLS[rule]
    call = talk(tmp_path, turns, DESK, head=HEAD, protocol="realtime", project=PROJECT)
    found = [
        (turn.name, finding.kind) for turn in call.result.turns for finding in turn.findings if finding.fails
    ]

    assert sorted(found) == sorted(fails)


def test_a_failure_may_end_the_call(tmp_path: Path) -> None:
    """`on_failure: end_call`: the turns behind it are skipped."""
    turns = CALLS["a failed expectation does not end the call"][0]
    call = talk(tmp_path, turns, DESK, head="on_failure: end_call\n", protocol="realtime")

    assert call.outcomes() == ["failed", "skipped"]
