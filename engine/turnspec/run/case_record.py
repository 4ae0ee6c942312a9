"""What one call leaves behind, from its first event to its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from turnspec.call import Evidence, Snapshot
from turnspec.call.derived import Derived, write_derived
from turnspec.call.events import CallEnded, CallUp, Closer, HarnessFailed
from turnspec.checks.context import Context
from turnspec.checks.judge import CallVerdict, judge_call
from turnspec.checks.kept import incomplete_record
from turnspec.checks.open_questions import asks, open_questions
from turnspec.results import CallResult, Outcome
from turnspec.run.case import VIRTUAL, Case
from turnspec.run.derive import Stop
from turnspec.run.errors import HarnessError, own_fault
from turnspec.run.live import LiveCall
from turnspec.run.masking import masked_throughout
from turnspec.run.recording import Recording, forget
from turnspec.run.transcription.listening import CallWords
from turnspec.run.wheel import Seat


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
