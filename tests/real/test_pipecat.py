"""A bot of Pipecat's own parts, unmodified, between our Twilio caller and our Realtime server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support_examples import Outcome, run_examples
from support_real import HEAVY, PROGRAMS, needs_heavy, project, served

SCENARIO = """\
scenario: {name}
target:
  protocol: twilio
  url: "ws://127.0.0.1:{{{{ port }}}}/ws"
  start:
    command: "{python} -m uvicorn pipecat_bot:app --port {{{{ port }}}} --log-level warning"
    environment: {{REALTIME_URL: "{realtime}"}}
    ready: {{http: "http://127.0.0.1:{{{{ port }}}}/health", within: 60 s}}
{backend}turns:
"""
HEARD = """\
  - turn: Greeting, asked for in writing
    expect: {says: your number is zero}
  - turn: A spoken card, counted by a function of the bot
    caller: {audio: audio/caller/seven-of-clubs.flac}
    expect:
      calls: [{add_card: {rank: seven, suit: clubs}}]
      returned: {add_card: {total: 7, cards: 1}}
      says: your number is seven
  - turn: Talk over the menu
    caller: {audio: audio/caller/ten-of-clubs.flac, interrupt: {after: 3 s}}
    expect:
      stops: true
      calls: [{add_card: {rank: ten, suit: clubs}}]
      returned: {add_card: {total: 17, cards: 2}}
      says: your number is seventeen
"""
UNHEARD = """\
  - turn: Greeting
    budget: {greeting: 10 s}
  - turn: A spoken card
    caller: {audio: audio/caller/seven-of-clubs.flac}
    budget: {response: 3 s}
  - turn: Talk over the menu
    caller: {audio: audio/caller/ten-of-clubs.flac, interrupt: {after: 3 s}}
    budget: {response: 3 s}
"""

LOG = "served.jsonl"

pytestmark = needs_heavy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the calls."""
    return project(tmp_path_factory.mktemp("pipecat"))


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    """One run of two calls: the model behind the bot is the call's own, or `turnspec serve realtime`."""
    for example in folder.glob("*.yaml"):
        if example.name != "turnspec.yaml":
            example.unlink()
    shutil.copy(PROGRAMS / "pipecat_bot.py", folder)
    backend = "  backend: agents/dealer-of-others.yaml\n"
    with served(folder, folder / LOG) as url:
        write(folder, "backend", "{{ backend.url }}/realtime", backend, HEARD)
        write(folder, "served", url.replace("http", "ws") + "/realtime", "", UNHEARD)
        return run_examples(folder, ".")


def write(folder: Path, name: str, realtime: str, backend: str, turns: str) -> None:
    """One scenario against a bot of its own."""
    head = SCENARIO.format(name=name, python=HEAVY, realtime=realtime, backend=backend)
    (folder / f"{name}.yaml").write_text(head + turns, encoding="utf-8")


@pytest.mark.parametrize("name", ["backend", "served"])
def test_bot_holds_a_conversation(outcome: Outcome, name: str) -> None:
    """Text, speech, a function call and an interruption, through two of Pipecat's protocols at once."""
    assert outcome.call(name)["outcome"] == "passed", outcome.printed


def test_served_model_saw_every_round(outcome: Outcome, folder: Path) -> None:
    """Words, speech, two functions with their outputs, and a truncated reply are in the double's own log."""
    assert outcome.exit_code == 0, outcome.printed
    log = (folder / LOG).read_text("utf-8")

    for event in ("response.output_audio.done", "speech_stopped", "conversation.item.truncated"):
        assert event in log
    assert log.count("function_call_output") >= 2
