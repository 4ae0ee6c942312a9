"""The steps that a turn's caller takes, and the utterances that they need."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, assert_never

from turnspec.call.actions import Tones
from turnspec.dsl.caller import are_digits, over
from turnspec.dsl.models import (
    CallerAction,
    Dtmf,
    HangUp,
    Microphone,
    Pause,
    Place,
    Play,
    Say,
    SendActivity,
    SendEvent,
    SendText,
    Silence,
    UntilSilence,
)
from turnspec.dsl.names import texts_of
from turnspec.dsl.problems import Problem, problem_at
from turnspec.dsl.templates import TemplateError, is_template, names, render
from turnspec.plan import graph
from turnspec.plan.model import TurnPlan, Utterance
from turnspec.plan.scope import scoped
from turnspec.plan.setting import Setting

DIGIT_EVERY_US = 150_000
TONE_GAP_US = 50_000


class ActionSteps:
    """Turns the caller's actions into steps, collecting utterances and problems on the way."""

    def __init__(
        self,
        setting: Setting,
        variables: Mapping[str, Any],
        captured: Mapping[int, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self.utterances: list[Utterance] = []
        self.problems: list[Problem] = []
        self._setting = setting
        self._variables = variables  # of the turn that is made
        self._everywhere = variables
        self._captured = captured  # names that may get another value before a turn

    def of(self, turn: TurnPlan) -> list[graph.AnyStep]:
        """The steps of one turn's actions, in order."""
        later = self._captured.get(turn.index, frozenset())
        known = scoped(self._everywhere, turn.frames, {})
        self._variables = {name: value for name, value in known.items() if name not in later}
        return [
            self._step(action, turn, f"turn {turn.index + 1} {_verb(action)} {number}")
            for number, action in enumerate(turn.turn.caller, start=1)
        ]

    def _step(self, action: CallerAction, turn: TurnPlan, name: str) -> graph.AnyStep:
        where: dict[str, Any] = {"id": name, "turn": turn.index, "span": action.span}
        match action:
            case Say() | Play():
                return self._speech(action, where)
            case SendText():
                return graph.SendText(**where, text=self._now(action.text, action.place.child("text")))
            case Dtmf():
                return graph.SendDigits(**where, digits=self._digits(action), **_pressing(action))
            case Silence():
                return graph.Wait(**where, duration_us=action.duration.us)
            case Microphone():
                return _microphone(action, turn, where)
            case HangUp():
                return graph.HangUp(**where)
            case SendActivity():
                return self._message(action.activity, action.place.child("activity"), where)
            case SendEvent():
                return self._message(action.event, action.place.child("event"), where)
            case _:
                assert_never(action)

    def _message(self, document: Mapping[str, Any], place: Place, where: dict[str, Any]) -> graph.AnyStep:
        for text, at in texts_of(document, place):
            self._now(text, at)  # what can never be worked out is reported; the rest waits for captures
        return graph.SendMessage(**where, name=message_name(document), document=document)

    def _speech(self, action: Say | Play, where: dict[str, Any]) -> graph.AnyStep:
        if isinstance(action, Say) and self._setting.writes:
            return graph.SendText(**where, text=self._now(action.text, action.place.child("say")))
        self.utterances.append(self._utterance(action))
        number = len(self.utterances) - 1
        way = over(action)
        if way is None:
            return graph.Speak(**where, utterance=number)
        return graph.Interrupt(**where, utterance=number, after_us=way.after.us)

    def _utterance(self, action: Say | Play) -> Utterance:
        if isinstance(action, Say):
            return self._spoken(action)
        text = None if action.text is None else self._now(action.text, action.place.child("text"))
        clip = self._now(action.audio, action.place.child("audio"))
        return Utterance(text=text, path=action.file(clip), clip=clip, place=action.place.child("audio"))

    def _spoken(self, action: Say) -> Utterance:
        """Texts that follow each other without a pause are said in one breath."""
        place = action.place.child("say")
        parts: list[str | int] = []
        for part in action.parts:
            if isinstance(part, Pause):
                parts.append(part.pause.us)
            elif parts and isinstance(parts[-1], str):
                parts[-1] = f"{parts[-1]} {self._now(part, place)}"
            else:
                parts.append(self._now(part, place))
        text = " ".join(part for part in parts if isinstance(part, str))
        return Utterance(text=text, parts=tuple(parts), waits=is_template(text), place=place)

    def _digits(self, action: Dtmf) -> str:
        place = action.place.child("dtmf")
        digits = self._now(action.digits, place)
        if not is_template(digits) and not are_digits(digits):
            hint = "digits are 0-9 * # A-D, and w for a pause of half a second"
            self.problems.append(
                problem_at(place, "bad-digits", f"this becomes '{digits}', which are no digits", hint=hint)
            )
        return digits

    def _now(self, text: str, place: Place) -> str:
        """The text with what is known before the call; a template that needs captures stays one."""
        if "{" not in text:
            return text
        try:
            return str(render(text, self._variables))
        except TemplateError as error:
            if all(name.partition(".")[0] in self._variables for name in names(text)):
                self.problems.append(problem_at(place, error.kind, str(error), hint=error.hint))
            return text


def _microphone(action: Microphone, turn: TurnPlan, where: dict[str, Any]) -> graph.Microphone:
    how_long = action.microphone
    return graph.Microphone(
        **where,
        until_silence_us=how_long.until_silence.us if isinstance(how_long, UntilSilence) else None,
        duration_us=None if isinstance(how_long, UntilSilence) else how_long.us,
        patience_us=turn.patience_us,
    )


def _pressing(action: Dtmf) -> dict[str, Any]:
    """How often a key is pressed, and how it sounds where it does."""
    if action.in_band is None:
        return {"every_us": action.every.us if action.every else DIGIT_EVERY_US}
    tones = Tones(action.in_band.tone.us, action.in_band.level.amplitude)
    usual_us = max(DIGIT_EVERY_US, tones.duration_us + TONE_GAP_US)
    return {"every_us": action.every.us if action.every else usual_us, "tones": tones}


def message_name(document: Mapping[str, Any]) -> str:
    """What a message that the caller sends is called in reports."""
    return str(document.get("name") or document.get("type", ""))


def _verb(action: CallerAction) -> str:
    match action:
        case Say() | Play():
            return "interrupt" if over(action) else "speak"
        case SendText():
            return "text"
        case Dtmf():
            return "dtmf"
        case Silence():
            return "wait"
        case Microphone():
            return "microphone"
        case HangUp():
            return "hang up"
        case SendActivity():
            return "activity"
        case SendEvent():
            return "event"
        case _:
            assert_never(action)
