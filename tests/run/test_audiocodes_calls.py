"""Whole calls to a local agent over AudioCodes, in virtual time: the examples, and what only it can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support_projects import EXAMPLES, turnspec_here
from support_talk import plan_talk, talk

AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    functions: {open: {parameters: {number: string}, returns: {new: 2}, takes: 50 ms}}
    responses:
      open:
        when: {keywords: [nine three]}
        call: {open: {number: "29340"}}
        then: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
      first:
        when: {keywords: [five five]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
      desk:
        when: {pattern: '^9$'}
        say: No more messages.
        audio: audio/agent/no-more.flac
        transfer: {target: "tel:+15550100", reason: "{{ heard.text }} pressed"}
      tones: {when: {pattern: '^5$'}, say: Message deleted., audio: audio/agent/deleted.flac, dtmf: "12w3"}
      bye: {when: {pattern: '^7$'}, say: Message deleted., audio: audio/agent/deleted.flac, hangup: true}
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
TURNS = """
    - {turn: Greeting, expect: {says: being recorded}, budget: {greeting: 1 s}}
    - turn: Ask
      caller: {audio: audio/caller/account.flac}
      expect: {says: Message undeleted, calls: [{open: {number: "29340"}}]}
      budget: {response: 500 ms}
    - turn: Again
      caller: {audio: audio/caller/five-five.flac}
      expect: {says: unknown caller}
      budget: {response: 500 ms}
    - {turn: Bye, caller: {dtmf: "7#"}, expect: {says: Message deleted, hangup: true}}
"""


def examples(output: Path) -> dict[Path, Any]:
    """The two examples of a telephone agent, over AudioCodes instead: their calls, by folder."""
    arguments = ("mailbox.yaml", "rover.yaml", "--protocol", "audiocodes", "-o", str(output))
    ran = turnspec_here(EXAMPLES, "run", *arguments)
    assert ran.code == 0, ran.told
    calls = json.loads((output / "results.json").read_text())["calls"]
    return {output / call["folder"]: call for call in calls}


def test_the_examples_hold_over_audiocodes_too(tmp_path: Path) -> None:
    """The same files, unchanged, pass in virtual time, and a second run leaves the same bytes."""
    first, again = examples(tmp_path / "one"), examples(tmp_path / "again")

    assert [(call["outcome"], call["clock"]) for call in first.values()] == [("passed", "virtual")] * 2
    for one, other in zip(first, again, strict=True):
        for file in ("events.jsonl", "wire.jsonl", "call.flac"):
            assert (one / file).read_bytes() == (other / file).read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        "{barge_in: false}",
        "{barge_in: false, send_events: [playFinished]}",
        "{chunk: 20 ms, formats: [raw/mulaw]}",
        "{chunk: 250 ms, formats: [raw/lpcm16_24]}",
        "{formats: [wav/lpcm16_8]}",
        "{start_order: stream_first}",
        "{start_order: after_greeting, dtmf: collected}",
        "{dtmf_name: dtmf}",
    ],
)
def test_one_conversation_however_the_platform_is_set(tmp_path: Path, options: str) -> None:
    """Half duplex, other chunks and formats, another order at the start: what is said is the same."""
    call = talk(tmp_path, TURNS, AGENT, protocol=f"audiocodes, options: {options}")

    assert call.failures() == []
    assert call.events("protocol-fault") == []


@pytest.mark.parametrize("heard", ["true", "false"])
def test_a_platform_that_speaks_for_the_agent(tmp_path: Path, heard: str) -> None:
    """Where the platform wants words instead of audio it gets messages, and the caller may write too."""
    ask = "{text: five five}" if heard == "false" else "{audio: audio/caller/five-five.flac}"
    turns = f"""
        - {{turn: Greeting, expect: {{says: being recorded}}}}
        - {{turn: Ask, caller: {ask}, expect: {{says: unknown caller}}}}
    """

    call = talk(
        tmp_path, turns, AGENT, protocol=f"audiocodes, options: {{direct_stt: {heard}, direct_tts: false}}"
    )

    assert call.failures() == []
    assert call.events("agent-audio") == []


def test_the_agent_gives_the_call_away_once_it_was_heard_out(tmp_path: Path) -> None:
    """The transfer comes when the last words were played, and ends the call as the agent's doing."""
    turns = """
        - {turn: Greeting}
        - {turn: Elsewhere, caller: {dtmf: "9#"}, expect: {says: No more messages}}
    """

    call = talk(tmp_path, turns, AGENT, protocol="audiocodes")

    (transferred,) = call.events("agent-transferred")
    assert transferred["target"] == "tel:+15550100"
    assert transferred["details"]["handoverReason"] == "9 pressed"
    assert transferred["at_us"] == call.events("playback-drained")[-1]["at_us"]
    assert "No more messages." in call.said("Elsewhere")


def test_the_agent_presses_keys_with_a_pause_between(tmp_path: Path) -> None:
    """Keys come when the words were played, those after `w` half a second later."""
    turns = """
        - {turn: Greeting}
        - {turn: Keys, caller: {dtmf: "5#"}, expect: {says: Message deleted}}
        - {turn: Wait, caller: {silence: 1 s}}
    """

    call = talk(tmp_path, turns, AGENT, protocol="audiocodes")

    first, second = call.events("agent-pressed")
    assert (first["digits"], second["digits"]) == ("12", "3")
    assert second["at_us"] - first["at_us"] == 500_000


def test_an_interrupted_transfer_does_not_happen(tmp_path: Path) -> None:
    """Who talks over the words before it is answered instead."""
    turns = """
        - {turn: Greeting}
        - {turn: Elsewhere, caller: {dtmf: "9#"}}
        - turn: Over
          caller: {audio: audio/caller/five-five.flac, interrupt: {after: 300 ms}}
          expect: {says: unknown caller}
    """

    call = talk(tmp_path, turns, AGENT, protocol="audiocodes")

    assert call.failures() == []
    assert call.events("agent-transferred") == []


def test_what_only_audiocodes_can_is_refused_elsewhere(tmp_path: Path) -> None:
    """A transfer and keys of the agent are problems at their places where the protocol has no word for it."""
    problems = plan_talk(tmp_path, "- turn: A", AGENT, protocol="[twilio, realtime]").problems

    found = [(problem.kind, problem.span.file, problem.span.line) for problem in problems]
    assert sorted(set(found)) == [("cannot-press", "agent.yaml", 19), ("cannot-transfer", "agent.yaml", 18)]


def test_a_reply_before_the_end_can_be_known_is_refused(tmp_path: Path) -> None:
    """How soon that is depends on the platform's chunks."""
    agent = AGENT.replace("'^7$'}, say", "'^7$'}, timing: {first_audio: 160 ms}, say")

    def kinds(options: str) -> list[str]:
        planned = plan_talk(tmp_path, "- turn: A", agent, protocol=f"audiocodes, options: {options}")
        return [problem.kind for problem in planned.problems]

    assert kinds("{chunk: 20 ms}") == []
    assert kinds("{}") == ["too-early"]
