"""The steps that a turn's caller takes, and the utterances that they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from turnspec.call import Capability
from turnspec.dsl.models import CallerAction, Dtmf, HangUp, Play, Say, SendText, Silence
from turnspec.dsl.problems import Problem
from turnspec.dsl.templates import TemplateError, render
from turnspec.plan import graph
from turnspec.plan.model import TurnPlan, Utterance
from turnspec.plan.setting import Setting

DIGIT_EVERY_US = 150_000


class ActionSteps:
    """Turns the caller's actions into steps, collecting utterances and problems on the way."""

    def __init__(self, setting: Setting, variables: Mapping[str, Any]) -> None:
        self.utterances: list[Utterance] = []
        self.problems: list[Problem] = []
        self._setting = setting
        self._variables = variables

    def of(self, turn: TurnPlan) -> list[graph.AnyStep]:
        """The steps of one turn's actions, in order."""
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
                return graph.SendText(**where, text=self._now(action.text))
            case Dtmf():
                every_us = action.every.us if action.every else DIGIT_EVERY_US
                return graph.SendDigits(**where, digits=self._now(action.digits), every_us=every_us)
            case Silence():
                return graph.Wait(**where, duration_us=action.duration.us)
            case HangUp():
                return graph.HangUp(**where)
            case _:
                assert_never(action)

    def _speech(self, action: Say | Play, where: dict[str, Any]) -> graph.AnyStep:
        if isinstance(action, Say) and not self._setting.speaks and self._setting.can(Capability.TEXT):
            return graph.SendText(**where, text=self._now(action.text))
        self.utterances.append(self._utterance(action))
        number = len(self.utterances) - 1
        if action.interrupt is None:
            return graph.Speak(**where, utterance=number)
        return graph.Interrupt(**where, utterance=number, after_us=action.interrupt.after.us)

    def _utterance(self, action: Say | Play) -> Utterance:
        if isinstance(action, Say):
            return Utterance(text=self._now(action.text))
        text = None if action.text is None else self._now(action.text)
        clip = self._now(action.audio)
        return Utterance(text=text, path=action.file(clip), clip=clip)

    def _now(self, text: str) -> str:
        """The text with what is known before the call; a template that needs captures stays one."""
        if "{" not in text:
            return text
        try:
            return str(render(text, self._variables))
        except TemplateError:
            return text


def _verb(action: CallerAction) -> str:
    match action:
        case Say() | Play():
            return "interrupt" if action.interrupt else "speak"
        case SendText():
            return "text"
        case Dtmf():
            return "dtmf"
        case Silence():
            return "wait"
        case HangUp():
            return "hang up"
        case _:
            assert_never(action)
