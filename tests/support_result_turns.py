"""The turns of a long call, with findings, measurements and moments of every sort."""

from __future__ import annotations

from dataclasses import replace

from turnspec.dsl import Span
from turnspec.results import (
    Finding,
    FunctionUse,
    Line,
    Measurement,
    Outcome,
    State,
    Status,
    TurnResult,
    Waveform,
)

FILE = "scenarios/bank/lost-card.yaml"


def span(line: int, column: int = 7, file: str = FILE) -> Span:
    """A place in a scenario."""
    return Span(file, line, column, column + 6)


def wave(columns: int, duration_us: int, *stretches: tuple[int, int]) -> Waveform:
    """Peaks of a track that sounds during `stretches` (microseconds), in an uneven but fixed pattern."""

    def peak(column: int) -> int:
        at_us = column * duration_us // columns
        if not any(start <= at_us < end for start, end in stretches):
            return 0
        syllable = abs((column * 7) % 23 - 11) * 700
        return 1_200 + syllable + (column * 7_919) % 4_001

    return Waveform(tuple((-peak(column), peak(column) * 9 // 10) for column in range(columns)))


def said(who: str, text: str, began_us: int, ended_us: int, turn: int, *, cut: bool = False) -> Line:
    """Words of one side."""
    return Line(
        who, text, began_us, ended_us, "scenario" if who == "caller" else "backend transcript", turn, cut
    )


def passed(kind: str, message: str, expected: str, actual: str, turn: int, line: int) -> Finding:
    """A check that held."""
    return Finding(kind, Status.PASSED, message, expected, actual, turn, span=span(line))


def response(turn: int, value_us: int, from_us: int, limit_us: int = 1_200_000, line: int = 9) -> Measurement:
    """A measured response."""
    return Measurement(
        "response",
        State.MEASURED,
        value_us,
        10_000,
        limit_us,
        turn=turn,
        from_us=from_us,
        to_us=from_us + value_us,
        span=span(line),
    )


GREETING = TurnResult(
    0,
    "Greeting",
    Outcome.PASSED,
    240_000,
    3_100_000,
    "replied",
    findings=(
        passed("intent", "The reply is a greeting.", "greeting", "greeting (0.94)", 0, 12),
        passed(
            "says",
            "The agent said it.",
            "welcome to Example Bank",
            "Welcome to Example Bank. How can I help?",
            0,
            12,
        ),
    ),
    measurements=(
        Measurement(
            "greeting",
            State.MEASURED,
            412_000,
            10_000,
            2_000_000,
            turn=0,
            from_us=240_000,
            to_us=652_000,
            span=span(9),
        ),
    ),
    lines=(said("agent", "Welcome to Example Bank. How can I help?", 652_000, 2_900_000, 0),),
)


REPORT_LOSS = TurnResult(
    1,
    "Report the loss",
    Outcome.FAILED,
    3_100_000,
    10_200_000,
    "replied",
    findings=(
        passed("intent", "The reply is card_blocked.", "card_blocked", "card_blocked (0.81)", 1, 15),
        Finding(
            "calls",
            Status.FAILED,
            "block_card was called with another argument: last4",
            '{"last4": "4821", "reason": "lost"}',
            '{"last4": "4812", "reason": "lost"}',
            1,
            6_420_000,
            span(17, 11),
            ('last4: "4812" where "4821" was expected',),
        ),
        Finding(
            "does_not_say",
            Status.FAILED,
            "The agent said what it must not: password",
            "not: password",
            "Your card is blocked. I never need your password. The reference is R-1042.",
            1,
            8_050_000,
            span(19, 22),
        ),
        Finding("score", Status.NOTE, "The nearest other intent was far away.", "", "help_request (0.22)", 1),
    ),
    measurements=(
        replace(response(1, 1_842_000, 5_480_000, 800_000, 20), required=True),
        Measurement(
            "function_call",
            State.MEASURED,
            940_000,
            5_000,
            935_001,
            turn=1,
            from_us=5_480_000,
            to_us=6_420_000,
            span=span(20),
        ),
        Measurement("speech", State.MEASURED, 2_600_000, 10_000, turn=1, from_us=7_322_000, to_us=9_922_000),
        Measurement("gap", State.NOT_EXERCISED, None, 0, 500_000, turn=1, why="the reply was one piece"),
    ),
    lines=(
        said("caller", "I lost my card ending in four eight two one.", 3_400_000, 5_480_000, 1),
        said(
            "agent",
            "Your card is blocked. I never need your password. The reference is R-1042.",
            7_322_000,
            9_922_000,
            1,
        ),
    ),
    functions=(
        FunctionUse(
            "block_card",
            '{"last4": "4812", "reason": "lost"}',
            6_420_000,
            '{"status": "blocked", "reference": "R-1042"}',
            6_540_000,
            1,
        ),
        FunctionUse("log_contact", "{}", 6_440_000, None, None, 1),
    ),
)


KEYPAD = TurnResult(
    2,
    "Confirm by keypad",
    Outcome.PASSED,
    10_200_000,
    14_000_000,
    "replied",
    findings=(
        passed(
            "says",
            "The agent said it.",
            "your reference is R-1042",
            "Thank you, your reference is R-1042.",
            2,
            25,
        ),
    ),
    measurements=(
        response(2, 640_000, 10_900_000),
        Measurement(
            "turn",
            State.CENSORED,
            2_900_000,
            10_000,
            8_000_000,
            turn=2,
            why="the caller spoke over the reply",
        ),
    ),
    lines=(
        Line("caller", "[keys 1#]", 10_700_000, 10_900_000, "scripted", 2),
        said(
            "agent",
            "Thank you, your reference is R-1042. Anything else I can do",
            11_540_000,
            14_620_000,
            2,
            cut=True,
        ),
    ),
)


TALK_OVER = TurnResult(
    3,
    "Talk over the agent",
    Outcome.FAILED,
    14_000_000,
    16_900_000,
    "interrupted",
    findings=(
        Finding(
            "stops",
            Status.NOT_EXERCISED,
            "The agent had nothing left to say when the caller spoke",
            "the agent stops within 300 ms",
            "it had finished",
            3,
            14_200_000,
            span(30),
        ),
    ),
    measurements=(
        Measurement(
            "barge_in",
            State.NOT_EXERCISED,
            None,
            0,
            300_000,
            required=True,
            turn=3,
            span=span(31),
            why="nothing was flushed",
        ),
    ),
    lines=(
        said("caller", "Stop, please.", 14_200_000, 15_000_000, 3),
        said("agent", "Of course.", 15_400_000, 16_000_000, 3),
    ),
)


GOODBYE = TurnResult(
    4,
    "Goodbye {{ reference }}",
    Outcome.SKIPPED,
    None,
    None,
    "",
    why="`reference` was not captured in turn 2",
)
