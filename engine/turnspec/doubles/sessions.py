"""Who is at the double's end of a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from turnspec.adapters.base import Witness
from turnspec.call import Identity
from turnspec.doubles.agent.reply import Agent

Session: TypeAlias = tuple[Agent, Witness, Identity]
"""The agent that answers, who keeps what happens, and what ids and draws derive from."""

Sessions: TypeAlias = Callable[[], Session | None]
"""Asked at each connection; None: nobody expects it."""
