"""Calls to a local Realtime model with each way to hold them: formats, and who finds the end of a turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support_projects import Ran, run_here, talk
from turnspec.adapters.realtime.options import RealtimeOptions
from turnspec.run.local_agents import endpointing_us

DESK = """\
agent: Desk
greeting: {say: No more messages., audio: no-more.flac}
responses:
  delete: {when: {keywords: [five]}, say: Message deleted., audio: deleted.flac}
otherwise: {say: Pardon?}
"""


def realtime(folder: Path, options: str, talk_yaml: str | None = None) -> Ran:
    """A call to the desk over Realtime with these options."""
    project = talk(folder, target=f"{{agent: desk.yaml, protocol: realtime, options: {options}}}", desk=DESK)
    if talk_yaml is not None:
        project.write("talk.yaml", talk_yaml)
    return run_here(project)


def sent(ran: Ran) -> list[dict[str, Any]]:
    """The events that the caller's end sent."""
    wire = ran.output / ran.call()["folder"] / "wire.jsonl"
    lines = [json.loads(line) for line in wire.read_text("utf-8").splitlines()]
    return [
        json.loads(line["frame"]) for line in lines if (line["side"], line["direction"]) == ("line", "out")
    ]


def kinds(ran: Ran) -> list[str]:
    """Their types, audio left out."""
    return [event["type"] for event in sent(ran) if event["type"] != "input_audio_buffer.append"]


@pytest.mark.parametrize("name", ["pcm", "pcmu", "pcma"])
@pytest.mark.parametrize("listens", ["server_vad", "semantic_vad", "none", "{create_response: false}"])
def test_a_call_holds(tmp_path: Path, name: str, listens: str) -> None:
    """Greeting, question and answer, whatever the format and whoever finds the end of the turn."""
    ran = realtime(tmp_path, f"{{format: {name}, turn_detection: {listens}}}")

    assert ran.code == 0, ran.told
    asked = ["session.update", "response.create"]
    match listens:
        case "none":
            assert kinds(ran) == [*asked, "input_audio_buffer.commit", "response.create"]
        case "{create_response: false}":
            assert kinds(ran) == [*asked, "response.create"]
        case _:
            assert kinds(ran) == asked
    (heard,) = [event for event in ran.events() if event["kind"] == "caller-heard"]
    assert heard["text"] == "five five"


@pytest.mark.parametrize(
    ("listens", "least_us"),
    [
        ("server_vad", 200_000),
        ({"type": "server_vad", "silence_duration_ms": 450}, 450_000),
        ("none", 0),
        ("semantic_vad", 600_000),
        ({"type": "semantic_vad", "eagerness": "low"}, 1_000_000),
        ({"type": "semantic_vad", "eagerness": "auto"}, 600_000),
        ({"type": "semantic_vad", "eagerness": "high"}, 300_000),
    ],
)
def test_the_end_of_a_turn_is_known_when_its_detection_knows_it(listens: Any, least_us: int) -> None:
    """No reply of a local agent can begin before; a script that wants to is told so."""
    options = RealtimeOptions.model_validate({"turn_detection": listens})

    assert endpointing_us("realtime", options) == least_us


def test_without_turn_detection_only_turns_are_sent(tmp_path: Path) -> None:
    """A telephone with a button: as much audio as the recording has, and no more."""
    listening = sum(
        event["type"] == "input_audio_buffer.append" for event in sent(realtime(tmp_path / "a", "{}"))
    )
    button = realtime(tmp_path / "b", "{turn_detection: none}")
    (spoke,) = [event for event in button.events() if event["kind"] == "caller-spoke"]
    frames = sum(event["type"] == "input_audio_buffer.append" for event in sent(button))

    first, last = (spoke[edge] // 20_000 for edge in ("speech_start_us", "speech_end_us"))
    assert frames == last - first + 1
    assert frames < listening // 2


def test_both_ends_speak_the_beta(tmp_path: Path) -> None:
    """An old client and an old server hold the same conversation, interruption and all."""
    project = talk(
        tmp_path,
        target="{agent: desk.yaml, protocol: realtime, options: {dialect: beta}}",
        desk=DESK,
    )
    project.write("talk.yaml", OVER)
    ran = run_here(project)

    assert ran.code == 0, ran.told
    wire = (ran.output / ran.call()["folder"] / "wire.jsonl").read_text("utf-8")
    assert "response.audio.delta" in wire
    assert "response.output_audio.delta" not in wire


TWICE = """
scenario: Talk
target: desk
turns:
  - turn: Greeting
    expect: {says: no more messages}
  - turn: Ask
    caller: [{audio: five-five.flac, text: one}, {silence: 1 s}, {audio: five-five.flac, text: two}]
    expect: {says: pardon}
"""


def test_a_turn_of_several_parts_is_handed_over_once(tmp_path: Path) -> None:
    """Without turn detection a turn ends where the scenario ends it, pauses and all."""
    ran = realtime(tmp_path, "{turn_detection: none}", TWICE)

    assert ran.code == 0, ran.told
    assert kinds(ran)[2:] == ["input_audio_buffer.commit", "response.create"]


OVER = """
scenario: Talk
target: desk
turns:
  - turn: Greeting
  - turn: Over it
    caller: {audio: five-five.flac, text: five five, interrupt: {after: 300 ms}}
    expect: {stops: true, says: message deleted}
"""


@pytest.mark.parametrize("listens", ["server_vad", "none"])
@pytest.mark.parametrize("name", ["pcm", "pcmu"])
def test_talking_over_a_model(tmp_path: Path, listens: str, name: str) -> None:
    """It stops, is told how much was heard of it, and answers; the truncation is within what it said."""
    ran = realtime(tmp_path, f"{{format: {name}, turn_detection: {listens}}}", OVER)

    assert ran.code == 0, ran.told
    (cut,) = [event for event in sent(ran) if event["type"] == "conversation.item.truncate"]
    (truncated,) = [
        event for event in ran.events() if event["kind"] == "agent-truncated" and event["side"] == "model"
    ]
    assert truncated["heard_us"] == cut["audio_end_ms"] * 1000
    assert 300 <= cut["audio_end_ms"] < 2_000


@pytest.mark.parametrize(
    ("pace", "within_ms"), [("instant", (0, 0)), ("real_time", (900, 1_300)), ("4x", (200, 330))]
)
def test_a_local_agent_sends_at_the_pace_of_the_options(
    tmp_path: Path, pace: str, within_ms: tuple[int, int]
) -> None:
    """A greeting of 1.2 s leaves at once, as fast as it plays, or four times as fast."""
    ran = realtime(tmp_path, f"{{pace: {pace}}}")
    wire = ran.output / ran.call()["folder"] / "wire.jsonl"
    lines = [json.loads(line) for line in wire.read_text("utf-8").splitlines()]
    times = [
        line["at_us"] // 1_000
        for line in lines
        if line["side"] == "line" and "response.output_audio.delta" in line["frame"]
    ]
    greeting = [at for at in times if at - times[0] < 2_000]

    assert within_ms[0] <= greeting[-1] - greeting[0] <= within_ms[1]


def test_a_pace_that_is_none(tmp_path: Path) -> None:
    """A wrong word is refused with the right ones."""
    ran = realtime(tmp_path, "{pace: realtime}")

    assert ran.code == 2
    assert "did you mean 'real_time'" in ran.told
