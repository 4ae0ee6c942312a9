"""`turnspec report`: the reports of a run once more, and what is said where there is no run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from support_projects import Project, Ran, run_here, talk, turnspec_here


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the output of a finished run; its last budget is missed."""
    project = talk(tmp_path_factory.mktemp("done") / "project")
    project.change("talk.yaml", "target: desk\n", "target: desk\nbudgets: {response: 10 ms}\n")
    assert run_here(project).code == 1
    return project


@pytest.fixture
def project(done: Project, tmp_path: Path) -> Project:
    """A copy of it, to be spoiled."""
    return Project(Path(shutil.copytree(done.folder, tmp_path / "project")))


def report(project: Project, *arguments: str) -> Ran:
    """`turnspec report out` in the project's folder."""
    ran = turnspec_here(project.folder, "report", "out", *arguments)
    ran.assert_clean()
    return ran


def results(path: Path) -> Any:
    """results.json."""
    return json.loads(path.read_text())


def unembedded(path: Path) -> str:
    """A report without the sound in it: MP3 encoders do not say the same twice."""
    return re.sub(r'src="data:audio[^"]*"', "", path.read_text())


def kill(project: Project) -> Path:
    """What a killed run leaves: no reports, and evidence that breaks off in the caller's words."""
    for name in ("results.json", "junit.xml", "report.html"):
        (project.folder / "out" / name).unlink()
    events = project.folder / "out" / "calls" / "talk" / "events.jsonl"
    kept = events.read_text().partition('"kind":"action-done"')[0]
    events.write_text(kept)  # in the middle of a line
    return events


def test_reports_are_written_again_from_results(project: Project) -> None:
    """The same reports come out, whatever became of the scenario, and nobody is called."""
    out = project.folder / "out"
    before = {name: unembedded(out / name) for name in ("results.json", "junit.xml", "report.html")}
    (out / "junit.xml").unlink()
    (out / "report.html").unlink()
    (project.folder / "talk.yaml").unlink()
    ran = report(project)

    assert ran.code == 0
    assert {name: unembedded(out / name) for name in before} == before
    assert "did not hold" in ran.out


def test_reports_can_go_elsewhere(project: Project, tmp_path: Path) -> None:
    """`-o` and the options of single reports write there, and the page finds the recording."""
    ran = report(
        project, "-o", str(tmp_path / "again"), "--junit", str(tmp_path / "j.xml"), "--embed", "none"
    )

    assert ran.code == 0
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"report.html", "results.json"}
    assert (tmp_path / "j.xml").is_file()
    assert "../project/out/calls/talk/call.flac" in (tmp_path / "again" / "report.html").read_text()


def test_a_saved_call_is_judged_again_to_the_same_result(project: Project) -> None:
    """From its evidence alone a call comes to the same findings, times and exit code."""
    before = results(project.folder / "out" / "results.json")
    ran = report(project, "--check-again")

    assert ran.code == 1
    assert ran.results == before


def test_changed_files_cannot_judge_again(project: Project) -> None:
    """What a call was judged by has to be what it was."""
    project.change("talk.yaml", "10 ms", "10 s")
    ran = report(project, "--check-again")

    assert ran.code == 2
    assert "cannot be judged again: files have changed since, or are gone: talk.yaml\n" in ran.err
    assert "restore it, or run them again" in ran.err


def test_a_killed_run_is_judged_as_far_as_it_went(project: Project) -> None:
    """Without results, a call that was cut off is an error that says so, and its turns are told."""
    kill(project)
    ran = report(project)

    assert ran.code == 0
    assert ran.call()["outcome"] == "error"
    assert "the run was cut off" in ran.call()["error"]
    assert ran.call()["turns"][0]["outcome"] == "passed"
    assert "the run was cut off" in ran.html


def test_a_call_that_was_over_is_judged_whole(project: Project) -> None:
    """A run that died after a call, before its reports, has that call's verdict."""
    before = results(project.folder / "out" / "results.json")
    (project.folder / "out" / "results.json").unlink()
    ran = report(project)

    assert ran.results["calls"] == before["calls"]
    assert ran.results["interrupted"] is True


