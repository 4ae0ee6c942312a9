"""What the caller hears of the agent: its audio as it plays, and where speech begins and ends in it."""

from __future__ import annotations

from turnspec.audio.activity import SpeechBegan
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.samples import position_at
from turnspec.call.events import AgentAudio, AgentSpeechBegan, AgentSpeechEnded
from turnspec.run.arrivals import Arrivals
from turnspec.run.clock import CallClock

Edge = AgentSpeechBegan | AgentSpeechEnded


class Ear:
    """Puts arriving audio on a playback clock, and listens to what that plays."""

    def __init__(self, playback: PlaybackClock, ears: Ears = EVERY_SOUND) -> None:
        self._playback = playback
        self._rate_hz = playback.rate_hz
        self._activity = ears.on(playback.rate_hz)
        self._arrivals = Arrivals(playback)
        self._unheard_from_us: int | None = None

    def placed(self, audio: AgentAudio) -> AgentAudio:
        """Queue audio that has arrived; the event with the time at which it plays."""
        placement = self._arrivals.place(audio)
        return AgentAudio(  # `replace` takes four times as long
            at_us=audio.at_us,
            side=audio.side,
            format=audio.format,
            size=audio.size,
            data=audio.data,
            stream=audio.stream,
            plays_at_us=placement.start_us,
        )

    def finish(self, stream: str, at_us: int) -> bool:
        """Play what a resampler holds back of a stream that has come to its end; whether there was any."""
        return self._arrivals.finish(stream, at_us)

    def forget(self) -> None:
        """Drop what resamplers hold back: playback was flushed."""
        self._arrivals.forget()

    def listen(self, from_us: int, to_us: int, clock: CallClock) -> list[Edge]:
        """Hear what played between two moments; the edges of speech that are noticed now."""
        if self._unheard_from_us is not None:
            from_us = self._unheard_from_us
        if to_us < self._activity.certain_until_us:
            # While somebody speaks there is nothing to notice: a fifth of a second is heard in one go.
            self._unheard_from_us = from_us
            return []
        self._unheard_from_us = None
        if self._playback.silent_from(from_us):
            count = position_at(to_us, self._rate_hz) - position_at(from_us, self._rate_hz)
            noticed = self._activity.feed_silence(from_us, count)
        else:
            noticed = self._activity.feed(from_us, self._playback.heard(from_us, to_us))
        return [
            AgentSpeechBegan(at_us=clock.now_us(), began_us=edge.began_us)
            if isinstance(edge, SpeechBegan)
            else AgentSpeechEnded(at_us=clock.now_us(), ended_us=edge.ended_us)
            for edge in noticed
        ]
