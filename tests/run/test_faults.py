"""Bots that misbehave, each a process of its own, all called in one run over real sockets.

Every fault is named, costs its own call only, and leaves nothing on the terminal that is not for people.
Faults of a bridge that would pass for one that works are in tests/scenarios.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support_projects import Project, Ran, bot_target, talk

# What each bot does wrong, what is found, and what words must say.
FOUND = {
    "binary": ("protocol:binary-frame", "only text is allowed"),
    "broken_json": ("protocol:not-json", "not JSON"),
    "deep_json": ("protocol:not-json", "not JSON"),
    "bad_base64": ("protocol:bad-base64", "payload is not base64"),
    "unknown_event": ("protocol:unknown-event", '"applause"'),
    "wrong_stream": ("protocol:wrong-stream-sid", "this stream is MZ"),
    "bad_frame": ("protocol:malformed-frame", "invalid opcode"),
    "close": ("line-broke", "out of luck"),
    "abort": ("line-broke", "ended without a close frame"),
    "hang_up": ("unexpected-hangup", "The agent hung up"),
    "silence": ("no-reply", "was not heard within 2 s"),
    "stop_reading": ("no-reply", "was not heard within 2 s"),
    "refuse": ("call-refused", "HTTP 403"),
    "redirect": ("call-refused", "HTTP 302"),
    "close_at_once": ("call-refused", "closed at once"),
    "mute": ("no-reply", "was not heard within 2 s"),
    "deaf": ("no-reply", "was not heard within 2 s"),
}
# After these the bot still answers, so the call goes on to its end.
GOES_ON = ("binary", "broken_json", "deep_json", "bad_base64", "unknown_event", "wrong_stream")
NEVER_UP = ("refuse", "redirect", "close_at_once")
HONEST = "honest"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run that calls every bot at the same time, and an honest one beside them."""
    project = talk(tmp_path_factory.mktemp("faults"))
    project.mulaw("agent/no-more.flac")
    (project.folder / "talk.yaml").unlink()
    targets = "".join(f"  {fault}: {bot_target(fault)}\n" for fault in FOUND)
    project.write(
        "turnspec.yaml", f"version: 1\nscenarios: [.]\ntargets:\n{targets}  {HONEST}: {bot_target()}\n"
    )
    for name in (*FOUND, HONEST):
        calling(project, name)
    return project.run()


def calling(project: Project, name: str) -> None:
    """A call that must be answered."""
    project.write(
        f"{name}.yaml",
        f"""
        scenario: {name}
        target: {name}
        patience: 2 s
        turns:
          - turn: Greeting
          - turn: Ask
            caller: {{audio: five-five.flac}}
            budget: {{response: 2 s}}
        """,
    )


def test_run_ends_with_the_code_of_findings(ran: Ran) -> None:
    """What arrives wrong is the agents': 1, and no traceback of anybody's."""
    assert ran.code == 1, ran.told
    ran.assert_clean()


def test_honest_bot_passes_beside_them(ran: Ran) -> None:
    """The same bot without a fault is green."""
    assert ran.call(HONEST)["outcome"] == "passed", ran.told


@pytest.mark.parametrize("fault", FOUND)
def test_fault_is_named(ran: Ran, fault: str) -> None:
    """Each fault is a finding of its kind, in words, in all reports."""
    kind, words = FOUND[fault]

    assert ran.call(fault)["outcome"] == "failed"
    (finding,) = [finding for finding in ran.findings(fault) if finding["kind"] == kind]
    assert words in finding["message"]
    assert f"{fault}.yaml" in ran.out
    (case,) = [case for case in ran.junit.iter("testcase") if case.get("name") == fault]
    assert words in " ".join(f"{failure.get('message')} {failure.text}" for failure in case.iter("failure"))
    assert words.split('"')[0] in ran.html


@pytest.mark.parametrize("fault", GOES_ON)
def test_call_goes_on_after_a_wrong_frame(ran: Ran, fault: str) -> None:
    """A frame that cannot be understood is reported once; the answer after it is heard, and timed."""
    assert [turn["how"] for turn in ran.call(fault)["turns"]] == ["replied", "replied"]
    (response,) = [each for each in ran.measured("response", fault) if each["turn"] == 1]
    assert response["state"] == "measured"
    assert set(ran.kinds(fault)) <= {FOUND[fault][0], "protocol:large-message"}


@pytest.mark.parametrize("fault", [fault for fault in FOUND if fault not in NEVER_UP])
def test_evidence_up_to_the_fault_is_kept(ran: Ran, fault: str) -> None:
    """Of every call that was up there is a record with an end, and a recording."""
    folder = ran.output / ran.call(fault)["folder"]

    assert ran.events(fault)[-1]["kind"] == "call-ended"
    assert (folder / "call.flac").stat().st_size > 0
    assert (folder / "wire.jsonl").stat().st_size > 0


@pytest.mark.parametrize("fault", NEVER_UP)
def test_refused_call_has_no_turns(ran: Ran, fault: str) -> None:
    """A call that was never up says so once; its turns were not begun."""
    assert {turn["outcome"] for turn in ran.call(fault)["turns"]} == {"skipped"}
    assert {turn["why"] for turn in ran.call(fault)["turns"]} == {"the call was refused"}
    assert ran.kinds(fault) == ["call-refused"]


def test_no_process_is_left(ran: Ran) -> None:
    """Every bot was stopped when the run was over."""
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(ran.output.parent) in read(path)]

    assert left == []


def read(path: Path) -> str:
    """The working folder and command of a process; empty if it has just ended."""
    try:
        return path.read_bytes().decode() + str((path.parent / "cwd").resolve())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
