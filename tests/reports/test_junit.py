"""junit.xml, in the form that CI systems really read."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_golden import assert_golden
from support_results import EMPTY_RUN, INFO, RUNS, SKIPPED, lost_card, nasty, opening_hours, rich_run
from support_tools import needed
from turnspec.dsl import Span
from turnspec.reports import render_junit
from turnspec.results import CallResult, Outcome, RunResult, WrongFile

GRAMMAR = Path(__file__).parent / "jenkins-junit-10.rng"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def suite(run: RunResult, flavor: str = "default", attachments: str = "") -> ET.Element:
    """The one test suite of a run."""
    return ET.fromstring(render_junit(run, flavor, attachments))[0]


def only_case(run: RunResult) -> ET.Element:
    """The one test case of a run."""
    (case,) = suite(run).iter("testcase")
    return case


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("flavor", ["default", "strict"])
def test_golden(name: str, flavor: str) -> None:
    """Every literal run is reported as somebody found right."""
    assert_golden(f"reports/{name}.{flavor}.xml", render_junit(RUNS[name], flavor).decode())


@pytest.mark.parametrize("name", RUNS)
def test_strict_is_valid_for_jenkins(name: str, tmp_path: Path) -> None:
    """The strict flavour is valid for the xunit plug-in's JUnit 10; the default one says more than that."""
    xmllint = needed("xmllint")

    def validates(flavor: str) -> bool:
        file = tmp_path / f"{flavor}.xml"
        file.write_bytes(render_junit(RUNS[name], flavor))
        command = [xmllint, "--nonet", "--noout", "--relaxng", str(GRAMMAR), str(file)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert validates("strict")
    assert not validates("default")


def test_all_failing_checks_are_one_failure() -> None:
    """Readers show one failure of a case, so it names every failing check with its place."""
    case = only_case(RunResult(INFO, (lost_card(),)))
    (failure,) = case.findall("failure")
    lines = (failure.text or "").splitlines()

    assert failure.get("type") == "calls"
    assert failure.get("message") == "block_card was called with another argument: last4"
    assert [line.split(": ")[0] for line in lines] == [
        "scenarios/bank/lost-card.yaml:17:11",
        "scenarios/bank/lost-card.yaml:19:22",
        "scenarios/bank/lost-card.yaml:20:7",
        "scenarios/bank/lost-card.yaml:30:7",
        "scenarios/bank/lost-card.yaml:31:7",
        "scenarios/bank/lost-card.yaml:1",
    ]
    assert "expected: at most 800 ms; actual: 1,842 ms ± 10 ms" in lines[2]


def test_case_points_at_the_first_failing_check() -> None:
    """Annotations land on the check that failed, or on the scenario where none has a place in its file."""
    call = lost_card()

    assert only_case(RunResult(INFO, (call,))).get("line") == "17"
    assert only_case(RunResult(INFO, (replace(call, turns=()),))).get("line") == "1"
    assert only_case(RunResult(INFO, (call,))).get("classname") == "scenarios.bank.lost-card"


def test_harness_trouble_is_an_error() -> None:
    """What broke on our side is an `<error>`, never a failure of the agent."""
    cases = {case.get("name"): case for case in suite(rich_run()).iter("testcase")}
    case = cases["Transfer to a person"]

    assert case.find("failure") is None
    error = case.find("error")
    assert error is not None
    assert error.get("message") == "the target's process ended with status 1 before the call was over"
    assert "what to do: read its output below" in (error.text or "")


def test_an_error_is_annotated_where_it_is_written() -> None:
    """A line that nobody can say is the one that a build server marks, if it stands in the file itself."""
    span = Span("a.yaml", 8, 19, 30)
    call = CallResult("A", "a.yaml", 1, "desk", "twilio", "virtual", Outcome.ERROR, error="it cannot be said")

    case = only_case(RunResult(INFO, (replace(call, error_span=span),)))
    elsewhere = only_case(RunResult(INFO, (replace(call, error_span=replace(span, file="b.yaml")),)))

    assert (case.get("line"), case.findtext("error")) == ("8", "a.yaml:8:19: it cannot be said")
    assert (elsewhere.get("line"), elsewhere.findtext("error")) == ("1", "b.yaml:8:19: it cannot be said")


def test_wrong_files_are_error_cases() -> None:
    """Each wrong file is a case of its own with its problems as the terminal shows them."""
    cases = list(suite(RUNS["wrong"]).iter("testcase"))

    assert [case.get("name") for case in cases] == ["scenarios/refund.yaml", "scenarios/<b>.yaml"]
    text = cases[0].findtext("error") or ""
    assert "14 |     expcet: ...\n   |     ^^^^^^ did you mean 'expect'?" in text
    assert "write 800 ms or 800 s" in text


def test_wrong_file_without_problems_still_counts() -> None:
    """A refused file cannot vanish from the report: junit-xml drops an error that says nothing."""
    run = RunResult(INFO, wrong_files=(WrongFile("a.yaml", ("",)),))

    assert suite(run).get("errors") == "1"
    assert only_case(run).find("error") is not None


def test_a_refused_option_is_the_error() -> None:
    """A build that asked for what there is not reads why, first what is wrong, then what to do."""
    error = only_case(RunResult(INFO, refused="there is no target 'x'\n  known are: desk")).find("error")

    assert error is not None
    assert error.get("type") == "option-refused"
    assert error.get("message") == "there is no target 'x'"
    assert "known are: desk" in (error.text or "")


@pytest.mark.parametrize("run", [EMPTY_RUN, RUNS["interrupted"]], ids=["empty", "interrupted"])
def test_report_is_never_greener_than_the_exit_code(run: RunResult) -> None:
    """A run that ends with another code than 0 has a case that is not green."""
    assert run.exit_code
    assert suite(run).get("errors") == "1"


def test_totals_are_right() -> None:
    """Tests, failures, errors, skipped and time of the suite agree with its cases; nothing is disabled."""
    root = ET.fromstring(render_junit(rich_run()))
    for element in (root, root[0]):
        assert {
            key: element.get(key) for key in ("tests", "failures", "errors", "skipped", "time", "disabled")
        } == {
            "tests": "5",
            "failures": "1",
            "errors": "1",
            "skipped": "1",
            "time": "41.550000",
            "disabled": None,
        }


def test_every_case_has_a_time() -> None:
    """A case that took no time says so, where junit-xml would leave it out."""
    assert only_case(RunResult(INFO, (SKIPPED,))).get("time") == "0.000000"


def test_properties_come_first_and_never_show_missing_as_zero() -> None:
    """A case's properties lead it; a measurement that is missing shows its state."""
    case = only_case(RunResult(INFO, (lost_card(),)))
    properties = {element.get("name"): element.get("value") for element in case[0]}

    assert case[0].tag == "properties"
    assert properties["turn 2 response"] == "1,842 ms ± 10 ms, limit 800 ms, exceeded"
    assert properties["turn 2 gap"] == "not exercised, limit 500 ms"
    assert properties["turn 2 speech"] == "2,600 ms ± 10 ms"
    assert properties["call"] == "at least 16.66 s, limit 1 min, censored"


@pytest.mark.parametrize(
    ("way", "named"),
    [("", "calls/lost-card-1/call.flac"), ("turnspec-report", "turnspec-report/calls/lost-card-1/call.flac")],
)
def test_recording_is_attached(way: str, named: str) -> None:
    """The recording is attached by its way from junit.xml's folder, once, at the end."""
    (case,) = suite(RunResult(INFO, (lost_card(),)), attachments=way).iter("testcase")

    assert (case.findtext("system-out") or "").splitlines()[-1] == f"[[ATTACHMENT|{named}]]"


def test_dates_stand_in_one_place() -> None:
    """Two runs of the same files differ in the suite's timestamp alone."""
    run = rich_run()
    info = replace(
        INFO, run_id="other", started="2027-01-01T00:00:00Z", finished="x", host="y", python="3.11.1"
    )
    first, second = render_junit(run).decode(), render_junit(replace(run, info=info)).decode()

    assert first != second
    assert first.replace(INFO.started, info.started) == second


@settings(max_examples=60, deadline=None)
@given(ANY_TEXT, ANY_TEXT, st.sampled_from(list(Outcome)))
def test_no_text_loses_the_report(name: str, message: str, outcome: Outcome) -> None:
    """Whatever agents say and people write, the report is written, parses, and counts the case."""
    call = nasty()
    finding = replace(call.turns[0].findings[0], message=message, actual=name)
    hostile = replace(
        call,
        name=name,
        outcome=outcome,
        error=message,
        turns=(replace(call.turns[0], name=name, findings=(finding,)),),
    )
    counted = {Outcome.FAILED: "failures", Outcome.ERROR: "errors", Outcome.SKIPPED: "skipped"}.get(
        outcome, "tests"
    )

    assert suite(RunResult(INFO, (hostile, opening_hours()))).get(counted) == (
        "2" if counted == "tests" else "1"
    )
