"""`retries`: what did not hold is called again, and every attempt is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_projects import Ran, run_here
from support_repeats import ASK, EVEN, bank, drawn

RETRIES = "retries: 2"


def seed_where(*answers: str) -> int:
    """The first seed with which the attempts of the only call are answered so, right or wrong."""
    attempts = ["", "attempt 2", "attempt 3"][: len(answers)]
    wrong = [answer == "wrong" for answer in answers]
    return next(seed for seed in range(500) if [drawn(each, seed)[0] for each in attempts] == wrong)


def tried(folder: Path, *answers: str, more: tuple[str, ...] = ()) -> Ran:
    """A run in which the attempts are answered so."""
    return run_here(bank(folder, RETRIES), "--seed", str(seed_where(*answers)), *more)


def test_what_holds_at_once_is_not_tried_again(tmp_path: Path) -> None:
    """One call, no attempts before it."""
    ran = tried(tmp_path, "right")

    assert (ran.call()["outcome"], ran.call()["attempts"]) == ("passed", [])
    assert [path.name for path in (ran.output / "calls").iterdir()] == ["balance"]


def test_a_pass_after_a_failure_is_flaky(tmp_path: Path) -> None:
    """It is told, with the attempt that failed and its evidence; nothing is red."""
    ran = tried(tmp_path, "wrong", "right")
    call = ran.call()
    (attempt,) = call["attempts"]
    case = next(ran.junit.iter("testcase"))

    assert (ran.code, call["outcome"]) == (0, "flaky")
    assert ran.results["verdict"] == "The conversation held, but only after a failure."
    assert (attempt["outcome"], attempt["folder"]) == ("failed", "calls/balance")
    assert call["folder"] == "calls/balance-attempt-2"
    assert {path.name for path in (ran.output / "calls").iterdir()} == {"balance", "balance-attempt-2"}
    assert [element.tag for element in case] == ["properties", "flakyFailure", "system-out"]
    assert 'attempt 1: Turn 1 “Ask”: The agent did not say "ten pounds"' in ran.out
    assert "calls/balance</code>" in ran.html


def test_flaky_fails_where_that_is_asked_for(tmp_path: Path) -> None:
    """Exit 1, and JUnit is no greener than that."""
    ran = tried(tmp_path, "wrong", "right", more=("--fail-on-flaky",))
    (failure,) = ran.junit.iter("failure")

    assert (ran.code, ran.call()["outcome"]) == (1, "flaky")
    assert failure.get("type") == "flaky"


def test_what_never_holds_has_failed(tmp_path: Path) -> None:
    """After as many attempts as it may have; those before the last are reruns in JUnit."""
    ran = tried(tmp_path, "wrong", "wrong", "wrong")
    case = next(ran.junit.iter("testcase"))

    assert (ran.code, ran.call()["outcome"], len(ran.call()["attempts"])) == (1, "failed", 2)
    assert [element.tag for element in case] == [
        "properties",
        "rerunFailure",
        "rerunFailure",
        "failure",
        "system-out",
    ]


def test_processes_try_again_too(tmp_path: Path) -> None:
    """Attempts, rows and checks in Python are the same wherever they are made."""
    seed = seed_where("wrong", "right")
    turns = ASK.replace("expect: {", "expect: {check: python:bank_checks.is_heard, ")
    assert turns != ASK
    project = bank(tmp_path, f"{RETRIES}\nexamples: [{{n: 1}}, {{n: 2}}]", turns=turns)
    project.write("helpers.py", "WORDS = 'pounds'\n")
    # What a check imports only when it is called is found in every process.
    project.write(
        "bank_checks.py",
        "def is_heard(turn):\n    import helpers\n    assert helpers.WORDS in turn.agent_words\n",
    )
    alone = run_here(project, "--seed", f"{seed}")
    shared = run_here(project, "--seed", f"{seed}", "--workers", "2")

    assert shared.results["calls"] == alone.results["calls"]
    assert shared.code == alone.code
    assert "python:bank_checks.is_heard holds." in (shared.output / "results.json").read_text()


def test_fail_fast_waits_for_the_last_attempt(tmp_path: Path) -> None:
    """A failure that is tried again is none yet."""
    ran = tried(tmp_path, "wrong", "right", more=("--fail-fast",))

    assert (ran.code, ran.call()["outcome"]) == (0, "flaky")


@pytest.mark.parametrize(("more", "last"), [((), "passed"), (("--fail-on-flaky",), "skipped")])
def test_fail_fast_stops_at_what_is_flaky_where_that_fails(
    tmp_path: Path, more: tuple[str, ...], last: str
) -> None:
    """Only then: the run cannot come out well any more."""
    project = bank(tmp_path, RETRIES)
    project.write("later.yaml", "scenario: Later\ntarget: bank\nturns: [{caller: {text: Hello}}]\n")
    ran = run_here(project, "--seed", str(seed_where("wrong", "right")), "--fail-fast", *more)

    assert list(ran.outcomes().values()) == ["flaky", last]


def test_calls_on_the_wall_clock_are_tried_again_too(tmp_path: Path) -> None:
    """With the same draws as in virtual time."""
    ran = tried(tmp_path, "wrong", "right", more=("--clock", "wall"))

    assert (ran.code, ran.call()["outcome"], len(ran.call()["attempts"])) == (0, "flaky", 1)


def test_trouble_of_the_line_is_tried_again_too(tmp_path: Path) -> None:
    """Nothing listens, three times: still an error, with what the attempts before it said."""
    target = "targets: {bank: {protocol: realtime, url: 'ws://127.0.0.1:9/', options: {modality: text}}}"
    ran = run_here(bank(tmp_path, RETRIES, project=f"version: 1\nscenarios: [.]\n{target}\n"))
    call = ran.call()

    assert (ran.code, call["outcome"]) == (3, "error")
    assert [attempt["outcome"] for attempt in call["attempts"]] == ["error", "error"]
    assert len(list(ran.junit.iter("rerunError"))) == 2


def test_trying_the_same_again_is_warned_of(tmp_path: Path) -> None:
    """In virtual time, with nothing left to chance, the next attempt could only be like the one before."""
    ran = run_here(bank(tmp_path, RETRIES, agent=EVEN))

    assert ran.code == 0
    assert "warning[equal-attempts]: in virtual time it would only fail again" in ran.told


@pytest.mark.parametrize(("word", "count"), [("retries: 11", 1), ("retries: two", 1)])
def test_a_number_of_retries_is_small_and_whole(tmp_path: Path, word: str, count: int) -> None:
    """Anything else is a problem where it stands."""
    ran = run_here(bank(tmp_path, word))

    assert ran.code == 2
    assert ran.told.count("--> balance.yaml:3:10") == count
