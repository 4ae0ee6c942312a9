"""What an end of a call does wrong on purpose: the same faults for every protocol, on either side."""

from turnspec.adapters.faults.declared import ENDS_LINE, CallFaults
from turnspec.adapters.faults.deeds import (
    CloseWith,
    Deed,
    Drop,
    HalfClose,
    ReadOn,
    Send,
    StopReading,
    Tell,
)
from turnspec.adapters.faults.dialect import Dialect, Frame, HasDialect, dialect_of
from turnspec.adapters.faults.line import LineFaults
from turnspec.adapters.faults.problems import End, FaultyEnd, fault_problems
from turnspec.adapters.faults.words import told

__all__ = [
    "ENDS_LINE",
    "CallFaults",
    "CloseWith",
    "Deed",
    "Dialect",
    "Drop",
    "End",
    "FaultyEnd",
    "Frame",
    "HalfClose",
    "HasDialect",
    "LineFaults",
    "ReadOn",
    "Send",
    "StopReading",
    "Tell",
    "dialect_of",
    "fault_problems",
    "told",
]
