"""When the caller acts, in what order, and what ends a turn: each rule of the language on a whole call."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_talk import Talk, plan_talk, talk
from turnspec.run.calling import call_virtual
from turnspec.run.options import RunOptions
from turnspec.run.planning import plan_cases

AGENT = """
    agent: Desk
    greeting: {say: Hello. Your message is now being recorded., audio: audio/agent/dictation-greeting.flac}
    responses:
      keys:
        when: {pattern: '^[0-9A-D*#]+$'}
        say: "{{ heard.text }} deleted"
        audio: audio/agent/deleted.flac
    otherwise: {say: I did not understand your response., audio: audio/agent/not-understood.flac}
"""
IDLE = "    idle: {{after: {after}, say: Wrong number., audio: audio/agent/deleted.flac, times: 1}}\n"
SILENT = """
    agent: Desk
    functions: {f: {returns: 1}}
    otherwise: {say: Message deleted., audio: audio/agent/deleted.flac, faults: [{slow_first_audio: 1 min}]}
"""
FRAME_US = 20_000


def greeted_until(call: Talk) -> int:
    """When the last of the greeting was heard, as it was noticed before its turn was over."""
    over_us = call.turn("Greeting").ended_us or 0
    ends: list[int] = [
        event["ended_us"] for event in call.events("agent-speech-ended") if event["at_us"] <= over_us
    ]
    return max(ends)


def acted(call: Talk, kind: str) -> list[int]:
    """When the caller did things of a kind."""
    return [event["at_us"] for event in call.events(kind)]


@pytest.mark.parametrize("protocol", ["twilio", "audiocodes", "realtime"])
def test_a_first_turn_that_speaks_starts_when_the_call_is_up(tmp_path: Path, protocol: str) -> None:
    """With the first frame of the call, whether or not the agent is going to greet."""
    turns = "- {turn: Ask, caller: {audio: audio/caller/five-five.flac}}"
    call = talk(tmp_path, turns, AGENT, protocol=protocol)
    (up,), (spoken,) = acted(call, "call-up"), acted(call, "caller-spoke")

    assert 0 <= spoken - up <= FRAME_US


ACTIONS = {
    "caller-spoke": "{audio: audio/caller/five-five.flac}",
    "caller-pressed": '{dtmf: "7"}',
    "caller-waited": "{silence: 1 s}",
    "caller-hung-up": "{hangup: true}",
}


@pytest.mark.parametrize("kind", ACTIONS)
@pytest.mark.parametrize("protocol", ["twilio", "audiocodes"])
def test_no_action_starts_while_the_agent_is_heard(tmp_path: Path, kind: str, protocol: str) -> None:
    """Whatever the caller does next, it waits until the greeting is over."""
    turns = f"- turn: Greeting\n- turn: Act\n  caller: {ACTIONS[kind]}\n"
    call = talk(tmp_path, turns, AGENT, protocol=protocol)
    least = {"twilio": 800_000, "audiocodes": 0}[protocol]

    assert acted(call, kind)[0] >= greeted_until(call) + least


def test_actions_are_done_in_order_and_the_last_one_is_answered(tmp_path: Path) -> None:
    """Keys come after the silence before them; the reply, and its time, are those to the last action."""
    turns = """
        - turn: Greeting
        - turn: Act
          caller: [{silence: 700 ms}, {dtmf: "1w2", every: 200 ms}, {silence: 300 ms}, {dtmf: "3"}]
          expect: {says: deleted}
    """
    call = talk(tmp_path, turns, AGENT)
    waits, keys = call.events("caller-waited"), acted(call, "caller-pressed")
    response = call.measured("Act", "response")

    assert call.failures() == []
    assert keys[0] >= waits[0]["until_us"]
    assert waits[1]["at_us"] >= keys[1]
    assert keys[2] >= waits[1]["until_us"]
    assert response.from_us == keys[2]


@pytest.mark.parametrize(
    ("digits", "after_ms"),
    [
        ('{dtmf: "12#"}', [0, 150, 300]),
        ('{dtmf: "12#", every: 400 ms}', [0, 400, 800]),
        ('{dtmf: "1w2#"}', [0, 650, 800]),
        ('{dtmf: "1ww2"}', [0, 1_150]),
        ('{dtmf: "w12"}', [0, 150]),
    ],
)
def test_keys_have_their_times(tmp_path: Path, digits: str, after_ms: list[int]) -> None:
    """From key to key `every`, else 150 ms, and half a second for each `w`."""
    call = talk(tmp_path, f"- turn: Greeting\n- turn: Keys\n  caller: {digits}\n", AGENT)
    keys = acted(call, "caller-pressed")

    assert [(key - keys[0]) // 1_000 for key in keys] == after_ms


def test_a_hang_up_ends_the_call_and_takes_no_reply(tmp_path: Path) -> None:
    """The caller's own hang-up is the last thing that happens, and nobody waits for an answer."""
    turns = """
        - turn: Greeting
        - turn: Leave
          caller: [{audio: audio/caller/five-five.flac}, {hangup: true}]
    """
    call = talk(tmp_path, turns, AGENT)
    (left,) = acted(call, "caller-hung-up")

    assert call.failures() == []
    assert call.turn("Leave").how == "quiet"
    assert call.turn("Leave").ended_us == left
    assert [kind for kind in call.turn("Leave").measurements if kind.name == "response"] == []


