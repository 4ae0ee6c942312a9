"""The input audio buffer and the server's ear: what was appended, when, and where speech is in it.

Positions are microseconds of audio appended in this session, as `audio_start_ms` counts. Audio that
arrives at a moment is taken to end at that moment, which gives each position its time in the call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from turnspec.adapters.realtime.wire.effective import Vad
from turnspec.adapters.realtime.wire.errors import ClientError
from turnspec.audio.activity import Activity, SpeechBegan, SpeechEnded
from turnspec.audio.codecs import decode
from turnspec.audio.ears import EVERY_SOUND, Ears, Listens
from turnspec.audio.edges import QUIET, voiced_span
from turnspec.audio.samples import Samples, time_of, track_of
from turnspec.audio.tones import KeyDetector
from turnspec.call import AudioFormat, Track

# Kept before speech is noticed: what noticing may take, beside the prefix that is asked for.
USUAL_THRESHOLD: Final = 0.5
NOTICE_US: Final = 1_000_000
MIN_SILENCE_US: Final = 20_000
MIN_COMMIT_US: Final = 100_000
# Around an utterance, to judge where it ends: its own noise before it tells where it fades.
CONTEXT_US: Final = 400_000
MIN_CONTEXT_US: Final = 100_000
FRAME_US: Final = 20_000
AROUND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Utterance:
    """Audio taken out of the buffer; `ended_us` is the call's time at which its speech truly ended.

    `began_us` is that of its first sample, where turns are found by the server.
    """

    data: bytes = field(repr=False)
    format: AudioFormat
    ended_us: int
    began_us: int | None = None

    @property
    def track(self) -> Track:
        """Its samples."""
        return track_of(decode(self.data, self.format), self.format.rate_hz)


class InputBuffer:
    """Audio appended and not committed yet."""

    def __init__(self, audio_format: AudioFormat, vad: Vad | None, ears: Ears = EVERY_SOUND) -> None:
        self._ears = ears
        self._format = audio_format
        self._vad = vad
        self._origin_us = 0  # the position at which the current format began
        self._samples = 0  # appended since then
        self._held = bytearray()
        self._half = b""  # half a sample, whose other half is still to come
        self._arrivals: deque[tuple[int, int]] = deque()  # (position at its end, time of arrival)
        self._tracker = _listener(audio_format, vad, ears)
        self._keys = KeyDetector(audio_format.rate_hz)
        self._listens_from_us = 0  # the position at which the tracker's own count begins
        self._listened = 0  # samples that it has heard

    @property
    def end_us(self) -> int:
        """The position at the end of what was appended."""
        return self._origin_us + time_of(self._samples, self._format.rate_hz)

    @property
    def held_us(self) -> int:
        """How much is in the buffer."""
        return self._format.duration_us(len(self._held))

    def configure(self, audio_format: AudioFormat, vad: Vad | None) -> bool:
        """Take new settings; answers whether it listens afresh, and forgot speech that had begun."""
        if audio_format == self._format and _listen_alike(vad, self._vad):
            self._vad = vad
            return False
        if audio_format != self._format:
            self._origin_us, self._samples = self.end_us, 0
            self._held.clear()
            self._half = b""
        self._format, self._vad = audio_format, vad
        self._listen_afresh()
        return True

    def append(self, data: bytes, now_us: int, *, keeps: bool = False) -> Sequence[Activity]:
        """Add audio; what was noticed, with positions. `keeps`: nothing in the buffer may be forgotten."""
        data = self._half + data
        whole = len(data) - len(data) % self._format.sample_bytes
        data, self._half = data[:whole], data[whole:]
        if not data:
            return ()
        self._held += data
        self._samples += whole // self._format.sample_bytes
        self._arrivals.append((self.end_us, now_us))
        if self._tracker is None:
            return ()
        if not keeps:
            self._forget_silence()
        samples = decode(data, self._format)
        if not self._ears.any_sound and self._hears_key(samples):
            self._tracker.take_for_speech()
        noticed = self._tracker.feed(time_of(self._listened, self._format.rate_hz), samples)
        self._listened += len(samples)
        return [_shifted(activity, self._listens_from_us) for activity in noticed]

    def start_of(self, began_us: int) -> int:
        """Where the audio of speech that began there starts: with its prefix, as far as that is held."""
        assert self._vad is not None
        return max(began_us - self._vad.prefix_us, self.end_us - self.held_us)

    def heard_so_far(self, began_us: int, ended_us: int) -> Track:
        """The speech between two positions, which stays in the buffer."""
        data = bytes(self._held[self._offset(self.start_of(began_us)) : self._offset(ended_us)])
        return Utterance(data, self._format, 0).track

    def take_speech(self, began_us: int, ended_us: int, until_us: int) -> Utterance:
        """Take an utterance out: with its prefix, up to `until_us`, when it was known to be over."""
        start, end = self._offset(self.start_of(began_us)), self._offset(until_us)
        data = bytes(self._held[start:end])
        ended_at_us = self.time_at(self._true_end(began_us, ended_us))
        # The clock of its end, which is what is counted from.
        began_at_us = self.start_of(began_us) + self.time_at(ended_us) - ended_us
        del self._held[:end]
        self._forget_arrivals()
        return Utterance(data, self._format, ended_at_us, began_at_us)

    def take_since(self, time_us: int) -> tuple[int, Utterance]:
        """Take out what has come since a time of the call, and forget what came before; where it begins."""
        held_from_us = self.end_us - self.held_us
        before = [end for end, arrived in self._arrivals if arrived <= time_us]
        start_us = max(held_from_us, before[-1] if before else held_from_us)
        data = bytes(self._held[self._offset(start_us) :])
        self._held.clear()
        self._forget_arrivals()
        return start_us, Utterance(data, self._format, time_us)

    def require_some(self) -> None:
        """Check that there is enough to commit.

        Raises:
            ClientError: Less than 100 ms.
        """
        if self.held_us < MIN_COMMIT_US:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {self.held_us / 1000:.2f}ms of audio."
            )
            raise ClientError("input_audio_buffer_commit_empty", message)

    def take_all(self) -> Utterance:
        """Take everything out."""
        data, start_us = bytes(self._held), self.end_us - self.held_us
        span = voiced_span(decode(data, self._format), self._format.rate_hz)
        ended_us = self.time_at(self.end_us if span is None else start_us + span[1])
        self.clear()
        return Utterance(data, self._format, ended_us)

    def clear(self) -> None:
        """Forget what is in the buffer, and speech that had begun in it."""
        self._held.clear()
        self._forget_arrivals()
        self._listen_afresh()

    def time_at(self, position_us: int) -> int:
        """The call's time of a position, by the promptest of the arrivals around it.

        A frame that a busy network or client delivered late does not make the caller late.
        """
        near = [arrived - end for end, arrived in self._arrivals if abs(end - position_us) <= AROUND_US]
        if near:
            return position_us + min(near)
        after = (position_us + arrived - end for end, arrived in self._arrivals if end >= position_us)
        return next(after, self._arrivals[-1][1] if self._arrivals else 0)

    def _hears_key(self, samples: Samples) -> bool:
        if self._keys.hearing or samples.any():
            self._keys.feed(samples)
        else:
            self._keys.skip(len(samples))
        return self._keys.hearing

    def _listen_afresh(self) -> None:
        self._tracker = _listener(self._format, self._vad, self._ears)
        self._keys = KeyDetector(self._format.rate_hz)
        self._listens_from_us, self._listened = self.end_us, 0

    def _true_end(self, began_us: int, ended_us: int) -> int:
        """Where the speech ended, judged on all of it; live, only what was known then could count."""
        held_from_us = self.end_us - self.held_us
        # From a whole frame of the stream, as whoever measures the same audio cuts it.
        wanted_us = max(held_from_us, began_us - CONTEXT_US)
        from_us = -(-wanted_us // FRAME_US) * FRAME_US
        data = bytes(self._held[self._offset(from_us) : self._offset(ended_us + MIN_CONTEXT_US)])
        span = voiced_span(decode(data, self._format), self._format.rate_hz)
        return ended_us if span is None else from_us + span[1]

    def _offset(self, position_us: int) -> int:
        held_from_us = self.end_us - self.held_us
        offset = self._format.size_of(max(0, position_us - held_from_us))
        return min(offset, len(self._held))

    def _forget_silence(self) -> None:
        assert self._vad is not None
        assert self._tracker is not None
        keep_us = self._vad.prefix_us + NOTICE_US + (self._vad.idle_us or 0)
        if not self._tracker.speaking and self.held_us > 2 * keep_us:
            del self._held[: -self._format.size_of(keep_us)]
            self._forget_arrivals()

    def _forget_arrivals(self) -> None:
        held_from_us = self.end_us - self.held_us
        while len(self._arrivals) > 1 and self._arrivals[0][0] < held_from_us:
            self._arrivals.popleft()


def _listener(audio_format: AudioFormat, vad: Vad | None, ears: Ears) -> Listens | None:
    if vad is None:
        return None
    # The usual threshold is the tracker's own floor; others move that floor in amplitude.
    percent = max(5, round(vad.threshold * 100 / USUAL_THRESHOLD))
    hangover_us = max(vad.silence_us, MIN_SILENCE_US)
    quiet = QUIET * percent * percent // 10_000
    return ears.on(audio_format.rate_hz, hangover_us=hangover_us, quiet=quiet)


def _listen_alike(one: Vad | None, other: Vad | None) -> bool:
    """Whether the same speech is found by both; what follows from it may differ."""
    if one is None or other is None:
        return one is other
    return (one.threshold, one.silence_us) == (other.threshold, other.silence_us)


def _shifted(activity: Activity, by_us: int) -> Activity:
    match activity:
        case SpeechBegan(began_us):
            return SpeechBegan(began_us + by_us)
        case SpeechEnded(ended_us):
            return SpeechEnded(ended_us + by_us)
