"""One call as it is on disk: what happened in it, and its recording as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from turnspec.audio.files import AudioFileError
from turnspec.audio.tracks import read_tracks
from turnspec.call import RecordError, Snapshot, Track, read_events
from turnspec.call.derived import Derived, read_derived
from turnspec.call.events import (
    AgentMessaged,
    AgentSaid,
    CallEnded,
    Closer,
    Event,
    HarnessFailed,
    Side,
)
from turnspec.call.evidence import EVENTS_FILE, GROWING_FILES, RECEIVED_FILE, RECORDING_FILE
from turnspec.checks.judge import judge_call
from turnspec.checks.kept import INCOMPLETE_RECORD
from turnspec.checks.turns import windows
from turnspec.checks.voicing import VOICE_ACTIVITY
from turnspec.checks.words import transcript
from turnspec.results import CallResult, Finding, Outcome, Status, TurnResult
from turnspec.run.case import VIRTUAL, Case, wave
from turnspec.run.manifest import PlannedCall, SavedError
from turnspec.run.masking import masked_throughout


@dataclass(frozen=True, slots=True)
class SavedCall:
    """What a call's folder holds; `cut`: the process died in it. `trouble` is what its recording lacks."""

    slug: str
    header: dict[str, Any]
    events: tuple[Event, ...]
    derived: tuple[Derived, ...]
    caller: Track | None = None
    agent: Track | None = None
    recording: str | None = None
    received: str | None = None
    trouble: str = ""

    @property
    def cut(self) -> bool:
        """Whether its end is missing."""
        return not any(isinstance(event, CallEnded) for event in self.events)

    @property
    def end_us(self) -> int:
        """Up to when anything is known of it."""
        last_us = self.events[-1].at_us if self.events else 0
        return max(last_us, self.caller.duration_us if self.caller is not None else 0)

    def snapshot(self) -> Snapshot:
        """What can be judged; what was cut off ends where the evidence does."""
        if not self.cut:
            return Snapshot(self.events, self.caller, self.agent)
        reason, end_us = self.reason, self.end_us
        ending = (
            HarnessFailed(at_us=end_us, reason=reason),
            CallEnded(at_us=end_us, by=Closer.ENGINE, reason=reason),
        )
        return Snapshot((*self.events, *ending), self.caller, self.agent)

    @property
    def reason(self) -> str:
        """Why it cannot be judged as a whole."""
        seconds = f"{self.end_us / 1_000_000:.1f} s"
        return f"the run was cut off {seconds} into this call; this is what was kept of it"


def read_call(output: Path, slug: str) -> SavedCall | None:
    """What is kept of a call; None where nothing is.

    Raises:
        SavedError: It is of a newer format, or damaged.
    """
    folder = output / "calls" / slug
    try:
        header, events = read_events(folder)
        derived = read_derived(folder)
    except FileNotFoundError:
        return None
    except (RecordError, OSError) as error:
        raise SavedError(str(error)) from error
    return _with_recording(SavedCall(slug, header, events, derived), folder)


def saved_slugs(output: Path) -> Iterator[str]:
    """The folders of all calls that left a record."""
    for path in sorted((output / "calls").glob(f"*/{EVENTS_FILE}")):
        yield path.parent.name


def recording_of(folder: Path) -> Path | None:
    """A call's recording: what grew while it was up counts until the other is whole."""
    return _kept(folder, RECORDING_FILE)


def _kept(folder: Path, name: str) -> Path | None:
    names = (GROWING_FILES[name], name)
    return next((folder / each for each in names if (folder / each).is_file()), None)


def _with_recording(call: SavedCall, folder: Path) -> SavedCall:
    path = recording_of(folder)
    if received := _kept(folder, RECEIVED_FILE):
        call = replace(call, received=f"calls/{call.slug}/{received.name}")
    if path is None:
        return call
    try:
        recorded = read_tracks(path)
    except AudioFileError as error:
        return replace(call, trouble=str(error))
    trouble = f"{path} is cut off" if recorded.cut else ""
    if len(recorded.tracks) != 2:
        return replace(call, trouble=f"{path} has one channel: the caller and the agent are two")
    caller, agent = recorded.tracks
    return replace(call, caller=caller, agent=agent, recording=path.name, trouble=trouble)