REPLY_ENDS = ("target", "scenario", "turn", "nowhere")


@pytest.mark.parametrize("where", REPLY_ENDS)
def test_how_much_silence_ends_a_reply_is_said_at_three_places(tmp_path: Path, where: str) -> None:
    """The greeting is over after 0.8 s of silence, or after what turn, scenario or target say."""
    own = "\n  reply_ends_after: 2 s" if where == "turn" else ""
    head = "reply_ends_after: 2 s\n" if where == "scenario" else ""
    turns = f'- turn: Greeting{own}\n- turn: Keys\n  caller: {{dtmf: "7"}}\n'
    plan_talk(tmp_path, turns, AGENT, head=head)
    more = ", reply_ends_after: 2 s" if where == "target" else ""
    target = f"{{agent: agent.yaml, protocol: twilio{more}}}"
    (tmp_path / "turnspec.yaml").write_text(f"version: 1\ntargets: {{desk: {target}}}\n", "utf-8")
    (case,) = plan_cases(RunOptions(paths=(tmp_path / "talk.yaml",))).cases
    call = Talk(call_virtual(case, tmp_path / "out"), tmp_path / "out")
    silence_us = acted(call, "caller-pressed")[0] - greeted_until(call)

    assert silence_us // 10_000 == (80 if where == "nowhere" else 200)


@pytest.mark.parametrize(
    ("patience", "expect"), [("3 s", ""), ("1 s", "calls: [{function: f, within: 3 s}]")]
)
def test_patience_counts_from_the_end_of_the_callers_action(
    tmp_path: Path, patience: str, expect: str
) -> None:
    """As long as written, or as the longest time that is expected of the reply; then the call ends."""
    turns = f"""
        - turn: Ask
          caller: [{{silence: 500 ms}}, {{audio: audio/caller/seven-of-clubs.flac}}]
          patience: {patience}
          {f"expect: {{{expect}}}" if expect else ""}
        - turn: Never
          caller: {{dtmf: "1"}}
    """
    call = talk(tmp_path, turns, SILENT)
    (spoken,) = call.events("caller-spoke")

    assert call.turn("Ask").how == "no-reply"
    assert call.turn("Ask").ended_us == spoken["speech_end_us"] + 3_000_000
    assert call.outcomes() == ["failed", "skipped"]


@pytest.mark.parametrize(("after", "kinds"), [("1 s", ["does_not_say"]), ("2500 ms", [])])
def test_after_the_last_turn_the_line_is_watched_for_a_while(
    tmp_path: Path, after: str, kinds: list[str]
) -> None:
    """For 0.8 s and half a second more: what is said until then counts against the last turn."""
    turns = "- turn: Greeting\n  expect: {does_not_say: wrong}\n"
    call = talk(tmp_path, turns, AGENT + IDLE.format(after=after))
    (left,), over_us = acted(call, "caller-hung-up"), call.turn("Greeting").ended_us

    assert call.kinds() == kinds
    assert left == (over_us or 0) + 1_300_000
