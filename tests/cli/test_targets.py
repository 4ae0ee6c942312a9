"""Targets that are not there, do not start or die: the harness's trouble (exit 3), told with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support_projects import TALK, TARGET, Project, Ran, bot_target, run_here, talk

SILENT = "{silent: 1 s}"
# A target's command, `ready`, what is told, and what else is told.
NOT_READY = {
    "no such program": (
        "nosuchprogram {{ port }}",
        "{port: true}",
        "there is no program 'nosuchprogram' on PATH",
        "help: install it, or write its path relative to",
    ),
    "open quotation": ("python 'x", "{port: true}", "no closing quotation", "close every quotation mark"),
    "dies at once": (
        "python -c 'print(\"no licence\"); exit(4)'",
        "{port: true}",
        "ended before it was ready: exit code 4",
        "| no licence",
    ),
    "killed": (
        "python -c 'import os; os.abort()'",
        "{port: true}",
        "ended before it was ready: killed by SIGABRT",
        "it printed nothing",
    ),
    "never opens its port": (
        "python -c 'import time; print(\"warming up\"); time.sleep(60)'",
        "{port: true, within: 600 ms}",
        "was not ready within 0.6 s: connecting to 127.0.0.1:",
        "| warming up",
    ),
    "never prints the line": (
        "python -c 'import time; print(\"warming up\"); time.sleep(60)'",
        "{line: hot, within: 600 ms}",
        "waiting for a line that matches 'hot'",
        "check that `ready` names what the command really serves",
    ),
    "answers with an error": (
        "python -m http.server {{ port }} --bind 127.0.0.1",
        '{http: "http://127.0.0.1:{{ port }}/nope", within: 3 s}',
        "the answer was 404",
        "GET /nope",
    ),
}

BROKEN_ADAPTER = """\
from turnspec.adapters.twilio import ADAPTER as TWILIO


class Broken:
    name = "broken"
    options_model = TWILIO.options_model
    capabilities = TWILIO.capabilities

    async def dial(self, request):
        return await nobody_expected_this(request)


ADAPTER = Broken()


async def nobody_expected_this(request):
    return 1 / 0
"""


def silent_talk(folder: Path, target: str) -> Project:
    """A call that needs no words of the agent."""
    project = talk(folder, target=target)
    project.change("talk.yaml", "{says: no more messages}", SILENT)
    project.change("talk.yaml", "    expect: {says: message deleted}\n", "")
    return project


def started_by(command: str, ready: str) -> str:
    """A target with a process."""
    return f"""
    protocol: twilio
    url: "ws://127.0.0.1:{{{{ port }}}}/"
    start:
      command: {json.dumps(command)}
      ready: {ready}
"""


def assert_error(ran: Ran, reason: str, name: str = "Talk") -> None:
    """The call is an error for this reason, in the terminal and in every report, and has its record."""
    assert ran.code == 3, ran.told
    ran.assert_clean()
    call = ran.call(name)
    assert call["outcome"] == "error"
    assert reason in call["error"]
    assert reason in ran.out
    assert reason.replace("'", "&#39;") in ran.html
    errors = [case.find("error") for case in ran.junit.iter("testcase") if case.get("name") == name]
    assert any(error is not None and reason in (error.get("message") or "") for error in errors)
    assert [event["kind"] for event in ran.events(name)][-2:] == ["harness-failed", "call-ended"]


NOTHING_LISTENS = {
    "loopback": ("ws://127.0.0.1:9/", "twilio", "nothing listens at ws://127.0.0.1:9/: Connection refused"),
    "by name": ("ws://localhost:9/", "twilio", "nothing listens at ws://localhost:9/: Connection refused"),
    "a path": ("ws://127.0.0.1:9/v1", "realtime", "nothing listens at ws://127.0.0.1:9/v1/realtime"),
    "no host": ("ws://no-such-host.invalid/", "twilio", "nothing listens at ws://no-such-host.invalid/: "),
    "no WebSocket": (
        "http://127.0.0.1:9/",
        "twilio",
        "'http://127.0.0.1:9/' is not the address of a WebSocket",
    ),
}
PROTOCOLS = ("twilio", "audiocodes", "realtime", "pcm")
NO_HOST = ("ws://[::1/", "ws://no..such.example/")


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of many calls, none of which reaches anybody."""
    addresses = {name: (url, protocol) for name, (url, protocol, _) in NOTHING_LISTENS.items()}
    addresses |= {f"{protocol} {url}": (url, protocol) for url in NO_HOST for protocol in PROTOCOLS}
    targets = {case: started_by(command, ready) for case, (command, ready, *_) in NOT_READY.items()}
    for name, (url, protocol) in addresses.items():
        targets[name] = f"\n    protocol: {protocol}\n    url: {json.dumps(url)}\n"
    project = silent_talk(tmp_path_factory.mktemp("nobody"), TARGET)
    scenario = (project.folder / "talk.yaml").read_text()
    (project.folder / "talk.yaml").unlink()
    text = "version: 1\nscenarios: [.]\ntargets:\n"
    for number, (name, target) in enumerate(targets.items()):
        text += f"  target-{number}:{target}"
        calling = scenario.replace("scenario: Talk", f"scenario: {json.dumps(name)}")
        project.write(f"{number}.yaml", calling.replace("target: desk", f"target: target-{number}"))
    (project.folder / "turnspec.yaml").write_text(text)
    return project.run()


@pytest.mark.parametrize("case", NOT_READY)
def test_target_that_does_not_start(nobody: Ran, case: str) -> None:
    """What its command did instead, its own last words, and what can be done."""
    _, _, reason, more = NOT_READY[case]

    assert_error(nobody, reason, case)
    assert more in nobody.out
    assert more.removeprefix("| ") in nobody.call(case)["error"]


