"""An agent's wishes for its session, as a server's settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from turnspec.adapters.realtime.server import Policy
from turnspec.adapters.realtime.wire.session import SessionPatch
from turnspec.doubles.agent.session import SessionWishes


def policy_for(policy: Policy, wishes: SessionWishes) -> Policy:
    """The server's policy, where the agent has no other wish."""
    given: dict[str, Any] = {"dialect": wishes.dialect, "lifetime_us": wishes.lifetime_us}
    return replace(policy, **{key: value for key, value in given.items() if value is not None})


def settings_for(wishes: SessionWishes) -> tuple[SessionPatch, ...]:
    """What the session begins with."""
    settings: dict[str, Any] = {}
    if wishes.instructions is not None:
        settings["instructions"] = wishes.instructions
    if wishes.voice is not None:
        settings["audio"] = {"output": {"voice": wishes.voice}}
    return (SessionPatch.model_validate({"type": "realtime", **settings}),) if settings else ()
