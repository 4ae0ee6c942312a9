"""The local agent's brain: what it hears, which reply it chooses, what its functions give back."""

from turnspec.doubles.agent.functions import run_function
from turnspec.doubles.agent.hearing import KnownClips
from turnspec.doubles.agent.local import AgentScriptError, LocalAgent
from turnspec.doubles.agent.problems import script_problems
from turnspec.doubles.agent.reply import Agent, FunctionCall, FunctionResult, Heard, Reply, Transfer
from turnspec.doubles.agent.selection import Choice, Moment, choose

__all__ = [
    "Agent",
    "AgentScriptError",
    "Choice",
    "FunctionCall",
    "FunctionResult",
    "Heard",
    "KnownClips",
    "LocalAgent",
    "Moment",
    "Reply",
    "Transfer",
    "choose",
    "run_function",
    "script_problems",
]
