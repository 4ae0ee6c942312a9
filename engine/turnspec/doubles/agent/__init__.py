"""The local agent's brain: what it hears, which reply it chooses, what its functions give back."""

from turnspec.doubles.agent.drawing import leaves_to_chance
from turnspec.doubles.agent.functions import run_function
from turnspec.doubles.agent.hearing import KnownClips
from turnspec.doubles.agent.local import AgentScriptError, LocalAgent
from turnspec.doubles.agent.problems import script_problems
from turnspec.doubles.agent.reply import (
    Agent,
    CanFail,
    FunctionCall,
    FunctionResult,
    Heard,
    Reply,
    Transfer,
    faults_of,
)
from turnspec.doubles.agent.selection import Choice, Moment, choose

__all__ = [
    "Agent",
    "AgentScriptError",
    "CanFail",
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
    "faults_of",
    "leaves_to_chance",
    "run_function",
    "script_problems",
]
