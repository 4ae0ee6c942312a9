"""Repeated runs and attempts in every report: the group decides, the rest is told."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from support_results import INFO, no_recording, one_of_many, repeated_run
from turnspec.reports import render_html, render_junit, summary
from turnspec.reports.repeats import MOST_SHOWN, entries, percent, rate
from turnspec.results import GroupResult, Outcome, RunResult


def cases(run: RunResult) -> dict[str, ET.Element]:
    """The cases of a run by their name."""
    suite = ET.fromstring(render_junit(run))
    return {case.get("name", ""): case for case in suite.iter("testcase")}


def group_of(run: RunResult) -> GroupResult:
    """The only group."""
    (group,) = run.groups
    return group


def test_a_group_stands_behind_its_last_run() -> None:
    """In whatever order the runs were made."""
    names = [entry.name for entry in entries(repeated_run())]

    assert names[19:22] == ["Card [last4=4821] (20 of 20)", "Card [last4=4821] (all 20)", "Smoke"]


def test_a_run_that_may_fail_is_no_failure() -> None:
    """It is a flaky failure of its case where the group holds, and a failure where it does not."""
    held = cases(repeated_run())["Card [last4=4821] (1 of 20)"]
    lost = cases(repeated_run(5, Outcome.FAILED))["Card [last4=4821] (1 of 20)"]

    assert (held.find("failure"), lost.find("flakyFailure")) == (None, None)
    assert held.find("flakyFailure") is not None
    assert lost.find("failure") is not None


def test_the_group_is_a_case() -> None:
    """Green with its numbers where it holds; else a failure that says what was wanted."""
    held = cases(repeated_run())["Card [last4=4821] (all 20)"]
    lost = cases(repeated_run(5, Outcome.FAILED))["Card [last4=4821] (all 20)"]
    properties = {each.get("name"): each.get("value") for each in held.iter("property")}
    failure = lost.find("failure")

    assert properties["pass_rate"] == (
        "18 of 20 runs held: 90 % (95 % interval 69.9 % to 97.2 %), at least 90 % wanted"
    )
    assert properties["Report the loss response p95"] == (
        "840 ms ± 15 ms, limit 830 ms, marginal (number 19 of 20 samples)"
    )
    assert failure is not None
    assert (failure.get("type"), lost.get("line")) == ("pass_rate", "4")


@pytest.mark.parametrize(("outcome", "tag"), [(Outcome.ERROR, "error"), (Outcome.SKIPPED, "skipped")])
def test_a_group_that_could_not_be_judged_is_no_pass(outcome: Outcome, tag: str) -> None:
    """Whatever its runs were."""
    run = repeated_run()
    run = replace(run, groups=(replace(group_of(run), outcome=outcome),))

    assert cases(run)["Card [last4=4821] (all 20)"].find(tag) is not None


def test_attempts_are_told_where_they_count_for_nothing() -> None:
    """As what Surefire calls them: flaky before a pass, rerun before a failure."""
    found = cases(repeated_run())

    assert [element.tag for element in found["Smoke"]] == ["properties", "flakyFailure", "system-out"]
    assert [element.tag for element in found["Never"]] == [
        "properties",
        "rerunError",
        "failure",
        "system-out",
    ]


def test_flaky_fails_where_that_was_asked_for() -> None:
    """The report is not greener than the exit code."""
    smoke = cases(replace(repeated_run(), flaky_fails=True))["Smoke"]

    assert smoke.find("failure") is not None


def test_the_terminal_tells_the_group_and_a_few_of_its_runs() -> None:
    """Not each of a hundred runs that did not hold."""
    lines = summary(repeated_run(8, Outcome.FAILED))

    assert "FAILED  Card [last4=4821] (all 20)  (twilio, 20 runs)" in lines
    assert sum("of 20): " in line for line in lines) == MOST_SHOWN
    assert "  and 3 more runs: results.json has them all" in lines
    assert "3 conversations of 22 runs" in lines[-1]


def test_the_page_shows_every_run_and_opens_a_few() -> None:
    """A dot each; cards for the first that did not hold, below the group's own."""
    page = render_html(repeated_run(8, Outcome.FAILED), no_recording).decode()

    assert page.count('<li class="failed" title=') == 8
    assert page.count('<li class="passed" title=') == 12
    assert page.count('<details class="card call failed"') == MOST_SHOWN + 1
    assert page.count("<tr class=") - page.count('<tr class="within') >= 3


def test_hundreds_of_runs_make_no_large_page() -> None:
    """What a run that held adds is a dot."""
    run = repeated_run()
    runs = tuple(one_of_many(number, Outcome.PASSED) for number in range(1, 401))
    many = RunResult(INFO, runs, groups=(replace(group_of(run), held=400, failed=0, runs=400),))

    assert len(render_html(many, no_recording)) < 130_000


@pytest.mark.parametrize(
    ("millionths", "told"), [(900_000, "90 %"), (866_666, "86.7 %"), (0, "0 %"), (1_000_000, "100 %")]
)
def test_shares_are_told_to_a_tenth(millionths: int, told: str) -> None:
    """And no further."""
    assert percent(millionths) == told


def test_what_is_no_part_of_the_rate_is_told_beside_it() -> None:
    """Runs that broke, and runs that were not made."""
    group = replace(group_of(repeated_run()), errors=1, skipped=4)

    assert rate(group).endswith("at least 90 % wanted; 1 could not be judged; 4 not made")
    assert rate(replace(group, held=0, failed=0)) == ("none of 20 runs could be judged; at least 90 % wanted")
    assert rate(replace(group, held=0, failed=0, errors=0, skipped=20)) == (
        "none of 20 runs was made; at least 90 % wanted"
    )


def test_a_group_that_broke_says_so_before_all_else() -> None:
    """Not that its percentiles lack samples, which is why."""
    run = repeated_run()
    broke = replace(group_of(run), outcome=Outcome.ERROR, held=0, failed=0, errors=20)
    error = cases(replace(run, groups=(broke,)))["Card [last4=4821] (all 20)"].find("error")

    assert error is not None
    assert error.get("message") == "none of 20 runs could be judged; at least 90 % wanted"


def test_the_terminal_is_silent_of_runs_that_were_not_made() -> None:
    """As of a single call: after a failure that stopped the run, it is not what one looks for."""
    run = repeated_run()
    open_ = replace(group_of(run), outcome=Outcome.SKIPPED, held=0, failed=0, skipped=20)

    assert not [line for line in summary(replace(run, groups=(open_,))) if "(all 20)" in line]
