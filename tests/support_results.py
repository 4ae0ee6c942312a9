"""Literal runs that reports are rendered from: every outcome, every state, and text that breaks things."""

from __future__ import annotations

from dataclasses import replace

from support_result_turns import (
    FILE,
    GOODBYE,
    GREETING,
    KEYPAD,
    REPORT_LOSS,
    TALK_OVER,
    response,
    said,
    span,
    wave,
)
from turnspec.results import (
    Attempt,
    CallResult,
    Distribution,
    Figure,
    Finding,
    FunctionUse,
    GroupResult,
    Line,
    Measurement,
    Moment,
    Outcome,
    RunInfo,
    RunResult,
    State,
    Status,
    TurnResult,
    Unit,
    WrongFile,
)

INFO = RunInfo(
    run_id="r-7Q2M",
    started="2026-11-22T14:03:11Z",
    finished="2026-11-22T14:03:12Z",
    host="build-7",
    python="3.12.8",
    version="0.1.0",
    seed=7,
)


def lost_card(columns: int = 36) -> CallResult:
    """A failed call with everything in it."""
    length_us = 18_240_000
    return CallResult(
        name="Lost card is blocked [last4=4821]",
        file=FILE,
        line=1,
        target="bank",
        protocol="twilio",
        clock="virtual",
        outcome=Outcome.FAILED,
        duration_us=length_us,
        turns=(GREETING, REPORT_LOSS, KEYPAD, TALK_OVER, GOODBYE),
        findings=(
            Finding(
                "unexpected-hangup",
                Status.FAILED,
                "The agent hung up though no turn expects it",
                "",
                "",
                None,
                16_900_000,
                None,
            ),
        ),
        measurements=(
            Measurement("connect", State.MEASURED, 240_000, 0, from_us=0, to_us=240_000),
            Measurement("call", State.CENSORED, 16_660_000, 0, 60_000_000, why="the agent hung up first"),
        ),
        moments=(
            Moment(10_300_000, "digit", "1"),
            Moment(10_450_000, "digit", "#"),
            Moment(14_620_000, "flush", "clear: 1.2 s unheard"),
            Moment(16_900_000, "hang-up", "the agent hung up"),
        ),
        caller_wave=wave(columns, length_us, (3_400_000, 5_480_000), (14_200_000, 15_000_000)),
        agent_wave=wave(
            columns,
            length_us,
            (652_000, 2_900_000),
            (7_322_000, 9_922_000),
            (11_540_000, 14_620_000),
            (15_400_000, 16_000_000),
        ),
        folder="calls/lost-card-1",
        recording="call.flac",
        lateness_us=0,
        tags=("cards", "smoke"),
        description="A caller reports a lost card; the agent blocks it and reads back a reference.",
        process_output=(
            "INFO:     Started server process",
            "INFO:     connection open",
            "WARNING:  block_card took 120 ms",
        ),
    )


def opening_hours(columns: int = 36) -> CallResult:
    """A passed call of three turns."""
    length_us = 12_000_000
    return CallResult(
        name="Opening hours",
        file="scenarios/bank/opening-hours.yaml",
        line=3,
        target="bank",
        protocol="realtime",
        clock="virtual",
        outcome=Outcome.PASSED,
        duration_us=length_us,
        turns=(
            GREETING,
            TurnResult(
                1,
                "",
                Outcome.PASSED,
                3_100_000,
                8_000_000,
                "replied",
                findings=(
                    Finding(
                        "says",
                        Status.PASSED,
                        "The agent said it.",
                        "nine to five",
                        "We are open from nine to five.",
                        1,
                        span=span(8, 5, "scenarios/bank/opening-hours.yaml"),
                    ),
                ),
                measurements=(response(1, 812_000, 4_900_000, 810_000),),
                lines=(
                    said("caller", "When are you open?", 3_400_000, 4_900_000, 1),
                    said("agent", "We are open from nine to five.", 5_712_000, 7_800_000, 1),
                ),
            ),
        ),
        caller_wave=wave(columns, length_us, (3_400_000, 4_900_000)),
        agent_wave=wave(columns, length_us, (652_000, 2_900_000), (5_712_000, 7_800_000)),
        folder="calls/opening-hours-1",
        recording="calls/opening-hours-1/call.flac",
        figures=(
            Figure("delivery_ratio", Unit.SHARE, 4_815_000, samples=2),
            Figure("playback_tail", Unit.TIME, 1_710_000, samples=2, at_us=1_190_000),
            Figure("stalls", Unit.COUNT, 1, "the longest of 420 ms, none of them heard", 216, 6_300_000),
            Figure("talk_ratio", Unit.SHARE, 742_758),
            Figure("words_per_minute", Unit.RATE, None, "too little was said", 3),
        ),
    )


