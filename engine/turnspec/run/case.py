"""A case: one call that is to be made, with everything it needs. Nothing here makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from turnspec.adapters.base import Adapter, Dial, Function, Platform
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.files import load_clip
from turnspec.audio.waveform import peaks
from turnspec.call import Snapshot, Track
from turnspec.call.derived import Derived
from turnspec.checks.context import Context
from turnspec.checks.judge import CallVerdict
from turnspec.dsl.models import AgentScript, TargetSpec
from turnspec.dsl.names import Text
from turnspec.plan.model import CallPlan
from turnspec.results import CallResult, Waveform
from turnspec.run.derive import Knowing
from turnspec.run.options import Devices
from turnspec.run.transcription import Recognizer
from turnspec.run.voice import Speaker
from turnspec.run.voice_activity import SpeechFinder
from turnspec.speech.intents import Intents
from turnspec.speech.synthesis import DEFAULT_VOICE, Synthesizer

if TYPE_CHECKING:  # to plan a call is to load no loop
    from turnspec.run.live import LiveCall
    from turnspec.run.stand import FarEnd

WAVE_COLUMNS = 800
DEFAULT_CALLER, DEFAULT_CALLEE = "+15550100001", "+15550100002"  # numbers set aside for fiction
VIRTUAL, WALL = "virtual", "wall"


@dataclass(frozen=True, slots=True)
class Case:
    """One call to be made. `script` is that of the local agent, or of the backend behind a bridge."""

    number: int
    slug: str
    plan: CallPlan
    target: TargetSpec
    adapter: Adapter
    options: BaseModel
    clock: str
    intents: Intents
    project: Path
    script: AgentScript | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)  # the project's
    mask: Callable[[str], str] | None = None
    synthesizer: Synthesizer | None = None
    voice: str = DEFAULT_VOICE  # of a caller who has none
    row: Mapping[str, Any] = field(default_factory=dict)  # of the scenario's examples
    group: str = ""  # in which repeated runs count together
    custom: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # checks in Python
    knowing: Knowing = field(default_factory=Knowing)
    finder: SpeechFinder | None = None  # who finds speech in what is heard; None: energy alone
    recognizer: Recognizer | None = None  # who makes out words that nobody tells
    agents_recognizer: Recognizer | None = None  # and those that a local agent hears
    devices: Devices = field(default_factory=Devices)  # by which a person takes part
    engine_texts: tuple[Text, ...] = ()  # of the engines that are asked about this call

    @property
    def retries(self) -> int:
        """How often it may be called again."""
        return self.plan.scenario.retries

    @property
    def ears(self) -> Ears:
        """By what speech is told from other sound while the call is up."""
        return EVERY_SOUND if self.finder is None else self.finder.ears

    @property
    def speaker(self) -> Speaker | None:
        """Who says what no recording has."""
        voice = self.plan.scenario.caller.voice or self.voice
        return None if self.synthesizer is None else Speaker(self.synthesizer, voice)

    def dial(self, far: FarEnd, live: LiveCall) -> Dial:
        """How to open the line to the far end."""
        platform = far.platforms.get(self.adapter.name)
        return Dial(
            url=far.url,
            options=self.options,
            identity=self.plan.identity,
            witness=live,
            headers={name: self.rendered(value) for name, value in self.target.headers.items()},
            auth={name: self._shown(key) for name, key in self._keys(platform).items()},
            functions=self._functions(),
            caller_number=self.plan.scenario.caller.from_ or DEFAULT_CALLER,
            callee_number=DEFAULT_CALLEE,
            platform=platform,
            faults=None if live.sabotage is None else live.sabotage.line,
        )

    def context(
        self,
        derived: tuple[Derived, ...] | None,
        lateness_us: int = 0,
        late_between: Callable[[int, int], int] | None = None,
    ) -> Context:
        """What the checks of this call know beside its evidence."""
        return Context(
            intents=self.intents,
            lateness_us=lateness_us,
            late_between=late_between,
            functions=self.plan.functions,
            mask=self.mask,
            recorded=load_clip,
            custom=self.custom,
            derived=derived,
            judge_gates=self.knowing.gates,
        )

    def result(self, verdict: CallVerdict, snapshot: Snapshot, recording: str | None) -> CallResult:
        """What a call of this case came to; `recording` is the name of a file in its folder."""
        plan = self.plan
        duration_us = snapshot.events[-1].at_us if snapshot.events else 0
        return CallResult(
            name=plan.name,
            file=plan.file,
            line=plan.span.line if plan.span else 1,
            target=plan.target,
            protocol=plan.protocol,
            clock=self.clock,
            outcome=verdict.outcome,
            duration_us=duration_us,
            turns=verdict.turns,
            findings=verdict.findings,
            measurements=verdict.measurements,
            moments=verdict.moments,
            caller_wave=wave(snapshot.caller, duration_us),
            agent_wave=wave(snapshot.agent, duration_us),
            folder=f"calls/{self.slug}",
            recording=recording and f"calls/{self.slug}/{recording}",
            error=verdict.error,
            tags=plan.scenario.tags,
            description=plan.scenario.description,
            row=dict(self.row),
            group=self.group,
            figures=verdict.figures,
        )

    def _keys(self, platform: Platform | None) -> Mapping[str, str]:
        """The keys that the target takes: its own, else those that its platform made up."""
        if self.target.auth is None:
            return platform.auth if platform is not None else {}
        given = {"bearer": self.target.auth.bearer, "auth_token": self.target.auth.auth_token}
        return {name: self.rendered(key) for name, key in given.items() if key is not None}

    def _shown(self, key: str) -> str:
        """A key as it is shown to the target: another one, where the scenario wants a wrong one."""
        wrong = any(fault.word == "wrong_auth" for fault in self.plan.scenario.faults)
        return f"not-{key}" if wrong else key

    def rendered(self, template: str, **more: Any) -> str:
        """A target's text with its templates filled in."""
        from turnspec.dsl.templates import render

        return str(render(template, {"env": self.environment, **more}))

    def _functions(self) -> tuple[Function, ...]:
        return tuple(
            Function(name, spec.description, spec.json_schema) for name, spec in self.plan.functions.items()
        )


def wave(track: Track | None, duration_us: int) -> Waveform | None:
    """The outline of one side."""
    return None if track is None else Waveform(peaks(track, WAVE_COLUMNS, duration_us))
