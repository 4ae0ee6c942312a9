"""Deciding how a call goes on, and closing its turns, once what the agent said is known.

Where that has to be made out of the sound, it is done beside the loop, and the decision waits: in virtual
time that takes no time, on the wall clock the caller is silent meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from turnspec.call import actions
from turnspec.call.events import Captured, Decided, Event, TurnEnded, TurnJudged
from turnspec.run.clock import CallClock
from turnspec.run.closing import TurnCloser
from turnspec.run.transcription.listening import beside_the_loop


class Turning:
    """Asks the `closer`, and tells what it says with `tell`; `go_on` is called if that came only later."""

    def __init__(
        self,
        closer: TurnCloser,
        clock: CallClock,
        over: asyncio.Event,
        tell: Callable[[Event], object],
        go_on: Callable[[], None],
    ) -> None:
        self._closer = closer
        self._clock = clock
        self._over = over
        self._tell = tell
        self._go_on = go_on
        self._hearing: asyncio.Future[None] | None = None

    def decide(self, action: actions.Decide) -> None:
        """Say which way the call goes on."""
        self._once_known(action.turn, action.question, lambda: self._decided(action))

    def end_turn(self, action: actions.EndTurn) -> None:
        """Close a turn: what it binds, whether it holds if that is asked, and that it is over."""
        question = "judge" if action.judge else ""
        self._once_known(action.turn, question, lambda: self._ended(action))

    def _once_known(self, turn: int, question: str, then: Callable[[], None]) -> None:
        job = self._closer.hearing(turn, question)
        if job is None:
            then()
        else:
            self._hearing = beside_the_loop(job, lambda: self._later(then))

    def _later(self, then: Callable[[], None]) -> None:
        self._hearing = None
        if not self._over.is_set():
            then()
            self._go_on()

    def _decided(self, action: actions.Decide) -> None:
        decision, now_us = self._closer.decide(action.turn, action.question), self._clock.now_us()
        for name, value in decision.captured.items():
            self._tell(Captured(at_us=now_us, turn=action.turn, name=name, value=value))
        self._tell(
            Decided(
                at_us=now_us,
                turn=action.turn,
                question=action.question,
                outcome=decision.outcome,
                why=decision.why,
            )
        )

    def _ended(self, action: actions.EndTurn) -> None:
        now_us = self._clock.now_us()
        for name, value in self._closer.captures(action.turn).items():
            self._tell(Captured(at_us=now_us, turn=action.turn, name=name, value=value))
        if action.judge:
            passed = self._closer.passes(action.turn)
            self._tell(TurnJudged(at_us=now_us, turn=action.turn, passed=passed))
        self._tell(TurnEnded(at_us=now_us, turn=action.turn, how=action.how))
