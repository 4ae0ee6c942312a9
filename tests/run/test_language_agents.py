"""Every word of an agent script, where it chooses and where it does not, in whole calls."""

from __future__ import annotations

from pathlib import Path

from support_language import Said, kinds_of, one_call, wanted
from support_talk import talk

CHOOSING = r"""
agent: Desk
greeting: {say: Welcome.}
functions: {look: {parameters: {n: integer}, returns: {of: 3}}}
responses:
  never: {when: {keywords: [tied], turns: 3..}, priority: 99, say: Zero.}
  first: {when: {keywords: [tied]}, say: Uno.}
  second: {when: {keywords: [tied]}, say: Dos.}
  low: {when: {keywords: [weighed]}, say: Light.}
  high: {when: {keywords: [weighed]}, priority: 1, say: Heavy.}
  any: {when: {keywords: [rose, tulip]}, say: Any flower.}
  all: {when: {all_of: [rose, tulip], keywords: [rose, tulip]}, priority: 1, say: All flowers.}
  lost: {when: {keywords: [lost], excludes: [found]}, say: Lost.}
  pattern: {when: {pattern: 'ending in (?P<last>\d+)', keywords: [ending]}, say: "Ending {{ last }}."}
  ending: {when: {keywords: [ending]}, say: An ending.}
  thanks: {when: {intents: [gratitude]}, say: You are welcome.}
  thankful: {when: {keywords: [thanks]}, say: So you say.}
  written: {when: {keywords: [medium], modalities: [text]}, say: Written.}
  spoken: {when: {keywords: [medium], modalities: [audio]}, priority: 50, say: Spoken.}
  calling: {when: {keywords: [work]}, call: {look: {n: 1}}, then: {say: Worked.}}
  idle: {when: {keywords: [work]}, say: Idle.}
  lacking: {when: {keywords: [lack]}, priority: 50, call: {missing: {}}, then: {say: Never.}}
  lacked: {when: {keywords: [lack]}, say: Lacked.}
  sharing: {when: {keywords: [garden]}, say: Shed.}
  shared: {when: {keywords: [garden]}, say: The garden gate.}
  from: {when: {keywords: [caller]}, say: "{{ call.from }} said {{ heard.text }}."}
  chain:
    when: {keywords: [chain]}
    call: {look: {n: 1}}
    then: {call: {look: {n: "{{ results.look.of }}"}}, then: {say: "Got {{ results.look.of }}."}}
otherwise: {say: Otherwise.}
"""
CHOSEN = [
    Said("tied", "{says: uno, does_not_say: [dos, zero]}"),
    Said("tied", "{says: dos}", ("says",)),
    Said("weighed", "{says: heavy}"),
    Said("a tulip", "{says: any flower}"),
    Said("a tulip and a rose", "{says: all flowers}"),
    Said("a tulip and a rose", "{says: any flower}", ("says",)),
    Said("I lost it", "{says: lost}"),
    Said("I lost it and found it", "{says: otherwise}"),
    Said("the tulips", "{says: otherwise}"),
    Said("ending in 4821", "{says: ending 4821}"),
    Said("ending in four", "{says: an ending}"),
    Said("thanks a lot", "{says: you are welcome}"),
    Said("the medium", "{says: written}"),
    Said("the work", "{says: worked, calls: {exactly: [{look: {n: 1}}]}}"),
    Said("the lack", "{says: lacked, does_not_call: any}"),
    Said("the garden gate", "{says: the garden gate}"),
    Said("your caller", '{says: "4930123 said your caller"}'),
    Said("a chain", "{says: got 3, calls: {in_order: [{look: {n: 1}}, {look: {n: 3}}]}}"),
    Said("a chain", "{calls: {exactly: [{look: any}]}}", ("calls",)),
    Said("something else", "{says: otherwise}"),
]
ENDING = """
agent: Desk
greeting: {say: Welcome.}
responses:
  out: {when: {keywords: [nine three]}, say: Goodbye and thank you for calling., hangup: true}
otherwise: {say: Pardon?}
"""


def test_the_response_with_most_points_is_given(tmp_path: Path) -> None:
    """Each condition gives its points or leaves its response out; ties go by the order in the file."""
    call = one_call(tmp_path, CHOSEN, CHOOSING, head='caller: {from: "4930123"}\n')

    assert kinds_of(call, CHOSEN) == wanted(CHOSEN)


def test_an_agent_hangs_up_behind_its_words(tmp_path: Path) -> None:
    """Once they were played out, and in the turn that says so."""
    turns = """
        - turn: Greeting
        - turn: Stay
          caller: {dtmf: "1"}
          expect: {says: pardon, hangup: false}
        - turn: Leave
          caller: {audio: audio/caller/account.flac}
          expect: {says: thank you for calling, hangup: true}
    """
    call = talk(tmp_path, turns, ENDING)

    assert call.outcomes() == ["passed"] * 3
    (line,) = [line for line in call.turn("Leave").lines if line.who == "agent"]
    (over,) = call.events("call-ended")
    assert over["at_us"] >= (line.ended_us or 0) > line.began_us + 1_000_000
