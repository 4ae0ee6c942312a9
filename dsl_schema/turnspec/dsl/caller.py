"""What the caller does in a turn."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from turnspec.dsl.action import Action
from turnspec.dsl.base import Located, Model, Reading, listed
from turnspec.dsl.durations import Duration
from turnspec.dsl.levels import FullScale, ToneLevel
from turnspec.dsl.microphone import Microphone
from turnspec.dsl.raw import SendActivity, SendEvent
from turnspec.dsl.refusals import refusal
from turnspec.dsl.templates import is_template

DIGIT_PAUSE = Duration(500_000)
"""What `w` among digits means."""
TONE = Duration(100_000)
"""How long a key sounds, where nothing is written."""
LEAST_TONE, MOST_TONE = Duration(40_000), Duration(5_000_000)
LEAST_GAP = Duration(40_000)
"""Shorter ones tell nobody that a key was pressed twice (ITU-T Q.24)."""
TONE_LEVEL = FullScale(-120)


def _quoted_digits(written: object) -> object:
    if isinstance(written, int | float) and not isinstance(written, bool):
        raise refusal(
            "unquoted-digits", "digits are text: as a number, leading zeros are lost", hint="<quote>"
        )
    return written


_NO_DIGIT = re.compile(r"[^0-9*#A-Da-dw]")


def are_digits(text: str) -> bool:
    """Whether all of a text can be pressed on a telephone, and there is some of it."""
    return bool(text) and _NO_DIGIT.search(text) is None


def _only_digits(written: str) -> str:
    if is_template(written):
        return written
    if found := _NO_DIGIT.search(written):
        raise refusal(
            "bad-digits",
            f"{found[0]!r} is not a digit of a telephone",
            hint="digits are 0-9 * # A-D, and w for a pause of half a second",
            offset=found.start(),
        )
    if not written:
        raise refusal("bad-digits", "no digits are given", hint='write the digits to press: dtmf: "1#"')
    return written


Digits = Annotated[str, BeforeValidator(_quoted_digits), AfterValidator(_only_digits)]
QuotedText = Annotated[str, BeforeValidator(_quoted_digits)]


class Interrupt(Model):
    """Start while the agent is speaking, once so much of its speech was heard."""

    WORD = "interrupt"

    after: Duration = Duration(0)


class Backchannel(Model):
    """The same, with a sound that must not stop the agent: "mm-hm", a cough."""

    WORD = "backchannel"

    after: Duration = Duration(0)


class Pause(Model):
    """Silence inside an utterance."""

    WORD = "a pause in what is said"

    pause: Duration


def _part_tag(value: Any) -> str:
    return "<pause>" if isinstance(value, Mapping | Pause) else "<text>"


def _not_empty(written: str) -> str:
    if not written.strip():
        raise refusal("empty", "there is nothing to say here", hint="write the words")
    return written


Words = Annotated[str, AfterValidator(_not_empty)]

SayPart = Annotated[
    Annotated[Words, Tag("<text>")] | Annotated[Pause, Tag("<pause>")], Discriminator(_part_tag)
]


class Say(Action):
    """Speak a text, in the caller's voice."""

    WORD = "say"

    parts: tuple[SayPart, ...] = Field(alias="say", min_length=1)
    interrupt: Interrupt | None = None
    backchannel: Backchannel | None = None

    @property
    def text(self) -> str:
        """All that is said, without its pauses."""
        return " ".join(part for part in self.parts if isinstance(part, str))

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Make one text a list of it."""
        _report_both_ways(data, reading)
        return listed(data, "say")


class Play(Action):
    """Play a recording; `text` is what is said in it, also from a text file beside it."""

    WORD = "audio"

    audio: str
    text: str | None = None
    interrupt: Interrupt | None = None
    backchannel: Backchannel | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Take the text from the file beside the recording where none is written."""
        _report_both_ways(data, reading)
        audio = data["audio"]
        if "text" in data or not isinstance(audio, str):
            return data
        return data.but(text=reading.text_beside(data.place.child("audio"), audio))


def _report_both_ways(data: Located, reading: Reading) -> None:
    if "interrupt" in data and "backchannel" in data:
        message = "this is to stop the agent (interrupt), and not to stop it (backchannel)"
        hint = "keep the one that it is meant for"
        reading.problem("clash", message, data.place.child("backchannel"), hint=hint, key=True)


class SendText(Action):
    """Send text, where the protocol has it."""

    WORD = "text"

    text: Words


def _a_key(tone: Duration) -> Duration:
    if not LEAST_TONE <= tone <= MOST_TONE:
        raise refusal("out-of-range", f"no key sounds for {tone}", hint=f"write {LEAST_TONE} to {MOST_TONE}")
    return tone


