"""The one vocabulary of what happens in a call, whatever the protocol.

An event is a past-tense fact with the microseconds since the call began (the socket started to
open at 0), stamped once, on arrival. `side` says who saw it: `line` (the caller's end of the call),
`model` (the Realtime connection of a backend or target), `agent` (a local agent's own account).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from turnspec.call.formats import AudioFormat


class Side(StrEnum):
    """Who saw an event."""

    LINE = "line"
    MODEL = "model"
    AGENT = "agent"


class Origin(StrEnum):
    """Where words come from, and their sound; what the engine makes up says so."""

    RECORDED = "recorded"  # an audio file
    MICROPHONE = "microphone"  # a person who speaks just now
    SYNTHESISED = "synthesised"
    SILENT = "silent"  # nobody could say it: silence as long as saying it takes
    SCRIPTED = "scripted"  # text sent as text, digits


class Closer(StrEnum):
    """Who ended the line."""

    AGENT = "agent"
    CALLER = "caller"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened `at_us` after the call began."""

    kind: ClassVar[str] = ""

    at_us: int
    side: Side = Side.LINE


# --- the line ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Event):
    """The engine began to open the line."""

    kind = "dialled"
    url: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUp(Event):
    """The call is up as its protocol defines it: Twilio `start` sent, AudioCodes `session.accepted`."""

    kind = "call-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(Event):
    """Somebody answered and declined: an HTTP status, or a close code before the call was up."""

    kind = "call-refused"
    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHungUp(Event):
    """The agent's side ended the call in its protocol's orderly way."""

    kind = "agent-hung-up"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHungUp(Event):
    """The caller ended the call."""

    kind = "caller-hung-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBroke(Event):
    """The line ended out of order: reset, no close frame, an error close code."""

    kind = "line-broke"
    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The last event of every call: nothing is sent or heard after it."""

    kind = "call-ended"
    by: Closer
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolFault(Event):
    """The agent sent something its protocol does not allow; the call went on where it could.

    `rule` is the adapter's stable name of the rule; `frame` an excerpt of what arrived.
    """

    kind = "protocol-fault"
    rule: str
    detail: str
    frame: str = ""
    fatal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInjected(Event):
    """We did something wrong on purpose; `side` is the end that did it: line, model or agent.

    `fault` is its word in the language (`drop`, `malformed`), `detail` what was done, in words.
    """

    kind = "fault-injected"
    fault: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessFailed(Event):
    """The engine, the line's set-up or the target's process failed: nobody's finding."""

    kind = "harness-failed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResumed(Event):
    """The agent's side closed without hanging up; connection number `attempt` after it took the call on."""

    kind = "line-resumed"
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningPaused(Event):
    """The line stopped streaming the caller to the agent (AudioCodes `userStream.stop`)."""

    kind = "listening-paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningResumed(Event):
    """The line asked to stream the caller to the agent again (AudioCodes `userStream.start`)."""

    kind = "listening-resumed"


# --- the caller -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSpoke(Event):
    """The caller's clip started at `at_us`; its voiced part is `speech_start_us`..`speech_end_us`.

    The edges are on the call's clock, by energy on the samples as sent, never by file length.
    """

    kind = "caller-spoke"
    turn: int
    text: str | None
    origin: Origin
    speech_start_us: int
    speech_end_us: int
    clip: str | None = None
    interrupts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSlipped(Event):
    """The clock of a person's `device` is not ours: sound was left out, or silence put in."""

    kind = "device-slipped"
    device: str
    dropped_us: int
    inserted_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTexted(Event):
    """The caller sent text."""

    kind = "caller-texted"
    turn: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPressed(Event):
    """The caller's digit was sent; `in_band` as a tone, which ends at this moment."""

    kind = "caller-pressed"
    turn: int
    digit: str
    in_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSent(Event):
    """The caller sent a message of the protocol as it was written: an activity, a client event."""

    kind = "caller-sent"
    turn: int
    name: str
    document: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerWaited(Event):
    """The caller stayed silent on purpose from `at_us` to `until_us`."""

    kind = "caller-waited"
    turn: int
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRequested(Event):
    """The agent was asked for a reply that nothing prompted: its greeting."""

    kind = "reply-requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone(Event):
    """The caller's running action is over; `end_us` is where budgets count from."""

    kind = "action-done"
    turn: int
    end_us: int


