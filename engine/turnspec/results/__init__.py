"""Outcomes, findings, measurements and the results of runs."""

from turnspec.results.figures import Figure, Unit
from turnspec.results.finding import Finding, Judged, Measurement, State, Status
from turnspec.results.groups import Distribution, GroupResult
from turnspec.results.outcome import EXIT_CODE, INTERRUPTED_EXIT, USAGE_EXIT, Outcome, worst
from turnspec.results.result import (
    Attempt,
    CallResult,
    FunctionUse,
    Line,
    Moment,
    RunInfo,
    RunResult,
    TimedWord,
    TurnResult,
    Waveform,
    WrongFile,
)

__all__ = [
    "EXIT_CODE",
    "INTERRUPTED_EXIT",
    "USAGE_EXIT",
    "Attempt",
    "CallResult",
    "Distribution",
    "Figure",
    "Finding",
    "FunctionUse",
    "GroupResult",
    "Judged",
    "Line",
    "Measurement",
    "Moment",
    "Outcome",
    "RunInfo",
    "RunResult",
    "State",
    "Status",
    "TimedWord",
    "TurnResult",
    "Unit",
    "Waveform",
    "WrongFile",
    "worst",
]
