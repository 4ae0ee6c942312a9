"""The caller as a bot hears it: live speech edges, what was said, and when it truly was.

Positions are counted in the samples that came, so lateness of a frame does not move an edge. A position
becomes a time of the call by the frames that came earliest of late: a frame covers the time that ends when
it is sent, and nothing arrives before it was sent.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from turnspec.audio.activity import Activity
from turnspec.audio.codecs import decode, silence_byte
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.edges import voiced_span
from turnspec.audio.keyed import KeyFilter
from turnspec.audio.samples import Tape, position_at, time_of, track_of
from turnspec.audio.tones import Key
from turnspec.call import AudioFormat
from turnspec.call.evidence import Track

PAUSE_US: Final = 100_000  # silence after which speech may be over
LEAST_SPEECH_US: Final = 60_000  # less sound than this is no speech, and interrupts nobody
BEFORE_US: Final = 400_000  # kept before an utterance: its own noise tells where it fades
AFTER_US: Final = 100_000
FRAME_US: Final = 20_000
RECENT_FRAMES: Final = 50  # seconds: an earlier one tells nothing of a clock that drifts
REST_US: Final = 200_000  # silence that ends whatever speech there was


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, when on the line's clock its track began, and when it was over.

    Live, an end is noticed with what was known then; the end here is that of the whole recording.
    """

    track: Track
    began_us: int
    ended_us: int


class CallerLine:
    """The caller's audio of one call. Times of speech are on the line's own clock, 0 at its first sample."""

    def __init__(
        self,
        format: AudioFormat,  # noqa: A002 - the word every caller uses
        ears: Ears = EVERY_SOUND,
    ) -> None:
        self._format = format
        self._rate_hz = format.rate_hz
        self._silence = silence_byte(format)
        self._tape = Tape()
        self._activity = ears.on(format.rate_hz, hangover_us=PAUSE_US, min_speech_us=LEAST_SPEECH_US)
        self._filter = KeyFilter(format.rate_hz)
        self._keys: list[Key] = []
        self._ends_us = 0  # of what has come
        self._over_us = 0  # where the turn before ended
        self._offsets: deque[int] = deque(maxlen=RECENT_FRAMES)
        self._rested = False
        self.late_us = 0  # by so much sound is heard later than in frames of 20 ms

    @property
    def now_us(self) -> int:
        """How much has come, on the line's clock."""
        return self._ends_us

    def hear(self, payload: bytes, at_us: int) -> list[Activity]:
        """Take the next audio, which arrived `at_us`; what of speech was noticed.

        Raises:
            ValueError: 16-bit audio with half a sample at its end.
        """
        begins_us = self._ends_us
        if payload.count(self._silence) == len(payload):  # as in most frames of a call
            noticed = self._quiet(len(payload) // self._format.sample_bytes)
        else:
            samples, keys = self._filter.feed(decode(payload, self._format))
            self._keys += keys
            self._tape.put(len(self._tape), samples)
            noticed = self._activity.feed(begins_us, samples)
            self._ends_us = time_of(len(self._tape), self._rate_hz)
        if self._rested:
            self._offsets.clear()
            self._rested = False
        self._offsets.append(at_us - self._ends_us)
        self.late_us = max(0, self._ends_us - begins_us - FRAME_US)
        return noticed

    def taken_keys(self) -> list[Key]:
        """The keys that were heard as tones since this was asked last."""
        keys, self._keys = self._keys, []
        return keys

    def rest(self) -> list[Activity]:
        """Nothing comes for a while, so that what was being said ends here; what of that was noticed."""
        self._rested = True
        return self._quiet(position_at(REST_US, self._rate_hz))

    def call_us(self, line_us: int) -> int:
        """The time of the call at which the line was at `line_us`, since it rested last."""
        return line_us + min(self._offsets, default=0)

    def utterance(self, start_us: int, end_us: int) -> Utterance:
        """What came between two times of the line, and a little around it."""
        # On a whole frame, so that whoever measures it again finds the edges where they were found here.
        from_us = max(self._over_us, start_us - BEFORE_US) // FRAME_US * FRAME_US
        to = min(position_at(end_us + AFTER_US, self._rate_hz), len(self._tape))
        samples = self._tape.read(position_at(from_us, self._rate_hz), to)
        span = voiced_span(samples, self._rate_hz)
        ended_us = end_us if span is None else from_us + span[1]
        return Utterance(track_of(samples, self._rate_hz), from_us, ended_us)

    def turn_over(self, end_us: int) -> None:
        """What came up to here has been answered."""
        self._over_us = end_us

    def _quiet(self, count: int) -> list[Activity]:
        self._keys += self._filter.rest(count)
        noticed = self._activity.feed_silence(self._ends_us, count)
        self._tape.lengthen(count)
        self._ends_us = time_of(len(self._tape), self._rate_hz)
        return noticed
