"""By what an agent tells the caller's speech from other sound."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.doubles.agent.reply import Agent


@runtime_checkable
class HasEars(Protocol):
    """An agent that says so."""

    @property
    def ears(self) -> Ears:
        """By what it tells speech from other sound."""
        ...


def ears_of(agent: Agent) -> Ears:
    """What an agent says; one that does not say takes every sound."""
    return agent.ears if isinstance(agent, HasEars) else EVERY_SOUND
