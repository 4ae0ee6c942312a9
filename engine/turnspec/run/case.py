"""A case: one call that is to be made, with everything it needs, and the record that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from turnspec.adapters.base import Adapter, Dial, Function, Platform
from turnspec.audio.ears import EVERY_SOUND, Ears
from turnspec.audio.files import load_clip
from turnspec.audio.waveform import peaks
from turnspec.call import Evidence, Snapshot, Track
from turnspec.call.derived import Derived, write_derived
from turnspec.call.events import CallEnded, CallUp, Closer, HarnessFailed
from turnspec.checks.context import Context
from turnspec.checks.judge import CallVerdict, judge_call
from turnspec.checks.kept import incomplete_record
from turnspec.checks.open_questions import asks, open_questions
from turnspec.dsl.models import AgentScript, TargetSpec
from turnspec.dsl.names import Text
from turnspec.plan.model import CallPlan
from turnspec.results import CallResult, Outcome, Waveform
from turnspec.run.derive import Knowing, Stop
from turnspec.run.errors import HarnessError, own_fault
from turnspec.run.live import LiveCall
from turnspec.run.masking import masked_throughout
from turnspec.run.options import Devices
from turnspec.run.recording import Recording, forget
from turnspec.run.stand import FarEnd
from turnspec.run.transcription import Recognizer
from turnspec.run.transcription.listening import CallWords
from turnspec.run.voice import Speaker
from turnspec.run.voice_activity import SpeechFinder
from turnspec.run.wheel import Seat
from turnspec.speech.intents import Intents
from turnspec.speech.synthesis import DEFAULT_VOICE, Synthesizer

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


class CaseRecord:
    """What one call leaves behind, from its first event to its result."""

    def __init__(self, case: Case, output: Path) -> None:
        self.case = case
        self.folder = output / "calls" / case.slug
        self.trouble: HarnessError | None = None  # what the harness failed with, as people are told it
        try:
            forget(self.folder)
            self.evidence = Evidence(self.folder, self._header(), case.mask)
        except OSError as error:
            self.evidence = Evidence(None, self._header(), case.mask)
            self.trouble = HarnessError(f"the record of the call cannot be written: {error}")
        self.live: LiveCall | None = None
        self.attend: Callable[[LiveCall], None] | None = None  # told of the call before it is made
        self.recording: Recording | None = None
        self.seat: Seat | None = None
        self.process_output: tuple[str, ...] = ()
        self.stop = Stop()  # to ask nobody any more
        self.words = CallWords(case.plan, case.recognizer, self.stop)
        self._unkept = ""
        self._ended: tuple[Snapshot, str | None] | None = None
        self._derived: tuple[Derived, ...] | None = None

    def _header(self) -> dict[str, Any]:
        plan = self.case.plan
        header = {
            "call": plan.name,
            "file": plan.file,
            "target": plan.target,
            "protocol": plan.protocol,
            "clock": self.case.clock,
            "seed": plan.identity.seed,
        }
        return header if self.case.mask is None else masked_throughout(header, self.case.mask)

    @property
    def context(self) -> Context:
        """What the checks know beside the evidence."""
        late_between = self._late_between if self.lateness_us else None
        made = self.case.context(self._derived, self.lateness_us, late_between)
        return replace(made, heard=self.words.answers)

    @property
    def lateness_us(self) -> int:
        """How late the engine's own frames left: 99 % were no later; 0 in virtual time."""
        if self.seat is None or self.case.clock == VIRTUAL:
            return 0
        return self.seat.lateness.percentile_us(99)

    def _late_between(self, from_us: int, to_us: int) -> int:
        """How late the engine was at worst in sending and noticing what lies between two moments."""
        assert self.seat is not None, "a call that was late was up"
        assert self.live is not None, "a call that was late was up"
        clock = self.live.clock
        return self.seat.late_between(clock.loop_time(from_us), clock.loop_time(to_us))

    def broke(self, error: HarnessError) -> None:
        """Record that the harness failed, and that the call is over if it was not."""
        self.trouble = error
        at_us, reason = self._now_us(), error.what
        self.evidence.append(HarnessFailed(at_us=at_us, reason=reason))
        if not any(self.evidence.of(CallEnded)):
            self.evidence.append(CallEnded(at_us=at_us, by=Closer.ENGINE, reason=reason))

    def _now_us(self) -> int:
        events = self.evidence.events
        return events[-1].at_us if events else 0

    def result(self) -> CallResult:
        """Save the recording, judge the evidence, and put all of it into a value."""
        snapshot, recording = self._saved()
        if self._derived is None:
            self.derive()
        verdict = self._judged(snapshot)
        result = self._result(verdict, snapshot, recording)
        # The evidence has no secrets; what was expected of it, and is shown beside it, may.
        return result if self.case.mask is None else masked_throughout(result, self.case.mask)

    def _judged(self, snapshot: Snapshot) -> CallVerdict:
        try:
            return judge_call(self.case.plan, snapshot, self.context)
        except Exception as error:  # noqa: BLE001 - it must lose neither what was recorded nor other calls
            self.trouble = self.trouble or own_fault(error)
            return CallVerdict(Outcome.ERROR, (), (), (), (), error=str(self.trouble))

    @property
    def asks(self) -> bool:
        """Whether somebody has to be asked about this call, which may take long."""
        return self.trouble is None and (self.words.listens or asks(self.case.plan, self.context))

    def derive(self) -> None:
        """Ask what has to be asked about a call that is over, and keep the answers with its evidence."""
        snapshot, _ = self._saved()
        derived: tuple[Derived, ...] = ()
        if not any(snapshot.of(HarnessFailed)):
            found = self.case.finder.found(snapshot) if self.case.finder is not None else ()
            words = self.words.hear_all(snapshot, found)
            derived = self._derived = found + words  # what is asked is about these words
            questions = open_questions(self.case.plan, snapshot, self.context)
            derived += self.case.knowing.derive(questions, self.stop)
        self._derived = derived if self.case.mask is None else masked_throughout(derived, self.case.mask)
        if derived:
            try:
                write_derived(self.folder, self._derived)
            except OSError as error:  # what was found out still counts, once
                self._unkept = error.strerror or str(error)

    @property
    def derived(self) -> tuple[Derived, ...]:
        """What was found out about the call."""
        return self._derived or ()

    def saved(self) -> Snapshot:
        """The call as it was left."""
        return self._saved()[0]

    def _saved(self) -> tuple[Snapshot, str | None]:
        """The call as it was left, once."""
        if self._ended is None:
            self._ended = self._recorded()
            self.evidence.close()
        return self._ended

    def _recorded(self) -> tuple[Snapshot, str | None]:
        events = self.evidence.events
        end_us = events[-1].at_us if events else 0
        if self.recording is None or not any(self.evidence.of(CallUp)):
            return self.evidence.snapshot(None, None), None
        caller, agent, name = self.recording.finish(end_us)
        return self.evidence.snapshot(caller, agent), name

    @property
    def _received(self) -> str | None:
        """Where the agent is as received, if not all of that was heard."""
        name = self.recording.received if self.recording is not None else None
        return name and f"calls/{self.case.slug}/{name}"

    @property
    def _lost(self) -> str:
        """Why not everything of the call is on disk, if that is so."""
        lost = self.recording.trouble if self.recording is not None else ""
        return self.evidence.trouble or lost or self._unkept

    def _result(self, verdict: CallVerdict, snapshot: Snapshot, recording: str | None) -> CallResult:
        result = replace(
            self.case.result(verdict, snapshot, recording),
            findings=(*verdict.findings, *incomplete_record(self._lost)),
            lateness_us=self.lateness_us,
            process_output=self.process_output,
            received=self._received,
        )
        if broke := [event.reason for event in snapshot.of(HarnessFailed)]:
            trouble = self.trouble
            reason, span = (broke[0], None) if trouble is None else (str(trouble), trouble.span)
            result = replace(result, outcome=Outcome.ERROR, error=reason, error_span=span)
        return result


def wave(track: Track | None, duration_us: int) -> Waveform | None:
    """The outline of one side."""
    return None if track is None else Waveform(peaks(track, WAVE_COLUMNS, duration_us))
