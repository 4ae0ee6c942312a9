"""An agent script: what the local agent says, calls and waits for; and the intents of a project."""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.caller import Digits, InBand, in_band_of
from turnspec.dsl.chance import Chance, DrawnTime
from turnspec.dsl.durations import Duration
from turnspec.dsl.faults import Fault, ReplyFault, faults_listed
from turnspec.dsl.functions import FunctionSpec
from turnspec.dsl.matchers import Regex
from turnspec.dsl.refusals import refusal
from turnspec.dsl.transfer import Transfer


class TurnRange(Model):
    """Caller turns, counted from 1; `last` is None where there is no end."""

    WORD = "turns"

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)] | None = None

    def __contains__(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)


_RANGE = re.compile(r"([1-9][0-9]{0,5})(\.\.([1-9][0-9]{0,5})?)?")


def _turn_range(written: object) -> object:
    if isinstance(written, int) and not isinstance(written, bool) and written >= 1:
        return TurnRange(first=written, last=written)
    found = _RANGE.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise refusal(
            "bad-turns", f"{written!r} is no range of turns", hint="turns count from 1: write 2, 2.. or 2..4"
        )
    first, dots, last = found.groups()
    end = int(last) if last else None if dots else int(first)
    return TurnRange(first=int(first), last=end)


class AgentSession(Model):
    """How the Realtime session is that the agent is played in."""

    WORD = "session"

    voice: str | None = None
    instructions: str | None = None
    dialect: Literal["ga", "beta"] | None = None
    expires_after: Duration | None = None
    transcription_fails: Annotated[TurnRange, BeforeValidator(_turn_range)] | None = None


_TIMES = re.compile(r"([1-9][0-9]?(?:\.[0-9]{1,2})?) ?x")
PACES = ("real_time", "fast", "instant")


def _pace(written: object) -> object:
    if isinstance(written, str) and (written in PACES or _TIMES.fullmatch(written)):
        return written
    known = difflib.get_close_matches(written, PACES, n=1) if isinstance(written, str) else ()
    raise refusal(
        "bad-pace",
        f"{written!r} is not a pace",
        hint="write real_time, instant or fast, or how many times faster than real time: 4x",
        suggestion=known[0] if known else None,
    )


Pace = Annotated[str, BeforeValidator(_pace)]
"""How fast an agent sends its speech: `real_time`, `instant` or `fast`, or so many times real time (`4x`)."""


def percent_of(pace: str | None) -> int | None:
    """How fast audio is sent, in percent of real time; None: all at once."""
    if pace in (None, "fast", "instant"):
        return None
    found = _TIMES.fullmatch(pace or "")
    return 100 if found is None else round(float(found[1]) * 100)


class ReplyTiming(Model):
    """When a reply begins, counted from the true end of the caller's speech, and how fast it is sent."""

    WORD = "timing"

    first_audio: DrawnTime | None = None
    pace: Pace | None = None


class FunctionCall(Model):
    """One function that the agent calls, and with what."""

    WORD = "a call"

    function: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Keys(Model):
    """Keys that an agent presses: as an event of the protocol, or as tones that are heard."""

    WORD = "dtmf"

    digits: Digits
    in_band: InBand | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # as every model has it
        """Bring `in_band` into its long form."""
        return in_band_of(data)


