"""What the page shows, worked out before any of it is drawn: pure, from results and recordings."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, TypeAlias
from urllib.parse import quote

from turnspec.reports.facts import (
    READING_ORDER,
    case_names,
    failures,
    lateness,
    place,
    recording_path,
    sentence,
    told_with_weakness,
    turn_title,
    verdict,
)
from turnspec.reports.figures import figure_rows, times_of_run
from turnspec.reports.html.budget import Budget, budget
from turnspec.reports.html.differing import VERIFY, Words, compared
from turnspec.reports.html.group import GroupView, group_view
from turnspec.reports.html.picture import Picture, draw
from turnspec.reports.lateness import too_late
from turnspec.reports.repeats import entries, runs_of, shown_runs
from turnspec.reports.text import clock, lasting, length, many, one_line
from turnspec.results import (
    EXIT_CODE,
    CallResult,
    Finding,
    FunctionUse,
    GroupResult,
    Line,
    Outcome,
    RunInfo,
    RunResult,
    TurnResult,
    WrongFile,
)
from turnspec.results.coverage import Coverage, coverage

# The bytes to embed for a call (MP3 plays everywhere), or None: the page links to the recording's file.
Recordings: TypeAlias = Callable[[CallResult], bytes | None]

_SIGNATURES: Final = ((b"fLaC", "audio/flac"), (b"RIFF", "audio/wav"), (b"OggS", "audio/ogg"))
_HOW: Final = {
    "replied": "the agent replied",
    "interrupted": "left when the caller spoke over the reply",
    "quiet": "no reply was awaited",
    "no-reply": "no reply came",
    "hung-up": "the line was hung up",
    "not-exercised": "not exercised",
    "cut": "cut off",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `number` where it failed and is pinned.

    `told` and `heard` are both sides of one that compares words, those marked that differ.
    """

    kind: str
    status: str
    message: str
    expected: str
    actual: str
    place: str
    details: tuple[str, ...]
    number: int | None
    fails: bool
    turn: str
    anchor: str
    told: tuple[Words, ...] = ()
    heard: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """Words of one side, or keys that the caller pressed."""

    at: str
    at_s: float
    who: str
    text: str
    source: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A function call and what came back."""

    name: str
    arguments: str
    output: str | None
    at: str
    at_s: float
    took: str


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn."""

    id: str
    number: int
    name: str
    outcome: str
    open: bool
    how: str
    at: str
    at_s: float | None
    said: tuple[Said, ...]
    checks: tuple[Check, ...]
    functions: tuple[Function, ...]
    budgets: tuple[Budget, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """The recording: embedded (`embedded`), or beside the page; `received` is all that the agent sent."""

    source: str
    embedded: bool
    file: str
    received: str = ""


@dataclass(frozen=True, slots=True)
class CallView:
    """One conversation, as a row of the table and as a part of the page."""

    id: str
    name: str
    outcome: str
    open: bool
    counts: bool  # not one of many runs that count together
    sentence: str
    verdict: str
    file: str
    facts: tuple[tuple[str, str], ...]
    protocol: str
    target: str
    duration: str
    description: str
    failures: tuple[Check, ...]
    error: str
    picture: Picture | None
    sound: Sound | None
    turns: tuple[TurnView, ...]
    checks: tuple[Check, ...]
    budgets: tuple[Budget, ...]
    transcript: tuple[Said, ...]
    moments: tuple[tuple[str, float, str, str], ...]
    figures: tuple[tuple[str, str, str, str, float], ...]  # label, value, of how many, and where
    process_output: tuple[str, ...]
    attempts: tuple[AttemptView, ...]

    @property
    def is_group(self) -> bool:
        """It is one call."""
        return False


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A call that did not hold and was made again."""

    number: int
    outcome: str
    sentence: str
    folder: str


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page."""

    verdict: str
    outcome: str
    counts: tuple[tuple[int, str], ...]
    total: str
    times: tuple[str, ...]
    interrupted: bool
    late: str
    refused: str
    wrong_files: tuple[WrongFile, ...]
    calls: tuple[CallView | GroupView, ...]
    coverage: tuple[Coverage, ...]
    info: RunInfo
    evidence: str


def page_view(run: RunResult, recordings: Recordings, way: str = "") -> PageView:
    """The page of a run, what failed first; `way` leads from the page's folder to the output folder."""
    told = entries(run)
    named = [(f"c{number}", *each) for number, each in enumerate(zip(told, case_names(told), strict=True), 1)]
    deciding = [item for item in named if _decides(run, item[1])]
    ranked = sorted(deciding, key=lambda item: READING_ORDER.index(item[1].outcome))
    heard = lasting(sum(call.duration_us for call in run.calls))
    return PageView(
        verdict=run.verdict,
        outcome=_colour(run),
        counts=tuple((run.count(outcome), outcome.value) for outcome in READING_ORDER if run.count(outcome)),
        total=f"{_total(run)}, {heard}" if run.calls else "",
        times=tuple(times_of_run(run)),
        interrupted=run.interrupted,
        late=too_late(run),
        refused=run.refused,
        wrong_files=run.wrong_files,
        calls=tuple(
            view
            for identity, entry, name in ranked
            for view in (
                (_call(entry, name, identity, recordings, way),)
                if isinstance(entry, CallResult)
                else _group(run, entry, name, identity, recordings, way)
            )
        ),
        coverage=coverage(run),
        info=run.info,
        evidence=way,
    )


def _total(run: RunResult) -> str:
    conversations = many(len(run.conversations), "conversation", "conversations")
    if len(run.conversations) == len(run.calls):
        return conversations
    return f"{conversations} of {many(len(run.calls), 'run', 'runs')}"


def _decides(run: RunResult, entry: CallResult | GroupResult) -> bool:
    return isinstance(entry, GroupResult) or run.group_of(entry) is None


def _group(
    run: RunResult, group: GroupResult, name: str, identity: str, recordings: Recordings, way: str
) -> Iterator[GroupView | CallView]:
    """The card of a group, and the calls of its runs that are looked at."""
    shown = {call.name: f"{identity}-{number}" for number, call in enumerate(shown_runs(run, group), 1)}
    yield group_view(group, runs_of(run, group), name, identity, shown)
    for call in shown_runs(run, group):
        yield _call(call, call.name, shown[call.name], recordings, way, counts=False)


def _colour(run: RunResult) -> str:
    """The outcome that the page's first sentence is about: never greener than the exit code."""
    if run.count(Outcome.FAILED) or run.exit_code == EXIT_CODE[Outcome.FAILED]:
        return Outcome.FAILED.value
    return (Outcome.ERROR if run.exit_code else run.outcome).value


def _call(
    call: CallResult, name: str, identity: str, recordings: Recordings, way: str, *, counts: bool = True
) -> CallView:
    numbers: dict[Finding, int] = {}
    for failure in failures(call):
        numbers.setdefault(failure, len(numbers) + 1)
    turns = tuple(_turn(turn, call, identity, numbers) for turn in call.turns)
    return CallView(
        id=identity,
        name=name,
        outcome=call.outcome.value,
        open=counts and call.outcome in {Outcome.FAILED, Outcome.ERROR},
        counts=counts,
        sentence=sentence(call),
        verdict=verdict(call),
        file=f"{call.file}:{call.line}",
        facts=tuple(_facts(call)),
        protocol=call.protocol,
        target=call.target,
        duration=lasting(call.duration_us) if call.duration_us else "—",
        description=call.description,
        failures=tuple(_check(call, failure, numbers, identity) for failure in numbers),
        error=f"{place(call.error_span)}\n{call.error}".strip(),
        picture=draw(call, numbers),
        sound=_sound(call, recordings, way),
        turns=turns,
        checks=tuple(_check(call, finding, numbers, identity) for finding in call.findings),
        budgets=tuple(budget(value, numbers) for value in call.measurements),
        transcript=tuple(_in_order(said for turn in turns for said in turn.said)),
        moments=tuple(
            (clock(moment.at_us), _s(moment.at_us), moment.kind, one_line(moment.label))
            for moment in call.moments
        ),
        figures=tuple(
            (
                row.label,
                row.value,
                row.of,
                "" if row.at_us is None else clock(row.at_us),
                _s(row.at_us or 0),
            )
            for row in figure_rows(call.figures)
        ),
        process_output=call.process_output,
        attempts=tuple(
            AttemptView(number, attempt.outcome.value, sentence(attempt), attempt.folder or "")
            for number, attempt in enumerate(call.earlier, start=1)
        ),
    )


def _facts(call: CallResult) -> Iterator[tuple[str, str]]:
    yield "Target", call.target
    yield "Protocol", call.protocol
    yield "Clock", call.clock
    if call.duration_us:
        yield "Length", lasting(call.duration_us)
        yield "Engine lateness", lateness(call)
    if call.voice_activity:
        yield "Speech found by", told_with_weakness(call.voice_activity)
    if call.tags:
        yield "Tags", ", ".join(call.tags)


def _sound(call: CallResult, recordings: Recordings, way: str) -> Sound | None:
    path = recording_path(call)
    file = "" if path is None else quote(str(PurePosixPath(way, path)))
    received = "" if call.received is None else quote(str(PurePosixPath(way, call.received)))
    if (data := recordings(call)) is not None:
        kind = next((kind for start, kind in _SIGNATURES if data.startswith(start)), "audio/mpeg")
        source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        return Sound(source, embedded=True, file=file, received=received)
    return Sound(file, embedded=False, file=file, received=received) if file else None


def _turn(turn: TurnResult, call: CallResult, identity: str, numbers: dict[Finding, int]) -> TurnView:
    began = turn.began_us
    return TurnView(
        id=f"{identity}-t{turn.index + 1}",
        number=turn.index + 1,
        name=turn.name,
        outcome=turn.outcome.value,
        open=turn.outcome in {Outcome.FAILED, Outcome.ERROR} or call.outcome is Outcome.PASSED,
        how=one_line(turn.why) or _HOW.get(turn.how, turn.how),
        at="" if began is None else clock(began),
        at_s=None if began is None else _s(began),
        said=tuple(map(_said, turn.lines)),
        checks=tuple(_check(call, finding, numbers, identity) for finding in _worst_first(turn.findings)),
        functions=tuple(_function(use) for use in turn.functions),
        budgets=tuple(budget(value, numbers) for value in turn.measurements),
    )


def _said(line: Line) -> Said:
    return Said(clock(line.began_us), _s(line.began_us), line.who, line.text, line.source, line.cut)


def _in_order(said: Iterable[Said]) -> list[Said]:
    return sorted(said, key=lambda words: words.at_s)


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: not finding.fails)


def _check(call: CallResult, finding: Finding, numbers: dict[Finding, int], identity: str) -> Check:
    told, heard = compared(finding.expected, finding.actual) if finding.kind == VERIFY else ((), ())
    return Check(
        kind=finding.kind,
        status=finding.status.value.replace(" ", "-"),
        message=finding.message,
        expected=finding.expected,
        actual=finding.actual,
        place=place(finding.span),
        details=finding.details,
        number=numbers.get(finding) if finding.fails else None,
        fails=finding.fails,
        turn=turn_title(call, finding.turn),
        anchor=identity if finding.turn is None else f"{identity}-t{finding.turn + 1}",
        told=told,
        heard=heard,
    )


def _function(use: FunctionUse) -> Function:
    took = "" if use.returned_us is None else length(use.returned_us - use.called_us)
    return Function(use.name, use.arguments, use.output, clock(use.called_us), _s(use.called_us), took)


def _s(microseconds: int) -> float:
    return round(microseconds / 1_000_000, 3)
