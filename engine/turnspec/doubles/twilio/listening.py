"""The caller as a bot hears it: live speech edges, what was said, and when it truly was.

Positions are counted in the samples that came, so lateness of a frame does not move an edge. A position
becomes a time of the call by the frames that came earliest of late: a frame covers the 20 ms that end when
it is sent, and nothing arrives before it was sent.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from turnspec.audio.activity import Activity, ActivityTracker
from turnspec.audio.codecs import decode
from turnspec.audio.samples import Tape, position_at, time_of, track_of
from turnspec.call import MULAW_8K
from turnspec.call.evidence import Track

RATE_HZ: Final = MULAW_8K.rate_hz
PAUSE_US: Final = 100_000  # silence after which speech may be over
LEAST_SPEECH_US: Final = 60_000  # less sound than this is no speech, and interrupts nobody
MARGIN_US: Final = 100_000  # kept around an utterance
FRAME_US: Final = 20_000
RECENT_FRAMES: Final = 50  # a second: an earlier one tells nothing of a clock that drifts


class CallerLine:
    """The caller's audio of one call. Times of speech are on the line's own clock, 0 at its first sample."""

    def __init__(self) -> None:
        self._tape = Tape()
        self._activity = ActivityTracker(RATE_HZ, hangover_us=PAUSE_US, min_speech_us=LEAST_SPEECH_US)
        self._offsets: deque[int] = deque(maxlen=RECENT_FRAMES)

    def hear(self, payload: bytes, at_us: int) -> list[Activity]:
        """Take the next mu-law audio, which arrived `at_us`; what of speech was noticed."""
        samples = decode(payload, MULAW_8K)
        begins = len(self._tape)
        self._tape.put(begins, samples)
        self._offsets.append(at_us - time_of(len(self._tape), RATE_HZ))
        return self._activity.feed(time_of(begins, RATE_HZ), samples)

    def call_us(self, line_us: int) -> int:
        """The time of the call at which the line was at `line_us`."""
        return line_us + min(self._offsets, default=0)

    def recording(self, start_us: int, end_us: int) -> Track:
        """What came between two times of the line, and a little around it."""
        # On a whole frame, so that whoever measures it again finds the edges where they were found here.
        start = position_at(max(0, start_us - MARGIN_US) // FRAME_US * FRAME_US, RATE_HZ)
        end = min(position_at(end_us + MARGIN_US, RATE_HZ), len(self._tape))
        return track_of(self._tape.read(start, end), RATE_HZ)
