"""Compiling a scenario to the plan of a call: the step graph, limits, sources."""

from turnspec.plan.compiler import Compiled, compile_call
from turnspec.plan.graph import Condition, Edge, StepGraph
from turnspec.plan.model import CallPlan, Limit, TargetKind, TurnPlan, Utterance
from turnspec.plan.setting import Setting
from turnspec.plan.show import as_document, as_mermaid, as_text

__all__ = [
    "CallPlan",
    "Compiled",
    "Condition",
    "Edge",
    "Limit",
    "Setting",
    "StepGraph",
    "TargetKind",
    "TurnPlan",
    "Utterance",
    "as_document",
    "as_mermaid",
    "as_text",
    "compile_call",
]
