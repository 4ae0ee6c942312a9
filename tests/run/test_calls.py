"""How calls end and what they are found guilty of: whole calls in virtual time, over each protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from support_projects import DOUBLE, Project, turnspec_here
from support_sound import noise
from support_talk import Talk, talk

PROTOCOLS = ("twilio", "audiocodes", "realtime")
AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    functions: {look_up: {parameters: {number: string}, returns: {found: true}, takes: 50 ms}}
    responses:
      look_up:
        when: {keywords: [nine three]}
        call: {look_up: {number: "29340"}}
        then: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
      bye:
        when: {keywords: [forward]}
        say: Message undeleted. Goodbye!
        audio: audio/agent/undeleted.flac
        hangup: true
    otherwise: {say: Message deleted., audio: audio/agent/deleted.flac}
"""
ASK = "caller: {audio: audio/caller/five-five.flac}"
CALL_UP = "caller: {audio: audio/caller/account.flac}"
SAY_BYE = "caller: {audio: audio/caller/forward.flac}"


def names_by_outcome(call: Talk) -> list[tuple[str, str]]:
    """Each turn and how it came out."""
    return [(turn.name, turn.outcome.value) for turn in call.result.turns]


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEndings:
    """Calls that end otherwise than by the caller's hanging up after the last turn."""

    def test_unexpected_hangup(self, tmp_path: Path, protocol: str) -> None:
        """An agent that hangs up where its turn does not expect it: later turns are skipped, and say why."""
        turns = f"""
            - turn: Greeting
            - turn: Go
              {SAY_BYE}
              expect: {{says: Message undeleted}}
            - turn: Ask
              {ASK}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        assert call.kinds() == ["unexpected-hangup"]
        # A Realtime reply is over with its last sound, so what comes after that is the next turn's.
        ended = {name: ["passed", "failed", "skipped"] for name in PROTOCOLS}
        ended["realtime"] = ["passed", "passed", "failed"]
        assert call.outcomes() == ended[protocol]
        assert call.events("turn-began")[-1]["turn"] == ended[protocol].index("failed")

    def test_expected_hangup(self, tmp_path: Path, protocol: str) -> None:
        """The same hang-up, expected, holds."""
        turns = f"""
            - turn: Greeting
            - turn: Go
              {SAY_BYE}
              expect: {{says: Message undeleted, hangup: true}}
        """

        assert talk(tmp_path, turns, AGENT, protocol=protocol).failures() == []

    def test_hangup_that_does_not_come(self, tmp_path: Path, protocol: str) -> None:
        """An agent that stays on the line although it was to hang up fails that turn, in its time."""
        turns = f"""
            - turn: Greeting
            - turn: Ask
              {ASK}
              expect: {{hangup: true}}
        """

        call = talk(tmp_path, turns, AGENT, head="patience: 3 s\n", protocol=protocol)

        assert call.kinds() == ["hangup"]
        assert call.result.duration_us < 15_000_000

    def test_call_limit(self, tmp_path: Path, protocol: str) -> None:
        """A call that is up for longer than it may be is ended then and there."""
        turns = f"""
            - turn: Greeting
            - turn: Ask
              {ASK}
            - turn: Ask again
              {ASK}
        """

        call = talk(tmp_path, turns, AGENT, head="limits: {call: 5 s}\n", protocol=protocol)

        assert "call-limit" in call.kinds()
        assert names_by_outcome(call)[-1] == ("Ask again", "skipped")
        assert 5_000_000 <= call.result.duration_us < 5_200_000

    def test_no_reply_ends_the_call(self, tmp_path: Path, protocol: str) -> None:
        """An agent that answers with a call only is not heard: the turn fails and the call ends."""
        mute = AGENT.replace(
            "    otherwise: {say: Message deleted., audio: audio/agent/deleted.flac}",
            "    otherwise: {call: {look_up: {number: '1'}}}",
        )
        turns = f"""
            - turn: Greeting
            - turn: Ask
              {ASK}
            - turn: Ask again
              {ASK}
        """

        call = talk(tmp_path, turns, mute, head="patience: 2 s\n", protocol=protocol)

        assert call.kinds() == ["no-reply"]
        assert "though 1 function was called" in call.failures()[0].actual
        assert names_by_outcome(call)[1:] == [("Ask", "failed"), ("Ask again", "skipped")]

    def test_failure_goes_on(self, tmp_path: Path, protocol: str) -> None:
        """A failed expectation never ends the call by itself."""
        turns = f"""
            - turn: Greeting
              expect: {{says: something else}}
            - turn: Ask
              {ASK}
              expect: {{says: message deleted}}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        assert names_by_outcome(call) == [("Greeting", "failed"), ("Ask", "passed")]

    def test_on_failure_end_call(self, tmp_path: Path, protocol: str) -> None:
        """Unless it is to: then the caller hangs up, and what was not begun says why."""
        turns = f"""
            - turn: Greeting
              expect: {{says: something else}}
            - turn: Ask
              {ASK}
        """

        call = talk(tmp_path, turns, AGENT, head="on_failure: end_call\n", protocol=protocol)

        assert names_by_outcome(call) == [("Greeting", "failed"), ("Ask", "skipped")]
        assert "`on_failure` ends the call" in call.turn("Ask").why
        assert call.result.duration_us < 6_000_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestNegatives:
    """What must not happen."""

    def test_silence_that_is_broken(self, tmp_path: Path, protocol: str) -> None:
        """An agent that answers where it was to be silent fails `silent`; where it waits, it holds."""
        turns = f"""
            - turn: Greeting
            - turn: Think
              caller: {{silence: 1 s}}
              expect: {{silent: 1500 ms}}
            - turn: Ask
              {ASK}
              expect: {{silent: 2 s}}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        assert names_by_outcome(call) == [("Greeting", "passed"), ("Think", "passed"), ("Ask", "failed")]
        assert call.kinds() == ["silent"]

    def test_function_that_must_not_be_called(self, tmp_path: Path, protocol: str) -> None:
        """`does_not_call` fails for the function that was called, and for `any`; not for another one."""
        turns = f"""
            - turn: Greeting
              expect: {{does_not_call: any}}
            - turn: By name
              {CALL_UP}
              expect: {{does_not_call: look_up}}
            - turn: Any
              {CALL_UP}
              expect: {{does_not_call: any}}
            - turn: Another
              {CALL_UP}
              expect: {{does_not_call: delete}}
        """
        agent = AGENT.replace("functions: {", "functions: {delete: {parameters: {}}, ")

        call = talk(tmp_path, turns, agent, protocol=protocol)

        outcomes = dict(names_by_outcome(call))
        assert outcomes == {"Greeting": "passed", "By name": "failed", "Any": "failed", "Another": "passed"}

    def test_wrong_argument(self, tmp_path: Path, protocol: str) -> None:
        """An argument that differs is shown beside what was expected."""
        turns = f"""
            - turn: Greeting
            - turn: Look up
              {CALL_UP}
              expect: {{calls: [{{look_up: {{number: "29341"}}}}]}}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        (finding,) = call.failures()
        assert finding.kind == "calls"
        assert "29341" in finding.expected
        assert "29340" in finding.actual

    def test_arguments_that_break_their_declaration(self, tmp_path: Path, protocol: str) -> None:
        """Are found although no turn asserts anything about them."""
        agent = AGENT.replace('call: {look_up: {number: "29340"}}', "call: {look_up: {number: 29340}}")
        turns = f"""
            - turn: Greeting
            - turn: Look up
              {CALL_UP}
        """

        call = talk(tmp_path, turns, agent, protocol=protocol)

        assert call.kinds() == ["arguments"], call.failures()

    def test_nothing_left_to_interrupt(self, tmp_path: Path, protocol: str) -> None:
        """A caller who was to talk over a reply that is over has not tried it, and that fails."""
        turns = f"""
            - turn: Greeting
            - turn: Ask
              {ASK}
            - turn: Over
              caller: {{audio: audio/caller/five-five.flac, interrupt: {{after: 9 s}}}}
              expect: {{stops: true}}
            - turn: Go
              {SAY_BYE}
              expect: {{hangup: true}}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        assert {finding.status.value for finding in call.failures()} == {"not exercised"}
        assert "interrupt" in call.kinds()
        assert dict(names_by_outcome(call))["Over"] == "failed"
        assert dict(names_by_outcome(call))["Go"] == "passed"

    def test_turn_that_needs_what_was_not_captured(self, tmp_path: Path, protocol: str) -> None:
        """A capture that did not happen skips the turns that use it, and is what failed."""
        turns = f"""
            - turn: Greeting
              expect: {{says: {{matches: 'number (?P<number>[0-9]+)'}}}}
            - turn: Ask
              {ASK}
              expect: {{says: "{{{{ number }}}}"}}
            - turn: Go
              {SAY_BYE}
              expect: {{hangup: true}}
        """

        call = talk(tmp_path, turns, AGENT, protocol=protocol)

        outcomes = dict(names_by_outcome(call))
        assert (outcomes["Greeting"], outcomes["Go"]) == ("failed", "passed")
        assert outcomes["Ask"] == "skipped"
        assert "number" in call.turn("Ask").why


BROKEN_SCRIPTS = {
    "in a reply": ("say: Message deleted.", 'say: "{{ heard.text + 1 }}"', "otherwise"),
    "in the greeting": (
        "say: Hello. Your message is now being recorded.",
        'say: "{{ 1 / (call.from | length - 12) }}"',
        "greeting",
    ),
    "after a function": ("say: Message undeleted. Goodbye!", 'say: "{{ results.look_up.a.b }}"', "look_up"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("where", BROKEN_SCRIPTS)
def test_script_that_cannot_go_on(tmp_path: Path, protocol: str, where: str) -> None:
    """What a script cannot work out in a call is the harness's trouble, told with its place."""
    before, after, name = BROKEN_SCRIPTS[where]
    turns = f"""
        - turn: Greeting
        - turn: Look up
          {CALL_UP}
        - turn: Ask
          {ASK}
    """

    call = talk(tmp_path, turns, AGENT.replace(before, after, 1), protocol=protocol)

    assert call.result.outcome.value == "error"
    assert call.result.error.startswith(f"agent.yaml: {name}: ")
    assert "line-broke" not in call.kinds()
    assert [event["kind"] for event in call.events("call-ended")] == ["call-ended"]


