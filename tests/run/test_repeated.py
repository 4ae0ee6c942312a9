"""`repeat_run`: an agent whose true distribution is known is measured as what it is."""

from __future__ import annotations

import math
import signal
from pathlib import Path
from typing import Any

import pytest

from support_projects import Ran, ended, eventually, run_here, running, turnspec_here
from support_repeats import EVEN, MOODY, bank, drawn

RUNS = 100
REPEAT = f"repeat_run: {{times: {RUNS}, pass_rate: 70 %}}"


def group(ran: Ran) -> Any:
    """The only group of a run."""
    (only,) = ran.results["groups"]
    return only


def runs_of(ran: Ran) -> list[Any]:
    """The runs, in their order."""
    return [call for call in ran.results["calls"] if call["group"]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A hundred runs over Realtime in text, where times have no error."""
    head = f"{REPEAT}\nbudgets: {{response: {{p50: 700 ms, p95: 900 ms, p99: 1 s}}}}"
    return run_here(bank(tmp_path_factory.mktemp("measured"), head))


def test_every_run_is_what_was_drawn_for_it(measured: Ran) -> None:
    """Which runs fail, and how long the others waited, is what the seed of each says."""
    for number, call in enumerate(runs_of(measured), start=1):
        wrong, waits_us = drawn(f"run {number}")
        (response,) = [each for each in call["turns"][0]["measurements"] if each["name"] == "response"]

        assert call["name"] == f"Balance ({number} of {RUNS})"
        assert call["outcome"] == ("failed" if wrong else "passed")
        assert wrong or abs(response["value_us"] - waits_us) <= 1_000


def test_the_rate_is_near_the_true_one(measured: Ran) -> None:
    """The agent is right in 80 % of its turns: the interval holds that, and the estimate is the share."""
    made = group(measured)
    held = sum(not drawn(f"run {number}")[0] for number in range(1, RUNS + 1))
    low, high = made["interval"]

    assert (made["held"], made["failed"], made["errors"]) == (held, RUNS - held, 0)
    assert made["rate"] == pytest.approx(held / RUNS, abs=1e-6)
    assert low < 0.8 < high


def test_the_percentiles_are_near_the_true_ones(measured: Ran) -> None:
    """A fifth of the answers is wrong and immediate, the others lie evenly from 300 to 900 ms."""
    (pool,) = group(measured)["distributions"]
    for found in pool["percentiles"]:
        share = int(found["name"].rpartition("p")[2]) / 100
        true_us = 300_000 + 600_000 * (share - 0.2) / 0.8
        error = math.sqrt(share * (1 - share) / RUNS) / 0.8 * 600_000

        assert found["state"] == "measured"
        assert abs(found["value_us"] - true_us) <= 3 * error + 1_000
    assert (len(pool["values_us"]), pool["censored"], pool["missing"]) == (RUNS, 0, 0)


def test_runs_that_may_fail_make_nothing_red(measured: Ran) -> None:
    """The group holds: exit 0, no failure in JUnit; the runs that did not hold are told as flaky failures."""
    cases = list(measured.junit.iter("testcase"))

    assert measured.code == 0
    assert measured.results["verdict"] == "The conversation held."
    assert not list(measured.junit.iter("failure"))
    assert len(list(measured.junit.iter("flakyFailure"))) == group(measured)["failed"]
    assert cases[-1].get("name") == f"Balance (all {RUNS})"


def test_reports_stay_small(measured: Ran) -> None:
    """Of so many runs the page shows a dot each, and the first few that did not hold."""
    assert len(measured.html) < 120_000
    assert measured.html.count('<details class="card call') == 5
    assert measured.html.count('<li class="failed" title=') == group(measured)["failed"]


def test_a_line_tells_the_rate_and_each_percentile(measured: Ran) -> None:
    """As the terminal has it when the run is over."""
    assert f"PASSED  Balance (all {RUNS})" in measured.out
    assert "at least 70 % wanted" in measured.out
    assert "response p95 of every turn: " in measured.out


def test_the_same_seed_measures_the_same(tmp_path: Path, measured: Ran) -> None:
    """Once more: the same results, to the microsecond."""
    head = f"{REPEAT}\nbudgets: {{response: {{p50: 700 ms, p95: 900 ms, p99: 1 s}}}}"
    again = run_here(bank(tmp_path, head))

    assert again.results["groups"] == measured.results["groups"]
    assert again.results["calls"] == measured.results["calls"]


@pytest.mark.parametrize(("head", "seed"), [("", 7), ("seed: 7\n", 0)])
def test_seeds_say_what_is_drawn(tmp_path: Path, head: str, seed: int) -> None:
    """`--seed` for all scenarios, `seed:` in its place for one."""
    ran = run_here(bank(tmp_path, f"{head}repeat_run: {{times: 12, pass_rate: 10 %}}"), "--seed", f"{seed}")
    outcomes = [call["outcome"] for call in runs_of(ran)]

    assert outcomes == ["failed" if drawn(f"run {n}", 7)[0] else "passed" for n in range(1, 13)]
    assert outcomes != ["failed" if drawn(f"run {n}", 0)[0] else "passed" for n in range(1, 13)]


def test_a_rate_that_is_not_reached_fails(tmp_path: Path) -> None:
    """The group is a failure of its own, and the failing runs are too."""
    ran = run_here(bank(tmp_path, "repeat_run: {times: 20, pass_rate: 99 %}"))
    failures = [case.get("name") for case in ran.junit.iter("testcase") if case.find("failure") is not None]

    assert ran.code == 1
    assert failures[-1] == "Balance (all 20)"
    assert len(failures) == 1 + group(ran)["failed"]
    assert [each["kind"] for each in group(ran)["findings"] if each["status"] == "failed"] == ["pass_rate"]


def test_a_percentile_over_its_limit_fails(tmp_path: Path) -> None:
    """Though every single run is right."""
    agent = MOODY.replace("20 %", "0.1 %")
    turns = "turns: [{turn: Ask, caller: {text: How much?}, budget: {response: {p50: 400 ms, p90: 2 s}}}]"
    ran = run_here(bank(tmp_path, "repeat_run: {times: 20}", agent=agent, turns=turns))
    (finding,) = [each for each in group(ran)["findings"] if each["status"] == "failed"]

    assert ran.code == 1
    assert finding["kind"] == "response"
    assert finding["message"].startswith("response p50 of Ask is ")
    assert finding["span"]["file"] == "balance.yaml"


def test_fail_fast_stops_when_the_rate_is_out_of_reach(tmp_path: Path) -> None:
    """Not at the first run that fails: that one may."""
    ran = run_here(bank(tmp_path, "repeat_run: {times: 40, pass_rate: 90 %}"), "--fail-fast")
    outcomes = [call["outcome"] for call in runs_of(ran)]

    assert ran.code == 1
    assert outcomes.count("failed") == 5
    assert outcomes[-1] == "skipped"
    assert group(ran)["skipped"] == outcomes.count("skipped")


def test_one_run_can_be_made_again_by_itself(tmp_path: Path) -> None:
    """It draws what it drew among the others, is judged alone, and lies in the same folder."""
    project = bank(tmp_path, "repeat_run: {times: 20, pass_rate: 10 %}")
    failing = next(number for number in range(1, 21) if drawn(f"run {number}")[0])
    ran = run_here(project, "-k", f"({failing} of 20)")

    assert (ran.code, ran.results["groups"]) == (1, [])
    assert ran.call()["folder"] == f"calls/balance-{failing}-of-20"


def test_runs_that_would_all_be_the_same_are_refused(tmp_path: Path) -> None:
    """In virtual time, with nothing left to chance; unless somebody insists."""
    project = bank(tmp_path, "repeat_run: {times: 3}", agent=EVEN)
    refused, forced = run_here(project), run_here(project, "--force")

    assert refused.code == 2
    assert "error[equal-runs]: in virtual time all these runs would be the same" in refused.told
    assert "--> balance.yaml:3:1" in refused.told
    assert (forced.code, group(forced)["held"]) == (0, 3)


def test_the_plan_is_shown_once(tmp_path: Path) -> None:
    """All runs take the same steps."""
    told = turnspec_here(bank(tmp_path, "repeat_run: {times: 20}").folder, "plan", ".").out

    assert told.count("Balance") == 1
    assert "Balance (all 20)" in told


def test_a_line_with_losses_is_chance_enough(tmp_path: Path) -> None:
    """What is drawn of the caller's line differs from run to run, so the runs are not the same."""
    project = bank(tmp_path, "caller: {line: {jitter: 20 ms, seed: 3}}\nrepeat_run: {times: 2}", agent=EVEN)

    assert "equal-runs" not in turnspec_here(project.folder, "plan", ".").told


def test_a_line_is_another_in_each_run(tmp_path: Path) -> None:
    """What it loses is drawn from its seed and the number of the run: so are two runs of the same number."""
    head = "caller: {line: {loss: 30 %, seed: 3}}\nrepeat_run: {times: 2}"
    turns = "turns: [{turn: Ask, caller: {audio: five-five.flac, text: five five}}]"
    telephone = "version: 1\nscenarios: [.]\ntargets: {bank: {agent: bank.yaml, protocol: twilio}}\n"
    heard = []
    for folder in ("one", "two"):
        project = bank(tmp_path / folder, head, agent=EVEN, turns=turns, project=telephone)
        project.clip("caller/five-five.flac")
        calls = runs_of(run_here(project))
        heard.append([(tmp_path / folder / "out" / call["recording"]).read_bytes() for call in calls])

    assert heard[0] == heard[1]
    assert heard[0][0] != heard[0][1]


def test_runs_on_the_wall_clock_count_together_too(tmp_path: Path) -> None:
    """They differ by themselves, so nothing needs to be drawn; a limit of the run leaves the group open."""
    project = bank(tmp_path, "repeat_run: {times: 4}\nbudgets: {response: {p50: 8 s}}", agent=EVEN)
    ran = run_here(project, "--clock", "wall")
    made = group(ran)
    project.change("turnspec.yaml", "version: 1", "version: 1\nlimits: {run: 1 ms}")
    none = run_here(project, "--clock", "wall")

    assert (ran.code, made["outcome"], made["held"]) == (0, "passed", 4)
    assert made["distributions"][0]["percentiles"][0]["state"] == "measured"
    assert (none.code, group(none)["outcome"], group(none)["skipped"]) == (0, "skipped", 4)


@pytest.mark.parametrize(
    ("head", "turns", "told"),
    [
        (
            "repeat_run: {times: 5, pass_rate: 10 %}\nbudgets: {response: {p95: 1 s}}",
            None,
            "error[too-few-samples]: p95 needs 20 samples, and these runs give 5 at most",
        ),
        ("budgets: {response: {p50: 1 s}}", None, "error[no-percentiles]: a single call has no percentiles"),
        (
            "",
            "turns: [{turn: Ask, caller: {text: Hi}, budget: {response: {p50: 1 s}}}]",
            "error[no-percentiles]: a single call has no percentiles",
        ),
    ],
)
def test_percentiles_that_nothing_can_give_are_refused(
    tmp_path: Path, head: str, turns: str | None, told: str
) -> None:
    """Before anything is called, at their place."""
    ran = run_here(bank(tmp_path, head, **({"turns": turns} if turns else {})))

    assert ran.code == 2
    assert told in ran.told


def test_an_interruption_leaves_the_group_open(tmp_path: Path) -> None:
    """Exit 130; what had been called is there, and the rate is of that, judged by nobody."""
    project = bank(tmp_path, "repeat_run: {times: 1000, pass_rate: 10 %}")
    with running(project.folder) as process:
        eventually((tmp_path / "out" / "calls" / "balance-3-of-1000").is_dir, within_s=60)
        process.send_signal(signal.SIGINT)
        ran = ended(process, project.folder, within_s=60)
    made = group(ran)

    # The call that was cut, if there was one just then, could not be judged.
    assert (ran.code, made["outcome"]) == (130, "error" if made["errors"] else "skipped")
    assert made["held"] + made["failed"] >= 2
    assert made["held"] + made["failed"] + made["errors"] + made["skipped"] == 1000
    ran.assert_clean()


def test_every_row_is_repeated_by_itself(tmp_path: Path) -> None:
    """Each row has its own runs, its own draws and its own rate."""
    head = "examples: [{what: card}, {what: loan}]\nrepeat_run: {times: 10, pass_rate: 10 %}"
    ran = run_here(bank(tmp_path, head))
    names = [each["name"] for each in ran.results["groups"]]
    first, second = ([c["outcome"] for c in runs_of(ran) if c["row"]["what"] == w] for w in ("card", "loan"))

    assert names == ["Balance [what=card] (all 10)", "Balance [what=loan] (all 10)"]
    assert runs_of(ran)[0]["name"] == "Balance [what=card] (1 of 10)"
    assert first != second


def test_a_branch_that_no_run_took_fails_nothing(tmp_path: Path) -> None:
    """Its percentiles do not apply, as the budgets of its turns do not in a single call."""
    turns = """\
turns:
  - caller: {text: How much is in my account?}
  - choose:
      - when: {says: ten pounds}
        turns: [{turn: Thanks, caller: {text: Thank you}, budget: {response: {p50: 2 s}}}]
      - when: {says: we are closed}
        turns: [{turn: Closed, caller: {text: Oh}, budget: {response: {p50: 2 s}}}]
      - otherwise: []
"""
    ran = run_here(bank(tmp_path, "repeat_run: {times: 6, pass_rate: 10 %}", turns=turns))
    states = {pool["where"]: pool["percentiles"][0]["state"] for pool in group(ran)["distributions"]}

    assert (ran.code, states) == (0, {"Thanks": "measured", "Closed": "n/a"})
