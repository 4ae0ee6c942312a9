"""A local agent on the bot's side of a media stream, without I/O.

Theory of operation: frames and due times come in, frames go out, events are reported. The bot greets when
`start` arrives. 100 ms of silence after speech may end the caller's turn: if what came so far is a known
recording to its end, the turn is over; if some of its end is lacking, that long is waited for it; else the
turn is over after 600 ms. If the caller goes on before, so does the turn. A reply is sent as audio and a
mark; until that mark is back, some of it is unplayed, and a caller who begins to speak (or presses a key)
interrupts it: `clear`, and the rest is dropped. Keys are one turn once 0.8 s passed without another, or at
`#`, which is not part of the text (unless it is all of it): phones pause less between keys, and people wait
for an answer after the last.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from turnspec.adapters.twilio.bot import BotEnd
from turnspec.adapters.twilio.messages import Dtmf, Mark, Media, Start, Stop
from turnspec.audio.activity import SpeechBegan
from turnspec.audio.codecs import encode
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of
from turnspec.call import MULAW_8K
from turnspec.call.events import (
    AgentSaid,
    CallerHeard,
    Event,
    FunctionCalled,
    FunctionReturned,
    HarnessFailed,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
)
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Agent, FunctionCall, Heard, Reply
from turnspec.doubles.twilio.agenda import Agenda
from turnspec.doubles.twilio.listening import CallerLine

ENDPOINTING_US: Final = 150_000  # after this the end of a known recording has surely been noticed
UNKNOWN_ENDPOINTING_US: Final = 600_000
SLACK_US: Final = 50_000  # by so much may two measures of one recording differ
KEYS_END_US: Final = 800_000
CHUNK_US: Final = 100_000
BURST_CHUNK_US: Final = 500_000
LEAD_US: Final = 200_000  # how far audio sent in real time is ahead of its playing
KNOWN: Final = "known clip"


@dataclass(slots=True)
class _Saying:
    """One reply on its way out; `reference_us` is the true end of what it answers."""

    reply: Reply
    response_id: str
    reference_us: int
    chunks: deque[bytes] = field(default_factory=deque)
    began_us: int = 0
    sent: int = 0
    ended: bool = False
    dropped: bool = False
    open_calls: int = 0
    results: dict[str, str] = field(default_factory=dict)


class TwilioBot:
    """One call of a local agent. `next_wake_us` says when `wake` is due; `closing`: close the socket now."""

    def __init__(self, agent: Agent, report: Callable[[Event], None]) -> None:
        self.closing = False
        self._agent = agent
        self._report = report
        self._end = BotEnd()
        self._line = CallerLine()
        self._agenda = Agenda()
        self._out: list[str] = []
        self._speech_us: tuple[int, int | None] | None = None  # of the caller's turn: begin, end if paused
        self._digits = ""
        self._pressed = 0
        self._current: _Saying | None = None
        self._waiting: deque[tuple[Reply, int]] = deque()
        self._unplayed: dict[str, _Saying] = {}
        self._hanging_up = False
        self._responses = 0
        self._calls = 0
        self._quiet_since: int | None = None
        self._prompted = 0
        self._over = False

    @property
    def next_wake_us(self) -> int | None:
        """When something is to be done unasked."""
        return self._agenda.next_us

    def receive(self, frame: str | bytes, at_us: int) -> list[str]:
        """Take a frame of the platform; the frames to send for it."""
        decoded = self._end.receive(frame)
        if decoded.message is None and decoded.faults:
            reason = f"the caller's frame is wrong: {decoded.faults[0].detail}"
            self._report(HarnessFailed(at_us=at_us, side=Side.AGENT, reason=reason))
        match decoded.message:
            case Start():
                self._greet(at_us)
            case Media(_, _, _, _, payload):
                self._listen(payload, at_us)
            case Dtmf(_, _, digit):
                self._press(digit, at_us)
            case Mark(_, _, name):
                self._played(name)
            case Stop():
                self.gone(at_us)
            case _:
                pass
        return self._taken(at_us)

    def wake(self, at_us: int) -> list[str]:
        """Do what is due; the frames to send."""
        for action in self._agenda.due(at_us):
            action(at_us)
        return self._taken(at_us)

    def gone(self, at_us: int) -> None:
        """The caller has left: nothing is said, called or awaited any more."""
        self._over = True
        self._agenda.clear()
        self._waiting.clear()
        if self._current is not None:
            self._drop(self._current, at_us, "the call ended")

    def _taken(self, at_us: int) -> list[str]:
        self._watch_silence(at_us)
        if self._hanging_up and self._current is None and not self._unplayed and not self._over:
            self.closing = self._over = True
        frames, self._out = self._out, []
        return frames

    # --- listening ----------------------------------------------------------------------------

    def _greet(self, at_us: int) -> None:
        greeting = self._agent.greet()
        if greeting is not None:
            self._begin(greeting, at_us, at_us)

    def _listen(self, payload: bytes, at_us: int) -> None:
        for noticed in self._line.hear(payload, at_us):
            if isinstance(noticed, SpeechBegan):
                begin_us = self._speech_us[0] if self._speech_us else noticed.began_us
                self._speech_us = (begin_us, None)
                self._interrupt(at_us)
            elif self._speech_us is not None:
                self._pause(self._speech_us[0], noticed.ended_us, at_us)

    def _pause(self, begin_us: int, end_us: int, at_us: int) -> None:
        self._speech_us = (begin_us, end_us)
        said = self._line.utterance(begin_us, end_us)
        heard = self._agent.hear_audio(said.track)
        wait_us = UNKNOWN_ENDPOINTING_US
        if heard.source == KNOWN:
            # The recording itself says how soon the rest of it would have come.
            wait_us = min(wait_us, heard.missing_us + SLACK_US)
        due_us = max(at_us, self._line.call_us(end_us) + wait_us)
        self._agenda.at(due_us, partial(self._still_silent, heard, end_us, said.ended_us))

    def _still_silent(self, heard: Heard, end_us: int, true_end_us: int, at_us: int) -> None:
        if self._speech_us is not None and self._speech_us[1] == end_us:
            self._speech_us = None
            self._line.turn_over(end_us)
            self._answer(heard, self._line.call_us(true_end_us), at_us)

    def _press(self, digit: str, at_us: int) -> None:
        self._interrupt(at_us)
        self._pressed += 1
        if digit == "#":
            self._keyed(self._digits or digit, at_us, at_us)
        else:
            self._digits += digit
            self._agenda.at(at_us + KEYS_END_US, partial(self._no_more_keys, self._pressed, at_us))

    def _no_more_keys(self, pressed: int, pressed_us: int, at_us: int) -> None:
        if pressed == self._pressed:
            self._keyed(self._digits, pressed_us, at_us)

    def _keyed(self, digits: str, pressed_us: int, at_us: int) -> None:
        self._digits = ""
        self._answer(Heard(digits, "protocol", "dtmf"), pressed_us, at_us)

    def _answer(self, heard: Heard, ended_us: int, at_us: int) -> None:
        self._prompted = 0
        self._report(
            CallerHeard(at_us=at_us, side=Side.AGENT, text=heard.text, source=heard.source, score=heard.score)
        )
        reply = self._agent.answer(heard, self._agent.own_functions)
        self._report(ResponseChosen(at_us=at_us, side=Side.AGENT, name=reply.name, scores=dict(reply.scores)))
        self._begin(reply, ended_us, at_us)

    # --- answering ----------------------------------------------------------------------------

    def _begin(self, reply: Reply, reference_us: int, at_us: int) -> None:
        if self._current is not None:
            self._waiting.append((reply, reference_us))
            return
        saying = self._current = _Saying(reply, self._response(at_us), reference_us)
        start_us = reference_us + (reply.first_audio_us or 0)
        if reply.first_audio_us is None or start_us <= at_us:
            self._speak(saying, at_us)
        else:
            self._agenda.at(start_us, partial(self._speak, saying))

    def _response(self, at_us: int) -> str:
        self._responses += 1
        response_id = f"reply-{self._responses}"
        self._report(ResponseStarted(at_us=at_us, side=Side.AGENT, response_id=response_id))
        return response_id

    def _speak(self, saying: _Saying, at_us: int) -> None:
        if saying.dropped:
            return
        reply = saying.reply
        if reply.text is not None:
            self._report(
                AgentSaid(
                    at_us=at_us,
                    side=Side.AGENT,
                    response_id=saying.response_id,
                    item_id=f"{saying.response_id}-words",
                    text=reply.text,
                    began_us=at_us,
                    audio_us=reply.audio.duration_us if reply.audio else None,
                )
            )
        if reply.audio is None:
            self._go_on(saying, at_us)
            return
        saying.chunks, saying.began_us = _chunks(reply.audio, fast=reply.fast), at_us
        self._unplayed[saying.response_id] = saying
        self._send(saying, at_us)

    def _send(self, saying: _Saying, at_us: int) -> None:
        if saying.dropped:
            return
        while saying.chunks:
            due_us = saying.began_us + saying.sent * CHUNK_US - LEAD_US
            if due_us > at_us and not saying.reply.fast:
                self._agenda.at(due_us, partial(self._send, saying))
                return
            self._out.append(self._end.media(saying.chunks.popleft()))
            saying.sent += 1
        self._out.append(self._end.mark(saying.response_id))
        self._go_on(saying, at_us)

    def _go_on(self, saying: _Saying, at_us: int) -> None:
        """Do what a reply does besides speaking, once its audio has left."""
        reply = saying.reply
        if reply.digits:
            reason = f"reply {reply.name!r} presses keys: Twilio lets only the caller do that"
            self._report(HarnessFailed(at_us=at_us, side=Side.AGENT, reason=reason))
        saying.open_calls = len(reply.calls)
        for call in reply.calls:
            self._call(saying, call, at_us)
        self._complete(saying, at_us)
        self._hanging_up = self._hanging_up or reply.hang_up
        if not reply.calls:
            self._done(saying, at_us)

    def _call(self, saying: _Saying, call: FunctionCall, at_us: int) -> None:
        self._calls += 1
        call_id = f"call-{self._calls}"
        self._report(
            FunctionCalled(
                at_us=at_us,
                side=Side.AGENT,
                call_id=call_id,
                name=call.name,
                arguments=json.dumps(dict(call.arguments), ensure_ascii=False),
                response_id=saying.response_id,
            )
        )
        result = self._agent.run_function(call)
        returned = partial(self._returned, saying, call.name, call_id, result.output)
        self._agenda.at(at_us + result.takes_us, returned)

    def _returned(self, saying: _Saying, name: str, call_id: str, output: str, at_us: int) -> None:
        self._report(FunctionReturned(at_us=at_us, side=Side.AGENT, call_id=call_id, output=output))
        saying.results[name] = output
        saying.open_calls -= 1
        if saying.open_calls == 0 and not saying.dropped:
            self._done(saying, at_us)

    def _done(self, saying: _Saying, at_us: int) -> None:
        """All parts of a reply are done: what follows it, else what was asked meanwhile."""
        self._current = None
        follows = self._agent.follow(saying.reply, saying.results) if saying.reply.has_more else None
        if follows is not None:
            self._begin(follows, saying.reference_us, at_us)
            return
        if saying.reply.calls:
            # A model that gets its results makes one more response, if only an empty one.
            self._complete(_Saying(saying.reply, self._response(at_us), saying.reference_us), at_us)
        if self._waiting:
            self._begin(*self._waiting.popleft(), at_us)

    def _complete(self, saying: _Saying, at_us: int) -> None:
        saying.ended = True
        self._report(
            ResponseEnded(at_us=at_us, side=Side.AGENT, response_id=saying.response_id, status="completed")
        )

    # --- being interrupted, playing out, silence ------------------------------------------------

    def _interrupt(self, at_us: int) -> None:
        saying = [*self._unplayed.values(), *([self._current] if self._current else [])]
        if not all(one.reply.interruptible for one in saying):
            return
        if self._unplayed:
            self._out.append(self._end.clear())
            self._unplayed.clear()
        self._waiting.clear()
        self._hanging_up = False
        if self._current is not None:
            self._drop(self._current, at_us, "the caller interrupted")

    def _drop(self, saying: _Saying, at_us: int, reason: str) -> None:
        saying.dropped = True
        self._current = None
        if not saying.ended:
            saying.ended = True
            self._report(
                ResponseEnded(
                    at_us=at_us,
                    side=Side.AGENT,
                    response_id=saying.response_id,
                    status="cancelled",
                    reason=reason,
                )
            )

    def _played(self, name: str) -> None:
        # Marks that come back because of a `clear` are no longer waited for.
        self._unplayed.pop(name, None)

    def _watch_silence(self, at_us: int) -> None:
        after_us = self._agent.idle_after_us()
        if after_us is None or self._end.started is None:
            return
        busy = self._over or self._current or self._unplayed or self._speech_us or self._digits
        if busy:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = at_us
            self._agenda.at(at_us + after_us, partial(self._prompt, at_us))

    def _prompt(self, since_us: int, at_us: int) -> None:
        if self._quiet_since != since_us:
            return
        reply = self._agent.idle(at_us - since_us, self._prompted)
        if reply is not None:
            self._prompted += 1
            self._begin(reply, at_us, at_us)


def _chunks(audio: Track, *, fast: bool) -> deque[bytes]:
    """The audio in frames; what is sent at once takes few, the first of them short to be early."""
    samples = resample(samples_of(audio), audio.rate_hz, MULAW_8K.rate_hz)
    data = encode(samples, MULAW_8K)
    first = MULAW_8K.size_of(CHUNK_US)
    size = MULAW_8K.size_of(BURST_CHUNK_US) if fast else first
    return deque([data[:first], *(data[start : start + size] for start in range(first, len(data), size))])
