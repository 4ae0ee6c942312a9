"""What the server makes of the caller's audio: turns, their items, and transcripts of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from turnspec.adapters.realtime.server.conversation import Entry
from turnspec.adapters.realtime.server.exchange import Exchange
from turnspec.adapters.realtime.server.hearing import InputBuffer, Utterance
from turnspec.adapters.realtime.server.mind import Ask, HasEars, Said, Transcript
from turnspec.adapters.realtime.server.responses import ASKED_FOR, Responses
from turnspec.adapters.realtime.server.settings import functions_of
from turnspec.adapters.realtime.server.usage import transcription_usage
from turnspec.adapters.realtime.wire import items
from turnspec.adapters.realtime.wire import server_events as wire
from turnspec.adapters.realtime.wire.effective import Vad
from turnspec.audio.activity import Activity, SpeechBegan, SpeechEnded
from turnspec.audio.ears import EVERY_SOUND
from turnspec.call import Track

SPEAKER: Final = "A"  # the diarising model's name for the first voice
_WORD: Final = re.compile(r"\S+\s*")


@dataclass(slots=True)
class _Turn:
    """A turn of the caller that is not over: its item to come, and where it began.

    `paused_us` is where it may have ended, had its words not been known to go on; `until_us` is how long that
    is waited for. `told`: the client knows of it; whoever plays an agent that is not to be interrupted would
    stop playing it.
    """

    item_id: str
    began_us: int
    told: bool
    paused_us: int | None = None
    until_us: int = 0


class Listening:
    """The input audio buffer and the turns found in it."""

    def __init__(self, exchange: Exchange, responses: Responses) -> None:
        self._exchange, self._responses = exchange, responses
        session, mind = exchange.session, exchange.mind
        ears = mind.ears if isinstance(mind, HasEars) else EVERY_SOUND
        self._buffer = InputBuffer(session.input_format, session.vad, ears)
        self._turn: _Turn | None = None
        self.configure()

    @property
    def hears_speech(self) -> bool:
        """Whether the caller is speaking."""
        return self._turn is not None

    @property
    def due_us(self) -> int | None:
        """When the caller will have been silent for too long."""
        return None if self._responses.busy or self._turn else self._exchange.unprompted.due_us

    def configure(self) -> None:
        """Take the session's settings; speech that had begun may be forgotten with the old ones."""
        session = self._exchange.session
        if self._buffer.configure(session.input_format, session.vad):
            self._forget_turn()
        self._exchange.unprompted.after_us = session.vad.idle_us if session.vad else None

    def append(self, data: bytes) -> None:
        """Take more audio, and notice what is in it."""
        keeps = self._turn is not None
        for activity in self._buffer.append(data, self._exchange.now_us, keeps=keeps):
            self._noticed(activity)
        self._lose_patience()

    def clear(self) -> None:
        """Forget what is in the buffer."""
        self._buffer.clear()
        self._forget_turn()
        self._exchange.send(wire.buffer_cleared())

    def commit(self) -> None:
        """Make an item of what is in the buffer.

        Raises:
            ClientError: It is too little.
        """
        self._buffer.require_some()
        item_id = self._turn.item_id if self._turn else self._exchange.item_id()
        self._turn = None
        self._commit(self._buffer.take_all(), item_id)

    def speak_up(self) -> None:
        """The caller has been silent for too long: commit the silence, and answer it."""
        exchange = self._exchange
        since_us = exchange.unprompted.since_us
        assert since_us is not None
        silent_us = exchange.unprompted.lasted_us(exchange.now_us)
        exchange.unprompted.forget()
        start_us, utterance = self._buffer.take_since(since_us)
        item_id = exchange.item_id()
        start_ms, end_ms = start_us // 1000, self._buffer.end_us // 1000
        exchange.send(wire.timeout_triggered(start_ms, end_ms, item_id))
        self._transcribe(self._add(utterance, item_id), utterance.track, Transcript(""))
        answer = exchange.mind.idle(silent_us, exchange.now_us)
        if answer is None:
            ask = Ask(functions_of(exchange.session, ASKED_FOR))
            answer = exchange.mind.respond(ask, exchange.now_us)
        self._responses.say(answer)

    # --- turns --------------------------------------------------------------------------------

    @property
    def _vad(self) -> Vad:
        vad = self._exchange.session.vad
        assert vad is not None
        return vad

    def _noticed(self, activity: Activity) -> None:
        match activity:
            case SpeechBegan() if self._turn is not None:
                self._turn.paused_us = None  # it goes on
            case SpeechBegan(began_us):
                self._begun(began_us)
            case SpeechEnded(ended_us) if self._turn is not None:
                self._paused(self._turn, ended_us)
            case SpeechEnded():
                pass  # it was committed or cleared by the client before it was over

    def _begun(self, began_us: int) -> None:
        self._turn = _Turn(self._exchange.item_id(), began_us, told=not self._responses.talks_on)
        self._exchange.conversation.reserve(self._turn.item_id)
        self._exchange.unprompted.forget()
        start_us = self._buffer.start_of(began_us)
        if self._turn.told:
            self._exchange.send(wire.speech_started(start_us // 1000, self._turn.item_id))
        if self._vad.interrupts_response:
            self._responses.interrupt()

    def _paused(self, turn: _Turn, ended_us: int) -> None:
        """The turn is over, unless more is known to come, for which it waits."""
        vad = self._vad
        until_us = min(self._buffer.end_us, ended_us + vad.silence_us)  # what is committed if it is over
        waits = vad.patience_us is not None or vad.waits_for_rest
        heard = self._buffer.heard_so_far(turn.began_us, until_us) if waits else None
        soon_us = 0 if heard is None else self._exchange.mind.goes_on(heard)
        if not soon_us:
            self._over(turn, ended_us, ended_us + vad.silence_us)
            return
        turn.paused_us = ended_us
        turn.until_us = until_us + soon_us if vad.patience_us is None else ended_us + vad.patience_us

    def _lose_patience(self) -> None:
        turn = self._turn
        if turn is not None and turn.paused_us is not None and self._buffer.end_us >= turn.until_us:
            self._over(turn, turn.paused_us, turn.until_us)

    def _over(self, turn: _Turn, ended_us: int, until_us: int) -> None:
        self._turn = None
        exchange = self._exchange
        exchange.both_quiet.from_now(exchange.now_us)
        if turn.told:
            exchange.send(wire.speech_stopped(until_us // 1000, turn.item_id))
        self._commit(self._buffer.take_speech(turn.began_us, ended_us, until_us), turn.item_id)
        if self._vad.creates_response:
            exchange.awaiting.then(self._answer)

    def _answer(self) -> None:
        if self._turn is None:  # else the caller went on while the words were made out: that is answered, too
            self._responses.create_unasked()

    # --- items and transcripts ----------------------------------------------------------------

    def _commit(self, utterance: Utterance, item_id: str) -> None:
        entry, track = self._add(utterance, item_id), utterance.track
        said = Said(utterance.ended_us, audio=track, began_us=utterance.began_us)
        transcript = self._exchange.mind.hear(said, self._exchange.now_us)
        self._exchange.understand(transcript, partial(self._transcribe, entry, track))

    def _forget_turn(self) -> None:
        if self._turn is not None:
            self._exchange.conversation.release(self._turn.item_id)
            self._turn = None

    def _add(self, utterance: Utterance, item_id: str) -> Entry:
        entry = Entry(items.committed_audio(item_id), bytearray(utterance.data), utterance.format)
        self._exchange.conversation.release(item_id)
        previous = self._exchange.conversation.add(entry)
        self._exchange.send(wire.buffer_committed(item_id, previous))
        self._exchange.send(wire.item_added(entry.document, previous))
        self._exchange.send(wire.item_done(entry.document, previous))
        return entry

    def _transcribe(self, entry: Entry, track: Track, transcript: Transcript) -> None:
        model = self._exchange.session.transcription_model
        if model is None:
            return
        if transcript.failure is not None:
            self._exchange.send(wire.transcription_failed(entry.id, transcript.failure))
            return
        text = transcript.text or ""
        entry.document["content"] = [{"type": "input_audio", "transcript": text}]
        # Whisper gives its text whole, the others word by word.
        for delta in [text] if model == "whisper-1" and text else _WORD.findall(text):
            self._exchange.send(wire.transcription_delta(entry.id, delta))
        if model.endswith("-diarize") and text:
            segment_id, end_s = self._exchange.ids.next("seg"), track.duration_us / 1_000_000
            self._exchange.send(wire.transcription_segment(entry.id, segment_id, text, SPEAKER, end_s))
        usage = transcription_usage(model, track, text)
        self._exchange.send(wire.transcription_completed(entry.id, text, usage))
