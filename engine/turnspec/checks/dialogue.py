"""A conversation out of two tracks of speech alone: who spoke when, over whom, and after how long.

Speech of one side is one turn as long as the other says nothing in its pauses. What one side says while the
other speaks on is a turn of its own and splits nothing. All segments are in order and do not overlap those
of their own side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isqrt
from typing import Final

from turnspec.audio.edges import RESOLUTION_US, Segment

INTERRUPTS_US: Final = 200_000
"""People who take turns overlap by less."""


class Speaker(StrEnum):
    """Whose speech it is."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says until the other does."""

    who: Speaker
    segments: tuple[Segment, ...]

    @property
    def start_us(self) -> int:
        """Where its first speech begins."""
        return self.segments[0].start_us

    @property
    def end_us(self) -> int:
        """Where its last speech ends."""
        return self.segments[-1].end_us


@dataclass(frozen=True, slots=True)
class Overlap:
    """Both speak; `by` began over the other, and `interrupts` if it spoke on when the other had stopped."""

    start_us: int
    end_us: int
    by: Speaker
    interrupts: bool

    @property
    def duration_us(self) -> int:
        """How long it is."""
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody speaks; `after` and `before` are who spoke last and who speaks next, if anybody."""

    start_us: int
    end_us: int
    after: Speaker | None
    before: Speaker | None

    @property
    def duration_us(self) -> int:
        """How long it is."""
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Response:
    """How the agent took a turn of the caller's up; `value_us` None: it said nothing before the next.

    Below zero, the agent began before the caller had ended. `error_us` is how far off it may be.
    """

    turn: Turn
    value_us: int | None
    error_us: int = 0


def turns(caller: Sequence[Segment], agent: Sequence[Segment]) -> tuple[Turn, ...]:
    """The turns of both sides in the order in which they begin."""
    found = [*_turns(Speaker.CALLER, caller, agent), *_turns(Speaker.AGENT, agent, caller)]
    return tuple(sorted(found, key=lambda turn: (turn.start_us, turn.end_us)))


def _turns(who: Speaker, own: Sequence[Segment], others: Sequence[Segment]) -> Iterator[Turn]:
    turn: list[Segment] = []
    ahead = _Ahead(others)
    for segment in own:
        if turn and ahead.speaks(turn[-1].end_us, segment.start_us):
            yield Turn(who, tuple(turn))
            turn = []
        turn.append(segment)
    if turn:
        yield Turn(who, tuple(turn))


class _Ahead:
    """Segments that are asked about in order, so that hours of them take one pass."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._next = 0

    def speaks(self, from_us: int, to_us: int) -> bool:
        """Whether there is speech between two moments; neither may lie before one that was asked about."""
        while self._next < len(self._segments) and self._segments[self._next].end_us <= from_us:
            self._next += 1
        return self._next < len(self._segments) and self._segments[self._next].start_us < to_us


def responses(spoken: Sequence[Turn]) -> tuple[Response, ...]:
    """How long the agent took to answer each turn of the caller's."""
    own = [turn for turn in spoken if turn.who is Speaker.CALLER]
    speech = [segment for turn in spoken if turn.who is Speaker.AGENT for segment in turn.segments]
    return tuple(_responses(own, speech))


def _responses(own: Sequence[Turn], speech: Sequence[Segment]) -> Iterator[Response]:
    place = 0
    for number, turn in enumerate(own):
        following = own[number + 1] if number + 1 < len(own) else None
        # What was over before the caller had ended answers nothing, nor does what the caller spoke over.
        while place < len(speech) and not _answers(speech[place], turn):
            place += 1
        start_us = speech[place].start_us if place < len(speech) else None
        late = start_us is None or (following is not None and start_us >= following.start_us)
        if late or start_us is None:
            yield Response(turn, None)
        else:
            error_us = between_sides(turn.segments[-1].end_blur_us, speech[place].start_blur_us)
            yield Response(turn, start_us - turn.end_us, error_us)


def between_sides(*blurs_us: int) -> int:
    """How far off a time from one side's edge to the other's may be, each so much less clear than any is."""
    return 2 * RESOLUTION_US + isqrt(sum(blur_us**2 for blur_us in blurs_us))


def _answers(segment: Segment, turn: Turn) -> bool:
    return segment.start_us >= turn.start_us and segment.end_us > turn.end_us


def overlaps(caller: Sequence[Segment], agent: Sequence[Segment]) -> tuple[Overlap, ...]:
    """Where both speak, in order."""
    found: list[Overlap] = []
    one = other = 0
    while one < len(caller) and other < len(agent):
        ours, theirs = caller[one], agent[other]
        if max(ours.start_us, theirs.start_us) < min(ours.end_us, theirs.end_us):
            found.append(_overlap(ours, theirs))
        if ours.end_us <= theirs.end_us:
            one += 1
        else:
            other += 1
    return tuple(found)


def _overlap(ours: Segment, theirs: Segment) -> Overlap:
    by = Speaker.CALLER if ours.start_us > theirs.start_us else Speaker.AGENT
    over, under = (ours, theirs) if by is Speaker.CALLER else (theirs, ours)
    start_us, end_us = over.start_us, min(ours.end_us, theirs.end_us)
    interrupts = over.end_us > under.end_us and end_us - start_us >= INTERRUPTS_US
    return Overlap(start_us, end_us, by, interrupts)


def silences(
    caller: Sequence[Segment], agent: Sequence[Segment], from_us: int, to_us: int
) -> tuple[Silence, ...]:
    """Where nobody speaks between two moments, in order."""
    return tuple(_silences(caller, agent, from_us, to_us))


def _silences(
    caller: Sequence[Segment], agent: Sequence[Segment], from_us: int, to_us: int
) -> Iterator[Silence]:
    named = [(one.start_us, one.end_us, Speaker.CALLER) for one in caller]
    named += [(one.start_us, one.end_us, Speaker.AGENT) for one in agent]
    quiet_us, after = from_us, None
    for start_us, end_us, who in sorted(named):
        if quiet_us < start_us and quiet_us < to_us:
            yield Silence(quiet_us, min(start_us, to_us), after, who if start_us < to_us else None)
        if end_us > quiet_us or after is None:
            quiet_us, after = max(quiet_us, end_us), who
    if quiet_us < to_us:
        yield Silence(quiet_us, to_us, after, None)


def spoken_us(segments: Iterable[Segment]) -> int:
    """How long somebody speaks in all."""
    return sum(segment.duration_us for segment in segments)
