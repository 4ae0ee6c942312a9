"""One timer for all paced calls of a loop: ticks on absolute deadlines, never relative to the last one.

A seat's tick n is due at its start + (n + 1) periods. On the wall clock starts are moved (by less than one
period) onto a grid of slots, the emptiest first, so that many calls neither wake the loop once each nor send
in one burst. In virtual time nothing is moved. Ticks are plain calls, so no seat can hold up another by
waiting; a late wheel makes up for every tick, oldest first, and the lateness never adds up.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable

from turnspec.run.virtual import VirtualLoop

Tick = Callable[[int], None]

PERIOD_US = 20_000
SLOT_US = 2_000

_NS = 1_000_000_000
_WORTH_NOTING_NS = 100_000  # half of all ticks are less late
_BUCKET_NS = 5_000_000
_NEAR_S = 0.01
# Latenesses are kept to 7 binary digits, rounded up: within 1.6 %, and exact below 128 us.
_DIGITS = 7
_COUNTED_TOGETHER = 500


class Lateness:
    """How late ticks came: integer microseconds, kept as a count for each distinct (rounded) value."""

    __slots__ = ("_counts", "_maximum_us", "_recent")

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._maximum_us = 0
        self._recent: list[int] = []  # not counted yet: counting one alone takes ten times as long

    def add(self, late_us: int) -> None:
        """Count one tick."""
        self._recent.append(late_us)
        if len(self._recent) >= _COUNTED_TOGETHER:
            self._count()

    def _count(self) -> None:
        if not self._recent:
            return
        self._maximum_us = max(self._maximum_us, *self._recent)
        for late_us, count in Counter(self._recent).items():
            step = max(0, late_us.bit_length() - _DIGITS)
            self._counts[-(-late_us >> step) << step] += count
        self._recent.clear()

    @property
    def maximum_us(self) -> int:
        """How late the latest one was."""
        self._count()
        return self._maximum_us

    @property
    def ticks(self) -> int:
        """How many ticks were counted."""
        self._count()
        return self._counts.total()

    def percentile_us(self, percent: float) -> int:
        """Return a lateness that `percent` of the ticks did not exceed; 0 without ticks."""
        wanted = self.ticks * percent / 100
        seen = 0
        for late_us, count in sorted(self._counts.items()):
            seen += count
            if seen >= wanted:
                return min(late_us, self._maximum_us)
        return self._maximum_us


class Stalls:
    """When ticks were late, and how much at worst, in loop time; what is hardly late is left out.

    Kept is, for each stretch of time in which late ticks came, the latest of them: it was missing for all the
    time that the others were, too. So what one tick costs does not grow with its lateness, which would make
    a loop that is behind fall further behind.
    """

    __slots__ = ("_worst_us",)

    def __init__(self) -> None:
        self._worst_us: dict[int, int] = {}  # by when the tick came

    def note(self, due_ns: int, late_ns: int) -> None:
        """Remember how late a tick is, for all the time that it was missing."""
        bucket, late_us = (due_ns + late_ns) // _BUCKET_NS, late_ns // 1000
        if late_us > self._worst_us.get(bucket, 0):
            self._worst_us[bucket] = late_us

    def worst_us(self, from_time: float, to_time: float) -> int:
        """How late a tick was at worst between two moments of loop time, to 0.1 ms."""
        first, last = (round(time * _NS) // _BUCKET_NS for time in (from_time, to_time))
        missing = (
            late_us
            # A copy: calls are judged beside the loop, which goes on noting.
            for bucket, late_us in self._worst_us.copy().items()
            if bucket >= first and (bucket * _BUCKET_NS - late_us * 1000) // _BUCKET_NS <= last
        )
        return max(max(missing, default=0), _WORTH_NOTING_NS // 1000)


class Seat:
    """One call's place on the wheel."""

    def __init__(self, wheel: PacingWheel, tick: Tick, start_ns: int, then: Tick | None = None) -> None:
        self._wheel = wheel
        self._tick = tick
        self._then = then
        self.start_ns = start_ns
        self.due_ns = start_ns + wheel.period_ns  # the next tick
        self._next = 0
        self.active = True  # ticks still come
        self.lateness = Lateness()
        self.stalls = Stalls()
        self.ended: asyncio.Future[None] = wheel.loop.create_future()

    @property
    def start_time(self) -> float:
        """The loop time from which this seat's deadlines count, after any move onto the grid."""
        return self.start_ns / _NS

    def turn(self, due_ns: int, late_ns: int) -> None:
        """Tick once; what the tick raises ends this seat alone and waits in `ended`."""
        self.lateness.add(late_ns // 1000 if late_ns > 0 else 0)
        if late_ns > _WORTH_NOTING_NS:
            self.stalls.note(due_ns, late_ns)
        index = self._next
        self._next = index + 1
        self.due_ns += self._wheel.period_ns
        try:
            self._tick(index)
        except Exception as error:  # noqa: BLE001 - handed whole to the seat's owner, who awaits `ended`
            self._end(error)

    def turned(self) -> None:
        """Do what follows the last tick, now that all others that were due have ticked."""
        if self._then is None or not self.active:
            return
        try:
            self._then(self._next - 1)
        except Exception as error:  # noqa: BLE001 - as above
            self._end(error)

    def late_between(self, from_time: float, to_time: float) -> int:
        """How far off a time may be that was taken between two moments of loop time, in microseconds.

        A late frame of this seat makes whoever hears it late; and when anything was late as the second
        moment came, that moment was noticed late.
        """
        own_us = self.stalls.worst_us(from_time - self._wheel.period_ns / _NS, to_time)
        return own_us + self._wheel.stalls.worst_us(to_time - _NEAR_S, to_time + _NEAR_S)

    def leave(self) -> None:
        """Tick no more; harmless when the seat has ended already."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self.active:
            return
        self.active = False
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
        self._wheel.forget(self)


class _Slot:
    """The seats of one phase: whatever is due for one of them is due for all that have begun."""

    __slots__ = ("due_ns", "seats")

    def __init__(self, due_ns: int) -> None:
        self.due_ns = due_ns
        self.seats: list[Seat] = []


class PacingWheel:
    """The one timer that paces all calls of `loop`; `slot_us=0` keeps every seat's own phase."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        period_us: int = PERIOD_US,
        slot_us: int = SLOT_US,
    ) -> None:
        self.loop = loop
        self.period_ns = period_us * 1000
        self._slot_ns = slot_us * 1000
        self._numbers = itertools.count()
        self._slots: dict[int, _Slot] = {}  # by phase
        # An entry counts as long as its slot is due then; the number only keeps slots from being compared.
        self._due: list[tuple[int, int, _Slot]] = []
        self._seated = 0
        self.stalls = Stalls()
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> PacingWheel:
        """Return a wheel as suits the loop: exact phases in virtual time, slots on the wall clock."""
        return cls(loop, slot_us=0 if isinstance(loop, VirtualLoop) else SLOT_US)

    def join(self, tick: Tick, start_time: float, then: Tick | None = None) -> Seat:
        """Call `tick(n)` for n = 0, 1, 2... as each deadline passes, until the seat is left.

        `then(n)` follows once the ticks of all that are due with it are done: it delays none of them. What
        is sent in one go also costs less, because a peer that reads already need not be woken.
        `start_time` is loop time in seconds; deadlines already past are made up for at once, in order.
        """
        start_ns = self._placed(round(start_time * _NS))
        seat = Seat(self, tick, start_ns, then)
        phase = start_ns % self.period_ns
        slot = self._slots.get(phase)
        if slot is None:
            slot = self._slots[phase] = _Slot(seat.due_ns)
            self._expect(slot)
        elif seat.due_ns < slot.due_ns:
            slot.due_ns = seat.due_ns
            self._expect(slot)
        slot.seats.append(seat)
        self._seated += 1
        self._wind()
        return seat

    def _expect(self, slot: _Slot) -> None:
        heapq.heappush(self._due, (slot.due_ns, next(self._numbers), slot))

    def _placed(self, start_ns: int) -> int:
        """Move a start onto the grid: to the emptiest slot, the nearest one where several are."""
        if not self._slot_ns:
            return start_ns
        nearest = -(-start_ns // self._slot_ns) * self._slot_ns
        starts = [nearest + index * self._slot_ns for index in range(self.period_ns // self._slot_ns)]
        return min(starts, key=self._load)

    def _load(self, start_ns: int) -> int:
        slot = self._slots.get(start_ns % self.period_ns)
        return len(slot.seats) if slot else 0

    def forget(self, seat: Seat) -> None:
        """Free an ended seat's place."""
        phase = seat.start_ns % self.period_ns
        slot = self._slots[phase]
        slot.seats = [
            other for other in slot.seats if other is not seat
        ]  # a new list: the old one may be in use
        if not slot.seats:
            del self._slots[phase]
        self._seated -= 1
        if not self._seated:
            self._due.clear()
            self._wind()

    def _wind(self) -> None:
        """Have the one timer ring at the next deadline, or not at all."""
        next_ns = self._due[0][0] if self._due else None
        if self._timer is not None and (next_ns is None or next_ns / _NS != self._timer.when()):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and next_ns is not None:
            self._timer = self.loop.call_at(next_ns / _NS, self._turn)

    def _turn(self) -> None:
        # Only what is due now: a wheel that cannot keep up still lets the rest of the loop run.
        self._timer = None
        due, until_ns, turned = self._due, self._now_ns(), list[Seat]()
        round_ends_ns = due[0][0] + self.period_ns if due else 0
        while due and due[0][0] <= until_ns:
            due_ns, _, slot = heapq.heappop(due)
            if due_ns != slot.due_ns or not slot.seats:
                continue
            if due_ns >= round_ends_ns:  # the same seats come again
                _follow(turned)
                round_ends_ns = due_ns + self.period_ns
            slot.due_ns += self.period_ns
            self._expect(slot)
            self._tick(slot.seats, due_ns, turned)
        _follow(turned)
        self._wind()

    def _tick(self, seats: list[Seat], due_ns: int, turned: list[Seat]) -> None:
        for seat in seats:
            if seat.active and seat.due_ns == due_ns:
                late_ns = self._now_ns() - due_ns
                if late_ns > _WORTH_NOTING_NS:
                    self.stalls.note(due_ns, late_ns)
                seat.turn(due_ns, late_ns)
                turned.append(seat)

    def _now_ns(self) -> int:
        return round(self.loop.time() * _NS)


def _follow(turned: list[Seat]) -> None:
    for seat in turned:
        seat.turned()
    turned.clear()
