"""Single times as they are read off the evidence, before any limit is held against them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

from turnspec.audio.edges import RESOLUTION_US
from turnspec.checks.scene import TurnScene
from turnspec.results import State

HALF_FRAME_US: Final = 10_000
"""What the grid of 20 ms frames leaves open about when something was sent or heard."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One time as read off the evidence, before any limit is held against it."""

    state: State
    why: str = ""
    value_us: int | None = None
    error_us: int = 0
    from_us: int | None = None
    to_us: int | None = None


def error_bar(lateness_us: int, *blurs_us: int) -> int:
    """How far off a time may be that counts from edges of sound, each so much less clear than any is.

    What one edge is off by says nothing about another: their squares add up.
    """
    return RESOLUTION_US + isqrt(sum(blur_us**2 for blur_us in blurs_us)) + HALF_FRAME_US + lateness_us


def between(from_us: int, to_us: int, error_us: int, why: str = "") -> Reading:
    """A time that was seen from beginning to end."""
    return Reading(State.MEASURED, why, to_us - from_us, error_us, from_us, to_us)


def at_least(from_us: int, to_us: int, error_us: int, why: str) -> Reading:
    """A time that was cut short."""
    return Reading(State.CENSORED, why, max(0, to_us - from_us), error_us, from_us, to_us)


def unseen(why: str) -> Reading:
    """Nothing was there to be timed."""
    return Reading(State.NOT_EXERCISED, why)


def not_applicable(why: str) -> Reading:
    """It does not exist here."""
    return Reading(State.NOT_APPLICABLE, why)


def cut_to(reading: Reading, turn: TurnScene) -> Reading:
    """Of a reply that was cut, what was seen is only a lower bound."""
    why = {"interrupted": "the caller talked over it", "cut": "the call ended first"}.get(turn.window.how)
    if why is None or reading.state is not State.MEASURED:
        return reading
    return Reading(State.CENSORED, why, reading.value_us, reading.error_us, reading.from_us, reading.to_us)


def unheard(turn: TurnScene) -> Reading:
    """Why speech that there is none of cannot be timed."""
    if turn.texts:
        return not_applicable("the agent answered in text")
    return unseen("no speech of the agent was heard")
