"""Ctrl-C and SIGTERM in the middle of a run: exit 130, and everything up to then is kept."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from support_projects import BOT, TALK, Project, ended, eventually, running, talk
from support_repeats import EVEN, bank
from support_voices import program
from turnspec.call.evidence import read_events

MANY = 40
WRAPPED = """
    protocol: twilio
    url: "ws://127.0.0.1:{{ port }}/"
    start: {command: "python wrap.py {{ port }}"}
"""


def many(folder: Path) -> Project:
    """A project of so many calls that some are always still to be made."""
    project = talk(folder)
    for number in range(MANY):
        project.write(f"talk{number}.yaml", TALK.replace("Talk", f"Talk {number}"))
    return project


def calling_a_process(folder: Path, first: str = "") -> Project:
    """A project whose one call goes on for long; its target notes its process id, after `first`."""
    project = talk(folder, target=WRAPPED)
    project.mulaw("agent/no-more.flac")
    project.change("talk.yaml", "{says: no more messages}", "{silent: 20 s}")
    project.change("talk.yaml", "    expect: {says: message deleted}\n", "")
    project.write(
        "wrap.py",
        f"""
        import os, runpy, signal, sys
        {first}
        with open("pid", "w") as file:
            file.write(str(os.getpid()))
        sys.argv = ["bot", sys.argv[1], "speech.ul"]
        runpy.run_path({str(BOT)!r}, run_name="__main__")
        """,
    )
    return project


def is_alive(project: Project) -> bool:
    """Whether the target's process is there."""
    try:
        os.kill(int((project.folder / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def is_up(project: Project) -> bool:
    """Whether the call has begun."""
    record = project.folder / "out" / "calls" / "talk" / "events.jsonl"
    return record.is_file() and '"turn-began"' in record.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_call_to_a_process_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    """The run ends with 130 and a report of what was, the record can be read, no process is left."""
    project = calling_a_process(tmp_path)
    with running(tmp_path) as process:
        eventually(lambda: is_up(project))
        process.send_signal(number)
        ran = ended(process, tmp_path)

    assert ran.code == 130, ran.told
    ran.assert_clean()
    assert ran.call()["error"] == "interrupted"
    assert ran.results["interrupted"] is True
    assert ran.junit.find(".//testcase/error") is not None
    assert "interrupted" in ran.html
    _, events = read_events(tmp_path / "out" / "calls" / "talk")
    assert [event.kind for event in events[-2:]] == ["harness-failed", "call-ended"]
    assert not is_alive(project)


@pytest.mark.alone
def test_process_that_ignores_being_stopped_is_killed(tmp_path: Path) -> None:
    """A target that will not end is ended all the same, at once when asked for twice."""
    project = calling_a_process(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    with running(tmp_path) as process:
        eventually(lambda: is_up(project))
        process.send_signal(signal.SIGINT)
        eventually(lambda: "interrupted" in (tmp_path / "out/calls/talk/events.jsonl").read_text())
        process.send_signal(signal.SIGINT)
        ran = ended(process, tmp_path, within_s=2.5)  # less than the grace that one signal gives

    assert ran.code == 130, ran.told
    ran.assert_clean()
    assert not is_alive(project)


def test_start_of_a_process_is_interrupted(tmp_path: Path) -> None:
    """A target that is still starting is stopped too."""
    project = calling_a_process(tmp_path)
    project.change("wrap.py", "sys.argv = ", "import time; time.sleep(60); sys.argv = ")
    with running(tmp_path) as process:
        eventually(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text() != "")
        process.send_signal(signal.SIGINT)
        ran = ended(process, tmp_path)

    assert ran.code == 130, ran.told
    ran.assert_clean()
    assert not is_alive(project)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_virtual_calls_are_kept_up_to_then(tmp_path: Path, workers: str) -> None:
    """Calls that left evidence are reported as what they were; the others were not called, and say so."""
    many(tmp_path)
    with running(tmp_path, "--workers", workers) as process:
        eventually(lambda: len(list(tmp_path.glob("out/calls/*/call.flac"))) >= 3)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the run
        ran = ended(process, tmp_path)

    assert ran.code == 130, ran.told
    ran.assert_clean()
    assert len(ran.results["calls"]) == MANY + 1
    skipped = {call["name"] for call in ran.results["calls"] if call["outcome"] == "skipped"}
    made = [call for call in ran.results["calls"] if call["outcome"] != "skipped"]
    assert skipped
    assert len(made) == len(list(tmp_path.glob("out/calls/*")))
    for call in made:
        assert call["outcome"] == "passed" or call["error"] == "interrupted"
        read_events(tmp_path / "out" / call["folder"])
    assert f"{MANY + 1} conversations held" not in ran.results["verdict"]


def test_termination_of_workers_is_waited_for(tmp_path: Path) -> None:
    """SIGTERM to the run alone lets its workers finish the calls they are in, and reports them."""
    many(tmp_path)
    with running(tmp_path, "--workers", "2") as process:
        eventually(lambda: len(list(tmp_path.glob("out/calls/*/call.flac"))) >= 3)
        process.send_signal(signal.SIGTERM)
        ran = ended(process, tmp_path)

    assert ran.code == 130, ran.told
    ran.assert_clean()
    made = [call for call in ran.results["calls"] if call["outcome"] != "skipped"]
    assert len(made) == len(list(tmp_path.glob("out/calls/*")))
    assert {call["outcome"] for call in made} == {"passed"}


def writer_of(pipe: Path) -> int:
    """The writing end of a named pipe, once somebody reads it."""
    until = time.monotonic() + 20
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < until, "nobody reads it"
            time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupt_before_any_call(tmp_path: Path, number: signal.Signals) -> None:
    """While files are still being read, 130 as well, and reports that say so."""
    many(tmp_path)
    os.mkfifo(tmp_path / "zz.yaml")  # reading it waits for ever
    with running(tmp_path) as process:
        writer = writer_of(tmp_path / "zz.yaml")
        process.send_signal(number)
        os.close(writer)  # a signal that came just before it would have waited is seen now
        ran = ended(process, tmp_path)

    assert ran.code == 130, ran.told
    assert "Traceback" not in ran.told
    assert ran.results["interrupted"] is True
    assert ran.results["calls"] == []
    assert "before" in ran.results["verdict"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="workers are found in /proc")
def test_worker_that_dies_loses_its_calls_only(tmp_path: Path) -> None:
    """A worker killed from outside, as for want of memory: what was done is reported, the rest says why."""
    many(tmp_path)
    with running(tmp_path, "--workers", "2") as process:
        eventually(lambda: len(list(tmp_path.glob("out/calls/*/call.flac"))) >= 3)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        ran = ended(process, tmp_path)

    assert ran.code == 3, ran.told
    ran.assert_clean()
    outcomes = set(ran.outcomes().values())
    assert outcomes == {"passed", "error"}
    assert "the worker process that made this call, or one beside it, died" in ran.out


def workers_of(parent: int) -> list[int]:
    """The worker processes of a run."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


STOPPED_AS_IT_REPORTS = """
import os, signal, sys


class Stopped:
    def find_spec(self, name, path=None, target=None):
        if name == "junit_xml":  # loaded when junit.xml is written, and not before
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)


sys.meta_path.insert(0, Stopped())


def nothing(turn):
    pass
"""


def test_reports_are_written_to_their_end(tmp_path: Path) -> None:
    """Ctrl-C after the last call, while its reports are made, loses none of them."""
    turns = "turns: [{caller: {text: Hello}, expect: {check: 'python:stopping.nothing'}}]"
    project = bank(tmp_path, "", agent=EVEN, turns=turns)
    project.write("stopping.py", STOPPED_AS_IT_REPORTS)
    with running(project.folder) as process:
        ran = ended(process, project.folder, within_s=60)

    assert (ran.code, ran.outcomes()) == (0, {"Balance": "passed"})
    assert len(list(ran.junit.iter("testcase"))) == 1
    assert "Balance" in ran.html


@pytest.mark.parametrize("clock", ["virtual", "wall"])
def test_an_engine_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    """A line that is being made while the run is stopped ends with it, and so does its program."""
    project = talk(tmp_path)
    turns = "turns:\n  - expect: {says: {matches: '(?P<first>[a-z]+)'}}\n  - caller: 'about {{ first }}'\n"
    project.write("talk.yaml", f"scenario: Talk\ntarget: desk\n{turns}    expect: {{says: deleted}}\n")
    hangs = (
        "import os, pathlib, sys, time\n"
        "if '-lv' in sys.argv:\n    print('Voices available: rms')\n"
        "if '-o' in sys.argv:\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n    time.sleep(60)\n"
    )
    program(tmp_path / "bin", "flite", hangs)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with running(tmp_path, "--speech", "flite", "--clock", clock) as process:
        eventually(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text() != "")
        process.send_signal(signal.SIGINT)
        ran = ended(process, tmp_path, within_s=25)  # the engine alone would be given half a minute

    assert ran.code == 130, ran.told
    ran.assert_clean()
    assert not is_alive(project)
