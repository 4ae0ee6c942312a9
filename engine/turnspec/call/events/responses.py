"""The agent's responses: their words and function calls, and what was made of the caller."""

from __future__ import annotations

from dataclasses import dataclass

from turnspec.call.events.base import Event, Origin


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
