"""Evidence held against what was expected: findings and measurements, as plain callables."""

from turnspec.checks.captures import captures
from turnspec.checks.context import Context, Stage
from turnspec.checks.expectations import EXPECTATIONS, Expectation
from turnspec.checks.judge import CallVerdict, judge_call, judge_turn
from turnspec.checks.matching import Match, Mismatch, match_value, match_words
from turnspec.checks.measure_readings import error_bar
from turnspec.checks.scene import Scene
from turnspec.checks.words import transcript

__all__ = [
    "EXPECTATIONS",
    "CallVerdict",
    "Context",
    "Expectation",
    "Match",
    "Mismatch",
    "Scene",
    "Stage",
    "captures",
    "error_bar",
    "judge_call",
    "judge_turn",
    "match_value",
    "match_words",
    "transcript",
]
