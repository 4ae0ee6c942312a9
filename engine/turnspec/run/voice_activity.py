"""What finds speech in a call: the engine that is asked for, and what it finds once the call is over.

Asked for are, in this order: the command line, the environment, the target, the project. A whole track is
looked at beside the loops of calls: a neural engine takes a quarter of a second for each minute.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from turnspec.audio.ears import EVERY_SOUND, NO_STEADY_SOUND, Ears
from turnspec.audio.edges import BRIDGE_US
from turnspec.call import Snapshot, Track
from turnspec.call.derived import Derived, DerivedState
from turnspec.checks.voicing import AGENT, VOICE_ACTIVITY
from turnspec.dsl.models import TargetSpec, VoiceActivityEngine
from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.run.listening import LiveEngine
from turnspec.speech.activity import (
    ActivitySettings,
    NoActivityEngine,
    VoiceActivity,
    activity_engine,
    activity_names,
)

VARIABLE: Final = "TURNSPEC_VOICE_ACTIVITY"
EVERYTHING: Final = ("energy", "none")
"""To these, every sound is speech, also while the call is up."""


@dataclass(frozen=True, slots=True)
class SpeechFinder:
    """What finds speech in a call; silence of less than `bridge_us` does not part it."""

    engine: VoiceActivity
    bridge_us: int = BRIDGE_US
    live: Literal["noise", "always", "never"] = "noise"

    @property
    def ears(self) -> Ears:
        """Who tells speech from other sound while the call is up."""
        if self.engine.name in EVERYTHING:
            return EVERY_SOUND
        if self.live == "never":
            return NO_STEADY_SOUND
        return Ears(any_sound=False, opens=LiveEngine(self.engine), always=self.live == "always")

    def found(self, call: Snapshot) -> tuple[Derived, ...]:
        """What is speech in the agent's track, where there is one."""
        return () if call.agent is None else (self.in_track(AGENT, call.agent),)

    def in_track(self, who: str, track: Track) -> Derived:
        """What is speech in one side's track, as it is kept with the evidence."""
        try:
            spans = [[span.start_us, span.end_us] for span in self.engine.spans(track)]
        except Exception as error:  # noqa: BLE001 - an engine of somebody's own, whatever it fails with
            return self._derived(who, DerivedState.FAILED, reason=f"{type(error).__name__}: {error}")
        answer = {"chunk_us": self.engine.chunk_us, "spans": spans}
        return self._derived(who, DerivedState.OK, answer=answer)

    def _derived(self, who: str, state: DerivedState, **more: Any) -> Derived:
        return Derived(
            kind=VOICE_ACTIVITY,
            turn=None,
            text=who,
            engine=self.engine.name,
            model=self.engine.version,
            key="",
            state=state,
            given={**self.engine.settings, "bridge_us": self.bridge_us},
            **more,
        )


def asked_for(option: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The engine that the command line or the environment names; None: the files decide."""
    return option or environment.get(VARIABLE) or None


def wrong_finder(option: str | None) -> str:
    """What is wrong with an engine asked for beside the files; empty where nothing is."""
    name = asked_for(option)
    if name is None:
        return ""
    try:
        activity_engine(name)
    except NoActivityEngine as error:
        near = nearest(name, activity_names())
        known = near is not None and near != name
        return f"{error}; did you mean '{near}'?" if known else f"{error}\n  {error.hint}"
    return ""


def finder_for(spec: VoiceActivityEngine, option: str | None = None) -> SpeechFinder:
    """What finds speech by these settings, but for the engine that is asked for beside the files.

    Raises:
        NoActivityEngine: There is none, or it cannot be used.
    """
    engine = activity_engine(asked_for(option) or spec.engine, _settings(spec))
    return SpeechFinder(engine, BRIDGE_US if spec.bridge is None else spec.bridge.us, spec.live)


def problems_of_finder(spec: VoiceActivityEngine, option: str | None = None) -> tuple[Problem, ...]:
    """What stands against an engine as the files ask for it."""
    try:
        finder_for(spec, option)
    except NoActivityEngine as error:
        return (_problem(spec, error),)
    return ()


class Finders:
    """What finds speech in calls of each target."""

    def __init__(self, project: VoiceActivityEngine, option: str | None = None) -> None:
        self._project = project
        self._option = option

    def problems(self, target: TargetSpec) -> tuple[Problem, ...]:
        """What stands against it as the files ask for it."""
        return problems_of_finder(self._spec(target), self._option)

    def of(self, target: TargetSpec) -> SpeechFinder | None:
        """That of one target; None where `problems` tell why there is none."""
        if self.problems(target):
            return None
        return finder_for(self._spec(target), self._option)

    def _spec(self, target: TargetSpec) -> VoiceActivityEngine:
        return target.voice_activity or self._project


def _settings(spec: VoiceActivityEngine) -> ActivitySettings:
    least_us = None if spec.min_speech is None else spec.min_speech.us
    return ActivitySettings(threshold=spec.threshold, mode=spec.mode, min_speech_us=least_us)


def _problem(spec: VoiceActivityEngine, error: NoActivityEngine) -> Problem:
    near = nearest(spec.engine, activity_names())
    suggestion = near if near != spec.engine else None
    hint = "" if suggestion else error.hint
    place = spec.place.child("engine") if "engine" in spec.model_fields_set else spec.place
    return problem_at(place, "no-engine", str(error), hint=hint, suggestion=suggestion)
