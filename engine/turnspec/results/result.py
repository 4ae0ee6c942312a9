"""Results of turns, calls and runs as frozen values; reports are made from these alone."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from turnspec.dsl import Span
from turnspec.results.figures import Figure
from turnspec.results.finding import Finding, Measurement
from turnspec.results.groups import GroupResult
from turnspec.results.outcome import EXIT_CODE, INTERRUPTED_EXIT, USAGE_EXIT, Outcome, worst


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word, and from when to when it is heard."""

    text: str
    began_us: int
    ended_us: int


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one side, as heard: `cut` where playback was flushed before they were all said.

    `words` are there where the words were made out of the sound, by an engine that knows their times.
    """

    who: str  # caller | agent
    text: str
    began_us: int
    ended_us: int | None
    source: str  # where the words come from, such as "backend transcript"
    turn: int | None = None
    cut: bool = False
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """A function that the agent called; `output` None: nothing came back."""

    name: str
    arguments: str
    called_us: int
    output: str | None = None
    returned_us: int | None = None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something worth a mark on the time axis: a digit, a flush, a protocol fault, a hang-up."""

    at_us: int
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Waveform:
    """Peaks of one track, a (lowest, highest) pair of 16-bit samples per column over the whole call."""

    columns: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn: what was said and done in it, what was checked, how long things took."""

    index: int
    name: str
    outcome: Outcome
    began_us: int | None
    ended_us: int | None
    how: str  # replied, interrupted, quiet, no-reply, hung-up, not-exercised, cut; "" if never begun
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    lines: tuple[Line, ...] = ()
    functions: tuple[FunctionUse, ...] = ()
    why: str = ""  # why it was skipped
    role: str = "turn"  # turn; choose: it took the reply that a branch was chosen by; until, when: no reply
    part: str = "body"  # setup, body, teardown
    branch: tuple[str, ...] = ()  # the branches that it lies in, the outermost first
    decision: str = ""  # what was decided in or before it: 1, 2, otherwise, none; done, again, exhausted; run
    ways: tuple[str, ...] = ()  # the branches of a choose; one that was taken ends in `: ` and the decision


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that did not hold and was made again; its fields are those of `CallResult`."""

    outcome: Outcome
    duration_us: int = 0
    turns: tuple[TurnResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    folder: str | None = None
    recording: str | None = None
    received: str | None = None
    error: str = ""
    error_span: Span | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """One test case: a scenario, run once against one target over one protocol.

    `folder` holds the evidence, relative to the output folder. `lateness_us` is the worst lateness
    of the engine's own frames: 0 in virtual time, None where nobody knows, as the run was killed.
    `error` is the harness's trouble, if it had any; `error_span` is where that is written which it
    could not do.
    `received` is the recording of all that the agent sent, where not all of that was heard.
    `row` is the row of `examples`; `group` the id of the group of repeated runs that it counts in;
    `attempts` are the calls before this one that did not hold.
    """

    name: str
    file: str
    line: int
    target: str
    protocol: str
    clock: str  # virtual | wall
    outcome: Outcome
    duration_us: int = 0
    turns: tuple[TurnResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    moments: tuple[Moment, ...] = ()
    caller_wave: Waveform | None = None
    agent_wave: Waveform | None = None
    folder: str | None = None
    recording: str | None = None
    lateness_us: int | None = 0
    error: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    process_output: tuple[str, ...] = ()  # the target's own last lines
    row: dict[str, object] = field(default_factory=dict)
    group: str = ""
    attempts: tuple[Attempt, ...] = ()
    figures: tuple[Figure, ...] = ()
    received: str | None = None
    error_span: Span | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The call's findings and those of its turns, turns first."""
        return tuple(finding for turn in self.turns for finding in turn.findings) + self.findings

    @property
    def all_measurements(self) -> tuple[Measurement, ...]:
        """The measurements of its turns and its own, turns first."""
        return tuple(value for turn in self.turns for value in turn.measurements) + self.measurements

    @property
    def voice_activity(self) -> str:
        """What found the agent's speech, and its version; empty where none was measured."""
        return next((value.engine for value in self.all_measurements if value.engine), "")

    @property
    def as_attempt(self) -> Attempt:
        """What is kept of this call when it is made again."""
        return Attempt(**_kept(self))

    @property
    def earlier(self) -> tuple[CallResult, ...]:
        """The attempts before this call, each as a call of its own."""
        return tuple(replace(self, **_kept(attempt), attempts=()) for attempt in self.attempts)


def _kept(call: CallResult | Attempt) -> dict[str, Any]:
    return {each.name: getattr(call, each.name) for each in fields(Attempt)}


@dataclass(frozen=True, slots=True)
class WrongFile:
    """A file that was refused, with its problems rendered as the terminal shows them."""

    file: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The one place that holds what differs between two runs of the same files."""

    run_id: str
    started: str  # ISO 8601, UTC
    finished: str
    host: str = ""
    python: str = ""
    version: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run. With `flaky_fails`, what passed only after a failure is a failure of the run.

    `refused` is what was wrong with an option that it was asked for with.
    """

    info: RunInfo
    calls: tuple[CallResult, ...] = ()
    wrong_files: tuple[WrongFile, ...] = ()
    interrupted: bool = False
    graphs: dict[str, object] = field(default_factory=dict)
    groups: tuple[GroupResult, ...] = ()
    flaky_fails: bool = False
    figures: tuple[Figure, ...] = ()  # over all calls
    refused: str = ""

    @property
    def conversations(self) -> tuple[CallResult | GroupResult, ...]:
        """What decides how the run came out: each group for all of its calls, and every other call."""
        groups = {group.id: group for group in self.groups}
        deciding: dict[str, CallResult | GroupResult] = {}
        for number, call in enumerate(self.calls):
            group = groups.get(call.group)
            deciding.setdefault(f"{number}" if group is None else f"group {group.id}", group or call)
        return tuple(deciding.values())

    def group_of(self, call: CallResult) -> GroupResult | None:
        """The group that a call counts in."""
        return next((group for group in self.groups if group.id == call.group), None)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of its conversations; a wrong file is an error."""
        return Outcome.ERROR if self.wrong_files else worst(each.outcome for each in self.conversations)

    @property
    def exit_code(self) -> int:
        """130 when interrupted, 2 when files were refused or nothing ran, else by the outcome."""
        if self.interrupted:
            return INTERRUPTED_EXIT
        if self.wrong_files or not self.calls:
            return USAGE_EXIT
        fails = self.outcome is Outcome.FLAKY and self.flaky_fails
        return EXIT_CODE[Outcome.FAILED if fails else self.outcome]

    def count(self, outcome: Outcome) -> int:
        """How many conversations came out so."""
        return sum(each.outcome is outcome for each in self.conversations)

    @property
    def verdict(self) -> str:
        """The run's outcome in one sentence."""
        if self.wrong_files:
            return f"Nothing was called: {_many(len(self.wrong_files), 'file is', 'files are')} wrong."
        if not self.calls:
            if self.interrupted:
                return "Interrupted before anything was called."
            why = "an option was refused" if self.refused else "no scenario was selected"
            return f"Nothing was called: {why}."
        sentence = self._counted()
        if self.interrupted:
            return f"Interrupted; of the calls made, {sentence[0].lower()}{sentence[1:]}"
        return sentence

    def _counted(self) -> str:
        failed, broke = self.count(Outcome.FAILED), self.count(Outcome.ERROR)
        if not failed and not broke:
            return self._held()
        if len(self.conversations) == 1:
            return f"The conversation {'did not hold' if failed else 'could not be judged'}."
        total = f"{len(self.conversations)} conversations"
        parts = [f"{failed} of {total} did not hold"] if failed else []
        if broke:
            parts.append(
                f"{broke} could not be judged" if failed else f"{broke} of {total} could not be judged"
            )
        return "; ".join(parts) + "."

    def _held(self) -> str:
        skipped = self.count(Outcome.SKIPPED)
        held = len(self.conversations) - skipped
        if not held:
            return f"{_many(skipped, 'conversation was', 'conversations were')} skipped."
        told = f"All {held} conversations held" if held > 1 else "The conversation held"
        flaky = self.count(Outcome.FLAKY)
        if flaky and self.flaky_fails and held > 1:
            told = f"{flaky} of {held} conversations held only after a failure"
        elif flaky:
            told += f", {flaky} of them only after a failure" if held > 1 else ", but only after a failure"
        return f"{told}; {skipped} {'was' if skipped == 1 else 'were'} skipped." if skipped else f"{told}."


def _many(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