def lateness_unknown(clock: str) -> int | None:
    """How late the engine was in a call of which that was not kept: in virtual time it never is."""
    return 0 if clock == VIRTUAL else None


def judged(case: Case, call: SavedCall, lateness_us: int | None = 0) -> CallResult:
    """What a saved call comes to, by the checks that judge one that has just ended."""
    snapshot = call.snapshot()
    late_us = lateness_us or 0
    late_between = (lambda _from, _to: late_us) if late_us else None
    derived = (*call.derived, *_speech_found(case, call))
    verdict = judge_call(case.plan, snapshot, case.context(derived, late_us, late_between))
    result = replace(case.result(verdict, snapshot, call.recording), lateness_us=lateness_us)
    result = replace(result, received=call.received)
    if broke := next(snapshot.of(HarnessFailed), None):
        result = replace(result, outcome=Outcome.ERROR, error=broke.reason)
    result = replace(result, findings=(*result.findings, *_lacks(call)))
    return result if case.mask is None else masked_throughout(result, case.mask)


def _speech_found(case: Case, call: SavedCall) -> tuple[Derived, ...]:
    """What is speech in a call whose run died before that was found; as `CaseRecord.derive` finds it."""
    is_known = any(each.kind == VOICE_ACTIVITY for each in call.derived)
    if is_known or case.finder is None or any(isinstance(event, HarnessFailed) for event in call.events):
        return ()
    return case.finder.found(Snapshot(call.events, call.caller, call.agent))


def told(planned: PlannedCall, call: SavedCall, why: str) -> CallResult:
    """What a call shows that cannot be judged; `why` it cannot."""
    snapshot = call.snapshot()
    error = f"{call.reason}. {why}" if call.cut else f"the run was cut off before this call was judged. {why}"
    return CallResult(
        name=planned.name,
        file=planned.file,
        line=planned.line,
        target=planned.target,
        protocol=planned.protocol,
        clock=planned.clock,
        outcome=Outcome.ERROR,
        duration_us=call.end_us,
        turns=tuple(_turns(planned, snapshot)),
        findings=tuple(_lacks(call)),
        caller_wave=wave(call.caller, call.end_us),
        agent_wave=wave(call.agent, call.end_us),
        folder=f"calls/{call.slug}",
        recording=call.recording and f"calls/{call.slug}/{call.recording}",
        received=call.received,
        lateness_us=lateness_unknown(planned.clock),
        error=error,
        tags=planned.tags,
        description=planned.description,
        row=dict(planned.row),
    )


def _turns(planned: PlannedCall, snapshot: Snapshot) -> Iterator[TurnResult]:
    lines = transcript(snapshot, _teller(snapshot))
    for window in windows(snapshot):
        known = window.index < len(planned.turns)
        yield TurnResult(
            index=window.index,
            name=planned.turns[window.index] if known else f"turn {window.index + 1}",
            outcome=Outcome.ERROR,
            began_us=window.began_us,
            ended_us=window.ended_us,
            how=window.how or "cut",
            lines=tuple(line for line in lines if line.turn == window.index),
            why="it was not judged",
        )


def _teller(snapshot: Snapshot) -> Side | None:
    """Whose account there is of the agent's words: its model's, else its script's, else the line's."""
    words = (*snapshot.of(AgentSaid), *snapshot.of(AgentMessaged))
    sides = {event.side for event in words}
    return next((side for side in (Side.MODEL, Side.AGENT, Side.LINE) if side in sides), None)


def _lacks(call: SavedCall) -> Iterator[Finding]:
    if call.trouble:
        message = f"The recording of this call is not whole: {call.trouble}."
        yield Finding(INCOMPLETE_RECORD, Status.NOTE, message, "the whole recording", "a part of it")


def planned_from(slug: str, header: Mapping[str, Any]) -> PlannedCall:
    """What a call's own record says of what it was to be."""
    said = {name: str(value) for name, value in header.items()}
    return PlannedCall(
        slug=slug,
        name=said.get("call", slug),
        file=said.get("file", "?"),
        line=1,
        target=said.get("target", "?"),
        protocol=said.get("protocol", "?"),
        clock=said.get("clock", "?"),
        description="",
        group="",
        retries=0,
    )
