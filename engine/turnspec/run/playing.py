"""The agent's audio in a call that is up: placed as it arrives, heard as it plays, dropped when flushed."""

from __future__ import annotations

from collections import deque

from turnspec.adapters.base import Call
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.edges import voiced_span
from turnspec.audio.playback import PlaybackClock
from turnspec.call.events import AgentAudio, Event, MarkReturned, PlaybackDrained, PlaybackFlushed
from turnspec.run.clock import CallClock
from turnspec.run.ear import Ear


class Playing:
    """Tells the line, and by events in `queue`, what the playback clock of a call comes to."""

    def __init__(
        self, playback: PlaybackClock, clock: CallClock, queue: deque[Event], ears: Ears = EVERY_SOUND
    ) -> None:
        self.playback = playback
        self.call: Call | None = None
        self._clock = clock
        self._queue = queue
        self._ear = Ear(self.playback, ears)
        self._drained = True  # the line was told so
        self._over = True  # and all of it was heard

    def placed(self, audio: AgentAudio) -> AgentAudio:
        """Queue audio that has arrived; the event with the time at which it plays."""
        self._drained = self._over = False
        return self._ear.placed(audio)

    def finish(self, stream: str, at_us: int) -> None:
        """Play what is still held back of a stream that has come to its end."""
        if self._ear.finish(stream, at_us):
            self._drained = self._over = False

    def flush(self, at_us: int) -> None:
        """Drop what has not been played."""
        for name in self.playback.due(at_us):  # played out, though nobody has looked yet
            self._return_mark(name, cleared=False)
        dropped = self.playback.unplayed(at_us)
        flushed = self.playback.flush(at_us)
        self._ear.forget()
        if not (self._drained or flushed.unplayed_us):
            self._played_out()  # though nobody has looked yet
        if not (self._over or flushed.unplayed_us):
            self._all_heard(at_us)
        self._drained = self._over = True
        for name in flushed.marks:
            self._return_mark(name, cleared=True)
        if flushed.unplayed_us:
            silent = voiced_span(dropped, self.playback.rate_hz) is None
            self._queue.append(PlaybackFlushed(at_us=at_us, unplayed_us=flushed.unplayed_us, silent=silent))
        for stream, heard_us in flushed.heard_us.items():
            if self.call is not None:
                self.call.playback_flushed(stream, heard_us)

    def look(self, now_us: int) -> None:
        """Return the marks that have come due, and tell when all has been played."""
        for name in self.playback.due(now_us):
            self._return_mark(name, cleared=False)
        if not self._over and now_us >= self._over_us:
            self._all_heard(now_us)
        if not self._drained and not self.playback.playing(now_us):
            self._played_out()

    def listen(self, from_us: int, to_us: int) -> None:
        """Hear what played between two moments."""
        self._queue.extend(self._ear.listen(from_us, to_us, self._clock))

    def soonest(self, wake_us: int | None) -> int | None:
        """What comes first: `wake_us`, a mark, or the end of playback."""
        soonest, mark_us = wake_us, self.playback.next_due_us
        if mark_us is not None and (soonest is None or mark_us < soonest):
            soonest = mark_us
        if self._over:
            return soonest
        next_us = self._over_us if self._drained else self.playback.drained_at_us
        return next_us if soonest is None or next_us < soonest else soonest

    @property
    def _over_us(self) -> int:
        """When all that has come so far will have been heard."""
        return self.playback.drained_at_us + self.playback.late_us

    def _all_heard(self, at_us: int) -> None:
        self._over = True
        self._queue.append(PlaybackDrained(at_us=at_us))

    def _played_out(self) -> None:
        self._drained = True
        if self.call is not None:
            self.call.played_out()

    def _return_mark(self, name: str, *, cleared: bool) -> None:
        self._queue.append(MarkReturned(at_us=self._clock.now_us(), name=name, cleared=cleared))
        if self.call is not None:
            self.call.mark_reached(name)
