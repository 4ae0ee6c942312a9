"""A free call while it is up: who speaks, how loud, and when it is over. Asked every 20 ms by the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from turnspec.audio.samples import Samples
from turnspec.call import actions
from turnspec.conduct.facts import Facts, learn
from turnspec.run.live import LiveCall
from turnspec.run.spoken import FreeSpeech

PAUSE_US: Final = 400_000
"""Speech with a shorter pause in it is one stretch; where nobody answers in it, a longer one is, too."""

FULL_SCALE: Final = 32_768


@dataclass(frozen=True, slots=True)
class Ends:
    """When a talk is over by itself: after so many turns that were answered, or so long a silence."""

    turns: int | None = None
    silence_us: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Levels:
    """How a talk stands: peaks from 0 to 1, who speaks, and how many turns a person has had."""

    at_us: int
    said: float
    heard: float
    speaking: bool
    answering: bool
    muted: bool
    turns: int


class Talking:
    """One talk; it can be muted and ended from outside."""

    def __init__(self, ends: Ends, show: Callable[[Levels], None]) -> None:
        self._ends, self._show = ends, show
        self._live: LiveCall | None = None
        self._speech: FreeSpeech | None = None
        self._facts = Facts()
        self._known = 0  # events
        self._sound_us = 0  # when somebody was heard last
        self._wanted_over = self._hung_up = False

    def attend(self, live: LiveCall) -> None:
        """Take part in this call: the microphone is open from its beginning to its end."""
        assert live.person is not None, "a talk has a microphone"
        self._live = live
        self._speech = FreeSpeech(live.rate_hz, PAUSE_US, live.person.ears)
        live.person.speak(self._speech)
        live.person.watch = self._watch

    def mute(self) -> None:
        """Send silence instead of what is said, or no longer."""
        if self._live is not None and self._live.person is not None:
            self._live.person.muted = not self._live.person.muted

    def end(self) -> None:
        """Hang up, with the frame after the next one."""
        self._wanted_over = True

    def _watch(self, said: Samples, heard: Samples) -> None:
        live, speech = self._live, self._speech
        assert live is not None, "only a call that is attended is watched"
        assert speech is not None, "as above"
        now_us = live.now_us()
        self._learn(live)
        if speech.speaking or self._facts.speaking or self._facts.playing:
            self._sound_us = now_us
        person = live.person
        muted = person is not None and person.muted
        self._show(
            Levels(
                now_us,
                _peak(said),
                _peak(heard),
                speech.speaking,
                self._facts.speaking,
                muted,
                speech.spoken,
            )
        )
        if speech.over and not self._hung_up:
            self._hung_up = True
            live.perform(actions.HangUp("caller"))
        elif self._wanted_over or self._is_over(live, speech, now_us):
            speech.finish()  # what was said last is told with this frame

    def _learn(self, live: LiveCall) -> None:
        events = live.evidence.events
        for event in events[self._known :]:
            self._facts = learn(self._facts, event)
        self._known = len(events)

    def _is_over(self, live: LiveCall, speech: FreeSpeech, now_us: int) -> bool:
        if now_us - self._sound_us >= self._ends.silence_us:
            return True
        if self._ends.turns is None or speech.spoken < self._ends.turns or speech.speaking:
            return False
        capabilities, facts = live.plan.capabilities, self._facts
        answered = facts.speech_began_us is not None and facts.speech_began_us >= facts.action_end_us
        over_us = facts.over_at(capabilities.reply_end, capabilities.reply_ends_after_us)
        return answered and over_us is not None and now_us >= over_us


def _peak(samples: Samples) -> float:
    return float(np.abs(samples.astype(np.int32)).max()) / FULL_SCALE if len(samples) else 0.0