BROKEN = CallResult(
    name="Transfer to a person",
    file="scenarios/bank/transfer.yaml",
    line=1,
    target="bridge",
    protocol="twilio",
    clock="wall",
    outcome=Outcome.ERROR,
    duration_us=2_310_000,
    lateness_us=41_000,
    turns=(
        TurnResult(0, "Greeting", Outcome.ERROR, 240_000, None, "cut"),
        TurnResult(1, "Ask for a person", Outcome.SKIPPED, None, None, "", why="the call ended before it"),
    ),
    error="the target's process ended with status 1 before the call was over\n"
    "  command: uvicorn bridge:app --port 41873\n  what to do: read its output below",
    folder="calls/transfer-1",
    process_output=(
        "Traceback (most recent call last):",
        '  File "bridge.py", line 12, in <module>',
        "ModuleNotFoundError: No module named 'audioop'",
    ),
)


SKIPPED = CallResult(
    name="Pays by keypad",
    file="scenarios/bank/pay.yaml",
    line=1,
    target="bank",
    protocol="realtime",
    clock="virtual",
    outcome=Outcome.SKIPPED,
    turns=(TurnResult(0, "Pay", Outcome.SKIPPED, None, None, "", why="realtime carries no digits"),),
)


FLAKY = CallResult(
    name="Balance",
    file="scenarios/bank/balance.yaml",
    line=1,
    target="bank",
    protocol="twilio",
    clock="wall",
    outcome=Outcome.FLAKY,
    duration_us=9_000_000,
)


TROUBLING = "\x00\x07\x1b[31mred\ud800\ufffe</script><b>\u202eevil\u202c & ]]> \U0001f600 e\u0301 \U0001ffff"


def nasty() -> CallResult:
    """A call whose every text is hostile: markup, control characters, halves of pairs, endless words."""
    word, arabic = "x" * 200, "مرحبا بك في البنك، كيف يمكنني مساعدتك اليوم؟"
    turn = TurnResult(
        0,
        f"{arabic} {TROUBLING}",
        Outcome.FAILED,
        0,
        4_000_000,
        "no-such-how",
        findings=(
            Finding(
                "says",
                Status.FAILED,
                TROUBLING,
                word,
                f"お電話ありがとうございます。{arabic} \u202eabc",
                0,
                2_000_000,
                span(4, 2, f"scenarios/{'d' * 120}.yaml"),
                (word, TROUBLING),
            ),
            Finding("says", Status.FAILED, "", "", "", 0, 2_000_000),
        ),
        measurements=(
            Measurement(
                "response",
                State.MEASURED,
                -120_000,
                0,
                800_000,
                turn=0,
                from_us=2_000_000,
                to_us=1_880_000,
                why=word,
            ),
        ),
        lines=(
            Line("caller", f"{TROUBLING} {word}", 0, None, word, 0),
            Line("agent", "", 2_000_000, 2_000_000, "stt", 0),
            Line("agent", arabic, 2_100_000, 3_900_000, "stt", 0, cut=True),
        ),
        functions=(
            FunctionUse(word, f'{{"a": "{word}"}}', 1_000_000, TROUBLING, 900_000, 0),
            FunctionUse("f", "not json {", 3_990_000),
        ),
    )
    return CallResult(
        name=f"{TROUBLING}\n{word}",
        file="scenarios/a b/c#d?.yaml",
        line=1,
        target=word,
        protocol="twilio",
        clock="wall",
        outcome=Outcome.FAILED,
        duration_us=4_000_000,
        turns=(turn,),
        folder="calls/a b#1",
        recording="call.flac",
        moments=tuple(
            Moment(1_000_000 + 10 * step, f"fault {TROUBLING}", f"{step} {word}") for step in range(5)
        ),
        tags=(word, "</title>"),
        description=TROUBLING,
        process_output=(TROUBLING, word),
    )


def rich_run(columns: int = 36) -> RunResult:
    """One call of each outcome, the failed one full of detail."""
    return RunResult(
        INFO,
        (opening_hours(columns), lost_card(columns), BROKEN, SKIPPED, FLAKY),
        graphs={FILE: {"nodes": [1, 2.5, None]}},
        figures=(
            Figure("response_p50", Unit.TIME, 812_000, samples=12),
            Figure("response_p90", Unit.TIME, 1_240_000, "at least", 12),
            Figure("barge_in_p50", Unit.TIME, 280_000, samples=3),
        ),
    )


