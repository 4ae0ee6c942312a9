"""Every expectation of the language, held and failed, a turn each in whole calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_language import Said, kinds_of, one_call, wanted

BANK = r"""
agent: Bank
greeting: {say: Welcome to Example Bank. How can I help?}
functions:
  find: {parameters: {name: string}, returns: {id: 7, tags: [gold, new], owner: {name: Bo}}}
  block: {parameters: {last4: string, "note?": string}, returns: {status: blocked, fee: 1.5}, takes: 300 ms}
  note: {parameters: {about: string, "more?": string}, returns: {}}
responses:
  both:
    when: {keywords: [both]}
    call: [{find: {name: Bo}}, {block: {last4: "4821"}}]
    then: {say: Your card is blocked.}
  then:
    when: {keywords: [one after another]}
    call: {find: {name: Bo}}
    then: {call: {block: {last4: "4821", note: "no. {{ results.find.id }}"}}, then: {say: That is done.}}
  twice: {when: {keywords: [twice]}, call: [{note: {about: a}}, {note: {about: b}}], then: {say: Noted.}}
  words: {when: {keywords: [card]}, say: "Your card is card-less now. It's reference R-1042, I'm sure."}
  bye: {when: {keywords: [goodbye]}, say: Goodbye.}
  sum: {when: {keywords: [how much]}, say: "That is $21.50."}
otherwise: {say: I understand.}
"""
WORDS = [
    Said("card", "{says: your CARD is cardless}"),
    Said("card", "{says: card less}"),
    Said("card", "{says: less now its reference}"),
    Said("card", "{says: car}", ("says",)),
    Said("card", "{says: is your card}", ("says",)),
    Said("card", "{says: [your card, reference]}"),
    Said("card", "{says: [your card, password, pin]}", ("says", "says")),
    Said("card", "{says: {contains: [reference, card]}}"),
    Said("card", "{says: {contains: [reference, pin]}}", ("says",)),
    Said("card", "{says: {matches: 'REFERENCE r-\\d+'}}"),
    Said("card", "{says: {matches: 'reference \\d'}}", ("says",)),
    Said("card", "{says: {one_of: [a pin, your card]}}"),
    Said("card", "{says: {one_of: [a pin, your cat]}}", ("says",)),
    Said("goodbye", "{says: {equals: Goodbye.}}"),
    Said("goodbye", "{says: {equals: goodbye}}", ("says",)),
    Said("goodbye", "{says: {similar_to: goodbye now, at_least: 0.6}}"),
    Said("goodbye", "{says: {similar_to: goodbye now}}", ("says",)),
    Said("goodbye", "{says: {word_error_rate: {to: goodbye, at_most: 0 %}}}"),
    Said("card", "{says: {word_error_rate: {to: your cat is here, at_most: 20 %}}}", ("says",)),
    Said("card", "{says: any}"),
    Said("card", "{says: absent}", ("says",)),
    Said("how much", "{says: twenty one dollars and fifty cents}"),
    Said("how much", "{says: twenty one dollars and sixty cents}", ("says",)),
    Said("card", "{does_not_say: [password, as an AI]}"),
    Said("card", "{does_not_say: [password, your card, reference]}", ("does_not_say", "does_not_say")),
    Said("card", "{does_not_say: {matches: r-\\d}}", ("does_not_say",)),
    Said("goodbye", "{intent: farewell}"),
    Said("goodbye", "{intent: [greeting, farewell]}"),
    Said("goodbye", "{intent: greeting}", ("intent",)),
    Said("goodbye", "{intent: [greeting, gratitude]}", ("intent",)),
    Said("goodbye", "{transcript: goodbye}"),
    Said("goodbye", "{transcript: hello}", ("transcript",)),
    Said("goodbye", "{intent: greeting, says: hello, transcript: hello}", ("intent", "says", "transcript")),
]
CALLS = [
    Said("both", "{calls: [{block: {last4: '4821'}}, {find: {name: Bo}}]}"),
    Said("both", "{calls: [{find: any}]}"),
    Said("both", "{calls: [{note: any}]}", ("calls",)),
    Said("both", "{calls: [{block: {last4: 4821}}]}", ("calls",)),
    Said("both", "{calls: [{function: block, with: {last4: {matches: '^\\d{4}$'}}}]}"),
    Said("both", "{calls: [{block: {last4: {equals: '4822'}}}]}", ("calls",)),
    Said("both", "{calls: [{block: {last4: any, note: absent}}]}"),
    Said("both", "{calls: [{block: {note: any}}]}", ("calls",)),
    Said("one after another", "{calls: [{function: block, with: {last4: '4821'}}]}"),
    Said(
        "one after another", "{calls: [{function: block, with: {last4: '4821'}, exactly: true}]}", ("calls",)
    ),
    Said("both", "{calls: [{function: block, with: {last4: '4821'}, exactly: true}]}"),
    Said("twice", "{calls: [{function: note, times: 2}]}"),
    Said("twice", "{calls: [{function: note, times: 1}]}", ("calls",)),
    Said("twice", "{calls: [{function: note, times: 3}]}", ("calls",)),
    Said("twice", "{calls: [{note: any}, {note: any}]}"),
    Said("twice", "{calls: [{note: any}, {note: any}, {note: any}]}", ("calls",)),
    Said("one after another", "{calls: [{function: block, within: 1 s}]}"),
    Said("both", "{calls: {in_order: [{find: any}, {block: any}]}}"),
    Said("both", "{calls: {in_order: [{block: any}, {find: any}]}}", ("calls",)),
    Said("both", "{calls: {exactly: [{block: any}, {find: any}]}}"),
    Said("both", "{calls: {exactly: [{block: any}]}}", ("calls",)),
    Said("both", "{does_not_call: note}"),
    Said("both", "{does_not_call: [note, block]}", ("does_not_call",)),
    Said("both", "{does_not_call: any}", ("does_not_call", "does_not_call")),
    Said("card", "{does_not_call: any}"),
    Said("card", "{does_not_call: [note, block]}"),
    Said("both", "{returned: {block: {status: blocked}}}"),
    Said("both", "{returned: {block: {status: open}}}", ("returned",)),
    Said("both", "{returned: {block: {fee: {at_least: 1, at_most: 2}}, find: {id: 7.0}}}"),
    Said("both", "{returned: {block: {fee: {at_least: 2}}}}", ("returned",)),
    Said("both", "{returned: {find: {id: '7'}}}", ("returned",)),
    Said("both", "{returned: {find: {tags: {contains: gold}, owner: {name: {one_of: [Al, Bo]}}}}}"),
    Said("both", "{returned: {find: {tags: [gold, old]}}}", ("returned",)),
    Said("both", "{returned: {find: {owner: {equals: {name: Bo}}}}}"),
    Said("card", "{returned: {find: {id: 7}}}", ("returned",)),
]


@pytest.mark.parametrize("rows", [WORDS, CALLS], ids=["words", "calls"])
def test_each_expectation_holds_and_fails_by_itself(tmp_path: Path, rows: list[Said]) -> None:
    """Of many turns in one call each fails by just what it expects in vain, and the call goes on."""
    call = one_call(tmp_path, rows, BANK)

    assert kinds_of(call, rows) == wanted(rows)