class InBand(Model):
    """Keys as tones that are heard, and not as events."""

    WORD = "in_band"

    tone: Annotated[Duration, AfterValidator(_a_key)] = TONE
    level: ToneLevel = TONE_LEVEL


def in_band_of(data: Located) -> Located:
    """The same mapping, where `in_band: true` is the usual tones and `false` none."""
    match data.get("in_band"):
        case True:
            return data.but(in_band=Located({}, data.place.child("in_band")))
        case False:
            return Located({key: value for key, value in data.items() if key != "in_band"}, data.place)
        case _:
            return data


class Dtmf(Action):
    """Press keys: `0-9*#A-D`, and `w` for a pause of half a second."""

    WORD = "dtmf"

    digits: Digits = Field(alias="dtmf")
    every: Duration | None = None
    in_band: InBand | None = None

    @classmethod
    def normal(cls, data: Located, reading: Reading) -> Located:
        """Bring `in_band` into its long form; say where keys would run into one another."""
        data = in_band_of(data)
        tones, every = data.get("in_band"), _time(data.get("every"))
        if tones is None or every is None:
            return data
        tone = _time(tones.get("tone", TONE)) if isinstance(tones, Mapping) else None
        if tone is not None and every.us < tone.us + LEAST_GAP.us:
            least = Duration(tone.us + LEAST_GAP.us)
            message = f"tones of {tone} every {every} run into one another"
            reading.problem("out-of-range", message, data.place.child("every"), hint=f"write {least} or more")
        return data


def _time(written: object) -> Duration | None:
    """A duration; None for what is none, which is reported where it is read."""
    try:
        return Duration.parse(written)
    except PydanticCustomError:
        return None


class Silence(Action):
    """Stay on the line and say nothing."""

    WORD = "silence"

    duration: Duration = Field(alias="silence")


class HangUp(Action):
    """End the call."""

    WORD = "hangup"

    hangup: Literal[True]


# In this order: a recording may have `text` beside `audio`.
ACTIONS: Mapping[str, type[Action]] = {
    "say": Say,
    "audio": Play,
    "text": SendText,
    "dtmf": Dtmf,
    "silence": Silence,
    "microphone": Microphone,
    "hangup": HangUp,
    "activity": SendActivity,
    "event": SendEvent,
}


def over(action: Action) -> Interrupt | Backchannel | None:
    """How an action talks over the agent; None if it waits until the agent is silent."""
    match action:
        case Say() | Play():
            return action.interrupt or action.backchannel
        case _:
            return None


def _action_tag(value: Any) -> str | None:
    if isinstance(value, Action):
        return f"<{value.WORD}>"
    if not isinstance(value, Mapping):
        return None
    return next((f"<{key}>" for key in ACTIONS if key in value), None)


CallerAction = Annotated[
    Annotated[Say, Tag("<say>")]
    | Annotated[Play, Tag("<audio>")]
    | Annotated[SendText, Tag("<text>")]
    | Annotated[Dtmf, Tag("<dtmf>")]
    | Annotated[Silence, Tag("<silence>")]
    | Annotated[Microphone, Tag("<microphone>")]
    | Annotated[HangUp, Tag("<hangup>")]
    | Annotated[SendActivity, Tag("<activity>")]
    | Annotated[SendEvent, Tag("<event>")],
    Discriminator(_action_tag),
]


def located_actions(written: Any, data: Located, reading: Reading) -> list[Located]:
    """Bring what a turn's `caller` may hold into a list of actions; what is none of them is reported."""
    place = data.place.child("caller")
    items = written if isinstance(written, list) else [written]
    places = [place.child(index) for index in range(len(items))] if items is written else [place]
    found = []
    for item, at in zip(items, places, strict=True):
        action = Located({"say": item}, at) if isinstance(item, str) else item
        if not isinstance(action, Located):
            reading.problem(
                "wrong-type", "the caller's part is a text to say, a mapping or a list of them", at
            )
        elif _action_tag(action) is None:
            _no_action(action, reading)
        else:
            found.append(action)
    return found


def _no_action(data: Located, reading: Reading) -> None:
    if not data:
        reading.problem(
            "missing-key", "the caller does nothing here", data.place, hint=f"use {', '.join(ACTIONS)}"
        )
    for key in data:
        reading.unknown_key(AnyAction, data, key)


class AnyAction(Action):
    """All the words of a caller's actions, to find the nearest one."""

    ELSEWHERE = MappingProxyType(
        {
            **dict.fromkeys(("keys", "press"), "dtmf"),
            **dict.fromkeys(("wait", "pause"), "silence"),
            "file": "audio",
            "mic": "microphone",
        }
    )

    @classmethod
    def keys(cls) -> frozenset[str]:
        """The words that begin an action."""
        return frozenset(ACTIONS)