class Reply(Model):
    """What the agent does: say, call, and `then` do what follows the results."""

    WORD = "a reply"

    say: str | None = None
    audio: str | None = None
    call: tuple[FunctionCall, ...] = ()
    then: "Reply | None" = None
    dtmf: Keys | None = None
    transfer: Transfer | None = None
    hangup: Annotated[bool, Field(strict=True)] = False
    interruptible: Annotated[bool, Field(strict=True)] = True
    timing: ReplyTiming = Field(default_factory=ReplyTiming)
    faults: tuple[ReplyFault, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring the calls, and the faults, into a list, in the order they are written."""
        data = faults_listed(data)
        if isinstance(data.get("dtmf"), str | int | float) and not isinstance(data["dtmf"], bool):
            data = data.but(dtmf=Located({"digits": data["dtmf"]}, data.place.child("dtmf")))
        if isinstance(target := data.get("transfer"), str):
            data = data.but(transfer=Located({"target": target}, data.place.child("transfer")))
        return data.but(call=_calls(data, reading)) if "call" in data else data


def _calls(data: Located, reading: Reading) -> list[Located]:
    written, place = data["call"], data.place.child("call")
    items = written if isinstance(written, list) else [written]
    calls: list[Located] = []
    for index, item in enumerate(items):
        at = place.child(index) if items is written else place
        if isinstance(item, str):
            calls.append(Located({"function": item}, at))
        elif isinstance(item, Located):
            calls.extend(_call(item, name) for name in item)
        else:
            reading.problem("wrong-type", "a call is a function's name with its arguments", at)
    return calls


def _call(item: Located, name: str) -> Located:
    given: dict[str, Any] = {"function": name}
    if item[name] is not None:
        given["arguments"] = item[name]
    return Located(given, item.place.child(name))


def _has_words(written: str) -> str:
    if not any(map(str.isalnum, written)):
        raise refusal(
            "empty",
            "there are no words here, so every text would have them",
            hint="write the words, or no entry",
        )
    return written


Phrase = Annotated[str, AfterValidator(_has_words)]


class When(Model):
    """What the caller must have said, and when, for a response to be chosen."""

    WORD = "when"

    keywords: tuple[Phrase, ...] = ()
    all_of: tuple[Phrase, ...] = ()
    excludes: tuple[Phrase, ...] = ()
    pattern: Regex | None = None
    turns: Annotated[TurnRange, BeforeValidator(_turn_range)] | None = None
    intents: tuple[str, ...] = ()
    modalities: tuple[Literal["audio", "text"], ...] = ()
    chance: Chance | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # the signature is the base's
        """Make single words lists of one."""
        return listed(data, "keywords", "all_of", "excludes", "intents", "modalities")


class Response(Reply):
    """A reply that is chosen by score when its conditions hold."""

    WORD = "a response"

    name: str = Field(default="", alias="<name>")
    when: When = Field(default_factory=When)
    priority: Annotated[int, Field(strict=True)] = 0


class Idle(Model):
    """What the agent says unprompted after so much silence."""

    WORD = "idle"

    after: Duration
    say: str
    audio: str | None = None
    times: Annotated[int, Field(strict=True, ge=1)] = 1


class AgentScript(Model):
    """The local agent's whole behaviour."""

    WORD = "an agent script"

    name: str = Field(alias="agent", min_length=1)
    session: AgentSession = Field(default_factory=AgentSession)
    greeting: Reply | None = None
    heard: dict[str, str] = Field(default_factory=dict)
    functions: dict[str, FunctionSpec] = Field(default_factory=dict)
    responses: dict[str, Response] = Field(default_factory=dict)
    idle: Idle | None = None
    otherwise: Reply
    faults: tuple[Fault, ...] = ()

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:  # noqa: ARG003 # the signature is the base's
        """Tell each response its name."""
        data = faults_listed(data)
        responses = data.get("responses")
        if not isinstance(responses, Located):
            return data
        named: dict[str, Any] = {
            name: response.but(**{"<name>": name}) if isinstance(response, Located) else response
            for name, response in responses.items()
        }
        return data.but(responses=Located(named, responses.place))

    @property
    def path(self) -> str:
        """The file it was read from, relative to the project folder."""
        return self.place.table.file


class IntentSpec(Model):
    """How an intent is recognised in what was said."""

    WORD = "an intent"

    phrases: tuple[Phrase, ...] = ()
    keywords: tuple[Phrase, ...] = ()
    patterns: tuple[Regex, ...] = ()
    not_: tuple[Phrase, ...] = Field(default=(), alias="not")
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Refuse an intent that no text can have."""
        if not any(data.get(key) for key in ("phrases", "keywords", "patterns")):
            hint = "write phrases, keywords or patterns"
            reading.problem("empty", "nothing tells this intent", data.place, hint=hint)
        return data


class IntentCatalogue(Model):
    """The intents of a project by name."""

    WORD = "an intents file"

    intents: dict[str, IntentSpec]


BUILT_IN_INTENTS = (
    "greeting",
    "farewell",
    "help_request",
    "question",
    "complaint",
    "gratitude",
    "confirmation",
    "denial",
)
"""The intents that need no catalogue."""