@pytest.mark.parametrize("case", NOTHING_LISTENS)
def test_nothing_listens(nobody: Ran, case: str) -> None:
    """An address that nobody answers at is named, with what may be wrong."""
    assert_error(nobody, NOTHING_LISTENS[case][2], case)
    told = nobody.out.partition(f"  {case} (")[2]
    assert "help: start the agent first, let `start:` do it, or correct the target's `url`" in told


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("url", NO_HOST)
def test_address_of_no_host(nobody: Ran, url: str, protocol: str) -> None:
    """A name that no host can have is the target's mistake, over every protocol."""
    assert_error(nobody, "is not the address of a WebSocket", f"{protocol} {url}")


def test_process_that_dies_in_a_call(tmp_path: Path) -> None:
    """What was said before is kept; the call after it on the same target is told why, and is not tried."""
    project = silent_talk(tmp_path, bot_target("die").removesuffix("}") + ", backend: desk.yaml}")
    project.mulaw("agent/no-more.flac")
    project.write("talk.yaml", TALK.replace("expect: {says: no more messages}", "expect: {silent: 200 ms}"))
    project.change("talk.yaml", "    expect: {says: message deleted}\n", "")
    text = (tmp_path / "talk.yaml").read_text()
    project.write("talk-again.yaml", text.replace("Talk", "Talk again"))

    ran = project.run()

    for name in ("Talk", "Talk again"):
        assert_error(ran, "the target's process ended while it was needed: exit code 3", name)
        assert "about to die" in ran.call(name)["error"]
    assert "line-broke" not in ran.kinds("Talk")
    first, second = (ran.events(name) for name in ("Talk again", "Talk"))
    assert "agent-audio" in {event["kind"] for event in [*first, *second]}
    assert [len(events) <= 3 for events in (first, second)].count(
        True
    ) == 1  # one of the two was never dialled


def test_one_broken_target_stops_no_other(tmp_path: Path) -> None:
    """Other scenarios of the run are called; errors beat findings in the exit code."""
    project = silent_talk(tmp_path, started_by("python -c 'exit(4)'", "{port: true}"))
    project.change(
        "turnspec.yaml", "targets:\n", "targets:\n  honest: {agent: desk.yaml, protocol: twilio}\n"
    )
    project.write("good.yaml", TALK.replace("Talk", "Good").replace("desk", "honest"))
    project.write(
        "bad.yaml", TALK.replace("Talk", "Bad").replace("desk", "honest").replace("deleted", "kept")
    )

    ran = run_here(project)

    assert ran.outcomes() == {"Talk": "error", "Good": "passed", "Bad": "failed"}
    assert ran.code == 3


def test_unforeseen_failure_is_one_calls_trouble(tmp_path: Path) -> None:
    """Whatever breaks inside a call is that call's error; its traceback is shown with --debug only."""
    project = silent_talk(tmp_path, '{protocol: broken, url: "ws://127.0.0.1:9/"}')
    project.change(
        "turnspec.yaml", "targets:\n", "targets:\n  honest: {agent: desk.yaml, protocol: twilio}\n"
    )
    project.write("good.yaml", TALK.replace("Talk", "Good").replace("desk", "honest"))
    project.write("installed/broken.py", BROKEN_ADAPTER)
    installed = "installed/broken-1.dist-info"
    project.write(f"{installed}/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    project.write(f"{installed}/entry_points.txt", "[turnspec.adapters]\nbroken = broken:ADAPTER\n")
    environment = {"PYTHONPATH": str(tmp_path / "installed")}

    ran = project.run(environment=environment)
    debugged = project.run("--debug", environment=environment)

    assert_error(ran, "turnspec itself failed (broken.py:17): ZeroDivisionError")
    assert ran.outcomes() == {"Talk": "error", "Good": "passed"}
    assert "help: run it again with --debug" in ran.out
    assert "Traceback" in debugged.err


def test_record_that_cannot_be_written(tmp_path: Path) -> None:
    """A call that could leave no record is not made, and stops no other."""
    project = talk(tmp_path)
    project.write("good.yaml", TALK.replace("Talk", "Good"))
    (tmp_path / "out" / "calls" / "talk" / "events.jsonl").mkdir(parents=True)  # where a file is to be

    ran = run_here(project)

    assert ran.code == 3, ran.told
    ran.assert_clean()
    assert ran.outcomes() == {"Talk": "error", "Good": "passed"}
    assert "the record of the call cannot be written" in ran.out


@pytest.mark.parametrize("workers", ["1", "2"])
def test_fail_fast(tmp_path: Path, workers: str) -> None:
    """After a failure no further call is made, and each that was not says why."""
    project = talk(tmp_path)
    project.change("talk.yaml", "message deleted", "message kept")
    for number in range(12):
        project.write(f"talk{number}.yaml", TALK.replace("Talk", f"Talk {number}"))

    ran = project.run("--fail-fast", "--workers", workers)

    assert ran.code == 1, ran.told
    ran.assert_clean()
    assert ran.call("Talk")["outcome"] == "failed"
    skipped = [call for call in ran.results["calls"] if call["outcome"] == "skipped"]
    assert len(skipped) >= 6
    assert "a call before it failed" in skipped[0]["findings"][0]["message"]
    assert len(list(ran.output.glob("calls/*"))) == 13 - len(skipped)


def test_turns_are_printed_when_asked(tmp_path: Path) -> None:
    """-q prints the verdict alone, -v every turn."""
    project = talk(tmp_path)

    quiet, verbose = run_here(project, "-q"), run_here(project, "-v")

    assert quiet.out == "The conversation held.\n"
    assert "Greeting" in verbose.out
    assert "Ask" in verbose.out
