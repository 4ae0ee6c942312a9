"""A local agent as a process of its own: `python support_double.py twilio|realtime PORT SCRIPT`.

It serves the bot's side to everybody who calls, each with a fresh agent: what is called like any stranger's
server, and does not share the engine's loop.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from turnspec.call import Identity
from turnspec.call.events import Event, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.doubles.realtime.serve import serve_realtime
from turnspec.doubles.twilio.serve import serve_twilio_bot
from turnspec.dsl.agent import AgentScript
from turnspec.dsl.load import load
from turnspec.run.clock import CallClock
from turnspec.run.loops import WallLoop, run_on
from turnspec.speech.intents import Intents


class Forgetful:
    """A witness that keeps nothing."""

    def __init__(self) -> None:
        self._clock = CallClock(asyncio.get_running_loop())

    def now_us(self) -> int:
        """Microseconds since the call began."""
        return self._clock.now_us()

    def happened(self, event: Event) -> None:
        """Nothing."""

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Nothing."""


async def serve(protocol: str, port: int, script: AgentScript) -> None:
    """Answer calls until the process is stopped."""
    intents = Intents({})

    def session() -> tuple[LocalAgent, Forgetful, Identity]:
        return LocalAgent(script, intents=intents), Forgetful(), Identity("double")

    if protocol == "twilio":
        await serve_twilio_bot(session, "127.0.0.1", port)
    else:
        await serve_realtime(session, "127.0.0.1", port)
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line, and the script it names."""
    protocol, port, name = sys.argv[1:]
    loaded = load([Path(name)])
    (script,) = loaded.agents.values()
    run_on(WallLoop, serve(protocol, int(port), script))


if __name__ == "__main__":
    main()
