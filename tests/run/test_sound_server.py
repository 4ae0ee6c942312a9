"""Calls with real sound devices: a person speaks and hears through a sound server.

The person is a recording that is played into the microphone as soon as the agent has been heard out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from support_disk import small_files
from support_projects import CLIPS, TURNSPEC, Project, Ran, ended, turnspec, turnspec_here
from support_sound_server import RATE_HZ, SoundServer, needs_sound_server, sound_server
from turnspec.audio import load_clip, samples_of
from turnspec.audio.passage import find_passage
from turnspec.dsl.load import load

pytestmark = needs_sound_server

HEADSET: Final = ("--microphone", "headset-microphone", "--speaker", "headset-speaker")
PROJECT: Final = """\
version: 1
scenarios: [talks]
intents: [intents.yaml]
targets:
  clubs: {agent: clubs.yaml, protocol: twilio}
  other: {agent: other.yaml, protocol: twilio}
"""
INTENTS: Final = """\
intents:
  all_gone: {keywords: [no more messages]}
"""
CLUBS: Final = """\
agent: Clubs
greeting: {say: One moment please., audio: one-moment.flac}
heard: {known/five-five.flac: five five, known/ten-of-clubs.flac: ten of clubs}
functions: {delete: {parameters: {which: {enum: [first, last]}}, returns: {deleted: true}}}
responses:
  fives:
    when: {pattern: '^five five$'}
    call: {delete: {which: first}}
    then: {say: Message deleted., audio: deleted.flac}
  ten:
    when: {pattern: '^ten of clubs$'}
    say: No more messages.
    audio: no-more.flac
otherwise: {say: Your message has been saved., audio: saved.flac}
"""
OTHER: Final = """\
agent: Other
greeting: {say: One moment please., audio: one-moment.flac}
otherwise: {say: Please enter the conference pin number., audio: table-code.flac}
"""
ASK: Final = """\
scenario: Ask
target: clubs
patience: 8 s
turns:
  - turn: Greeting
    expect: {says: one moment}
  - turn: Ask
    caller: {microphone: {until_silence: 500 ms}}
    expect: {says: message deleted}
    budget: {response: 4 s}
"""


HEARD: Final = ASK.replace("{microphone: {until_silence: 500 ms}}", "{audio: a.flac}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """A sound server for all tests of this file."""
    with sound_server(tmp_path_factory.mktemp("sound")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two agents that answer in different words."""
    return _laid_out(tmp_path)


def _laid_out(folder: Path) -> Project:
    made = Project(folder)
    for clip in ("one-moment", "deleted", "no-more", "saved", "table-code"):
        made.clip(f"agent/{clip}.flac")
    (folder / "known").mkdir()
    for clip in ("five-five", "ten-of-clubs"):
        made.clip(f"known/{clip}.flac", f"known/{clip}.flac")
    for name, text in (
        ("turnspec.yaml", PROJECT),
        ("intents.yaml", INTENTS),
        ("clubs.yaml", CLUBS),
        ("other.yaml", OTHER),
    ):
        made.write(name, text)
    return made


