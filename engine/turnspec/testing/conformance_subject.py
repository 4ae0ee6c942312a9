"""An adapter that is looked at: the agent that it calls, and one call of it that is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel

from turnspec.adapters.base import Adapter, Call, Dial
from turnspec.call import Capabilities, Capability, Identity
from turnspec.call.events import AgentAudio, Event
from turnspec.run.clock import CallClock
from turnspec.testing.witness import RecordingWitness


class Nonconforming(AssertionError):  # noqa: N818 - named after the fact
    """An adapter does not keep what the engine relies on; the message says what, and what to do."""


class Peer(Protocol):
    """An agent that answers one call, in the hand of a test.

    It listens on loopback with the running loop's own means, so that it works in virtual time too.
    """

    @property
    def url(self) -> str:
        """Where it is called."""
        ...

    async def answered(self) -> None:
        """Return once a call is up, as the agent sees it."""
        ...

    async def heard(self, size: int) -> bytes:
        """The first `size` bytes of the caller's audio, in the format that the adapter declares."""
        ...

    async def pressed(self, count: int) -> str:
        """The first `count` keys that the caller pressed."""
        ...

    async def speak(self, duration_us: int) -> None:
        """Send the caller so much audio, all at once."""
        ...

    async def garble(self) -> None:
        """Send something that the protocol does not allow, and that need not end the call."""
        ...

    async def hang_up(self) -> None:
        """End the call as agents do over this protocol."""
        ...

    async def break_off(self) -> None:
        """End the line without a word."""
        ...

    async def left(self) -> None:
        """Return once the caller has ended the call, as callers do over this protocol."""
        ...


Peers = Callable[[], AbstractAsyncContextManager[Peer]]


@dataclass(frozen=True, slots=True)
class Subject:
    """The adapter that is looked at, and how it is called."""

    adapter: Adapter
    peer: Peers
    refusing_peer: Peers
    options: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)

    @property
    def capabilities(self) -> Capabilities:
        """What it says that it can do."""
        return self.adapter.capabilities(self.options)

    def can(self, capability: Capability) -> bool:
        """Whether it says that it can do this."""
        return capability in self.capabilities.can

    def dial(self, url: str, witness: RecordingWitness) -> Dial:
        """A request for one call."""
        return Dial(
            url=url,
            options=self.options,
            identity=Identity("conformance"),
            witness=witness,
            headers=self.headers,
            auth=self.auth,
            timeout_us=5_000_000,
        )


class NewsWitness(RecordingWitness):
    """A witness that can be waited for: `news` is set by every event."""

    def __init__(self) -> None:
        super().__init__(clock=CallClock(asyncio.get_running_loop()).now_us)
        self.news = asyncio.Event()

    def happened(self, event: Event) -> None:
        """Keep an event, and wake whoever waits."""
        super().happened(event)
        self.news.set()


@dataclass(frozen=True, slots=True)
class Held:
    """One call that is up: its two ends, and what was reported of it."""

    call: Call
    peer: Peer
    witness: NewsWitness
    listening: asyncio.Task[None]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for events until something holds; the check's own time limit ends what never comes."""
        while not holds():
            self.witness.news.clear()
            await self.witness.news.wait()

    def events(self, *kinds: type[Event]) -> list[Event]:
        """What was reported, of these kinds."""
        return [event for event in self.witness.events if isinstance(event, kinds)]

    @property
    def spoken_us(self) -> int:
        """How much audio of the agent was reported."""
        heard = (event for event in self.events(AgentAudio) if isinstance(event, AgentAudio))
        return sum(event.format.duration_us(event.size) for event in heard)

    async def over(self) -> None:
        """Wait until `listen` has returned."""
        await asyncio.wait({self.listening})
        self.listening.result()


@asynccontextmanager
async def held(subject: Subject) -> AsyncIterator[Held]:
    """A call that is up at both ends, hung up when the block is left."""
    async with subject.peer() as peer:
        witness = NewsWitness()
        call = await subject.adapter.dial(subject.dial(peer.url, witness))
        listening = asyncio.get_running_loop().create_task(call.listen(), name="listen")
        try:
            await peer.answered()
            yield Held(call, peer, witness, listening)
        finally:
            await call.hang_up()
            await asyncio.wait({listening})


def require(holds: bool, what: str) -> None:  # noqa: FBT001 # it reads as a sentence: require(this, "that")
    """Check one promise.

    Raises:
        Nonconforming: It does not hold.
    """
    if not holds:
        raise Nonconforming(what)