PASSED_RUN = RunResult(INFO, (opening_hours(),))


NASTY_RUN = RunResult(INFO, (nasty(),))


EMPTY_RUN = RunResult(INFO)


INTERRUPTED_RUN = RunResult(INFO, (opening_hours(),), interrupted=True)


WRONG_RUN = RunResult(
    INFO,
    wrong_files=(
        WrongFile(
            "scenarios/refund.yaml",
            (
                (
                    "error[unknown-key]: turn has no key 'expcet'\n"
                    "  --> scenarios/refund.yaml:14:5\n14 |     expcet: ...\n   |"
                    "     ^^^^^^ did you mean 'expect'?"
                ),
                (
                    "error[missing-unit]: 800 is a length without a unit\n"
                    "  --> scenarios/refund.yaml:18:23\n18 |     budget: {response: 800}\n"
                    "   |                        ^^^ write 800 ms or 800 s"
                ),
            ),
        ),
        WrongFile("scenarios/<b>.yaml", ("error[tab]: a tab <script>alert(1)</script>",)),
    ),
)


def percentile(name: str, value_us: int, limit_us: int, state: State = State.MEASURED) -> Measurement:
    """One percentile of twenty samples."""
    return Measurement(
        name, state, value_us, 15_000, limit_us, required=True, span=span(9), why="number 19 of 20 samples"
    )


def one_of_many(number: int, outcome: Outcome, columns: int = 36) -> CallResult:
    """One of twenty runs of a scenario: half a lost card where it did not hold."""
    call = lost_card(columns) if outcome is Outcome.FAILED else opening_hours(columns)
    folder = f"calls/card-{number}-of-20"
    return replace(
        call,
        name=f"Card [last4=4821] ({number} of 20)",
        outcome=outcome,
        folder=folder,
        recording=None,
        row={"last4": "4821"},
        group="card-all-20",
        caller_wave=None,
        agent_wave=None,
    )


def repeated_run(failed: int = 2, outcome: Outcome = Outcome.PASSED, runs: int = 20) -> RunResult:
    """Twenty runs that count together, a call that held at its second attempt, and one that never did."""
    calls = tuple(
        one_of_many(number, Outcome.FAILED if number <= failed else Outcome.PASSED)
        for number in range(1, runs + 1)
    )
    values = tuple(300_000 + 30_000 * number for number in range(20))
    measured = (percentile("response p50", 570_000, 800_000), percentile("response p95", 840_000, 830_000))
    first = Attempt(Outcome.FAILED, 9_000_000, lost_card().turns, folder="calls/smoke")
    broke = Attempt(Outcome.ERROR, 0, folder="calls/never", error="nothing listens at ws://127.0.0.1:9/")
    group = GroupResult(
        id="card-all-20",
        name="Card [last4=4821] (all 20)",
        file=FILE,
        line=1,
        target="bank",
        protocol="twilio",
        clock="virtual",
        outcome=outcome,
        runs=runs,
        held=runs - failed,
        failed=failed,
        errors=0,
        skipped=0,
        wanted_ppm=900_000,
        distributions=(Distribution("response", "Report the loss", values, 1, 2, measured),),
        findings=()
        if outcome is Outcome.PASSED
        else (
            Finding(
                "pass_rate",
                Status.FAILED,
                f"{runs - failed} of {runs} runs held.",
                "at least 90 %",
                "75 %",
                span=span(4),
            ),
        ),
        tags=("cards",),
        description="How often a lost card is blocked.",
    )
    smoke = replace(
        opening_hours(),
        name="Smoke",
        outcome=Outcome.FLAKY,
        folder="calls/smoke-attempt-2",
        recording=None,
        attempts=(first,),
    )
    never = replace(
        lost_card(), name="Never", folder="calls/never-attempt-2", recording=None, attempts=(broke,)
    )
    return RunResult(INFO, (*calls, smoke, never), groups=(group,))


RUNS = {
    "rich": rich_run(),
    "repeated": repeated_run(1, runs=6),
    "passed": PASSED_RUN,
    "nasty": NASTY_RUN,
    "empty": EMPTY_RUN,
    "interrupted": INTERRUPTED_RUN,
    "wrong": WRONG_RUN,
}


def no_recording(_: CallResult) -> bytes | None:
    """Nothing to embed."""
    return None
