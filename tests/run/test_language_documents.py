"""A project with every part of the language in it: read, planned and, with a voice, called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support_talk import CLIPS
from turnspec.dsl.problems import render_problems
from turnspec.results import Outcome
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import Planned, plan_cases
from turnspec.speech import Synthesizer
from turnspec.testing import ToneSynthesizer

FILES = {
    "turnspec.yaml": """
version: 1
scenarios: [talks]
targets: {library: {agent: agents/library.yaml, protocol: twilio}}
environment: [LIBRARY_URL]
secrets: [LIBRARY_TOKEN]
budgets: {response: 3 s}
limits: {call: 5 min, run: 1 h}
intents: [intents/library.yaml]
""",
    "intents/library.yaml": """
intents:
  book_renewed:
    phrases: [your book is renewed, I have renewed that book]
    keywords: [renewed]
    patterns: ['book .* (renewed|extended)']
    not: [not renewed]
    threshold: 0.3
  ask_member: {phrases: [what is your member number]}
  anything_else: {phrases: [can I do anything else for you]}
""",
    "talks/renew.yaml": r"""
# yaml-language-server: $schema=./.turnspec/scenario.schema.json
scenario: A book is renewed
description: A reader renews a book; the library does so and reads back a slip.
tags: [books, smoke]
target: library
examples:
  - {shelf: "4821"}
  - {shelf: "9910"}
caller:
  from: "+15551234567"
  voice: en-US
  line: {noise: {file: ../audio/noise/hiss.flac, snr: 40 dB}, latency: 80 ms, jitter: 30 ms, seed: 7}
functions:
  renew:
    parameters: {shelf: string, "note?": string, reason: {enum: [late, lost]}}
    returns: {status: renewed, slip: S-1042}
    takes: 120 ms
budgets: {greeting: 2 s, response: 2 s, call: 60 s}
turns:
  - turn: Greeting
    expect: {intent: greeting, says: welcome to the Library}
  - turn: Ask
    caller: I need help to keep my book {{ shelf }}
    expect:
      intent: book_renewed
      calls:
        - renew: {shelf: "{{ shelf }}", reason: late}
      says: {matches: 'slip (?P<slip>S-\d+)'}
      does_not_say: [password, as an AI]
    budget: {function_call: 2 s}
  - turn: Confirm by keypad
    when: {supports: dtmf}
    caller: {dtmf: "1#"}
    expect: {says: "your slip is {{ slip }}"}
  - turn: Talk over the agent
    caller: {say: stop please, interrupt: {after: 2500 ms}}
    expect: {stops: true}
    budget: {barge_in: 300 ms}
  - caller: {say: goodbye}
    expect: {intent: farewell}
""",
    "talks/ways.yaml": """
scenario: Ways through the library
target: library
setup: [{expect: {intent: greeting}}, {caller: let me in}]
turns:
  - choose:
      - when: {intent: ask_member}
        turns: [{use: fragments/member.yaml, with: {number: "1234"}}]
      - when: {says: all our desks are busy}
        turns: [{caller: {hangup: true}}]
      - otherwise: fail
  - repeat: {until: {intent: anything_else}, at_most: 3}
    turns: [{caller: no thanks}]
  - caller: find me a map
  - together:
      - expect: {calls: [{look_up: any}]}
      - expect: {plays: ../audio/agent/mailbox-first.flac}
teardown: [{caller: {say: goodbye}}]
""",
    "talks/fragments/member.yaml": """
fragment: Tell the member number
parameters: [number]
turns: [{caller: "number {{ number }}", expect: {says: thank you}}]
""",
    "agents/library.yaml": r"""
agent: The Library
session: {voice: alloy, instructions: You are a librarian.}
greeting: {say: Welcome to the Library. How can I help you?, audio: ../audio/agent/no-more.flac}
heard: {../audio/caller/account.flac: I lost my book four eight two one}
functions: {renew: {returns: {status: renewed, slip: S-1}}, look_up: {returns: {found: 1}}}
responses:
  renew:
    when:
      keywords: [keep]
      excludes: [return]
      pattern: 'book (?P<shelf>\d+)'
      turns: 1..
      intents: [help_request]
      modalities: [audio]
    priority: 10
    call: {renew: {shelf: "{{ shelf }}", reason: late}}
    then: {say: "Your book is renewed, slip {{ results.renew.slip }}.", audio: ../audio/agent/deleted.flac}
    timing: {first_audio: 150 ms, pace: real_time}
  slip:
    when: {pattern: '^1$'}
    say: Your slip is S-1042. You may take it home or leave it here by the desk.
    audio: ../audio/agent/mailbox-first.flac
  in: {when: {keywords: [let me in]}, say: What is your member number?, audio: ../audio/agent/deleted.flac}
  number: {when: {keywords: ["1234"]}, say: Thank you., audio: ../audio/agent/no-more.flac}
  more: {when: {keywords: [thanks]}, say: Can I do anything else for you?, audio: ../audio/agent/deleted.flac}
  map:
    when: {keywords: [map]}
    call: {look_up: {what: map}}
    then: {say: Here is some music., audio: ../audio/agent/mailbox-first.flac}
  bye: {when: {keywords: [goodbye]}, say: Goodbye!, audio: ../audio/agent/no-more.flac}
idle: {after: 6 s, say: Are you still there?, times: 2}
otherwise: {say: I understand. Let me help you with that., audio: ../audio/agent/one-moment.flac}
faults: [{stall: 5 s, at: {turn: 30}}]
""",
}


def library(folder: Path, synthesizer: Synthesizer | None) -> Planned:
    """The project, planned."""
    shutil.copytree(CLIPS, folder / "audio")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return plan_cases(RunOptions(paths=(folder / "talks",), output=folder / "out", synthesizer=synthesizer))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBRARY_URL", "https://library.example")
    monkeypatch.setenv("LIBRARY_TOKEN", "t0ken-of-the-library")


def test_with_a_voice_all_of_it_is_called_and_holds(tmp_path: Path) -> None:
    """Each row is a case; what the scenario wants is there in every call."""
    planned = library(tmp_path, ToneSynthesizer())
    assert not planned.problems, render_problems(planned.problems)

    made = [call_virtual(case, tmp_path / "out") for case in planned.cases]

    failures = [
        (call.name, turn.name, finding.message)
        for call in made
        for turn in call.turns
        for finding in turn.findings
        if finding.fails
    ]
    assert failures == []
    assert [(call.name, call.outcome) for call in made] == [
        ("A book is renewed [shelf=4821]", Outcome.PASSED),
        ("A book is renewed [shelf=9910]", Outcome.PASSED),
        ("Ways through the library", Outcome.PASSED),
    ]


def test_without_a_voice_only_that_is_a_problem(tmp_path: Path) -> None:
    """Each text that is to be spoken names a recording as the way out; nothing else is refused."""
    planned = library(tmp_path, None)

    assert {problem.kind for problem in planned.problems} == {"no-voice"}
    assert all("audio: FILE" in problem.help for problem in planned.problems)
    assert len(planned.problems) == 8
