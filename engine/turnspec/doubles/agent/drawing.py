"""What a local agent leaves to chance: drawn from the call's seed, so that the same call draws the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from turnspec.call import Identity
from turnspec.doubles.agent.selection import chain
from turnspec.dsl import AgentScript, Duration, Reply
from turnspec.dsl.chance import Spread
from turnspec.dsl.percent import Percent

MILLIONTHS: Final = 1_000_000


@dataclass(slots=True)
class Draws:
    """The draws of one call, in the order in which they are made."""

    identity: Identity
    _made: int = field(default=0, init=False)

    def delay_us(self, written: Duration | Spread | None) -> int | None:
        """How long to wait: as written, or so long as is drawn."""
        if not isinstance(written, Spread):
            return None if written is None else written.us
        return written.from_.us + self._below(written.to.us - written.from_.us + 1)

    def comes_up(self, chance: Percent) -> bool:
        """Whether something that is so likely happens this time."""
        return self._below(100 * MILLIONTHS) < chance.of_hundred * MILLIONTHS

    def _below(self, end: int) -> int:
        self._made += 1
        return self.identity.below(end, "draw", self._made)


def soonest(written: Duration | Spread | None) -> Duration | None:
    """The shortest time that may be drawn."""
    return written.from_ if isinstance(written, Spread) else written


def leaves_to_chance(script: AgentScript) -> bool:
    """Whether anything in a script is drawn, so that two calls of it may differ."""
    if any(response.when.chance is not None for response in script.responses.values()):
        return True
    return any(isinstance(reply.timing.first_audio, Spread) for reply in _replies(script))


def _replies(script: AgentScript) -> Iterator[Reply]:
    greeting = () if script.greeting is None else (script.greeting,)
    for first in (*greeting, *script.responses.values(), script.otherwise):
        yield from chain(first)