def test_calls_that_never_began_are_told(project: Project) -> None:
    """A call of which there is no evidence was not called, and the run is not green."""
    kill(project)
    shutil.rmtree(project.folder / "out" / "calls" / "talk")
    ran = report(project)

    assert ran.call()["outcome"] == "skipped"
    assert "the run was cut off before" in ran.call()["findings"][0]["message"]
    assert ran.results["exit_code"] == 130


def test_an_earlier_run_is_not_taken_for_this_one(project: Project) -> None:
    """Where a new run was killed, the results of the one before are not its results."""
    manifest = project.folder / "out" / "run.json"
    document = results(manifest)
    document["info"]["started"] = "2038-01-19T03:14:07+00:00"
    manifest.write_text(json.dumps(document))

    assert "cut off before its reports were written" in report(project).err


def test_evidence_alone_is_shown_unjudged(project: Project) -> None:
    """Without anything that says what the run was, the words and times of each call are shown."""
    kill(project)
    (project.folder / "out" / "run.json").unlink()
    ran = report(project)

    assert ran.call("Talk")["outcome"] == "error"
    assert ran.call("Talk")["turns"][0]["lines"][0]["text"] == "No more messages."
    assert "shown by their evidence, unjudged" in ran.err


def spoil(project: Project, how: str) -> None:
    """One thing that is wrong with what is on disk."""
    out = project.folder / "out"
    call = out / "calls" / "talk"
    match how:
        case "half results":
            whole = (out / "results.json").read_bytes()
            (out / "results.json").write_bytes(whole[: len(whole) // 2])
        case "no recording":
            kill(project)
            (call / "call.flac").unlink()
        case "half recording":
            kill(project)
            whole = (call / "call.flac").read_bytes()
            (call / "call.flac").write_bytes(whole[: len(whole) // 2])
        case "no sound":
            kill(project)
            (call / "call.flac").write_bytes(b"fLaC")
        case "half wav":
            kill(project)
            (call / "call.flac").unlink()
            (call / "call.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")


SPOILT = {
    "half results": "results.json is cut off or damaged",
    "no recording": "",
    "half recording": "call.flac is cut off",
    "no sound": "is not audio that can be read",
    "half wav": "is not audio that can be read",
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_damaged_is_told_and_the_rest_is_shown(project: Project, how: str) -> None:
    """Half written files lose what is not in them, and no more."""
    spoil(project, how)
    ran = report(project)

    assert ran.code == 0
    assert ran.call()["turns"][0]["lines"][0]["text"] == "No more messages."
    assert SPOILT[how] in ran.err + json.dumps(ran.results)


UNREADABLE = {
    '{"format": 99}\n': "has format 99; this turnspec reads up to 1",
    "nothing\n": "events.jsonl is not a call record",
    "": "events.jsonl is not a call record",
}


@pytest.mark.parametrize("kept", UNREADABLE, ids=["newer", "other", "empty"])
@pytest.mark.parametrize("manifest", [True, False], ids=["planned", "unplanned"])
def test_a_call_that_cannot_be_read_hides_no_other(project: Project, kept: str, *, manifest: bool) -> None:
    """One record that cannot be read is that call's error; every other call is reported."""
    calls = project.folder / "out" / "calls"
    shutil.copytree(calls / "talk", calls / "other")
    kill(project).write_text(kept)
    if manifest:
        add_to_manifest(project.folder / "out" / "run.json", "other")
    else:
        (project.folder / "out" / "run.json").unlink()
    ran = report(project)
    broken, other = sorted(ran.results["calls"], key=lambda call: len(call["turns"]))

    assert ran.code == 0
    assert broken["outcome"] == "error"
    assert UNREADABLE[kept] in broken["error"]
    assert other["turns"][0]["lines"][0]["text"] == "No more messages."


def add_to_manifest(path: Path, slug: str) -> None:
    """Have a run that was to make its first call twice."""
    document = results(path)
    document["calls"].append({**document["calls"][0], "slug": slug})
    path.write_text(json.dumps(document))


def test_speech_is_found_in_a_killed_call_as_in_any_other(project: Project) -> None:
    """What the engine of the run says is speech is asked for once more where the run died before it was."""
    assert run_here(project, "--voice-activity", "webrtc").code == 1
    before = results(project.folder / "out" / "results.json")["calls"][0]
    engines = {time["engine"] for turn in before["turns"] for time in turn["measurements"]}
    (project.folder / "out" / "results.json").unlink()
    (project.folder / "out" / "calls" / "talk" / "derived.jsonl").unlink()  # it died while it was judged
    whole = report(project).call()
    kill(project)
    (project.folder / "out" / "calls" / "talk" / "derived.jsonl").unlink(missing_ok=True)
    cut = report(project)

    assert whole == before
    assert any(engine.startswith("webrtc") for engine in engines)
    assert cut.measured("speech")[0]["engine"] in engines


def test_the_agent_as_received_is_linked(project: Project) -> None:
    """What a killed run kept of all that the agent sent can be found from the page."""
    kill(project)
    received = project.folder / "out" / "calls" / "talk" / "agent-received.wav"
    received.write_bytes(b"RIFF")
    ran = report(project)

    assert ran.call()["received"] == "calls/talk/agent-received.wav"
    assert 'href="calls/talk/agent-received.wav"' in ran.html


def break_(project: Project, how: str) -> None:
    """One thing that makes a folder no run that can be read."""
    out = project.folder / "out"
    match how:
        case "newer results":
            (out / "results.json").write_text('{"format": 99}')
        case "newer run":
            (out / "run.json").write_text('{"format": 99}')
        case "broken run":
            (out / "run.json").write_text("{")
        case "lacking run":
            (out / "run.json").write_text('{"format": 1}')
        case "forgetful run":
            document = results(out / "run.json")
            del document["asked"]["clock"]
            (out / "run.json").write_text(json.dumps(document))
        case "empty":
            shutil.rmtree(out)
            out.mkdir()
        case "a file":
            shutil.rmtree(out)
            out.write_text("")
        case "nothing":
            shutil.rmtree(out)
        case "a call":
            shutil.copytree(out / "calls" / "talk", project.folder / "copy")
            shutil.rmtree(out)
            (project.folder / "copy").rename(out)


BROKEN = {
    "newer results": "have format 99; this turnspec reads up to 1",
    "newer run": "run.json has format 99; this turnspec reads up to 1: upgrade it",
    "broken run": "delete it to go by the evidence alone",
    "lacking run": "run.json is damaged",
    "forgetful run": "run.json is damaged",
    "empty": "there is no run in out",
    "a file": "out is a file",
    "nothing": "out does not exist",
    "a call": "out is the folder of one call",
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_cannot_be_reported_says_why(project: Project, how: str) -> None:
    """What is no run, or is of a newer format, ends with 2 and a line that says what to do."""
    break_(project, how)
    ran = report(project)

    assert ran.code == 2
    assert BROKEN[how] in ran.err
    assert not (project.folder / "out" / "junit.xml").exists() or how.startswith(
        ("newer r", "broken", "lacking", "forgetful")
    )


def test_retried_and_repeated_calls_are_judged_again(tmp_path: Path) -> None:
    """Attempts stay attempts and groups stay groups when a run is judged again, and when it was killed."""
    project = talk(tmp_path / "project")
    project.change("talk.yaml", "target: desk\n", "target: desk\nretries: 1\n")
    project.change("talk.yaml", "message deleted", "something else")
    project.write(
        "often.yaml", (project.folder / "talk.yaml").read_text().replace("scenario: Talk", "scenario: Often")
    )
    project.change("often.yaml", "retries: 1", "repeat_run: {times: 2}")
    assert run_here(project, "--force").code == 1
    before = results(project.folder / "out" / "results.json")
    again = report(project, "--check-again").results
    (project.folder / "out" / "results.json").unlink()
    killed = report(project)

    assert again == before
    assert killed.results["groups"] == before["groups"]
    assert [len(call["attempts"]) for call in killed.results["calls"]] == [
        len(call["attempts"]) for call in before["calls"]
    ]
