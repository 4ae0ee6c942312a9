"""What the caller has heard: the playback clock, against a model that plays sample by sample."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from support_sound import tone
from turnspec.audio import Flushed, Placement, PlaybackClock, Samples


def frame(samples: int, value: int = 1) -> Samples:
    """So many samples of one value."""
    return np.full(samples, value, np.int16)


def test_audio_plays_at_once_when_idle_and_else_in_turn() -> None:
    """A burst sent faster than it plays is laid end to end."""
    clock = PlaybackClock(8_000)

    assert clock.enqueue(1_000_000, frame(160)) == Placement(1_000_000, 1_020_000)
    assert clock.enqueue(1_000_100, frame(160)) == Placement(1_020_000, 1_040_000)
    assert clock.enqueue(2_000_000, frame(160)) == Placement(2_000_000, 2_020_000)
    assert (clock.playing(2_019_999), clock.playing(2_020_000)) == (True, False)
    assert clock.drained_at_us == 2_020_000


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 44_100])
def test_pieces_of_odd_length_do_not_drift(rate_hz: int) -> None:
    """A thousand pieces that each arrive just when the last one ends are one unbroken sound."""
    clock = PlaybackClock(rate_hz)
    at_us = 0
    for _ in range(1_000):
        at_us = clock.enqueue(at_us, frame(7)).end_us

    assert at_us == -(-7_000 * 1_000_000 // rate_hz)
    assert clock.heard(0, at_us).tolist() == [1] * 7_000


def test_a_mark_comes_back_when_what_precedes_it_has_played() -> None:
    """Marks are due in order, duplicates too, and at once when nothing plays."""
    clock = PlaybackClock(8_000)
    clock.mark(500, "idle")

    assert clock.due(500) == ["idle"]

    clock.enqueue(1_000, frame(160))
    clock.mark(1_000, "a")
    clock.mark(1_000, "a")
    clock.enqueue(2_000, frame(160))
    clock.mark(2_000, "b")

    assert clock.next_due_us == 21_000
    assert clock.due(20_999) == []
    assert clock.due(21_000) == ["a", "a"]
    assert clock.due(41_000) == ["b"]
    assert clock.next_due_us is None


def test_a_flush_returns_what_was_not_heard() -> None:
    """What is flushed is not in the recording, its marks come back, and each stream knows how far it got."""
    clock = PlaybackClock(8_000)
    clock.enqueue(0, frame(8_000, 1), "first")
    clock.mark(0, "one")
    clock.enqueue(0, frame(8_000, 2), "second")
    clock.mark(0, "two")
    clock.enqueue(0, frame(8_000, 3), "third")
    clock.mark(0, "three")

    assert clock.due(1_250_000) == ["one"]
    assert clock.flush(1_250_000) == Flushed(1_750_000, ("two", "three"), {"second": 250_000, "third": 0})
    assert clock.heard(0, 2_000_000).tolist() == [1] * 8_000 + [2] * 2_000 + [0] * 6_000
    assert clock.heard_us("first", 2_000_000) == 1_000_000
    assert not clock.playing(1_250_000)
    assert clock.enqueue(1_250_000, frame(8), "second").start_us == 1_250_000
    assert clock.heard_us("second", 1_251_000) == 251_000


def test_a_flush_when_idle_changes_nothing() -> None:
    """Nothing is lost when everything was heard."""
    clock = PlaybackClock(8_000)
    clock.enqueue(0, frame(800))

    assert clock.flush(500_000) == Flushed(0)
    assert clock.drained_at_us == 100_000
    assert clock.heard(0, 100_000).tolist() == [1] * 800


def test_a_played_mark_is_not_returned_as_flushed() -> None:
    """A mark that is due but not yet taken was played, whatever is flushed now."""
    clock = PlaybackClock(8_000)
    clock.enqueue(0, frame(80))
    clock.mark(0, "played")

    assert clock.flush(10_000) == Flushed(0)
    assert clock.due(10_000) == ["played"]


def test_a_stream_knows_how_much_of_it_was_heard() -> None:
    """Interleaved streams are counted apart, up to now."""
    clock = PlaybackClock(8_000)
    for stream in ("a", "b", "a"):
        clock.enqueue(0, frame(160), stream)

    assert clock.heard_us("a", 10_000) == 10_000
    assert clock.heard_us("a", 50_000) == 30_000
    assert clock.heard_us("b", 25_000) == 5_000
    assert clock.heard_us("c", 25_000) == 0


def test_a_long_burst_is_heard_whole() -> None:
    """A minute sent at once is played for a minute, sample by sample."""
    clock = PlaybackClock(8_000)
    sound = tone(60_000_000)
    clock.enqueue(3_000, sound)

    assert clock.heard(3_000, 60_003_000).tolist() == sound.tolist()


class PlaybackMachine(RuleBasedStateMachine):
    """The clock, beside a phone that takes single samples and marks from one queue."""

    @initialize(rate_hz=st.sampled_from([8_000, 24_000, 44_100]))
    def pick_up(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.clock = PlaybackClock(rate_hz)
        self.now_us = 0
        self.values = count(1)
        self.queue: list[tuple[str, int]] = []  # stream and sample, or a mark's name and 0
        self.next = 0  # position at which the next queued sample plays
        self.played: dict[int, int] = {}  # position: sample
        self.heard: dict[str, int] = {}
        self.returned: list[str] = []

    def play_until_now(self) -> None:
        """Take everything that is over by now, marks with what precedes them."""
        now = self.now_us * self.rate_hz // 1_000_000
        while self.queue:
            name, sample = self.queue[0]
            if not sample:
                self.returned.append(name)
            elif self.next < now:
                self.played[self.next] = sample
                self.heard[name] = self.heard.get(name, 0) + 1
                self.next += 1
            else:
                return
            self.queue.pop(0)

    def time_of(self, position: int) -> int:
        return -(-position * 1_000_000 // self.rate_hz)

    @rule(step_us=st.integers(0, 5_000))
    def time_passes(self, step_us: int) -> None:
        self.now_us += step_us
        self.play_until_now()
        returned, self.returned = self.returned, []

        assert self.clock.due(self.now_us) == returned

    @rule(size=st.integers(1, 60), stream=st.sampled_from("ab"))
    def audio_arrives(self, size: int, stream: str) -> None:
        self.play_until_now()
        waiting = sum(1 for _, sample in self.queue if sample)
        if not waiting and self.now_us > self.time_of(self.next):
            self.next = -(-self.now_us * self.rate_hz // 1_000_000)
        samples = [next(self.values) for _ in range(size)]
        self.queue += [(stream, sample) for sample in samples]
        placement = self.clock.enqueue(self.now_us, np.array(samples, np.int16), stream)

        assert placement.start_us == self.time_of(self.next + waiting)
        assert placement.end_us == self.time_of(self.next + waiting + size)

    @rule(name=st.sampled_from(["x", "y"]))
    def mark_arrives(self, name: str) -> None:
        self.queue.append((name, 0))
        self.clock.mark(self.now_us, name)

    @rule()
    def flush_arrives(self) -> None:
        self.play_until_now()
        lost = [stream for stream, sample in self.queue if sample]
        marks = tuple(name for name, sample in self.queue if not sample)
        heard = {stream: self.heard.get(stream, 0) * 1_000_000 // self.rate_hz for stream in lost}
        self.queue = []
        # What was to begin with the next sample never began: the line is free from the present one on.
        self.next = min(self.next, self.now_us * self.rate_hz // 1_000_000)

        assert self.clock.flush(self.now_us) == Flushed(len(lost) * 1_000_000 // self.rate_hz, marks, heard)

    @invariant()
    def both_hear_the_same(self) -> None:
        if not hasattr(self, "clock"):
            return
        self.play_until_now()
        end = self.now_us * self.rate_hz // 1_000_000

        assert self.clock.heard(0, self.now_us).tolist() == [
            self.played.get(position, 0) for position in range(end)
        ]
        assert self.clock.playing(self.now_us) or not any(sample for _, sample in self.queue)


PlaybackMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPlayback = PlaybackMachine.TestCase
