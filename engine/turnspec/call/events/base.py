"""What every event is, who saw it, and where its words come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Side(StrEnum):
    """Who saw an event."""

    LINE = "line"
    MODEL = "model"
    AGENT = "agent"


class Origin(StrEnum):
    """Where words come from, and their sound; what the engine makes up says so."""

    RECORDED = "recorded"  # an audio file
    MICROPHONE = "microphone"  # a person who speaks just now
    SYNTHESISED = "synthesised"
    SILENT = "silent"  # nobody could say it: silence as long as saying it takes
    SCRIPTED = "scripted"  # text sent as text, digits


class Closer(StrEnum):
    """Who ended the line."""

    AGENT = "agent"
    CALLER = "caller"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened `at_us` after the call began."""

    kind: ClassVar[str] = ""

    at_us: int
    side: Side = Side.LINE