def test_written_conversation_with_functions(tmp_path: Path) -> None:
    """Realtime in text alone: words, calls, results and captures, without a sound."""
    agent = """
        agent: Clerk
        responses:
          find:
            when: {modalities: [text], pattern: 'order (?P<order>\\d+)'}
            call: {find_order: {order: "{{ order }}"}}
            then: {say: "Order {{ order }} is {{ results.find_order.state }}."}
        otherwise: {say: Please write the number of your order.}
    """
    head = """
        functions:
          find_order:
            parameters: {order: string}
            returns:
              - {when: {order: "12"}, returns: {state: packed}}
              - {error: there is no such order}
            takes: 80 ms
    """
    turns = """
        - turn: No number
          caller: {text: Hello?}
          expect: {says: number of your order, does_not_call: any}
        - turn: Known
          caller: {text: Where is order 12?}
          expect:
            calls: [{find_order: {order: "12"}}]
            returned: {find_order: {state: packed}}
            says: {matches: 'is (?P<state>\\w+)'}
          budget: {response: 500 ms, function_call: 100 ms}
        - turn: Again
          caller: {text: "Is order 12 still {{ state }}?"}
          expect: {says: "is {{ state }}"}
    """

    call = talk(tmp_path, turns, agent, head=head, protocol="realtime, options: {modality: text}")

    assert call.failures() == []
    assert [line.text for line in call.turn("Again").lines if line.who == "caller"] == [
        "Is order 12 still packed?"
    ]


