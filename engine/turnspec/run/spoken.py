"""What a person says just now: when it begins and ends, found in the sound as it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from turnspec.audio.activity import SpeechBegan, SpeechEnded
from turnspec.audio.ears import NO_STEADY_SOUND, Ears
from turnspec.audio.edges import voiced_span
from turnspec.audio.samples import EMPTY, Samples
from turnspec.call import actions
from turnspec.call.events import ActionDone, CallerSpoke, Event, HarnessFailed, Origin

FRAME_US: Final = 20_000
PAUSE_US: Final = 300_000
"""Where it is no silence that ends a speech, one of this length ends a stretch of it."""


class Speech(Protocol):
    """Somebody who speaks, frame by frame."""

    over: bool
    last: Samples

    @property
    def fresh(self) -> bool:
        """Whether nothing of it was sent yet."""
        ...

    def feed(self, from_us: int, lands_us: int, samples: Samples) -> None:
        """The next 20 ms, which are heard at the other end from `lands_us`."""
        ...

    def happened(self, now_us: int) -> Sequence[Event]:
        """What has come of it by now."""
        ...


class Sent:
    """Sound as it was sent, with the moments at which it is heard at the other end."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._frames: list[tuple[int, int, Samples]] = []

    def add(self, from_us: int, lands_us: int, samples: Samples) -> None:
        """The next frame."""
        self._frames.append((from_us, lands_us, samples))

    def forget_before(self, at_us: int) -> None:
        """Keep what was sent from a moment on."""
        self._frames = [frame for frame in self._frames if frame[0] >= at_us]

    @property
    def from_us(self) -> int:
        """When what is kept begins."""
        return self._frames[0][0]

    def voiced(self) -> tuple[int, int] | None:
        """From the first to the last speech in it, as it is heard at the other end; None: there is none."""
        if not self._frames:
            return None
        sound = np.concatenate([samples for _, _, samples in self._frames])
        span = voiced_span(sound, self._rate_hz)
        return None if span is None else (self._landed(span[0]), self._landed(span[1]))

    def _landed(self, at_us: int) -> int:
        """When a moment of the sound is heard."""
        number = min(at_us // FRAME_US, len(self._frames) - 1)
        return self._frames[number][1] + at_us - number * FRAME_US


class OneSpeech:
    """All that a person says in one action of the caller."""

    def __init__(
        self,
        action: actions.TakeMicrophone,
        rate_hz: int,
        device: str,
        ears: Ears = NO_STEADY_SOUND,
    ) -> None:
        self.over = False
        self.last: Samples = EMPTY
        self._action, self._device = action, device
        self._tracker = ears.on(rate_hz, hangover_us=action.until_silence_us or PAUSE_US)
        self._sent = Sent(rate_hz)
        self._began_us: int | None = None
        self._spoke = self._silent = False

    @property
    def fresh(self) -> bool:
        """Whether nothing of it was sent yet."""
        return self._began_us is None

    def feed(self, from_us: int, lands_us: int, samples: Samples) -> None:
        """The next 20 ms."""
        if self._began_us is None:
            self._began_us = from_us
        self.last = samples
        self._sent.add(from_us, lands_us, samples)
        for edge in self._tracker.feed(from_us - self._began_us, samples):
            self._spoke = True
            self._silent = isinstance(edge, SpeechEnded)

    def happened(self, now_us: int) -> Sequence[Event]:
        """The end of the speech, or that there was none."""
        if self._began_us is None or not self._is_over(lasted_us := now_us - self._began_us):
            return ()
        span = self._sent.voiced() if self._spoke else None
        if span is None and self._waits(lasted_us):
            self._spoke = self._silent = False  # it was a noise
            return ()
        self.over = True
        if span is None:
            return (HarnessFailed(at_us=now_us, reason=self._nobody(lasted_us)),)
        turn = self._action.turn
        return (
            spoke(turn, span, now_us),
            ActionDone(at_us=now_us, turn=turn, end_us=span[1]),
        )

    def _waits(self, lasted_us: int) -> bool:
        return self._action.duration_us is None and lasted_us < self._action.patience_us

    def _is_over(self, lasted_us: int) -> bool:
        if self._action.duration_us is not None:
            return lasted_us >= self._action.duration_us
        if self._spoke:
            return self._silent
        return not self._waits(lasted_us)

    def _nobody(self, waited_us: int) -> str:
        return (
            f"nobody spoke into the microphone '{self._device}' for {round(waited_us / 1_000_000, 1):g} s: "
            "is it muted, or another one meant (--microphone; `turnspec devices` lists them)?"
        )


def spoke(turn: int, span: tuple[int, int], now_us: int) -> CallerSpoke:
    """That a person has said something."""
    return CallerSpoke(
        at_us=now_us,
        turn=turn,
        text=None,
        origin=Origin.MICROPHONE,
        speech_start_us=span[0],
        speech_end_us=span[1],
    )


class FreeSpeech:
    """A person who speaks whenever they like: each stretch of speech is an action of its own."""

    def __init__(self, rate_hz: int, pause_us: int, ears: Ears = NO_STEADY_SOUND) -> None:
        self.over = False
        self.last: Samples = EMPTY
        self.spoken = 0  # stretches of speech so far
        self.speaking = False
        self._tracker = ears.on(rate_hz, hangover_us=pause_us)
        self._sent = Sent(rate_hz)
        self._pause_us = pause_us
        self._began_us: int | None = None
        self._ended = False

    @property
    def fresh(self) -> bool:
        """Whether nothing of it was sent yet."""
        return self._began_us is None

    def feed(self, from_us: int, lands_us: int, samples: Samples) -> None:
        """The next 20 ms."""
        if self._began_us is None:
            self._began_us = from_us
        self.last = samples
        self._sent.add(from_us, lands_us, samples)
        for edge in self._tracker.feed(from_us - self._began_us, samples):
            self.speaking = isinstance(edge, SpeechBegan)
            self._ended = self._ended or isinstance(edge, SpeechEnded)
        if not (self.speaking or self._ended):
            self._sent.forget_before(from_us - self._pause_us)

    def finish(self) -> None:
        """Nothing more is said: a stretch that goes on is over with what was sent of it."""
        self.over = True
        self._ended = self._ended or self.speaking
        self.speaking = False

    def happened(self, now_us: int) -> Sequence[Event]:
        """A stretch of speech that is over."""
        if not self._ended:
            return ()
        self._ended = False
        span = self._sent.voiced()
        if span is None:
            return ()
        turn, self.spoken = self.spoken, self.spoken + 1
        return spoke(turn, span, now_us), ActionDone(at_us=now_us, turn=turn, end_us=span[1])
