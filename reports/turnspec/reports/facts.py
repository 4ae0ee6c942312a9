"""What every report says about a call, worked out once: its failures in order, its names, its sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from operator import attrgetter
from typing import Final

from turnspec.dsl import Span
from turnspec.reports.text import first_line, length, many, one_line
from turnspec.results import (
    CallResult,
    Finding,
    GroupResult,
    Judged,
    Measurement,
    Moment,
    Outcome,
    State,
    Status,
    TurnResult,
)

# A reader looks for what the agent did wrong before what kept us from looking.
READING_ORDER: Final = (Outcome.FAILED, Outcome.ERROR, Outcome.FLAKY, Outcome.SKIPPED, Outcome.PASSED)

NOT_CALLED: Final = "skipped"  # the kind of the note on a call that was not made
UNTRIED: Final = "interrupt"  # the kind of a finding that nothing was tried in a turn, so nothing measured
KEY: Final = "digit"  # the kind of a moment at which the caller pressed a key
_KEY_GAP_US: Final = 1_000_000


WEAKNESSES: Final = {
    "webrtc": "takes ringback, keys, hum and steady noise for speech",
    "energy": "takes every sound for speech",
}
"""What is to be known of an engine of voice activity when its times are read, by its name."""


def told_with_weakness(engine: str) -> str:
    """An engine with its version, and what is to be known of it."""
    weakness = WEAKNESSES.get(engine.partition(" ")[0])
    return engine if weakness is None else f"{engine} ({weakness})"


def failures(call: CallResult) -> tuple[Finding, ...]:
    """Everything that made the call fail, turn by turn; a budget that a finding tells of is told once."""
    parts = [(turn.findings, turn.measurements) for turn in call.turns]
    return tuple(
        failure
        for findings, measurements in (*parts, (call.findings, call.measurements))
        for failure in _failing(findings, measurements)
    )


def turn_failures(turn: TurnResult) -> tuple[Finding, ...]:
    """The part of `failures` that is this turn's."""
    return tuple(_failing(turn.findings, turn.measurements))


def _failing(findings: Iterable[Finding], measurements: Iterable[Measurement]) -> Iterator[Finding]:
    failing = [finding for finding in findings if finding.fails]
    yield from failing
    told = {(finding.kind, finding.turn) for finding in failing}
    for value in measurements:
        untried = value.judged is Judged.UNMEASURED and (UNTRIED, value.turn) in told
        if value.fails and (value.name, value.turn) not in told and not untried:
            yield as_finding(value)


def as_finding(value: Measurement) -> Finding:
    """A budget that did not hold, put as the finding that it is."""
    limit = length(value.limit_us or 0)
    if value.judged is Judged.UNMEASURED:
        message = f"{value.name} could not be held against its limit: {value.why or value.state.value}"
    else:
        message = f"{value.name} took {length(value.value_us or 0)}, over its limit of {limit}"
    status = Status.FAILED if value.judged is Judged.EXCEEDED else Status.NOT_EXERCISED
    return Finding(
        value.name,
        status,
        message,
        f"at most {limit}",
        measured(value),
        value.turn,
        value.from_us,
        value.span,
    )


def measured(value: Measurement) -> str:
    """A measured time with its error bar, or the state that stands in its place."""
    if value.value_us is None or value.state in {State.NOT_EXERCISED, State.NOT_APPLICABLE}:
        return value.state.value
    bar = f" ± {length(value.error_us)}" if value.error_us else ""
    return f"{'at least ' if value.state is State.CENSORED else ''}{length(value.value_us)}{bar}"


def state_word(value: Measurement) -> str:
    """Where a measurement stands against its limit, in the words of the reference."""
    if value.judged in {Judged.MARGINAL, Judged.EXCEEDED}:
        return value.judged.value
    return "within limit" if value.judged is Judged.WITHIN else value.state.value


def sentence(call: CallResult) -> str:
    """How the call came out and why, in one sentence."""
    match call.outcome:
        case Outcome.ERROR:
            return f"Could not be judged: {first_line(call.error) or 'the harness or the line broke'}"
        case Outcome.FAILED:
            return _failed(call)
        case Outcome.SKIPPED:
            return f"Skipped: {_why_skipped(call)}"
        case Outcome.FLAKY:
            return _flaky(call)
        case Outcome.PASSED:
            return _passed(call)


def _flaky(call: CallResult) -> str:
    attempts = len(call.attempts)
    if attempts < 2:
        return "Passed, but only after it had failed."
    return f"Passed, but only after it had failed {attempts} times."


def _failed(call: CallResult) -> str:
    found = failures(call)
    if not found:
        return "Failed, and no check says why."
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    where = turn_title(call, found[0].turn)
    return f"{where + ': ' if where else ''}{one_line(found[0].message)}{more}"


def verdict(call: CallResult) -> str:
    """The call's own verdict, for a place that lists its failures anyway."""
    if call.outcome is not Outcome.FAILED:
        return sentence(call)
    failed = [turn.index for turn in call.turns if turn.outcome is Outcome.FAILED]
    checks = len(failures(call))
    said = f"{_turns(call, failed)} did not hold"
    return f"{said}: {checks} checks failed." if checks > 1 else f"{said}."


def _turns(call: CallResult, indexes: Sequence[int]) -> str:
    if len(indexes) < 2:
        return turn_title(call, indexes[0]) if indexes else "The call as a whole"
    numbers = [str(index + 1) for index in indexes]
    return f"Turns {', '.join(numbers[:-1])} and {numbers[-1]}"


