"""What the caller does besides speaking: each act is carried out, reported, and told when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from turnspec.adapters.base import Call, message_taker
from turnspec.call import actions
from turnspec.call.events import ActionDone, CallerPressed, CallerSent, CallerTexted, CallerWaited, Event
from turnspec.dsl.caller import DIGIT_PAUSE
from turnspec.plan.actions import message_name
from turnspec.run.clock import CallClock


class Acting:
    """The caller's hands. `happened` takes what they did; nothing is done any more once it is `over`."""

    def __init__(self, clock: CallClock, over: asyncio.Event, happened: Callable[[Event], None]) -> None:
        self._clock, self._over, self._happened = clock, over, happened

    def send_text(self, call: Call, action: actions.SendText) -> None:
        """Send text."""
        now_us = self._clock.now_us()
        call.send_text(action.text)
        self._happened(CallerTexted(at_us=now_us, turn=action.turn, text=action.text))
        self._done(action.turn, now_us)

    def send_message(self, call: Call, action: actions.SendMessage) -> None:
        """Send a message as it is written."""
        taker = message_taker(call)
        assert taker is not None, "the compiler allows it only where the protocol takes messages"
        now_us, document = self._clock.now_us(), dict(action.document)
        name = message_name(document)
        self._happened(CallerSent(at_us=now_us, turn=action.turn, name=name, document=document))
        taker.send_message(document)
        self._done(action.turn, now_us)

    def send_digits(self, call: Call, action: actions.SendDigits) -> None:
        """Press keys, one after the other."""
        at_us = last_us = self._clock.now_us()
        for digit in action.digits:
            if digit == "w":
                at_us += DIGIT_PAUSE.us
                continue
            self._clock.call_at(at_us, self._pressing(call, action.turn, digit.upper()))
            last_us, at_us = at_us, at_us + action.every_us
        self._clock.call_at(last_us, lambda: self._done(action.turn, last_us))

    def sound_digits(self, turn: int, ends: Sequence[tuple[str, int]]) -> None:
        """Tell of keys that are sent as tones, each when it ends; without any, it is done at once."""
        for digit, end_us in ends:
            self._clock.call_at(end_us, self._sounding(turn, digit))
        last_us = ends[-1][1] if ends else self._clock.now_us()
        self._clock.call_at(last_us, lambda: self._done(turn, last_us))

    def _sounding(self, turn: int, digit: str) -> Callable[[], None]:
        def ended() -> None:
            if not self._over.is_set():
                now_us = self._clock.now_us()
                self._happened(CallerPressed(at_us=now_us, turn=turn, digit=digit, in_band=True))

        return ended

    def _pressing(self, call: Call, turn: int, digit: str) -> Callable[[], None]:
        def press() -> None:
            if not self._over.is_set():
                call.send_digit(digit)
                self._happened(CallerPressed(at_us=self._clock.now_us(), turn=turn, digit=digit))

        return press

    def stay_silent(self, action: actions.StaySilent) -> None:
        """Say nothing, on purpose."""
        now_us = self._clock.now_us()
        until_us = now_us + action.duration_us
        self._happened(CallerWaited(at_us=now_us, turn=action.turn, until_us=until_us))
        self._clock.call_at(until_us, lambda: self._done(action.turn, until_us))

    def _done(self, turn: int, end_us: int) -> None:
        if not self._over.is_set():
            self._happened(ActionDone(at_us=self._clock.now_us(), turn=turn, end_us=end_us))
