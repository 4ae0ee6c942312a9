"""A person who speaks for the caller, into a microphone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag

from turnspec.dsl.action import Action
from turnspec.dsl.base import Model
from turnspec.dsl.durations import Duration
from turnspec.dsl.refusals import refusal

LEAST_SILENCE = Duration(300_000)
"""People are silent for so long inside a sentence."""


def _long_enough(written: Duration) -> Duration:
    if written < LEAST_SILENCE:
        raise refusal(
            "too-short",
            f"people pause for {LEAST_SILENCE} in the middle of a sentence",
            hint="write how long they are silent when they are done: until_silence: 2 s",
        )
    return written


def _some_time(written: Duration) -> Duration:
    if not written.us:
        raise refusal("too-short", "in no time nobody says anything", hint="write microphone: 5 s")
    return written


def _how_long(written: object) -> object:
    if written is None or isinstance(written, bool | list):
        hint = "write microphone: {until_silence: 2 s}, or microphone: 5 s"
        raise refusal("wrong-type", "this does not say how long somebody speaks", hint=hint)
    return written


class UntilSilence(Model):
    """Until the person was silent for so long."""

    WORD = "microphone"
    ELSEWHERE = MappingProxyType(
        {
            **dict.fromkeys(("until", "silence"), "until_silence"),
            **dict.fromkeys(("for", "duration"), "how long alone stands behind the colon: microphone: 5 s"),
        }
    )

    until_silence: Annotated[Duration, AfterValidator(_long_enough)]


def _speech_tag(value: Any) -> str:
    return "<until>" if isinstance(value, Mapping | UntilSilence) else "<duration>"


class Microphone(Action):
    """A person speaks: until a silence, or for a duration."""

    WORD = "microphone"

    microphone: Annotated[
        Annotated[UntilSilence, Tag("<until>")]
        | Annotated[Duration, AfterValidator(_some_time), Tag("<duration>")],
        Discriminator(_speech_tag),
        BeforeValidator(_how_long),
    ]
