"""How somebody listens while a call is up: by energy on a quiet line, by who speaks up on a noisy one.

On a line with pauses in it energy is exact. A line is *noisy* once it has not been quiet for two seconds, or
never was: there, all that energy tells is how loud it is, and `foreground` tells who speaks up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from turnspec.audio.activity import Activity, ActivityTracker, SpeechBegan, SpeechEnded
from turnspec.audio.edges import BRIDGE_US, MIN_SPEECH_US, QUIET
from turnspec.audio.foreground import Foreground, OpensStream, Recent
from turnspec.audio.samples import Samples, position_at, time_of


class Listens(Protocol):
    """Speech on one live line."""

    @property
    def speaking(self) -> bool:
        """Whether speech has begun and is not over."""
        ...

    @property
    def certain_until_us(self) -> int:
        """Before this moment speech that goes on cannot be noticed to be over; 0 where nothing goes on."""
        ...

    def take_for_speech(self) -> None:
        """What is heard now is meant for whoever listens, as a key's tones are, however steady it is."""
        ...

    def feed(self, at_us: int, samples: Samples) -> list[Activity]:
        """Take audio whose first sample is at `at_us`; a gap before it is silence. What was noticed."""
        ...

    def feed_silence(self, at_us: int, count: int) -> list[Activity]:
        """As `feed`, of as many samples of digital silence."""
        ...


@dataclass(frozen=True, slots=True)
class Ears:
    """What counts as speech to somebody who listens while a call is up.

    To `any_sound` all that is louder than the line's own noise. Else not what keeps to one loudness; nor, on
    a noisy line, what does not rise over it, or is no speech to the engine of `opens`. `always` asks that
    engine on quiet lines, too.
    """

    any_sound: bool = True
    opens: OpensStream | None = None
    always: bool = False

    @property
    def of_a_person(self) -> Ears:
        """The same at a microphone: a fan is no speech to anybody, and an engine is asked of every sound."""
        return Ears(any_sound=False, opens=self.opens, always=self.opens is not None)

    def on(
        self,
        rate_hz: int,
        *,
        hangover_us: int = BRIDGE_US,
        min_speech_us: int = MIN_SPEECH_US,
        quiet: int = QUIET,
    ) -> Listens:
        """Listen to one more line; speech is over after so much silence, and no shorter than that."""
        tracker = ActivityTracker(
            rate_hz,
            hangover_us=hangover_us,
            min_speech_us=min_speech_us,
            quiet=quiet,
            any_sound=self.any_sound,
        )
        if self.any_sound:
            return tracker
        return _Listener(tracker, self, position_at(hangover_us, rate_hz), quiet)


EVERY_SOUND: Final = Ears()
NO_STEADY_SOUND: Final = Ears(any_sound=False)


class _Listener:
    """Goes by energy until the line is noisy, and again once it is not, as soon as both agree."""

    def __init__(self, tracker: ActivityTracker, ears: Ears, hangover: int, quiet: int) -> None:
        self._tracker, self._ears = tracker, ears
        self._rate_hz, self._hangover, self._quiet = tracker.rate_hz, hangover, quiet
        self._recent = Recent(tracker.rate_hz)
        self._over: Foreground | None = None
        self._told_us: int | None = None  # where the speech began that is going on
        self._hears_us = 0  # where that began which energy alone takes for speech

    @property
    def speaking(self) -> bool:
        """Whether speech has begun and is not over."""
        return self._told_us is not None

    @property
    def certain_until_us(self) -> int:
        """Before this moment speech that goes on cannot be noticed to be over; 0 where nothing goes on."""
        if self._over is not None:
            return time_of(self._over.certain_until, self._rate_hz)
        return self._tracker.certain_until_us

    def take_for_speech(self) -> None:
        """What is heard now is meant for whoever listens, as a key's tones are, however steady it is."""
        self._tracker.take_for_speech()
        if self._over is not None:
            self._over.take_for_speech()

    def feed(self, at_us: int, samples: Samples) -> list[Activity]:
        """Take audio whose first sample is at `at_us`; a gap before it is silence. What was noticed."""
        return self._heard(position_at(at_us, self._rate_hz), samples, self._tracker.feed(at_us, samples))

    def feed_silence(self, at_us: int, count: int) -> list[Activity]:
        """As `feed`, of as many samples of digital silence."""
        noticed = self._tracker.feed_silence(at_us, count)
        if self._over is None:  # as between most words of a call
            return self._told(noticed)
        return self._heard(position_at(at_us, self._rate_hz), np.zeros(count, np.int16), noticed)

    def _heard(self, position: int, samples: Samples, by_energy: list[Activity]) -> list[Activity]:
        """What is to be told of the next audio, and of what energy tells of it."""
        noisy = self._tracker.noisy or (self._ears.always and not self._tracker.still)
        if self._over is None and not noisy:
            self._recent.put(position, samples)
            return self._told(by_energy)
        for each in by_energy:
            if isinstance(each, SpeechBegan):
                self._hears_us = each.began_us
        if self._over is None:
            self._over = self._foreground()
        gap = position - self._recent.end
        self._recent.put(position, samples)
        if gap > 0:
            samples = self._recent.read(position - min(gap, self._hangover * 2), self._recent.end)
        told = self._told([self._activity(*each) for each in self._over.feed(samples)])
        return told if noisy else told + self._left_noise()

    def _foreground(self) -> Foreground:
        return Foreground(
            self._rate_hz,
            self._recent,
            hangover=self._hangover,
            quiet=self._quiet,
            opens=self._ears.opens,
            speaking=self.speaking,
        )

    def _left_noise(self) -> list[Activity]:
        """The line is quiet: go by energy again, if it says the same."""
        if self.speaking and not self._tracker.speaking:
            return []  # it is over after its hangover
        self._over = None
        if self.speaking or not self._tracker.speaking:
            return []
        if self._tracker.was_quiet:
            self._tracker.hush()
            return []
        return self._told([SpeechBegan(self._hears_us)])  # a line that begins with speech

    def _activity(self, began: bool, position: int) -> Activity:  # noqa: FBT001 - as it was noticed
        at_us = time_of(position, self._rate_hz)
        return SpeechBegan(at_us) if began else SpeechEnded(max(at_us, self._told_us or 0))

    def _told(self, noticed: list[Activity]) -> list[Activity]:
        for each in noticed:
            self._told_us = each.began_us if isinstance(each, SpeechBegan) else None
        return noticed