def _passed(call: CallResult) -> str:
    held = [turn for turn in call.turns if turn.outcome is Outcome.PASSED]
    skipped = len(call.turns) - len(held)
    whole = {0: "The call held", 1: "The turn held", 2: "Both turns held"}.get(
        len(held), f"All {len(held)} turns held"
    )
    said = whole if not skipped else f"{many(len(held), 'turn', 'turns')} held, {skipped} skipped"
    responses = [
        value for value in call.all_measurements if value.name == "response" and value.value_us is not None
    ]
    if not responses:
        return f"{said}."
    slowest = max(responses, key=lambda value: value.value_us or 0)
    return f"{said}; the slowest response took {length(slowest.value_us or 0)}."


def _why_skipped(call: CallResult) -> str:
    notes = (finding.message for finding in call.findings if finding.kind == NOT_CALLED)
    reasons = (
        call.error,
        *(turn.why for turn in call.turns),
        *(f"{told[:1].lower()}{told[1:]}" for told in notes),
    )
    return next((first_line(reason) for reason in reasons if reason), "it was not run")


def turn_title(call: CallResult, index: int | None) -> str:
    """`Turn 2 “Report the loss”`, counted from 1; empty for what is the whole call's."""
    if index is None:
        return ""
    name = next((turn.name for turn in call.turns if turn.index == index), "")
    return f"Turn {index + 1} “{one_line(name)}”" if name else f"Turn {index + 1}"


def headline(finding: Finding) -> str:
    """The finding's kind and message, the kind once: budgets begin with it."""
    message = one_line(finding.message)
    return message if message.startswith(finding.kind) else f"{finding.kind}: {message}".rstrip(": ")


def place(span: Span | None) -> str:
    """`file:line:column` of what was written, or nothing."""
    return f"{span.file}:{span.line}:{span.column}" if span is not None else ""


def lateness(call: CallResult) -> str:
    """How late turnspec itself was, as far as that is known."""
    return "unknown" if call.lateness_us is None else length(call.lateness_us)


def error_place(call: CallResult) -> str:
    """What the harness could not do, where it is written, or the call."""
    return place(call.error_span) or f"{call.file}:{call.line}"


def advice_against(call: CallResult) -> tuple[Finding, ...]:
    """The judgements that said no, and only advise."""
    return tuple(each for each in _advice(call) if each.actual == "no")


def advice_lacking(call: CallResult) -> tuple[Finding, ...]:
    """The judgements, and comparisons of words, that were only to advise, and are not there."""
    judged = (each for each in _advice(call) if each.actual == "not judged")
    compared = (each for each in _advice(call, "verify") if each.actual == "not compared")
    return (*judged, *compared)


def heard_otherwise(call: CallResult) -> tuple[Finding, ...]:
    """The words that are told, and were heard otherwise, which only advises."""
    return tuple(each for each in _advice(call, "verify") if each.actual != "not compared")


def _advice(call: CallResult, kind: str = "judge") -> Iterator[Finding]:
    for turn in call.turns:
        yield from (each for each in turn.findings if each.kind == kind and each.status is Status.NOTE)


def case_names(calls: Sequence[CallResult | GroupResult]) -> tuple[str, ...]:
    """A name for each call that no other call of its file has: readers of JUnit drop duplicates.

    The protocol is added only where it tells two calls apart, then the target, then a number.
    """
    names = [one_line(call.name) or "unnamed" for call in calls]
    for part in (attrgetter("protocol"), attrgetter("target")):
        clashing = _clashes(calls, names)
        names = [
            f"{name} ({part(call)})" if (call.file, name) in clashing else name
            for call, name in zip(calls, names, strict=True)
        ]
    return _numbered(calls, names)


def _clashes(calls: Sequence[CallResult | GroupResult], names: Sequence[str]) -> frozenset[tuple[str, str]]:
    uses = Counter((call.file, name) for call, name in zip(calls, names, strict=True))
    return frozenset(key for key, times in uses.items() if times > 1)


def _numbered(calls: Sequence[CallResult | GroupResult], names: Sequence[str]) -> tuple[str, ...]:
    taken: set[tuple[str, str]] = set()
    numbered = []
    for call, name in zip(calls, names, strict=True):
        candidates = (name if number == 1 else f"{name} #{number}" for number in count(1))
        own = next(candidate for candidate in candidates if (call.file, candidate) not in taken)
        taken.add((call.file, own))
        numbered.append(own)
    return tuple(numbered)


def joined_keys(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """The moments with digits that follow one another within a second made one: `4 8 2 1`."""
    joined: list[Moment] = []
    last_us = 0
    for moment in moments:
        if moment.kind == KEY and joined and joined[-1].kind == KEY and moment.at_us - last_us <= _KEY_GAP_US:
            joined[-1] = replace(joined[-1], label=f"{joined[-1].label} {moment.label}")
        else:
            joined.append(moment)
        last_us = moment.at_us
    return tuple(joined)


def recording_path(call: CallResult) -> str | None:
    """Where the recording lies below the output folder, with forward slashes."""
    if call.recording is None:
        return None
    inside = call.folder is None or call.recording.startswith(f"{call.folder}/")
    return call.recording if inside else f"{call.folder}/{call.recording}"