# --- the agent as it arrives ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAudio(Event):
    """`size` bytes of agent audio arrived; `data` is left out of the record, which has recordings.

    `plays_at_us` is when its first sample plays by the playback clock (set by the line).
    """

    kind = "agent-audio"
    format: AudioFormat
    size: int
    data: bytes = field(default=b"", repr=False, compare=False)
    stream: str = ""
    plays_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBegan(Event):
    """The agent said that audio of `stream` will come (AudioCodes `playStream.start`)."""

    kind = "stream-began"
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEnded(Event):
    """The agent said that no more audio of `stream` will come (AudioCodes `playStream.stop`)."""

    kind = "stream-ended"
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSet(Event):
    """The agent asked to be told when everything before this has played."""

    kind = "mark-set"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReturned(Event):
    """A mark went back to the agent because the audio before it played, or was cleared."""

    kind = "mark-returned"
    name: str
    cleared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlushAsked(Event):
    """The agent asked to drop what has not been played (Twilio `clear`, Realtime truncate)."""

    kind = "flush-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackFlushed(Event):
    """Audio was dropped unheard: `unplayed_us` of it, from `at_us` on; `silent`: no speech was in it."""

    kind = "playback-flushed"
    unplayed_us: int
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackDrained(Event):
    """Everything the agent sent so far has been heard."""

    kind = "playback-drained"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechBegan(Event):
    """Agent speech as heard began at `began_us` (noticed a little later, at `at_us`)."""

    kind = "agent-speech-began"
    began_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpeechEnded(Event):
    """Agent speech as heard ended at `ended_us` (noticed later, at `at_us`)."""

    kind = "agent-speech-ended"
    ended_us: int


# --- what the agent asks of the line -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTransferred(Event):
    """The agent gave the call to somebody else, `target` as it wrote it."""

    kind = "agent-transferred"
    target: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPressed(Event):
    """The agent sent keypad digits; `in_band` as tones, which were heard in its audio."""

    kind = "agent-pressed"
    digits: str
    in_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentActivity(Event):
    """The agent's side sent a named message that has no event of its own."""

    kind = "agent-activity"
    name: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArrived(Event):
    """A message of the agent's side as it came, only where a turn asks for such; audio is left out of it.

    `housekeeping`: it says nothing of what the agent does. `cut`: it was too long to keep, but its name.
    """

    kind = "message-arrived"
    name: str
    document: dict[str, Any] = field(default_factory=dict)
    housekeeping: bool = False
    cut: bool = False


# --- words, calls, responses (model or agent side) ---------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted(Event):
    """The agent's side began to make a response."""

    kind = "response-started"
    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEnded(Event):
    """A response is complete; `status` is completed, cancelled, incomplete or failed."""

    kind = "response-ended"
    response_id: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaid(Event):
    """The exact words of one item of a response, with the length of all its audio.

    `audio_us` is None where the item is text without audio. `began_us` is when its first delta left
    or arrived. Words not heard because playback was flushed are cut later, by `spoken words`. `origin` is
    that of a local agent's sound.
    """

    kind = "agent-said"
    response_id: str
    item_id: str
    text: str
    began_us: int
    audio_us: int | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMessaged(Event):
    """The agent sent words as text: a message of its own, or what is heard in the audio of `stream`."""

    kind = "agent-messaged"
    text: str
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTruncated(Event):
    """The agent's side was told that only `heard_us` of an item's audio were heard."""

    kind = "agent-truncated"
    item_id: str
    heard_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBegan(Event):
    """The first text delta of a response without audio."""

    kind = "text-began"
    response_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCalled(Event):
    """A function call is complete with its arguments (`arguments` is JSON text as it came)."""

    kind = "function-called"
    call_id: str
    name: str
    arguments: str
    response_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReturned(Event):
    """The output of a function call was given back (text as it came, usually JSON)."""

    kind = "function-returned"
    call_id: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHeard(Event):
    """What the agent's side understood the caller to say; `text` None: heard, not understood.

    `source` is `protocol`, `known clip`, `transcriber` (then with its `engine`) or `none`. `waited_us`: so
    long the caller waited for words to be made out, after the turn was known to be over.
    """

    kind = "caller-heard"
    text: str | None
    source: str
    score: float | None = None
    engine: str | None = None
    waited_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGuessed(Event):
    """What the agent's side made of the caller so far, while the caller may still be speaking."""

    kind = "caller-guessed"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseChosen(Event):
    """Why a local agent answered as it did: the score of every response it considered.

    `scores` maps a response's name to its points, or to the text of what ruled it out.
    """

    kind = "response-chosen"
    name: str
    scores: dict[str, float | str]


# --- the conversation -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan(Event):
    """Turn `turn` (from 0) owns what the agent does from here on."""

    kind = "turn-began"
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """Turn `turn` is over. `how`: replied, interrupted, quiet, no-reply, hung-up, not-exercised, cut."""

    kind = "turn-ended"
    turn: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured(Event):
    """A named part of the agent's words became a variable for the turns after it."""

    kind = "captured"
    turn: int
    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    """Which way the call goes on at turn `turn`, by what was seen of it so far.

    `question` and `outcome`: choose (the number of a branch from 1, otherwise, none), until (done, again,
    exhausted), condition (run, skip), filler (filler, reply). `why` has a line for each thing that spoke
    for or against it.
    """

    kind = "decided"
    turn: int
    question: str
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnJudged(Event):
    """A turn was judged while the call went on (only where `on_failure: end_call` asks for it)."""

    kind = "turn-judged"
    turn: int
    passed: bool


EVENT_KINDS: dict[str, type[Event]] = {cls.kind: cls for cls in Event.__subclasses__()}
