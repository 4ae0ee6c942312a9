"""What a program learns of its call: replies, the recording, and why there is none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from turnspec.adapters.base import LineError, LineRefused, NothingListens
from turnspec.audio.files import write_flac
from turnspec.call import Evidence, Track
from turnspec.call.events import (
    ActionDone,
    AgentMessaged,
    AgentSpeechBegan,
    CallEnded,
    CallRefused,
    HarnessFailed,
)
from turnspec.call.evidence import AnyEvent
from turnspec.conduct.facts import Facts, learn


class NoReply(TimeoutError):  # noqa: N818 # named after the fact
    """The agent did not begin to speak within the caller's patience."""


class CallOver(ConnectionError):  # noqa: N818 # as above
    """The line is gone, so what was asked for cannot come about."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the agent said: its sound as heard, from its first to its last speech on the call's clock.

    `text` has the words that came with it, or in place of it; None: the wire gave none.
    """

    audio: Track = field(repr=False)
    began_us: int
    ended_us: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Both sides on one time axis, from the beginning of the call."""

    caller: Track
    agent: Track

    def save(self, path: Path | str) -> None:
        """Write a stereo FLAC file, the caller on the left."""
        write_flac(Path(path), self.caller, self.agent)


class Told(Evidence):
    """Evidence that wakes whoever waits for what happens next."""

    def __init__(self, folder: Path | None, header: dict[str, Any]) -> None:
        super().__init__(folder, header)
        self.news = asyncio.Event()
        self.facts = Facts()
        self.begun_us: list[int] = []  # when each stretch of agent speech began, or a text came
        self.done = -1  # the caller's last action that is over

    def append(self, event: AnyEvent) -> AnyEvent:
        """Record an event, and tell of it."""
        recorded = super().append(event)
        self.facts = learn(self.facts, recorded)
        match recorded:
            case AgentSpeechBegan():
                self.begun_us.append(recorded.began_us)
            case AgentMessaged() if not recorded.stream:
                self.begun_us.append(recorded.at_us)
            case ActionDone():
                self.done = recorded.turn
        self.news.set()
        return recorded

    def begun_after(self, since_us: int) -> int | None:
        """When the agent began to speak for the first time at or after a moment."""
        return next((at_us for at_us in self.begun_us if at_us >= since_us), None)

    def words_since(self, since_us: int) -> str | None:
        """The words that the agent's side gave at or after a moment, if any."""
        given = [event.text for event in self.of(AgentMessaged) if event.at_us >= since_us]
        return " ".join(given) if given else None

    def why_not_up(self) -> LineError | CallOver:
        """Why the line never came up."""
        for refused in self.of(CallRefused):
            return LineRefused(refused.reason, refused.code)
        for failed in self.of(HarnessFailed):
            return NothingListens(failed.reason)
        return self.why_over()

    def why_over(self) -> CallOver:
        """Who ended a call that has ended, and why."""
        ended = next(self.of(CallEnded))
        return CallOver(f"the call has ended, by the {ended.by}: {ended.reason or 'no reason was given'}")
