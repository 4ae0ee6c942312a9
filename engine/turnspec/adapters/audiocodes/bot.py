"""A bot's end of a call, without I/O: what arrives from the platform, and frames to answer with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from turnspec.adapters.audiocodes.messages import (
    Activities,
    Activity,
    Alternative,
    ConnectionValidated,
    Decoded,
    PlayStreamStart,
    PlayStreamStop,
    SessionAccepted,
    SessionEnd,
    SessionError,
    SessionInitiate,
    SessionResume,
    SpeechCommitted,
    SpeechHypothesis,
    SpeechRecognition,
    SpeechStarted,
    SpeechStopped,
    UserStreamStart,
    UserStreamStarted,
    UserStreamStop,
    UserStreamStopped,
)
from turnspec.adapters.audiocodes.wire import decode_platform, encode, play_chunk_frame


class BotEnd:
    """One connection, seen from the bot. At most one play stream is open at a time."""

    def __init__(self) -> None:
        self.session: SessionInitiate | SessionResume | None = None
        self.ended: SessionEnd | None = None
        self.accepted: str | None = None  # the format of the caller's audio
        self.hears = False  # whether the caller is being streamed
        self.playing: str | None = None  # the stream that is open
        self._streams = 0

    def receive(self, frame: str | bytes) -> Decoded:
        """What a frame of the platform says, and what is wrong with it."""
        decoded = decode_platform(frame)
        match decoded.message:
            case SessionInitiate() | SessionResume() as session:
                self.session = session
            case UserStreamStart():
                self.hears = True
            case UserStreamStop():
                self.hears = False
            case SessionEnd() as ended:
                self.ended = ended
        return decoded

    def choose(self, formats: Iterable[str]) -> str | None:
        """The first of the platform's formats, in its order, that is one of `formats`."""
        offered = self.session.formats if isinstance(self.session, SessionInitiate) else ()
        mine = frozenset(formats)
        return next((name for name in offered if name in mine), None)

    def accept(self, media_format: str | None) -> str:
        """Take the call; the caller's audio is to come in this format. None: as before, on a resume."""
        if self.session is None:
            raise RuntimeError("a bot cannot accept before a session was asked for")
        self.accepted = media_format or self.accepted
        return encode(SessionAccepted(media_format))

    def decline(self, reason: str) -> str:
        """Decline the call, or say that it cannot go on."""
        return encode(SessionError(reason))

    def validated(self, *, success: bool = True) -> str:
        """Answer `connection.validate`."""
        return encode(ConnectionValidated(success))

    # --- the caller's audio -----------------------------------------------------------------

    def started(self, participant: str | None = None) -> str:
        """Answer `userStream.start`: chunks may come."""
        return encode(UserStreamStarted(participant))

    def stopped(self, participant: str | None = None) -> str:
        """Answer `userStream.stop`."""
        return encode(UserStreamStopped(participant))

    def speech_started(self, participant: str | None = None) -> str:
        """The caller was heard to begin."""
        return encode(SpeechStarted(participant))

    def speech_stopped(self, participant: str | None = None) -> str:
        """The caller was heard to pause."""
        return encode(SpeechStopped(participant))

    def speech_committed(self, participant: str | None = None) -> str:
        """The caller's turn is taken to be over."""
        return encode(SpeechCommitted(participant))

    def hypothesis(self, text: str, participant: str | None = None) -> str:
        """What the caller may be saying."""
        return encode(SpeechHypothesis((text,), participant))

    def recognition(self, text: str, confidence: float | None = None, participant: str | None = None) -> str:
        """What the caller said."""
        return encode(SpeechRecognition((Alternative(text, confidence),), participant))

    # --- the bot's audio --------------------------------------------------------------------

    def play_start(
        self, media_format: str, alt_text: str | None = None, params: Mapping[str, Any] | None = None
    ) -> str:
        """Open a play stream, whose id is then `playing`."""
        if self.playing is not None:
            raise RuntimeError(f"stream {self.playing!r} is open; the protocol allows one at a time")
        self.playing = f"play-{self._streams}"
        self._streams += 1
        return encode(PlayStreamStart(self.playing, media_format, alt_text, params or {}))

    def play(self, payload: bytes) -> str:
        """Audio of the open stream, in its format."""
        return play_chunk_frame(json.dumps(self._open), payload)

    def play_stop(self) -> str:
        """No more audio of the open stream."""
        stopped, self.playing = self._open, None
        return encode(PlayStreamStop(stopped))

    @property
    def _open(self) -> str:
        if self.playing is None:
            raise RuntimeError("no play stream is open")
        return self.playing

    # --- activities -------------------------------------------------------------------------

    def activities(self, *activities: Activity) -> str:
        """Several activities in one message."""
        return encode(Activities(activities))

    def message(self, text: str) -> str:
        """Something for the platform to say."""
        return self.activities(Activity("message", text=text))

    def event(self, name: str, params: Mapping[str, Any] | None = None) -> str:
        """An event, such as `abortPrompts`."""
        return self.activities(Activity("event", name, params=params or {}))

    def config(self, settings: Mapping[str, Any]) -> str:
        """Change settings for the rest of the call."""
        return self.activities(Activity("event", "config", session_params=settings))

    def hang_up(self, reason: str = "") -> str:
        """End the call once what was sent has played."""
        return self.event("hangup", {"hangupReason": reason} if reason else None)

    def transfer(self, target: str, reason: str = "") -> str:
        """Give the call to somebody else, such as `tel:+15550100003`."""
        params = {"transferTarget": target}
        return self.event("transfer", {**params, "handoverReason": reason} if reason else params)

    def press(self, digits: str) -> str:
        """Send keypad digits."""
        return self.event("sendDtmf", {"dtmfDigits": digits})
