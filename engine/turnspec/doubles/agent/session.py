"""What an agent script says of the Realtime session that it is played in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from turnspec.doubles.agent.reply import Agent
from turnspec.dsl.agent import TurnRange


@dataclass(frozen=True, slots=True)
class SessionWishes:
    """How the session is to be; None: as the server makes it.

    `lost_turns`: the caller's spoken turns, counted from 1, whose transcription fails.
    """

    voice: str | None = None
    instructions: str | None = None
    dialect: Literal["ga", "beta"] | None = None
    lifetime_us: int | None = None
    lost_turns: TurnRange | None = None


NO_WISHES = SessionWishes()


@runtime_checkable
class HasSession(Protocol):
    """An agent that says how its session is to be."""

    @property
    def session(self) -> SessionWishes:
        """How that is."""
        ...


def session_of(agent: Agent) -> SessionWishes:
    """What an agent says of its session."""
    return agent.session if isinstance(agent, HasSession) else NO_WISHES
