"""What the caller has heard so far: the one playback clock of a call.

Bots send audio faster than it plays. A phone plays what arrives at once when it is idle, else after
what is queued; a flush drops what has not been played; a mark comes back when everything queued before
it has been played, or when it is flushed. Positions are whole samples since the call began, so nothing
drifts; the times handed in must not go backwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from turnspec.audio.codecs import decode
from turnspec.audio.coded import CodedTape
from turnspec.audio.samples import Samples, position_at, time_of
from turnspec.call.formats import MICROSECONDS, AudioFormat, Encoding


class Placement(NamedTuple):
    """When one piece of audio plays."""

    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush dropped.

    `marks` are the names it returned, in the order in which they were set; `heard_us` says, for each
    stream that lost audio, how much of that stream had been heard in all.
    """

    unplayed_us: int
    marks: tuple[str, ...] = ()
    heard_us: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Piece:
    stream: str
    start: int
    end: int


class PlaybackClock:
    """The playout queue of one phone at one rate, and the tape of what it has played."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.late_us = 0  # by so much later than it is played it is heard, at most
        self._tape = CodedTape()
        self._end = 0  # position at which everything queued so far is over
        self._drained_at_us = 0  # the time of that
        self._pieces: deque[_Piece] = deque()  # what may still be playing, in playing order
        self._queued: dict[str, int] = {}  # samples a stream, without what was flushed
        self._marks: deque[tuple[int, str]] = deque()  # due time, name; due times never fall

    def enqueue(self, at_us: int, samples: Samples, stream: str = "") -> Placement:
        """Take audio that arrived `at_us`; says when it will play, if nothing flushes it."""
        start = self._next_start(at_us)
        self._tape.put(start, samples)
        return self._placed(at_us, start, len(samples), stream)

    def enqueue_coded(self, at_us: int, data: bytes, format_: AudioFormat, stream: str = "") -> Placement:
        """As `enqueue`, of audio at this clock's rate as it came.

        Raises:
            ValueError: 16-bit audio with half a sample at its end.
        """
        if format_.encoding is Encoding.PCM16:
            return self.enqueue(at_us, decode(data, format_), stream)
        start = self._next_start(at_us)
        return self._placed(at_us, start, self._tape.put_coded(start, data, format_), stream)

    def _next_start(self, at_us: int) -> int:
        return self._end if at_us <= self._drained_at_us else -(-at_us * self.rate_hz // MICROSECONDS)

    def _placed(self, at_us: int, start: int, count: int, stream: str) -> Placement:
        start_us = self._drained_at_us if at_us <= self._drained_at_us else time_of(start, self.rate_hz)
        self._ends_at(start + count)
        self._queued[stream] = self._queued.get(stream, 0) + count
        self._remember(at_us, stream, start)
        return Placement(start_us, self._drained_at_us)

    def _ends_at(self, position: int) -> None:
        self._end = position
        self._drained_at_us = time_of(position, self.rate_hz)

    def mark(self, at_us: int, name: str) -> None:
        """Ask for `name` back once everything queued before it has played: at once if idle."""
        self._marks.append((max(at_us, self._drained_at_us), name))

    def due(self, now_us: int) -> list[str]:
        """Take the marks that have come due, oldest first."""
        names = []
        while self._marks and self._marks[0][0] <= now_us:
            names.append(self._marks.popleft()[1])
        return names

    def flush(self, at_us: int) -> Flushed:
        """Drop what has not been played at `at_us`, and every mark that is not due yet."""
        played = min(position_at(at_us, self.rate_hz), self._end)
        lost, heard_us = self._drop_pieces(played)
        marks = tuple(name for due_us, name in self._marks if due_us > at_us)
        self._marks = deque(mark for mark in self._marks if mark[0] <= at_us)
        self._tape.cut(played)
        self._ends_at(played)
        return Flushed(lost * MICROSECONDS // self.rate_hz, marks, heard_us)

    def playing(self, now_us: int) -> bool:
        """Whether something is left to play at `now_us`."""
        return now_us < self._drained_at_us

    @property
    def drained_at_us(self) -> int:
        """When everything queued so far has been played; 0 before the first audio."""
        return self._drained_at_us

    @property
    def next_due_us(self) -> int | None:
        """When the next mark comes due, unless something is flushed before."""
        return self._marks[0][0] if self._marks else None

    def heard_us(self, stream: str, now_us: int) -> int:
        """How much of a stream's audio has been played at `now_us`."""
        now = position_at(now_us, self.rate_hz)
        ahead = sum(
            piece.end - max(now, piece.start)
            for piece in self._pieces
            if piece.stream == stream and piece.end > now
        )
        return (self._queued.get(stream, 0) - ahead) * MICROSECONDS // self.rate_hz

    def silent_from(self, from_us: int) -> bool:
        """Whether nothing has been queued yet but digital silence that is heard at `from_us` or later."""
        return self._tape.sounds_until <= position_at(from_us, self.rate_hz)

    def heard(self, from_us: int, to_us: int) -> Samples:
        """The audio heard from `from_us` to `to_us` (not after now): flushed audio is not in it."""
        return self.played(position_at(from_us, self.rate_hz), position_at(to_us, self.rate_hz))

    def played(self, start: int, end: int) -> Samples:
        """What was played, or will be if nothing flushes it, from one position to another."""
        return self._tape.read(start, end)

    def unplayed(self, at_us: int) -> Samples:
        """What is left to play at a moment."""
        return self.played(position_at(at_us, self.rate_hz), self._end)

    def _remember(self, at_us: int, stream: str, start: int) -> None:
        pieces = self._pieces
        if pieces:
            last = pieces[-1]
            if last.end == start and last.stream == stream:
                last.end = self._end
                return
        now = position_at(at_us, self.rate_hz)
        while pieces and pieces[0].end <= now:
            pieces.popleft()
        pieces.append(_Piece(stream, start, self._end))

    def _drop_pieces(self, played: int) -> tuple[int, dict[str, int]]:
        """How many samples are lost, and how much of each stream that lost any had been heard."""
        lost: dict[str, int] = {}
        for piece in self._pieces:
            if piece.end > played:
                lost[piece.stream] = lost.get(piece.stream, 0) + piece.end - max(played, piece.start)
        self._pieces.clear()
        for stream, samples in lost.items():
            self._queued[stream] -= samples
        heard = {stream: self._queued[stream] * MICROSECONDS // self.rate_hz for stream in lost}
        return sum(lost.values()), heard
