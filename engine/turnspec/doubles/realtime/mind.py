"""A local agent's brain behind a Realtime connection: what was said and returned, and what follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from turnspec.adapters.realtime.server import Answer, Ask, Call, Said, Transcript
from turnspec.call import Track
from turnspec.call.events import CallerHeard, Event, FaultInjected, ResponseChosen, Side
from turnspec.doubles.agent.ears import ears_of
from turnspec.doubles.agent.recognising import Recognition, recognition_by
from turnspec.doubles.agent.reply import Agent, Heard, Reply
from turnspec.doubles.agent.session import session_of

SLACK_US = 150_000  # by which two measurements of one end may differ
REAL_TIME = 100
NOTICED_US = 400_000  # after which speech over noise is noticed for certain
NOT_TRANSCRIBED = "The audio could not be transcribed."
NOTHING_HEARD = Heard(text=None, source="protocol", modality="text")


@dataclass(slots=True)
class _Pending:
    """A reply that calls functions: what came back so far, by call id."""

    reply: Reply
    answer: Answer
    results: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.results) >= len(self.reply.calls)

    def by_name(self) -> Mapping[str, str]:
        return dict(self.results.values())


class ScriptedMind:
    """Implements `Mind` for one connection.

    A response answers, in this order: function results that are complete, where something follows them; what
    the caller said since the last response; at the very first, the greeting. Results that are still
    incomplete, and a first request to an agent that does not greet, are met with an empty response; a later
    request that nothing prompted is answered as an utterance that was not understood.
    """

    def __init__(self, agent: Agent, report: Callable[[Event], None], side: Side = Side.MODEL) -> None:
        self._agent, self._report, self._side = agent, report, side
        self._unanswered: list[tuple[Heard, int]] = []  # with the true end of the speech
        self._pending: _Pending | None = None
        self._asked = False
        self._prompted = 0  # how often in a row it spoke unprompted
        self._spoken = 0  # turns of the caller that came as audio
        self._lost = session_of(agent).lost_turns
        self.ears = ears_of(agent)

    def hear(self, said: Said, now_us: int) -> Transcript:
        """Take one user item, and report what was made of it."""
        self._prompted = 0
        heard = self._heard(said)
        recognition = None if said.audio is None else recognition_by(self._agent, heard, said.audio)
        if recognition is None:
            return self._understood(said, heard, now_us)
        return Transcript(making=partial(self._recognised, said, recognition, now_us))

    def _recognised(
        self, said: Said, recognition: Recognition, since_us: int, now_us: int
    ) -> Transcript | None:
        heard = recognition()
        if heard is None:
            return None
        return self._understood(said, replace(heard, waited_us=now_us - since_us), now_us)

    def _understood(self, said: Said, heard: Heard, now_us: int) -> Transcript:
        self._report(
            CallerHeard(
                at_us=now_us,
                side=self._side,
                text=heard.text,
                source=heard.source,
                score=heard.score,
                engine=heard.engine,
                waited_us=heard.waited_us,
            )
        )
        self._unanswered.append((heard, _ended_us(said, heard)))
        self._spoken += said.audio is not None
        lost = said.audio is not None and self._lost is not None and self._spoken in self._lost
        return Transcript(heard.text, NOT_TRANSCRIBED if lost else None)

    def goes_on(self, audio: Track) -> int:
        """How soon the recording goes on that it knows this to be the beginning of; 0: it is none."""
        heard = self._agent.hear_audio(audio)
        if heard.goes_on_us is not None:
            return heard.goes_on_us + NOTICED_US
        return heard.missing_us if heard.missing_us > SLACK_US else 0

    def take_result(self, call_id: str, function: str, output: str) -> None:
        """Keep what a function gave back until all that the reply called have."""
        if self._pending is not None:
            self._pending.results[call_id] = (function, output)

    def respond(self, ask: Ask, now_us: int) -> Answer:
        """The next thing that the agent does."""
        first, self._asked = not self._asked, True
        if ask.context is not None:
            heard = self._heard(ask.context[-1]) if ask.context else NOTHING_HEARD
            apart = ask.apart
            return self._answer(self._agent.answer(heard, ask.functions), now_us, now_us, apart=apart)
        if self._pending is not None and self._pending.complete:
            followed = self._follow(self._pending)
            if followed is not None or not self._unanswered:
                return self._answer(followed, now_us, now_us)
        if self._unanswered:
            heard, ended_us = self._take_unanswered()
            return self._answer(self._agent.answer(heard, ask.functions), ended_us, now_us)
        if self._pending is not None and self._pending.results:
            return Answer()
        if first:
            return self._answer(self._agent.greet(), now_us, now_us)
        return self._answer(self._agent.answer(NOTHING_HEARD, ask.functions), now_us, now_us)

    def cut_short(self, answer: Answer) -> None:
        """Wait for no results of calls that were not made."""
        if self._pending is not None and self._pending.answer is answer:
            self._pending = None

    def idle_after_us(self) -> int | None:
        """How much silence makes it speak unprompted; None: never."""
        return self._agent.idle_after_us()

    def idle(self, silent_us: int, now_us: int) -> Answer | None:
        """What it says after so much silence; nothing while it waits for results."""
        reply = None if self._pending is not None else self._agent.idle(silent_us, self._prompted)
        if reply is None:
            return None
        self._prompted += 1
        return self._answer(reply, now_us, now_us)

    def _heard(self, said: Said) -> Heard:
        if said.text is None and said.audio is not None:
            return self._agent.hear_audio(said.audio)
        return Heard(text=said.text, source="protocol", modality="text")

    def _take_unanswered(self) -> tuple[Heard, int]:
        """All that the caller said since the last response, as one utterance."""
        heard = [one for one, _ in self._unanswered]
        ended_us = max(ended for _, ended in self._unanswered)
        self._unanswered.clear()
        if len(heard) == 1:
            return heard[0], ended_us
        texts = [one.text for one in heard if one.text is not None]
        last = heard[-1]
        return Heard(" ".join(texts) or None, last.source, last.modality, last.score), ended_us

    def _follow(self, pending: _Pending) -> Reply | None:
        self._pending = None
        return self._agent.follow(pending.reply, pending.by_name())

    def _answer(self, reply: Reply | None, from_us: int, now_us: int, *, apart: bool = False) -> Answer:
        """The reply as the server says it; its first audio counts from `from_us`."""
        if reply is None:
            return Answer()
        answer = _answer_of(reply, from_us, now_us)
        # What is called out of band is not in the conversation, where no result can follow it.
        if reply.calls and not apart:
            self._pending = _Pending(reply, answer)
        self._report(
            ResponseChosen(at_us=now_us, side=self._side, name=reply.name, scores=dict(reply.scores))
        )
        for fault, detail in reply.injected:
            self._report(FaultInjected(at_us=now_us, side=self._side, fault=fault, detail=detail))
        return answer


def _ended_us(said: Said, heard: Heard) -> int:
    """When the caller was done: where a recording lies is known better than where it fades into noise."""
    if said.began_us is None:
        return said.ended_us
    return said.began_us + heard.truly_ended_us(said.ended_us - said.began_us)


def _answer_of(reply: Reply, from_us: int, now_us: int) -> Answer:
    return Answer(
        text=reply.text,
        audio=reply.audio,
        making=reply.making,
        origin=reply.origin,
        calls=tuple(Call(call.name, _json(call.arguments)) for call in reply.calls),
        not_before_us=max(now_us, from_us + (reply.first_audio_us or 0)) + reply.late_us,
        fails_with=reply.fails_with,
        pace_percent=_pace(reply),
        interruptible=reply.interruptible,
        hangs_up=reply.hang_up,
    )


def _pace(reply: Reply) -> int | None:
    """In percent of real time; None: all at once."""
    return reply.pace_percent or (None if reply.fast else REAL_TIME)


def _json(arguments: Mapping[str, object]) -> str:
    return json.dumps(dict(arguments), ensure_ascii=False, separators=(",", ":"))
