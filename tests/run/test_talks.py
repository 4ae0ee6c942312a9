"""What the language promises, on whole calls in virtual time with recorded speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from support_talk import CLIPS, talk

AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    functions: {open: {parameters: {number: string}, returns: {new: 2}}}
    responses:
      open:
        when: {keywords: [nine three]}
        call: {open: {number: "29340"}}
        then: {say: Message undeleted. Goodbye!, audio: audio/agent/undeleted.flac}
      first:
        when: {keywords: [five five]}
        say: First message. Received yesterday from an unknown caller.
        audio: audio/agent/mailbox-first.flac
      keys:
        when: {pattern: '^[0-9A-D*#]+$'}
        say: "{{ heard.text }} deleted"
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""


def test_a_list_of_actions_is_answered_after_its_last(tmp_path: Path) -> None:
    """A reply to an earlier action of a turn is not the turn's, heard out or broken off."""
    turns = """
        - turn: Greeting
        - turn: Heard out
          caller: [{audio: audio/caller/five-five.flac}, {silence: 8 s}, {audio: audio/caller/account.flac}]
          expect: {says: Message undeleted, calls: [{open: {number: "29340"}}]}
          budget: {response: 400 ms}
        - turn: Broken off
          caller: [{audio: audio/caller/five-five.flac}, {audio: audio/caller/account.flac}]
          expect: {says: Message undeleted, calls: [{open: {number: "29340"}}]}
          budget: {response: 400 ms}
        - turn: Key
          caller: {dtmf: "7"}
          expect: {says: 7 deleted}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.failures() == []
    assert call.said("Key") == "7 deleted"


def test_a_caller_who_speaks_first_is_answered_not_greeted(tmp_path: Path) -> None:
    """Where the first turn speaks over the agent's greeting, its reply is the answer, not the greeting."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/account.flac}
          expect: {says: Message undeleted}
          budget: {response: 400 ms}
    """

    call = talk(tmp_path, turns, AGENT)

    assert call.failures() == []
    response, first_audio = call.measured("Ask", "response"), call.measured("Ask", "first_audio")
    assert 0 < (first_audio.value_us or 0) <= (response.value_us or 0)


def test_an_interruption_is_not_the_last_word_of_its_turn(tmp_path: Path) -> None:
    """A turn that talks over the agent and then presses a key takes the reply to the key."""
    turns = """
        - turn: Ask
          caller: {audio: audio/caller/five-five.flac}
        - turn: Over
          caller: [{audio: audio/caller/five-five.flac, interrupt: {after: 1 s}}, {silence: 7 s}, {dtmf: "7"}]
          expect: {stops: true}
          budget: {response: 900 ms}
        - turn: Again
          caller: {audio: audio/caller/account.flac, interrupt: {after: 300 ms}}
          expect: {stops: true, says: Message undeleted}
    """

    assert talk(tmp_path, turns, AGENT).failures() == []


@pytest.mark.parametrize("protocol", ["twilio", "realtime"])
def test_an_agent_that_merely_finished_did_not_stop(tmp_path: Path, protocol: str) -> None:
    """Where nothing but the silence after its last word was dropped, the agent had no more to say."""
    turns = """
        - turn: Greeting
        - turn: Over
          caller: {audio: audio/caller/five-five.flac, interrupt: {after: 1100 ms}}
          expect: {stops: true}
    """
    spoken, rate_hz = soundfile.read(CLIPS / "agent" / "deleted.flac", dtype="int16")
    soundfile.write(
        tmp_path / "padded.wav", np.concatenate((spoken, np.zeros(rate_hz // 2, np.int16))), rate_hz
    )
    agent = AGENT.replace("audio/agent/dictation-greeting.flac", "padded.wav")

    call = talk(tmp_path, turns, agent, protocol=protocol)

    assert call.events("playback-flushed")
    assert [(each.kind, each.status.value) for each in call.failures()] == [("stops", "not exercised")]
