"""One call while it is up: events in, the conductor asked, its actions carried out.

Everything that happens comes through `happened`, one event at a time and in one order: the playback
clock is fed, the event is recorded, the conductor answers, its actions are done. Time comes from the
running loop alone, so the same code makes virtual and wall-clock calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from turnspec.adapters.base import Call, turn_taker
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.line import Line
from turnspec.audio.playback import PlaybackClock
from turnspec.audio.recorder import Recorder
from turnspec.audio.samples import track_of
from turnspec.call import Evidence, Track, actions
from turnspec.call.actions import Action
from turnspec.call.events import (
    ActionDone,
    AgentAudio,
    CallEnded,
    CallerHungUp,
    CallerSpoke,
    CallUp,
    Event,
    FlushAsked,
    FunctionCalled,
    HarnessFailed,
    MarkSet,
    Origin,
    ProtocolFault,
    ReplyRequested,
    Side,
    StreamEnded,
    TurnBegan,
)
from turnspec.conduct import acts_on, advance, begin, heard, is_no_news
from turnspec.plan.model import CallPlan
from turnspec.run.acting import Acting
from turnspec.run.clock import Alarm, CallClock
from turnspec.run.closing import TurnCloser
from turnspec.run.keys import Sounding, key_ear_of, tones_of
from turnspec.run.late import LateLines
from turnspec.run.line import delayed, echo_of
from turnspec.run.messages import arrived, messages_asked_for
from turnspec.run.person import Person
from turnspec.run.playing import Playing
from turnspec.run.recording import Recording
from turnspec.run.sabotage import sabotage_of
from turnspec.run.turning import Turning
from turnspec.run.voice import FRAME_US, CallerVoice, Prepared

DEFAULT_RATE_HZ = 8_000
HIGH_WATER = 1 << 20  # bytes unread by the peer: some ten seconds of frames


class LiveCall:
    """The engine's end of one call; also the `Witness` of its adapter."""

    def __init__(
        self,
        plan: CallPlan,
        evidence: Evidence,
        clock: CallClock,
        utterances: Sequence[Prepared],
        closer: TurnCloser,
        way: Line | None = None,
        playback: PlaybackClock | None = None,
        ears: Ears = EVERY_SOUND,
    ) -> None:
        self.plan = plan
        self.evidence = evidence
        self.clock = clock
        self.over = asyncio.Event()
        self.call: Call | None = None
        self.sabotage = sabotage_of(plan)
        self._messages = messages_asked_for(plan)
        self._acting = Acting(clock, self.over, self.happened)
        self.on_function: Callable[[FunctionCalled], None] | None = None
        line = plan.capabilities.caller_format
        self.rate_hz = line.rate_hz if line else DEFAULT_RATE_HZ
        self._queue: deque[Event] = deque()
        heard = playback or PlaybackClock(self.rate_hz)
        self._playing = Playing(heard, clock, self._queue, ears)
        self._key_ear = key_ear_of(plan, self._playing.playback)
        self.recorder = Recorder(self._playing.playback)
        self.recording: Recording | None = None  # on disk
        self._utterances = utterances
        self.late: LateLines | None = None  # what was not known before it
        self._turning = Turning(closer, clock, self.over, self._queue.append, self._run)
        self._voice = CallerVoice(line) if line else None
        self._way = way  # what is between the caller and the agent
        self._state = begin(plan)
        self._untold: AgentAudio | None = None  # heard, and not told the conductor
        self._running = False
        self._held = False  # events after `CallUp` wait until the call can be driven
        self._alarm = Alarm(clock, self._woken)
        self._next_speech: tuple[int, actions.Speak | actions.SendDigits] | None = None  # asked for when
        self._speech: CallerSpoke | Sounding | None = None
        self._stalled = False
        self._ended = False
        self.person: Person | None = None  # who takes part in it
        self.end_reason = ""
        self.started_us = 0  # when the caller's stream begins

    @property
    def synthesised(self) -> tuple[tuple[str, Track], ...]:
        """What was made of texts for this call, with its words."""
        made = (each for each in self._utterances if each.origin is Origin.SYNTHESISED and each.wire)
        return tuple((each.text or "", track_of(each.samples, self.rate_hz)) for each in made)

    # --- the witness -----------------------------------------------------------------------

    def now_us(self) -> int:
        """Microseconds since the call began."""
        return self.clock.now_us()

    def frame(self, side: Side, direction: str, text: str) -> None:
        """Keep a frame for the wire log."""
        if not self._ended:
            self.evidence.frame(self.clock.now_us(), side, direction, text)
            if self._messages is not None and side is Side.LINE and direction == "in":
                message = arrived(self._messages, text, self.clock.now_us())
                if message is not None:
                    self.happened(message)

    def happened(self, event: Event) -> None:
        """Take one event and do all that follows from it."""
        seen = event if self.sabotage is None else self.sabotage.as_ours(event)
        if self._ended or seen is None:  # once it is over, a model behind a bridge is in nobody's call
            return
        if self.over.is_set():
            self._ended = isinstance(seen, CallEnded)
            self.evidence.append(seen)
            return
        free = not (self._queue or self._running or self._held)
        if free and isinstance(seen, AgentAudio) and is_no_news(self._state, seen):
            self._untold = self._kept(seen)  # as nearly all audio: nobody has to do anything
            self._arm()
            return
        self._queue.append(seen)
        if isinstance(seen, CallUp):
            self.started_us = seen.at_us  # before the wheel is joined, which may move it onto its grid
            self._held = self.call is None
        self._run()

    def attach(self, call: Call) -> None:
        """The call is up and can be driven from now on."""
        self.call = self._playing.call = call
        self._held = False
        self._run()

    def _run(self) -> None:
        if self._running or self._held:
            return
        self._running = True
        try:
            while self._queue:
                self._take(self._queue.popleft())
            if self._state.hung_up:
                self.over.set()
            self._arm()
        finally:
            self._running = False

    def _take(self, event: Event) -> None:
        if isinstance(event, AgentAudio):
            self._take_audio(self._kept(event))
            return
        recorded = self.evidence.append(event)
        self._queue.extend(() if self.sabotage is None else self.sabotage.learn(event))
        match event:
            case MarkSet():
                self._playing.playback.mark(event.at_us, event.name)
            case FlushAsked():
                self._playing.flush(event.at_us)
            case StreamEnded():
                self._playing.finish(event.stream, event.at_us)
        self._conduct(recorded)
        if isinstance(event, FunctionCalled) and self.on_function is not None:
            self.on_function(event)
        is_over = isinstance(event, ActionDone) and not acts_on(self._state, event.turn)
        if is_over and (taker := turn_taker(self.call)):
            taker.caller_finished()

    def _kept(self, audio: AgentAudio) -> AgentAudio:
        return self.evidence.append(self._playing.placed(audio))

    def _take_audio(self, audio: AgentAudio) -> None:
        if is_no_news(self._state, audio):
            self._untold = audio
        else:
            self._conduct(audio)

    def _conduct(self, event: Event | None) -> None:
        if self._untold is not None:
            self._state, self._untold = heard(self._state, self._untold), None
        self._state, given = advance(self._state, self.now_us(), event)
        for action in given:
            self._do(action)

    # --- time ------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Wake for whatever comes first: a mark, the end of playback, or the conductor's wish."""
        self._alarm.set(None if self.over.is_set() else self._playing.soonest(self._state.wake_us))

    def _woken(self) -> None:
        self._playing.look(self.now_us())
        if not self._held:
            self._conduct(None)
        self._run()

    def tick(self, number: int) -> None:
        """Send the caller's next 20 ms."""
        if self._voice is not None and self.call is not None and not self.over.is_set():
            self._send_frame(self.call, self._voice, self.started_us + number * FRAME_US)

    def ticked(self, number: int) -> None:
        """Listen to the agent's last 20 ms as heard, and do what follows of it."""
        if self.over.is_set() or self.call is None:
            return
        from_us = self.started_us + number * FRAME_US
        self._playing.listen(from_us, from_us + FRAME_US)
        if self._key_ear is not None:
            self._queue.extend(self._key_ear.listen(from_us, from_us + FRAME_US, self.now_us()))
        if self.person is not None:
            agent = self._playing.playback.heard(from_us, from_us + FRAME_US)
            self._queue.extend(self.person.hears(agent, self.now_us()))
        if self.recording is not None:
            self.recording.keep(from_us)
        if self._queue:  # else nothing has changed since the last event, nor what to wake for
            self._run()

    def _peer_stalls(self, backlog: int) -> bool:
        """Whether the peer has stopped reading: frames are then dropped, as a line drops them."""
        stalls = backlog > HIGH_WATER
        if stalls and not self._stalled:
            detail = f"it has left {backlog} bytes unread"
            self._queue.append(ProtocolFault(at_us=self.now_us(), rule="stalled-reader", detail=detail))
        self._stalled = stalls
        return stalls

    def _send_frame(self, call: Call, voice: CallerVoice, from_us: int) -> None:
        if self._next_speech is not None and not voice.talking:
            asked_us, speak = self._next_speech
            if asked_us <= from_us:  # never in a frame that began before it was decided
                if isinstance(speak, actions.SendDigits):
                    self._begin_tones(speak, voice, from_us)
                else:
                    self._begin_speech(speak, voice, from_us)
                self._next_speech = None
        speech = self._speech
        is_onset = speech is not None and 0 <= speech.speech_start_us - from_us < FRAME_US
        if is_onset and (taker := turn_taker(self.call)):
            taker.caller_began()
        # The caller goes on, whether or not anybody listens.
        frames = self._of_person(from_us)
        if frames is None:
            frames = self._carried(self._spoken(voice), from_us)
        if not self._peer_stalls(call.backlog):
            for frame in frames:
                call.send_audio(frame)
        if speech is not None and from_us + FRAME_US >= speech.speech_end_us:
            self._speech = None
            if isinstance(speech, CallerSpoke):
                ended_us = speech.speech_end_us
                self._queue.append(ActionDone(at_us=self.now_us(), turn=speech.turn, end_us=ended_us))

    def _spoken(self, voice: CallerVoice) -> bytes:
        frame = voice.frame()
        if self.person is not None:
            self.person.said(frame)
        return frame

    def _of_person(self, from_us: int) -> tuple[bytes, ...] | None:
        """What arrives while a person speaks for the caller; None: none does."""
        if self.person is None:
            return None
        if self.person.begins and (taker := turn_taker(self.call)):
            taker.caller_began()
        lands_us = from_us
        if self._way is not None:
            lands_us = self.started_us + self._way.delayed_us(from_us - self.started_us)
        voiced = self.person.frame(from_us, lands_us)
        if voiced is None:
            return None
        if self._way is None:
            self.recorder.put_caller(from_us, voiced.samples)
        return self._carried(voiced.wire, from_us)

    def _carried(self, frame: bytes, from_us: int) -> tuple[bytes, ...]:
        """What of the caller's voice arrives now that this frame of it goes in."""
        if self._way is None:
            return (frame,)
        carried = self._way.carry(frame, echo_of(self._playing.playback, self._way, from_us))
        self.recorder.put_caller(from_us + self._way.evened_out_us, self._way.heard(carried.sound))
        return carried.arrived

    def _begin_speech(self, speak: actions.Speak, voice: CallerVoice, from_us: int) -> None:
        late = None if self.late is None else self.late.of(speak)
        prepared = late or self._utterances[speak.utterance]
        voice.say(prepared)
        spoken = prepared.spoken(from_us, speak.turn, interrupts=speak.interrupts)
        if self._way is None:
            self.recorder.put_caller(from_us, prepared.samples)
        else:
            spoken = delayed(spoken, self._way, self.started_us)
        self._speech = spoken
        self._queue.append(spoken)

    def _begin_tones(self, action: actions.SendDigits, voice: CallerVoice, from_us: int) -> None:
        line = self.plan.capabilities.caller_format
        assert line is not None, "the compiler refuses tones where there is no sound"
        tones = tones_of(action, line)
        voice.say(tones.prepared)
        if self._way is None:
            self.recorder.put_caller(from_us, tones.prepared.samples)
        self._speech = sounding = tones.sounding(from_us, self._way, self.started_us)
        self._acting.sound_digits(action.turn, sounding.ends)

    # --- actions ---------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        match action:
            case actions.WakeAt():
                pass  # the state holds it; `_arm` reads it there
            case actions.Speak() if action.parts:
                assert self.late is not None, "the compiler refuses texts that nothing can speak"
                self.late.make(action, partial(self._made, action))
            case actions.Speak():
                self._next_speech = (self.now_us(), action)
            case actions.SendText():
                self._acting.send_text(self._driven, action)
            case actions.SendDigits() if action.tones is not None:
                self._next_speech = (self.now_us(), action)
            case actions.SendDigits():
                self._acting.send_digits(self._driven, action)
            case actions.StaySilent():
                self._acting.stay_silent(action)
            case actions.TakeMicrophone():
                assert self.person is not None, "the run turns the devices on before the call"
                self.person.take(action)
            case actions.SendMessage():
                self._acting.send_message(self._driven, action)
            case actions.RequestReply():
                self._queue.append(ReplyRequested(at_us=self.now_us()))
                self._driven.request_reply()
            case actions.HangUp():
                self._hang_up(action.reason)
            case actions.Decide():
                self._turning.decide(action)
            case actions.BeginTurn():
                self._queue.append(TurnBegan(at_us=action.at_us, turn=action.turn))
            case actions.EndTurn():
                self._turning.end_turn(action)

    def _made(self, speak: actions.Speak, trouble: str) -> None:
        """Say what was made just now, if anybody still listens."""
        if trouble:
            self.happened(HarnessFailed(at_us=self.now_us(), reason=trouble))
        elif not self.over.is_set():
            self._next_speech = (self.now_us(), speak)

    @property
    def _driven(self) -> Call:
        assert self.call is not None, "actions are given out only once the call is up"
        return self.call

    def _hang_up(self, reason: str) -> None:
        self.end_reason = reason
        self._queue.append(CallerHungUp(at_us=self.now_us()))

    def perform(self, action: Action) -> None:
        """Do what somebody else than the conductor wants, such as a program that drives the call itself."""
        self._do(action)
        self._run()

    def stop(self) -> None:
        """Do nothing more: no timer, no conductor; late events are only recorded."""
        self.over.set()
        self._arm()
