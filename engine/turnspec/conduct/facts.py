"""What is true on the line right now, kept from events alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from turnspec.call import ReplyEnd
from turnspec.call.events import (
    ActionDone,
    AgentActivity,
    AgentAudio,
    AgentHungUp,
    AgentMessaged,
    AgentPressed,
    AgentSaid,
    AgentSpeechBegan,
    AgentSpeechEnded,
    AgentTransferred,
    CallEnded,
    CallerHungUp,
    CallRefused,
    CallUp,
    Event,
    FlushAsked,
    FunctionCalled,
    FunctionReturned,
    HarnessFailed,
    LineBroke,
    PlaybackDrained,
    PlaybackFlushed,
    ResponseEnded,
    ResponseStarted,
    Side,
    StreamBegan,
    StreamEnded,
    TextBegan,
)
from turnspec.plan.graph import Fact

Key = tuple[Side, str]

# The rest of a reply follows the outputs of its function calls, and more audio a stream that was left
# open; an agent that sends none ends it so.
CONTINUES_WITHIN_US = 15_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Times are microseconds since the call began; None: it has not happened."""

    up_us: int | None = None
    gone: str = ""  # why the line is no more: hung-up or cut
    speaking: bool = False
    playing: bool = False
    speech_began_us: int | None = None
    speech_ended_us: int | None = None
    heard_us: int = 0  # agent speech heard in all, without its pauses, up to `speech_ended_us`
    drained_us: int = 0
    flushed_us: int | None = None
    arrived_us: int | None = None  # agent audio
    said_us: int | None = None
    acted_us: int | None = None  # the agent did something else than to speak
    text_us: int | None = None
    seen: tuple[Fact, ...] = ()  # what the agent did in the turn, without its speech
    responses: frozenset[Key] = frozenset()
    calls: frozenset[Key] = frozenset()
    continues: bool = False  # outputs were given back: the rest of the reply is to come
    streams: frozenset[str] = frozenset()  # those that more audio is to come of
    stream_us: int = 0  # when the last one was begun or ended
    cleared_us: int = 0  # when the last response or function call was over
    action_end_us: int = 0

    def heard_by(self, now_us: int) -> int:
        """Agent speech heard up to `now_us`, pauses left out."""
        if not self.speaking or self.speech_began_us is None:
            return self.heard_us
        return self.heard_us + max(0, now_us - self.speech_began_us)

    def has_seen(self, awaited: tuple[Fact, ...]) -> bool:
        """Whether the agent did all of this, as often as it is listed."""
        return all(self.seen.count(fact) >= awaited.count(fact) for fact in awaited)

    def busy(self) -> bool:
        """Whether something of a reply is still to be played or made."""
        return self.playing or bool(self.responses) or bool(self.calls)

    def over_at(self, reply_end: ReplyEnd, ends_after_us: int) -> int | None:
        """From when on a reply that has begun counts as over; None while it goes on."""
        if self.busy():
            return None
        if reply_end is ReplyEnd.RESPONSE_DONE:
            if self.continues:
                return self.cleared_us + CONTINUES_WITHIN_US
            return max(self.drained_us, self.cleared_us) + ends_after_us
        if reply_end is ReplyEnd.STREAM_STOP:
            last_us = max(self.drained_us, self.stream_us, self.text_us or 0, self.cleared_us)
            return last_us + (CONTINUES_WITHIN_US if self.streams else ends_after_us)
        if self.speaking:
            return None
        quiet_us = self.drained_us if self.speech_ended_us is None else self.speech_ended_us
        # A function's output may be followed by more only after the bridge has passed it on.
        return max(quiet_us, self.cleared_us) + ends_after_us


def learn(facts: Facts, event: Event) -> Facts:
    """The facts after `event`."""
    match event:
        case AgentAudio():
            return replace(facts, playing=True, arrived_us=event.at_us)
        case AgentSpeechBegan():
            return replace(facts, speaking=True, speech_began_us=event.began_us)
        case AgentSpeechEnded():
            heard = facts.heard_by(event.ended_us)
            return replace(facts, speaking=False, speech_ended_us=event.ended_us, heard_us=heard)
        case PlaybackDrained():
            return replace(facts, playing=False, drained_us=event.at_us)
        case PlaybackFlushed():
            return replace(facts, playing=False, drained_us=event.at_us, flushed_us=event.at_us)
        case FlushAsked():  # what is still to come of open streams is dropped too
            return replace(facts, streams=frozenset())
        case StreamBegan():
            return replace(facts, streams=facts.streams | {event.stream}, stream_us=event.at_us)
        case StreamEnded():
            return replace(facts, streams=facts.streams - {event.stream}, stream_us=event.at_us)
        case AgentSaid():
            return replace(facts, said_us=event.at_us)
        case TextBegan():
            return replace(facts, text_us=event.at_us)
        case AgentTransferred() | AgentPressed() | AgentActivity():
            return replace(facts, acted_us=event.at_us, seen=(*facts.seen, _fact(event)))
        case AgentMessaged() if not event.stream:
            return replace(facts, text_us=event.at_us)
        case ActionDone():
            return replace(facts, action_end_us=event.end_us)
        case _:
            return _learn_work(facts, event)


def _fact(event: AgentTransferred | AgentPressed | AgentActivity) -> Fact:
    match event:
        case AgentTransferred():
            return "transfer", ""
        case AgentPressed():
            return "dtmf", ""
        case AgentActivity():
            return "activity", event.name


def _learn_work(facts: Facts, event: Event) -> Facts:
    match event:
        case ResponseStarted():
            key = (event.side, event.response_id)
            return replace(facts, responses=facts.responses | {key}, continues=False)
        case ResponseEnded():
            left = facts.responses - {(event.side, event.response_id)}
            return replace(facts, responses=left, cleared_us=event.at_us)
        case FunctionCalled():
            seen: Fact = ("call", event.name)
            calls = facts.calls | {(event.side, event.call_id)}
            return replace(facts, calls=calls, seen=(*facts.seen, seen))
        case FunctionReturned():
            calls = facts.calls - {(event.side, event.call_id)}
            return replace(facts, calls=calls, continues=not calls, cleared_us=event.at_us)
        case _:
            return _learn_line(facts, event)


def _learn_line(facts: Facts, event: Event) -> Facts:
    match event:
        case CallUp():
            return replace(facts, up_us=event.at_us, action_end_us=event.at_us)
        case AgentHungUp():
            return replace(facts, gone=facts.gone or "hung-up", playing=False)
        case LineBroke() | HarnessFailed() | CallRefused() | CallEnded():
            return replace(facts, gone=facts.gone or "cut", playing=False)
        case CallerHungUp():
            return replace(facts, gone=facts.gone or "done", playing=False)
        case _:
            return facts


def at_or_after(moment: int | None, since: int) -> bool:
    """Whether something happened, and no earlier than this."""
    return moment is not None and moment >= since
