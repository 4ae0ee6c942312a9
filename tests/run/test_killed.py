"""A run that is killed leaves all that happened up to the last second, and reports are made of it."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from support_browser import browser
from support_projects import Project, Ran, eventually, running, talk, turnspec_here
from support_tools import needed
from turnspec.audio import decode, encode, load_clip, samples_of
from turnspec.audio.edges import voiced_span
from turnspec.audio.samples import Samples, position_at
from turnspec.audio.tracks import read_tracks
from turnspec.call import MULAW_8K

RATE_HZ = 8_000
LAST_US = 1_600_000
"""What may be lost: a second, and by how much a busy machine is late with it."""


@dataclass(frozen=True)
class Killed:
    """A wall-clock call whose process was killed right after the caller had said five five."""

    project: Project

    @property
    def output(self) -> Path:
        """The output folder."""
        return self.project.folder / "out"

    @property
    def folder(self) -> Path:
        """What is left of the call."""
        return self.output / "calls" / "talk"

    @cached_property
    def events(self) -> list[Any]:
        """The recorded events."""
        return lines(self.folder / "events.jsonl")[1:]

    @cached_property
    def tracks(self) -> tuple[Samples, Samples]:
        """The caller and the agent."""
        caller, agent = read_tracks(self.folder / "call.wav").tracks
        assert caller.rate_hz == RATE_HZ
        return samples_of(caller), samples_of(agent)

    def event(self, kind: str) -> Any:
        """The first event of a kind."""
        return next(event for event in self.events if event["kind"] == kind)


def lines(path: Path) -> list[Any]:
    """The lines that are whole."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def clip(project: Project, name: str) -> Samples:
    """A recording as it is on the line."""
    return samples_of(load_clip(project.folder / name, RATE_HZ))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """The call, killed once its evidence says that the caller had spoken."""
    project = talk(tmp_path_factory.mktemp("killed"))
    events = project.folder / "out" / "calls" / "talk" / "events.jsonl"
    with running(project.folder, "--clock", "wall") as process:
        eventually(lambda: events.is_file() and '"action-done"' in events.read_text("utf-8"))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    return Killed(project)


@pytest.fixture(scope="module")
def reported(killed: Killed) -> Ran:
    """`turnspec report` of it."""
    assert not (killed.output / "results.json").exists()
    return turnspec_here(killed.project.folder, "report", "out")


def test_the_recording_is_readable_up_to_the_last_second(killed: Killed) -> None:
    """Both sides are there until a second before the end, and the caller is what was sent."""
    over_us = killed.event("action-done")["at_us"]
    caller, agent = killed.tracks
    said = clip(killed.project, "five-five.flac")
    span = voiced_span(decode(encode(said, MULAW_8K), MULAW_8K), RATE_HZ)
    assert span is not None
    at = position_at(killed.event("caller-spoke")["speech_start_us"] - span[0], RATE_HZ)
    kept = caller[at : at + len(said)]

    assert len(caller) == len(agent) >= position_at(over_us - LAST_US, RATE_HZ)
    assert len(kept) > len(said) // 4
    assert kept.tolist() == said[: len(kept)].tolist()
    assert not caller[:at].any()


def test_the_agent_is_recorded_as_heard_and_as_received(killed: Killed) -> None:
    """The greeting lies where it played, to the sample, in both recordings of the agent."""
    at = position_at(killed.event("agent-audio")["plays_at_us"], RATE_HZ)
    greeting = decode(encode(clip(killed.project, "no-more.flac"), MULAW_8K), MULAW_8K)
    (received,) = read_tracks(killed.folder / "agent-received.wav").tracks

    for track in (killed.tracks[1], samples_of(received)):
        assert track[at : at + len(greeting)].tolist() == greeting.tolist()


def test_frames_are_there_up_to_the_last_second(killed: Killed) -> None:
    """What the wire carried is on disk until a second before the end."""
    frames = lines(killed.folder / "wire.jsonl")

    assert frames[-1]["at_us"] >= killed.event("action-done")["at_us"] - LAST_US


def test_the_reports_tell_what_is_known(reported: Ran) -> None:
    """The call is an error that says when it was cut off, with its words and its times."""
    call = reported.call()

    assert reported.code == 0, reported.told
    assert call["outcome"] == "error"
    assert "the run was cut off" in call["error"]
    assert [line["text"] for turn in call["turns"] for line in turn["lines"]][:2] == [
        "No more messages.",
        "five five",
    ]
    assert reported.measured("speech")[0]["state"] == "measured"
    assert call["recording"] == "calls/talk/call.wav"
    assert reported.results["interrupted"] is True
    assert call["lateness_us"] is None  # nobody knows it: that of a run that ended is 0 or more
    assert "cut off before its reports were written" in reported.err


def test_junit_has_the_error(reported: Ran) -> None:
    """JUnit counts the call as an error, not as a failure of the agent."""
    (case,) = reported.junit.iterfind(".//testcase[@name='Talk']")

    assert "the run was cut off" in str(case.find("error").get("message"))  # type: ignore[union-attr]
    told = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert told["lateness"] == "unknown"


def test_reports_are_the_same_when_written_again(killed: Killed, reported: Ran, tmp_path: Path) -> None:
    """A killed run that has been reported is rendered from its results like any other."""
    again = turnspec_here(killed.project.folder, "report", "out", "-o", str(tmp_path))

    assert again.code == 0
    assert json.loads((tmp_path / "results.json").read_text()) == reported.results


def test_the_page_plays_what_was_recorded(reported: Ran) -> None:
    """In a browser the page shows the words and can play as much as was recorded."""
    needed("chromium", "chromium-browser", "google-chrome")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, browser(Path(profile)) as page:
        page.open(reported.output / "report.html")
        shown = page.value("document.body.textContent")
        seconds = page.value(
            "new Promise(done => { const sound = document.querySelector('audio');"
            " if (sound.readyState) done(sound.duration);"
            " sound.addEventListener('loadedmetadata', () => done(sound.duration)); sound.load(); })"
        )

    assert "the run was cut off" in shown
    assert "No more messages." in shown
    assert abs(seconds - reported.call()["duration_us"] / 1e6) < LAST_US / 1e6
    assert page.complaints() == []


def test_changed_files_judge_nothing(killed: Killed, reported: Ran, tmp_path: Path) -> None:
    """A call whose scenario has changed since is shown with its words, and judged by nobody."""
    (killed.output / "results.json").unlink()
    scenario = killed.project.folder / "talk.yaml"
    before = scenario.read_text()
    scenario.write_text(before.replace("message deleted", "something else"))
    try:
        ran = turnspec_here(killed.project.folder, "report", "out", "-o", str(tmp_path))
    finally:
        scenario.write_text(before)
        (killed.output / "results.json").write_text(json.dumps(reported.results))
    (call,) = json.loads((tmp_path / "results.json").read_text())["calls"]

    assert ran.code == 0
    assert "files have changed since, or are gone: talk.yaml" in ran.err
    assert call["outcome"] == "error"
    assert [line["text"] for turn in call["turns"] for line in turn["lines"]][:2] == [
        "No more messages.",
        "five five",
    ]