def _told(events: Path) -> Iterator[dict[str, Any]]:
    """The events of a call as they are written, to the last one."""
    command = ["timeout", "60", "tail", "-n", "+1", "-F", "-s", "0.1", str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tail:
        assert tail.stdout is not None
        for event in map(json.loads, tail.stdout):
            yield event
            if event.get("kind") == "call-ended":
                break
        tail.terminate()


@contextmanager
def _started(project: Project, server: SoundServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*TURNSPEC, *arguments],
        cwd=project.folder,
        env=dict(server.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(cue: str, events: Path, turn: int | None = None) -> None:
    """Wait for an event of a call, perhaps of a turn."""
    for event in _told(events):
        if (event.get("kind"), event.get("turn")) == (cue, turn):
            return


def _answer(events: Path, server: SoundServer, clips: Iterable[str], *cue: object) -> None:
    """Say each clip on its cue, a kind of event and perhaps a turn, until the call is over."""
    said = iter(clips)
    for event in _told(events):
        if (event.get("kind"), event.get("turn"))[: len(cue)] == cue and (clip := next(said, "")):
            server.say(CLIPS / "caller" / clip)


def test_a_talk_leaves_a_scenario_that_holds_for_its_agent_alone(
    project: Project, server: SoundServer
) -> None:
    """Three turns are held; each asserts words or an intent; run again they pass, with another agent not."""
    talk = project.folder / "talks" / "mine"
    arguments = ("talk", "-t", "clubs", *HEADSET, "-o", "talks/mine", "--turns", "3", "--silence", "12 s")
    with _started(project, server, *arguments) as process:
        clips = ("five-five.flac", "ten-of-clubs.flac", "vague.flac")
        events = talk / "calls" / "talk" / "events.jsonl"
        _answer(events, server, clips, "playback-drained")
        printed = "".join(process.communicate(timeout=60))

    assert process.returncode == 0, printed
    loaded = load([talk / "talk.yaml"])
    assert loaded.problems == ()
    (scenario,) = loaded.scenarios
    turns = list(scenario.plain_turns())
    asserted = [
        {key: getattr(turn.expect, key) for key in ("intent", "says") if getattr(turn.expect, key)}
        for turn in turns
    ]
    assert [[*each] for each in asserted] == [["says"], ["says"], ["intent"], ["says"]]
    assert asserted[2] == {"intent": ("all_gone",)}
    written = (talk / "talk.yaml").read_text()
    assert "# Run it with `turnspec run talks/mine/talk.yaml`." in written
    assert "      text: five five\n" in written
    assert "        - delete: {which: first}\n" in written
    assert "nobody told what is said in it" in written

    again = turnspec_here(project.folder, "run", "talks/mine/talk.yaml")
    other = turnspec_here(project.folder, "run", "talks/mine/talk.yaml", "-t", "other")

    assert (again.code, other.code) == (0, 1), again.told + other.told
    assert set(other.kinds()) >= {"says", "intent"}

    kept = turnspec_here(project.folder, "talk", "-t", "clubs", "-o", "talks/mine")

    assert kept.code == 2
    assert "talks/mine/talk.yaml is there already" in kept.err
    assert (talk / "talk.yaml").read_text() == written


@pytest.fixture(scope="module")
def apart(server: SoundServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ran]:
    """Calls that do not get into one another's way, made at the same time."""
    wall = ("--clock", "wall")
    asked = {
        "ask": (ASK, *wall, "--microphone", "headset-microphone"),
        "heard": (HEARD, "--listen", "--speaker", "headset-speaker"),
        "nobody": (ASK.replace("patience: 8 s", "patience: 2 s"), *wall, "--microphone", "quiet-microphone"),
        "no-such": (ASK, *wall, "--microphone", "headset-microfone"),
        "unplugged": (
            ASK,
            *wall,
            "--microphone",
            "unplugged-microphone",
        ),
    }
    folders = {name: _laid_out(tmp_path_factory.mktemp(name)) for name in asked}
    with server.listening(folders["heard"].folder / "heard.raw"), ExitStack() as stack:
        processes = {}
        for name, (scenario, *options) in asked.items():
            folders[name].write("talks/ask.yaml", scenario)
            folders[name].clip("caller/five-five.flac", "talks/a.flac")
            command = ("run", "talks/ask.yaml", "-o", "out", *options)
            processes[name] = stack.enter_context(_started(folders[name], server, *command))
        folders["full"] = _laid_out(tmp_path_factory.mktemp("full"))
        talking = (*HEADSET[:2], "--speaker", "other-speaker", "--turns", "1", "-o", "mine")
        with small_files(8_000):  # which the process inherits
            processes["full"] = stack.enter_context(
                _started(folders["full"], server, "talk", "-t", "clubs", *talking)
            )
        until("call-up", folders["full"].folder / "mine" / "calls" / "talk" / "events.jsonl")
        events = folders["ask"].folder / "out" / "calls" / "ask" / "events.jsonl"
        _answer(events, server, ["five-five.flac"], "turn-began", 1)
        until("turn-began", folders["unplugged"].folder / "out" / "calls" / "ask" / "events.jsonl", 1)
        server.unplug("unplugged")
        return {name: ended(process, folders[name].folder, 60) for name, process in processes.items()}


def test_a_person_speaks_for_the_caller(apart: Mapping[str, Ran]) -> None:
    """What is said into the microphone is heard and answered; its edges are found in what was sent."""
    ran = apart["ask"]

    assert ran.code == 0, ran.told
    told = ran.events()
    (spoke,) = [event for event in told if event.get("kind") == "caller-spoke"]
    done = next(event for event in told if event.get("kind") == "action-done")
    assert (spoke["origin"], spoke["text"]) == ("microphone", None)
    assert 800_000 <= spoke["speech_end_us"] - spoke["speech_start_us"] <= 1_300_000
    assert done["end_us"] == spoke["speech_end_us"]
    assert done["at_us"] - done["end_us"] >= 400_000  # its end, as heard live, is some frames off

    caller = samples_of(load_clip(CLIPS / "caller" / "five-five.flac", 8_000))
    found = find_passage(_left(ran.output / "calls" / "ask" / "call.flac"), caller, 8_000)
    assert found is not None
    assert found.share > 0.8


def test_a_microphone_that_nobody_speaks_into_breaks_the_call(apart: Mapping[str, Ran]) -> None:
    """It is no fault of the agent's: the message names the microphone and what to look at."""
    ran = apart["nobody"]

    assert ran.code == 3
    assert "nobody spoke into the microphone 'quiet-microphone' for 2 s" in ran.told


def test_a_microphone_that_is_taken_away_breaks_the_call(apart: Mapping[str, Ran]) -> None:
    """The message names it; nobody waits for words that cannot come, and what was heard by then is kept."""
    ran = apart["unplugged"]

    assert ran.code == 3
    assert "the microphone 'unplugged-microphone' was taken away" in ran.told
    assert (ran.output / "calls" / "ask" / "call.flac").is_file()


def test_a_talk_on_a_full_disk_tells_what_was_said_and_what_is_kept(apart: Mapping[str, Ran]) -> None:
    """Its recording as far as it goes, and no scenario that is cut off."""
    ran = apart["full"]
    mine = ran.output.parent / "mine"

    assert ran.code == 3
    assert "you    five five\nagent  Message deleted.\n" in ran.out
    assert "Recording  mine/calls/talk/call.wav" in ran.out
    assert "the scenario could not be written: File too large" in ran.err
    assert "Not everything of this call could be written: File too large." in ran.err
    assert [each.name for each in mine.iterdir()] == ["calls"]


def test_a_device_that_is_not_there_breaks_the_call(apart: Mapping[str, Ran]) -> None:
    """The nearest name is told, and nothing is called."""
    ran = apart["no-such"]

    assert ran.code == 3
    assert "there is no microphone 'headset-microfone'; did you mean 'headset-microphone'?" in ran.told
    assert [event["kind"] for event in ran.events()] == ["harness-failed", "call-ended"]


def test_a_call_is_heard_while_it_is_made(apart: Mapping[str, Ran]) -> None:
    """Both sides come out of the loudspeaker, in their order; a local agent is called on the wall clock."""
    ran = apart["heard"]

    assert ran.code == 0, ran.told
    late = "underrun occurred"  # so ALSA says of a machine that is too busy to play
    assert [line for line in ran.err.splitlines() if late not in line] == []
    assert ran.call()["clock"] == "wall"
    heard = np.fromfile(ran.output.parent / "heard.raw", np.int16)
    places = []
    for clip in ("agent/one-moment", "caller/five-five", "agent/deleted"):
        found = find_passage(heard, samples_of(load_clip(CLIPS / f"{clip}.flac", RATE_HZ)), RATE_HZ)
        assert found is not None, clip
        assert found.share > 0.6, clip
        places.append(found.start_us)
    assert places == sorted(places)


def test_devices_are_listed(server: SoundServer, tmp_path: Path) -> None:
    """The names are those that options take, each with its directions."""
    listed = json.loads(turnspec(tmp_path, "devices", "--json", environment=server.environment).out)

    assert {device["name"] for device in listed} >= {"headset-microphone", "headset-speaker"}
    assert all(device["inputs"] and device["rate_hz"] > 0 for device in listed)


def _left(recording: Path) -> Any:
    import soundfile

    return soundfile.read(recording, dtype="int16", always_2d=True)[0][:, 0]
