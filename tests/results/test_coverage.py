"""Which branches were taken, over all calls of a scenario."""

from __future__ import annotations

from dataclasses import replace

from turnspec.results import CallResult, Outcome, RunInfo, RunResult, TurnResult
from turnspec.results.coverage import BranchTaken, coverage


def _turn(name: str, *branch: str, began: int | None = 0) -> TurnResult:
    return TurnResult(
        0, name, Outcome.PASSED if began is not None else Outcome.SKIPPED, began, began, "", branch=branch
    )


def _call(file: str, *turns: TurnResult) -> CallResult:
    return CallResult(name=file, file=file, line=1, target="bank", protocol="twilio", clock="virtual",
                      outcome=Outcome.PASSED, duration_us=1, turns=turns)  # fmt: skip


def _run(*calls: CallResult) -> RunResult:
    return RunResult(calls=calls, info=RunInfo("r1", "", ""))


def test_branches_count_over_all_calls() -> None:
    """Each row goes another way: together they took both, and the one inside only once."""
    sales = _call(
        "a.yaml",
        _turn("one", "Answer: 1"),
        _turn("two", "Answer: 1", "Then: 1"),
        _turn("x", "Answer: 2", began=None),
    )
    help_ = _call(
        "a.yaml",
        _turn("one", "Answer: 1", began=None),
        _turn("two", "Answer: 1", "Then: 1", began=None),
        _turn("x", "Answer: 2"),
    )
    (covered,) = coverage(_run(sales, help_, _call("plain.yaml", _turn("one"))))

    assert (covered.file, covered.calls) == ("a.yaml", 2)
    assert covered.branches == (
        BranchTaken("Answer: 1", 1),
        BranchTaken("Answer: 1 > Then: 1", 1),
        BranchTaken("Answer: 2", 1),
    )
    assert covered.missed == ()


def test_a_branch_that_no_call_took_is_missed() -> None:
    """Turns that never began count for nothing."""
    (covered,) = coverage(
        _run(_call("a.yaml", _turn("one", "Answer: 1"), _turn("two", "Answer: 2", began=None)))
    )

    assert covered.missed == (BranchTaken("Answer: 2", 0),)


def test_a_branch_whose_turns_are_not_run_is_taken_all_the_same() -> None:
    """It has none, or they are for other protocols: the decision tells."""
    ways = ("Answer: 1", "Answer: otherwise")
    chosen = replace(_turn("Answer", "Outer: 2"), role="choose", decision="otherwise", ways=ways)
    (covered,) = coverage(_run(_call("a.yaml", chosen, _turn("x", "Outer: 2", "Answer: 1", began=None))))

    assert covered.branches == (
        BranchTaken("Outer: 2", 1),
        BranchTaken("Outer: 2 > Answer: 1", 0),
        BranchTaken("Outer: 2 > Answer: otherwise", 1),
    )


def test_without_branches_there_is_nothing_to_cover() -> None:
    """A scenario without branches is left out."""
    assert coverage(_run(_call("plain.yaml", _turn("one")))) == ()
