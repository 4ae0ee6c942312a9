"""Whether an agent takes every sound of the caller for speech, or tells steady noise and tones from it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from turnspec.doubles.agent.reply import Agent


@runtime_checkable
class HasEars(Protocol):
    """An agent that says so."""

    @property
    def any_sound(self) -> bool:
        """Whether every sound is speech to it."""
        ...


def takes_any_sound(agent: Agent) -> bool:
    """What an agent says; one that does not say takes every sound."""
    return agent.any_sound if isinstance(agent, HasEars) else True
