"""A local agent on a telephone line, without I/O and without a protocol: when it speaks, gives way and ends.

Theory of operation: the wire below gives it the caller's audio and keys, and is told through its `Port` what
to send. It greets when the call begins. A reply leaves as pieces of audio; until the wire says that it was
played out, some of it is unplayed, and a caller who begins to speak (or presses a key) interrupts it: the
rest is flushed and dropped, and with it what it was to do at its end. What changes the call itself - keys,
a transfer, hanging up - is done once nothing is unplayed.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from turnspec.call import MULAW_8K, AudioFormat
from turnspec.call.events import (
    AgentSaid,
    CallerHeard,
    Event,
    FaultInjected,
    FunctionCalled,
    FunctionReturned,
    ResponseChosen,
    ResponseEnded,
    ResponseStarted,
    Side,
)
from turnspec.call.evidence import Track
from turnspec.doubles.agent.ears import ears_of
from turnspec.doubles.agent.phone.agenda import Agenda
from turnspec.doubles.agent.phone.parting import Parting
from turnspec.doubles.agent.phone.port import Port
from turnspec.doubles.agent.phone.saying import CHUNK_US, Saying, chunks_of
from turnspec.doubles.agent.phone.turns import CallerTurns
from turnspec.doubles.agent.recognising import recognition_by
from turnspec.doubles.agent.reply import Agent, FunctionCall, Heard, Reply
from turnspec.doubles.agent.voicing import LOOK_AGAIN_US

LEAD_US: Final = 200_000  # how far audio sent in real time is ahead of its playing


class PhoneAgent:
    """One call of a local agent. Call `settle` after whatever was told it, and `wake` when it is due."""

    def __init__(
        self,
        agent: Agent,
        port: Port,
        report: Callable[[Event], None],
        *,
        hears: AudioFormat = MULAW_8K,
        speaks: AudioFormat | None = MULAW_8K,
    ) -> None:
        self._agent = agent
        self._port = port
        self._report = report
        self._speaks = speaks
        self._agenda = Agenda()
        self._turns = CallerTurns(
            hears,
            agent.hear_audio,
            self._agenda,
            self,
            ears=ears_of(agent),
            recognition=partial(recognition_by, agent),
        )
        self._current: Saying | None = None
        self._waiting: deque[tuple[Reply, int]] = deque()
        self._unplayed: dict[str, Saying] = {}
        self._parting = Parting(self._agenda)
        self._responses = 0
        self._calls = 0
        self._quiet_since: int | None = None
        self._prompted = 0
        self._up = False
        self._over = False

    @property
    def next_wake_us(self) -> int | None:
        """When something is to be done unasked."""
        return self._agenda.next_us

    @property
    def over(self) -> bool:
        """Whether it has left the call, or the caller has."""
        return self._over

    # --- what the wire tells ----------------------------------------------------------------------

    def up(self) -> None:
        """The line is up, perhaps again."""
        self._up = True

    def greet(self, at_us: int) -> None:
        """The call begins: say what there is to say."""
        greeting = self._agent.greet()
        if greeting is not None:
            self._begin(greeting, at_us, at_us)

    def listen(self, payload: bytes, at_us: int) -> None:
        """Take the caller's next audio."""
        self._turns.listen(payload, at_us)

    def break_off(self, at_us: int) -> None:
        """No more of the caller's audio comes for a while."""
        self._turns.break_off(at_us)

    def press(self, digit: str, at_us: int) -> None:
        """Take one key."""
        self._turns.press(digit, at_us)

    def press_all(self, digits: str, at_us: int) -> None:
        """Take keys that the line has collected."""
        self._turns.press_all(digits, at_us)

    def read(self, text: str, at_us: int) -> None:
        """Take what the caller says in writing."""
        self.began(at_us, by_voice=False)
        self.finished(Heard(text, "protocol", "text"), at_us, at_us)

    def played_out(self, reply_id: str) -> None:
        """All of a reply was heard; those that were flushed are no longer waited for."""
        self._unplayed.pop(reply_id, None)

    def wake(self, at_us: int) -> None:
        """Do what is due."""
        for action in self._agenda.due(at_us):
            action(at_us)

    def at(self, at_us: int, action: Callable[[int], None]) -> None:
        """Do something for the wire at `at_us`; it is forgotten when the call ends or the line is lost."""
        self._agenda.at(at_us, action)

    def gone(self, at_us: int) -> None:
        """The caller has left: nothing is said, called or awaited any more."""
        self._over = True
        self._let_go(at_us, "the call ended")

    def lost(self, at_us: int) -> None:
        """The line broke; what was being said, to either side, is lost with it."""
        self._up = False
        self._turns.forget()
        self._unplayed.clear()
        self._parting.lost()
        self._quiet_since = None
        self._let_go(at_us, "the line was lost")

    def move(self, port: Port, report: Callable[[Event], None]) -> None:
        """Go on over another line, whose times may have another beginning."""
        self._port, self._report = port, report
        self._up = True

    def settle(self, at_us: int) -> None:
        """Watch the silence, and do what was to be done once everything was played."""
        self._watch_silence(at_us)
        while self._parting.due and not (self._current or self._unplayed or self._over):
            act = self._parting.take()
            self._over = act.leaves
            act.do(self._port, at_us)

    # --- the caller ---------------------------------------------------------------------------------

    def began(self, at_us: int, *, by_voice: bool) -> None:
        """The caller began to speak or pressed a key."""
        if not self._gives_way:
            return
        if by_voice:
            self._port.caller_began(at_us)
        self._interrupt(at_us, by_voice=by_voice)

    def paused(self, heard: Heard, at_us: int) -> None:
        """The caller paused, perhaps for good."""
        if self._gives_way:
            self._port.caller_paused(heard, at_us)

    def finished(self, heard: Heard, ended_us: int, at_us: int) -> None:
        """The caller's turn is over: answer."""
        if self._over:
            return
        if heard.modality == "audio":
            self._port.caller_finished(heard, at_us)
        self._prompted = 0
        self._report(
            CallerHeard(
                at_us=at_us,
                side=Side.AGENT,
                text=heard.text,
                source=heard.source,
                score=heard.score,
                engine=heard.engine,
                waited_us=heard.waited_us,
            )
        )
        reply = self._agent.answer(heard, self._agent.own_functions)
        self._report(ResponseChosen(at_us=at_us, side=Side.AGENT, name=reply.name, scores=dict(reply.scores)))
        self._begin(reply, ended_us, at_us)

    # --- answering ------------------------------------------------------------------------------------

    def _begin(self, reply: Reply, reference_us: int, at_us: int) -> None:
        if self._current is not None:
            self._waiting.append((reply, reference_us))
            return
        saying = self._current = Saying(reply, self._response(at_us), reference_us)
        for fault, detail in reply.injected:
            self._report(FaultInjected(at_us=at_us, side=Side.AGENT, fault=fault, detail=detail))
        if self._speaks is not None and reply.making is not None:
            reply.making()  # it is made while it is not due yet
        start_us = max(at_us, reference_us + (reply.first_audio_us or 0)) + reply.late_us
        if start_us <= at_us:
            self._speak(saying, at_us)
        else:
            self._agenda.at(start_us, partial(self._speak, saying))

    def _response(self, at_us: int) -> str:
        self._responses += 1
        response_id = f"reply-{self._responses}"
        self._report(ResponseStarted(at_us=at_us, side=Side.AGENT, response_id=response_id))
        return response_id

    def _speak(self, saying: Saying, at_us: int) -> None:
        if saying.dropped:
            return
        audio = saying.reply.audio if self._speaks else None
        if self._speaks is not None and saying.reply.making is not None:
            audio = saying.reply.making()
            if audio is None:
                self._agenda.at(at_us + LOOK_AGAIN_US, partial(self._speak, saying))
                return
        self._port.say(saying.response_id, saying.reply, at_us, aloud=audio is not None)
        self._say_so(saying, audio, at_us)
        if audio is None or self._speaks is None:
            self._go_on(saying, at_us)
            return
        saying.chunks, saying.began_us = chunks_of(audio, self._speaks, fast=saying.reply.fast), at_us
        self._unplayed[saying.response_id] = saying
        self._send(saying, at_us)

    def _say_so(self, saying: Saying, audio: Track | None, at_us: int) -> None:
        if saying.reply.text is None:
            return
        self._report(
            AgentSaid(
                at_us=at_us,
                side=Side.AGENT,
                response_id=saying.response_id,
                item_id=f"{saying.response_id}-words",
                text=saying.reply.text,
                began_us=at_us,
                audio_us=audio.duration_us if audio else None,
                origin=saying.reply.origin if audio else None,
            )
        )

    def _send(self, saying: Saying, at_us: int) -> None:
        if saying.dropped:
            return
        while saying.chunks:
            due_us = saying.began_us + saying.sent * CHUNK_US - LEAD_US
            if due_us > at_us and not saying.reply.fast:
                self._agenda.at(due_us, partial(self._send, saying))
                return
            self._port.audio(saying.response_id, saying.chunks.popleft(), at_us)
            saying.sent += 1
        self._port.audio_over(saying.response_id, at_us)
        self._go_on(saying, at_us)

    def _go_on(self, saying: Saying, at_us: int) -> None:
        """Do what a reply does besides speaking, once its audio has left."""
        reply = saying.reply
        saying.open_calls = len(reply.calls)
        for call in reply.calls:
            self._call(saying, call, at_us)
        self._complete(saying, at_us)
        self._parting.note(reply)
        if not reply.calls:
            self._done(saying, at_us)

    def _call(self, saying: Saying, call: FunctionCall, at_us: int) -> None:
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

    def _returned(self, saying: Saying, name: str, call_id: str, output: str, at_us: int) -> None:
        self._report(FunctionReturned(at_us=at_us, side=Side.AGENT, call_id=call_id, output=output))
        saying.results[name] = output
        saying.open_calls -= 1
        if saying.open_calls == 0 and not saying.dropped:
            self._done(saying, at_us)

    def _done(self, saying: Saying, at_us: int) -> None:
        """All parts of a reply are done: what follows it, else what was asked meanwhile."""
        self._current = None
        follows = self._agent.follow(saying.reply, saying.results) if saying.reply.has_more else None
        if follows is not None:
            self._begin(follows, saying.reference_us, at_us)
            return
        if saying.reply.calls:
            # A model that gets its results makes one more response, if only an empty one.
            self._complete(Saying(saying.reply, self._response(at_us), saying.reference_us), at_us)
        if self._waiting:
            self._begin(*self._waiting.popleft(), at_us)

    def _complete(self, saying: Saying, at_us: int) -> None:
        saying.ended = True
        self._report(
            ResponseEnded(at_us=at_us, side=Side.AGENT, response_id=saying.response_id, status="completed")
        )

    # --- being interrupted, silence ---------------------------------------------------------------------

    @property
    def _gives_way(self) -> bool:
        saying = [*self._unplayed.values(), *([self._current] if self._current else [])]
        return not self._over and all(one.reply.interruptible for one in saying)

    def _interrupt(self, at_us: int, *, by_voice: bool) -> None:
        if self._unplayed:
            self._port.flush(at_us, by_voice=by_voice)
            self._unplayed.clear()
        self._waiting.clear()
        self._parting.drop()
        if self._current is not None:
            self._drop(self._current, at_us, "the caller interrupted")

    def _let_go(self, at_us: int, reason: str) -> None:
        self._agenda.clear()
        self._waiting.clear()
        if self._current is not None:
            self._drop(self._current, at_us, reason)

    def _drop(self, saying: Saying, at_us: int, reason: str) -> None:
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

    def _watch_silence(self, at_us: int) -> None:
        after_us = self._agent.idle_after_us()
        if after_us is None or not self._up:
            return
        if self._over or self._current or self._unplayed or self._turns.going_on:
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