def test_bare_realtime_target_whose_functions_the_engine_answers(tmp_path: Path) -> None:
    """A Realtime server by its url alone: the engine offers the functions and runs them."""
    project = Project(tmp_path)
    for clip in ("caller/account.flac", "agent/saved.flac", "agent/no-more.flac"):
        project.clip(clip)
    command = json.dumps(f"python {DOUBLE} realtime {{{{ port }}}} desk.yaml")
    project.write(
        "turnspec.yaml",
        f"""
        version: 1
        scenarios: [.]
        targets:
          desk:
            protocol: realtime
            url: "ws://127.0.0.1:{{{{ port }}}}/v1"
            start: {{command: {command}, ready: {{port: true}}}}
        """,
    )
    project.write(
        "desk.yaml",
        """
        agent: Desk
        heard: {account.flac: two nine three four zero}
        responses:
          look_up:
            when: {keywords: [nine three]}
            call: {look_up: {number: "29340"}}
            then: {say: "{{ results.look_up.owner }} has messages.", audio: saved.flac}
        otherwise: {say: No more messages., audio: no-more.flac}
        """,
    )
    project.write(
        "talk.yaml",
        """
        scenario: Talk
        target: desk
        functions:
          look_up:
            description: Find a mailbox.
            parameters: {number: string}
            returns: {owner: Ada}
            takes: 100 ms
        turns:
          - turn: Look up
            caller: {audio: account.flac}
            expect:
              calls: [{look_up: {number: "29340"}}]
              returned: {look_up: {owner: Ada}}
              says: Ada has messages
            budget: {response: 8 s, function_call: 8 s}
        """,
    )

    ran = turnspec_here(tmp_path, "run", ".")

    assert ran.code == 0, ran.told
    assert ran.call()["clock"] == "wall"
    (used,) = ran.call()["turns"][0]["functions"]
    assert json.loads(used["output"]) == {"owner": "Ada"}
    assert 90_000 <= used["returned_us"] - used["called_us"] <= 5_000_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_noise_and_swapped_clips_are_heard_as_what_they_are(tmp_path: Path, protocol: str) -> None:
    """What the agent chooses follows from the sound alone: texts beside it change nothing."""
    turns = """
        - turn: Greeting
        - turn: First
          caller: {{audio: {0}, text: two nine three four zero}}
        - turn: Second
          caller: {{audio: {1}, text: five five}}
    """
    soundfile.write(tmp_path / "noise.wav", noise(1_500_000), 8_000)
    agent = f"""{AGENT.rstrip()}
    heard:
      audio/caller/account.flac: two nine three four zero
      audio/caller/five-five.flac: five five
    """
    account, five = "audio/caller/account.flac", "audio/caller/five-five.flac"

    right, swapped, noisy = (
        talk(tmp_path, turns.format(*clips), agent, protocol=protocol)
        for clips in ((account, five), (five, account), ("noise.wav", five))
    )

    answers = [[call.said(name) for name in ("First", "Second")] for call in (right, swapped, noisy)]
    undeleted, deleted = "Message undeleted. Goodbye!", "Message deleted."
    assert answers == [[undeleted, deleted], [deleted, undeleted], [deleted, deleted]]
    assert [len(call.calls("First")) for call in (right, swapped, noisy)] == [1, 0, 0]
