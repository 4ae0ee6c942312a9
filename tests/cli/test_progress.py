"""What `--verbose` tells of the turns of a call."""

from __future__ import annotations

from turnspec.cli.progress import lines_of_turns
from turnspec.results import CallResult, Measurement, Outcome, State, TurnResult


def _answered(state: State) -> Measurement:
    return Measurement("response", state, 5_000_000, 0)


def test_turns_tell_their_answer_or_why_there_was_none() -> None:
    """Silence until patience was over is no answer, and what was skipped says why."""
    turns = (
        TurnResult(0, "Hello", Outcome.PASSED, 0, 1, "replied", measurements=(_answered(State.MEASURED),)),
        TurnResult(1, "Mute", Outcome.FAILED, 1, 2, "no-reply", measurements=(_answered(State.CENSORED),)),
        TurnResult(2, "More", Outcome.SKIPPED, None, None, "", why='"Which" went on with branch 1'),
    )
    call = CallResult(name="Mute", file="mute.yaml", line=1, target="bank", protocol="twilio",
                      clock="virtual", outcome=Outcome.FAILED, duration_us=2, turns=turns)  # fmt: skip

    assert list(lines_of_turns(call)) == [
        "    passed  Hello, answered after 5000 ms",
        "    failed  Mute, no answer for 5000 ms",
        '    skipped More: "Which" went on with branch 1',
    ]


def test_what_was_marginal_is_marked() -> None:
    """It passed by its error bar alone, which nothing else on the terminal tells of a call that held."""
    close = Measurement("response", State.MEASURED, 500_000, 15_000, limit_us=490_000)
    within = Measurement("turn", State.MEASURED, 500_000, 15_000, limit_us=500_000)
    turn = TurnResult(0, "Ask", Outcome.PASSED, 0, 1, "replied", measurements=(close, within))
    call = CallResult(name="Ask", file="ask.yaml", line=1, target="bank", protocol="twilio",
                      clock="virtual", outcome=Outcome.PASSED, duration_us=2, turns=(turn,))  # fmt: skip

    assert list(lines_of_turns(call)) == ["    passed  Ask, answered after 500 ms; marginal: response"]
