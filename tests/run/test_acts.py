"""What a local agent does besides speaking, expected over the protocol that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import plan_talk, talk
from turnspec.results import Outcome

ASK = "  caller: {audio: audio/caller/five-five.flac, text: five five}\n"


def desk(reply: str) -> str:
    """An agent that answers so."""
    return f"""
    agent: Desk
    greeting: {{say: No more messages., audio: audio/agent/no-more.flac}}
    otherwise: {{{reply}}}
    """


def turns(expect: str, more: str = "") -> str:
    """A greeting, and a question that expects this."""
    return f"- turn: Greeting\n- turn: Ask\n{ASK}  expect: {expect}\n{more}"


def test_a_call_that_is_given_away(tmp_path: Path) -> None:
    """It is waited for behind the words, and the end of the call is in order."""
    reply = "say: Message deleted., audio: audio/agent/deleted.flac, transfer: 'tel:+15550123'"
    expect = "{says: message deleted, transfer: 'tel:+15550123'}"
    result = talk(tmp_path, turns(expect), desk(reply), protocol="audiocodes")

    assert result.result.outcome is Outcome.PASSED
    assert [turn.how for turn in result.result.turns] == ["replied", "hung-up"]


def test_a_call_that_is_given_away_without_a_word(tmp_path: Path) -> None:
    """No reply is missed where none was expected."""
    result = talk(tmp_path, turns("{transfer: true}"), desk("transfer: 'sip:a@b'"), protocol="audiocodes")

    assert result.result.outcome is Outcome.PASSED


def test_keys_without_a_word(tmp_path: Path) -> None:
    """They are the reply; the next turn takes its own."""
    more = f"- turn: Again\n{ASK}  expect: {{dtmf: '12#'}}\n"
    agent = desk('dtmf: "12#"')
    result = talk(tmp_path, turns('{dtmf: "12#"}', more), agent, protocol="audiocodes")

    assert result.outcomes() == ["passed", "passed", "passed"]
    assert [turn.how for turn in result.result.turns] == ["replied"] * 3


def test_keys_that_are_others(tmp_path: Path) -> None:
    """One finding tells which."""
    result = talk(tmp_path, turns('{dtmf: "99"}'), desk('dtmf: "12#"'), protocol="audiocodes")

    assert result.kinds() == ["dtmf"]


@pytest.mark.parametrize(
    ("protocol", "expect", "message"),
    [
        ("realtime", "{transfer: true}", "over realtime the agent cannot give the call away"),
    ],
)
def test_what_a_protocol_cannot_show_is_refused(
    tmp_path: Path, protocol: str, expect: str, message: str
) -> None:
    """Before any call, with the condition that would skip the turn there."""
    planned = plan_talk(tmp_path, turns(expect), desk("say: Pardon?"), protocol=protocol)

    assert [problem.message for problem in planned.problems] == [message]
    assert "when: {supports: " in planned.problems[0].help


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("- expect: {refused: true}\n- turn: More\n", "no other turns"),
        ("- caller: {silence: 1 s}\n  expect: {refused: true}\n", "nothing is said"),
        ("- expect: {refused: true, says: hello}\n", "nothing else can be expected, such as says"),
    ],
)
def test_a_refusal_stands_alone(tmp_path: Path, written: str, message: str) -> None:
    """A call that is refused has one turn, in which nothing else happens."""
    planned = plan_talk(tmp_path, written, desk("say: Pardon?"))

    assert [message in problem.message for problem in planned.problems] == [True]
