"""What the language refuses before any call, by the kind of problem: each beside what it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import plan_talk

DESK = """
agent: Desk
greeting: {say: Welcome.}
functions: {look: {parameters: {n: integer}, returns: {id: 7}}}
otherwise: {say: Pardon?}
"""
CLIP = "audio: audio/caller/account.flac"
# Protocol, turns, and the kinds of problems; none of them: it is planned.
TURNS: list[tuple[str, str, list[str]]] = [
    ("realtime", "- caller: {text: hello}", []),
    ("twilio", "- caller: {text: hello}", ["cannot-do"]),
    ("audiocodes", "- caller: {text: hello}", ["cannot-do"]),
    ("realtime", "- caller: hello", []),
    ("twilio", "- caller: hello", ["no-voice"]),
    ("audiocodes", "- caller: hello", ["no-voice"]),
    ("twilio", "- {when: {supports: text}, caller: hello}", []),
    ("twilio", "- {unless: {supports: audio}, caller: hello}", []),
    ("twilio", '- caller: {dtmf: "1w#", every: 150 ms}', []),
    ("audiocodes", '- caller: {dtmf: "1"}', []),
    ("realtime", '- caller: {dtmf: "1"}', ["cannot-do"]),
    ("realtime", '- caller: {dtmf: "1", in_band: true}', []),
    ("twilio", '- caller: {dtmf: "1", in_band: {tone: 30 ms}}', ["out-of-range"]),
    ("twilio", '- caller: {dtmf: "1x"}', ["bad-digits"]),
    ("twilio", "- caller: {dtmf: 12}", ["unquoted-digits"]),
    ("twilio", "- caller: {microphone: true}", ["wrong-type"]),
    ("twilio", "- caller: {microphone: 5 s}", ["virtual-microphone"]),
    ("realtime", "- caller: {microphone: {until_silence: 2 s}}", ["virtual-microphone"]),
    ("twilio", "- caller: {microphone: {until_silence: 2 s}, interrupt: {}}", ["unknown-key"]),
    ("twilio", f"- {{turn: A}}\n- caller: {{{CLIP}, interrupt: {{}}}}\n  expect: {{stops: true}}", []),
    ("twilio", f"- caller: {{{CLIP}, interrupt: {{}}}}", ["nothing-to-interrupt"]),
    ("twilio", f"- caller: {{{CLIP}}}\n  expect: {{stops: true}}", ["nobody-talks-over"]),
    ("twilio", "- caller: {hangup: true}\n- caller: {hangup: true}", ["after-hangup"]),
    ("twilio", f"- caller: [{{hangup: true}}, {{{CLIP}}}]", ["after-hangup"]),
    ("audiocodes", "- expect: {transfer: true}", []),
    ("realtime", "- expect: {transfer: true}", ["cannot-do"]),
    ("audiocodes", '- expect: {dtmf: "1"}', []),
    ("twilio", '- expect: {dtmf: "1"}', []),
    ("realtime", '- expect: {dtmf: "1"}', []),
    ("realtime", "- caller: {event: response.create}", []),
    ("twilio", "- caller: {event: response.create}", ["cannot-do"]),
    ("audiocodes", "- caller: {activity: hold}", []),
    ("realtime", "- caller: {activity: hold}", ["cannot-do"]),
    ("realtime", "- expect: {intent: greeting}", []),
    ("realtime", "- expect: {intent: greetings}", ["unknown-intent"]),
    ("realtime", "- expect: {calls: [{look: {n: 1}}]}", []),
    ("realtime", "- expect: {calls: [{book: {n: 1}}]}", ["unknown-function"]),
    ("realtime", "- expect: {says: '{{ city }}'}", []),
    ("realtime", "- expect: {says: '{{ town }}'}", ["undefined-name"]),
    ("realtime", "- caller: {text: '{{ city.upper() }}'}", ["bad-template"]),
    ("realtime", "- caller: {text: '{% for c in city %}x{% endfor %}'}", ["bad-template"]),
    ("realtime", "- caller: {text: '{% macro m() %}x{% endmacro %}'}", ["bad-template"]),
    ("realtime", "- caller: {text: '{{ city.__class__ }}'}", ["bad-template"]),
    ("realtime", "- {turn: '{{ city }}', caller: {text: a}}", ["template-not-allowed"]),
    ("realtime", "- {caller: {text: a}, patience: '{{ city }}'}", ["bad-duration"]),
    ("realtime", "- {caller: {text: a}, patience: 3}", ["missing-unit"]),
    ("realtime", "- {caller: {text: a}, patience: 3 s}", []),
    ("realtime", "- {caller: {text: a}, budget: {response: 800}}", ["missing-unit"]),
    ("realtime", "- {caller: {text: a}, expects: {says: b}}", ["unknown-key"]),
    ("realtime", "- {caller: {text: a}, expect: {say: b}}", ["unknown-key"]),
    ("realtime", "- {caller: {text: a}, expect: {says: {contain: b}}}", ["unknown-key"]),
    ("realtime", "- use: fragments/none.yaml", ["missing-file"]),
    ("realtime", "- repeat: {until: {says: a}}\n  turns: [{caller: {text: a}}]", ["missing-key"]),
    ("realtime", "- choose: [{otherwise: fail}, {when: {says: a}, turns: []}]", ["bad-branch"]),
]


@pytest.mark.parametrize(("protocol", "turns", "kinds"), TURNS)
def test_turns_are_taken_or_refused(tmp_path: Path, protocol: str, turns: str, kinds: list[str]) -> None:
    """By what the protocol can do, what has a name, and what the words of the language allow."""
    planned = plan_talk(tmp_path, turns, DESK, head="variables: {city: Ghent}\n", protocol=protocol)

    assert [problem.kind for problem in planned.problems] == kinds
    assert bool(planned.cases) is not bool(kinds)


@pytest.mark.parametrize(
    ("protocol", "written", "way_out"),
    [
        ("twilio", "hello", "over realtime it would be text"),
        ("realtime", "{say: stop, interrupt: {}}", "what is written talks over nobody"),
    ],
)
def test_without_a_voice_there_is_a_way_out(
    tmp_path: Path, protocol: str, written: str, way_out: str
) -> None:
    """A recording, or text where that would do: not where somebody is talked over."""
    planned = plan_talk(tmp_path, f"- turn: A\n- caller: {written}", DESK, protocol=protocol)

    assert [problem.kind for problem in planned.problems] == ["no-voice"]
    assert "write audio: FILE" in planned.problems[0].help
    assert way_out in planned.problems[0].help
