"""What stands at the far end of a call: a local agent, a bridge with its backend, or a URL as it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import BaseModel

from turnspec.adapters.base import Platform, Witness
from turnspec.call import Identity
from turnspec.call.events import Event, Side
from turnspec.doubles.agent import LocalAgent
from turnspec.run.errors import HarnessError, TargetDied

LOOPBACK = "127.0.0.1"
Session = tuple[LocalAgent, Witness, Identity]


@dataclass(frozen=True, slots=True)
class SidedWitness:
    """A witness that reports under one side, whichever side its double takes itself to be on."""

    witness: Witness
    side: Side

    def now_us(self) -> int:
        """Microseconds since the call began."""
        return self.witness.now_us()

    def happened(self, event: Event) -> None:
        """Pass an event on as seen from this side."""
        self.witness.happened(replace(event, side=self.side))

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Pass a frame on as seen from this side."""
        del side
        self.witness.frame(self.side, direction, text)


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Where to dial, and what shows that the process there has ended.

    `strays` counts connections to its model since the last call, while no call was in progress.
    """

    url: str
    died: asyncio.Future[TargetDied] | None = None
    strays: int = 0
    platforms: Mapping[str, Platform] = field(default_factory=dict)  # by protocol


class Double(Protocol):
    """A double that is being served."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    async def aclose(self) -> None:
        """Serve no more, and let go of every connection."""
        ...


async def serve_double(protocol: str, session: Callable[[], Session | None], side: Side) -> Double:
    """Serve the bot's side of `protocol` on loopback, on the running loop.

    `side` tells whether it is the agent itself that is called, or the model behind a bridge.

    Raises:
        HarnessError: There is no local agent for this protocol.
    """
    match protocol:
        case "twilio":
            from turnspec.doubles.twilio.serve import serve_twilio_bot

            return await serve_twilio_bot(session, LOOPBACK, 0)
        case "audiocodes":
            from turnspec.doubles.audiocodes.serve import serve_audiocodes_bot

            return await serve_audiocodes_bot(session, LOOPBACK, 0)
        case "realtime":
            from turnspec.doubles.realtime.serve import serve_realtime

            return await serve_realtime(session, LOOPBACK, 0, side=side)
        case _:
            raise HarnessError(f"there is no local agent for the protocol '{protocol}'")


@asynccontextmanager
async def local_agent(
    protocol: str, session: Session, options: BaseModel | None = None
) -> AsyncIterator[FarEnd]:
    """A local agent of its own for one call with these options of its adapter."""
    double = await serve_double(protocol, lambda: session, Side.AGENT)
    async with contextlib.aclosing(double):
        at_webhook = getattr(options, "start_at", None) == "webhook"
        yield FarEnd(getattr(double, "voice_url", double.url) if at_webhook else double.url)
