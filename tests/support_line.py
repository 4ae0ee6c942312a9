"""A call under test as the conductor sees it: literal events in, literal actions out."""

from __future__ import annotations

from turnspec.call import MULAW_8K, actions
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    AgentSpeechBegan,
    AgentSpeechEnded,
    CallerSpoke,
    Decided,
    Event,
    Origin,
    PlaybackDrained,
    TurnEnded,
)
from turnspec.conduct import CallState, advance, begin
from turnspec.plan import CallPlan

MS = 1_000


class Line:
    """A call under test: events are fed in, the actions that matter collected, `answers` given in order."""

    def __init__(self, plan: CallPlan, *answers: str) -> None:
        self.answers = list(answers)
        self.state: CallState = begin(plan)
        self.now_us = 0

    def feed(self, event: Event | None, at_us: int | None = None) -> list[actions.Action]:
        """Everything given out for one event, timers left out; turns that end are closed at once."""
        self.now_us = max(self.now_us, event.at_us if event is not None else 0, at_us or 0)
        self.state, given = advance(self.state, self.now_us, event)
        told: list[actions.Action] = [a for a in given if not isinstance(a, actions.WakeAt)]
        for action in tuple(told):
            if isinstance(action, actions.EndTurn) and not action.judge:
                told += self.feed(TurnEnded(at_us=self.now_us, turn=action.turn, how=action.how))
            if isinstance(action, actions.Decide) and self.answers:
                told += self.decide(action, self.answers.pop(0))
        return told

    def decide(self, asked: actions.Decide, outcome: str) -> list[actions.Action]:
        """What follows a decision."""
        turn, question = asked.turn, asked.question
        return self.feed(Decided(at_us=self.now_us, turn=turn, question=question, outcome=outcome))

    def wait(self, until_us: int) -> list[actions.Action]:
        """Let the call's own timers ring up to a moment."""
        told: list[actions.Action] = []
        while self.state.wake_us is not None and self.now_us < self.state.wake_us <= until_us:
            told += self.feed(None, self.state.wake_us)
        self.now_us = max(self.now_us, until_us)
        return told

    def speech(self, began_us: int, ended_us: int) -> list[actions.Action]:
        """Agent audio that plays and is over."""
        told = self.feed(AgentAudio(at_us=began_us, format=MULAW_8K, size=160))
        told += self.feed(AgentSpeechBegan(at_us=began_us + 30 * MS, began_us=began_us))
        told += self.feed(PlaybackDrained(at_us=ended_us))
        return told + self.feed(AgentSpeechEnded(at_us=ended_us + 200 * MS, ended_us=ended_us))

    def spoke(
        self, turn: int, start_us: int, end_us: int, *, interrupts: bool = False
    ) -> list[actions.Action]:
        """The caller's clip, from its first frame to its last voiced sample."""
        spoken = CallerSpoke(
            at_us=start_us,
            turn=turn,
            text="hello",
            origin=Origin.RECORDED,
            speech_start_us=start_us,
            speech_end_us=end_us,
            interrupts=interrupts,
        )
        return self.feed(spoken) + self.feed(ActionDone(at_us=end_us, turn=turn, end_us=end_us))

    def end(self, ending: actions.Action) -> list[actions.Action]:
        """What follows the end of a turn that was judged."""
        assert isinstance(ending, actions.EndTurn)
        return self.feed(TurnEnded(at_us=self.now_us, turn=ending.turn, how=ending.how))
