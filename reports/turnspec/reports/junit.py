"""junit.xml: one suite, one test case a call, in the form that CI systems really read.

`junit-xml` writes the document; a pass over its tree then mends what it cannot say. Dates stand in
one place, the suite's `timestamp`, so that two runs of the same files differ nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET

from turnspec.reports.facts import (
    case_names,
    error_place,
    failures,
    headline,
    lateness,
    measured,
    place,
    recording_path,
    sentence,
    state_word,
    turn_title,
)
from turnspec.reports.figures import shown
from turnspec.reports.repeats import entries, is_tolerated, rate
from turnspec.reports.text import clock, first_line, length, one_line, seconds, visible
from turnspec.results import (
    CallResult,
    Finding,
    FunctionUse,
    GroupResult,
    Measurement,
    Outcome,
    RunInfo,
    RunResult,
    WrongFile,
)

SUITE: Final = "turnspec"


class Flavor(StrEnum):
    """`default` says all that readers use; `strict` is valid for junit-10.xsd of Jenkins' xunit plug-in."""

    DEFAULT = "default"
    STRICT = "strict"


class _Mark(StrEnum):
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class _Again:
    """A failure that is not the case's own: of an attempt before, or of one run among many."""

    word: str  # flakyFailure, flakyError, rerunFailure or rerunError, as Surefire has them
    kind: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; `text` and `message` belong to its `mark`, where it has one."""

    name: str
    file: str
    line: int
    duration_us: int = 0
    mark: _Mark | None = None
    kind: str = ""
    message: str = ""
    text: str = ""
    output: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    again: tuple[_Again, ...] = ()

    @property
    def classname(self) -> str:
        """The file as a dotted name: what lies before the last dot is the package to Jenkins."""
        return ".".join(PurePosixPath(self.file).with_suffix("").parts) if self.file else SUITE


def render_junit(run: RunResult, flavor: str = Flavor.DEFAULT, attachments: str = "") -> bytes:
    """The run as UTF-8 JUnit XML.

    `attachments` is the way from junit.xml's folder to the output folder, with forward slashes: the
    recordings are named relative to junit.xml, which is GitLab's project folder when it lies there.
    """
    cases = _cases(run, attachments)
    root = ET.fromstring(_through_junit_xml(cases, run.info))  # noqa: S314 # our own document
    _mend(root, cases, Flavor(flavor))
    ET.indent(root, " ")
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _cases(run: RunResult, attachments: str) -> tuple[_Case, ...]:
    told = entries(run)
    named = zip(told, case_names(told), strict=True)
    cases = [
        _group(entry, name) if isinstance(entry, GroupResult) else _case(run, entry, name, attachments)
        for entry, name in named
    ]
    return (*(_wrong_file(wrong) for wrong in run.wrong_files), *cases, *_never_greener(run))


def _case(run: RunResult, call: CallResult, name: str, attachments: str) -> _Case:
    mark, kind, message, text = _judgement(call)
    again = tuple(_attempts(call))
    if is_tolerated(run, call):
        # The group decides: a run that may fail makes nobody's build red, and is seen nevertheless.
        mark, again = None, (*again, _Again("flakyFailure", kind, message, text))
    elif call.outcome is Outcome.FLAKY and run.flaky_fails:
        mark, kind, message, text = _Mark.FAILURE, "flaky", sentence(call), sentence(call)
    return _Case(
        name=name,
        file=call.file,
        line=_line(call),
        duration_us=call.duration_us,
        mark=mark,
        kind=kind,
        message=message,
        text=text,
        output="\n".join(_output(call, attachments)),
        properties=tuple(_properties(call)),
        again=again,
    )


def _attempts(call: CallResult) -> Iterator[_Again]:
    """The attempts before the last: flaky where that one held, rerun where it did not."""
    before = "flaky" if call.outcome is Outcome.FLAKY else "rerun"
    for attempt in call.earlier:
        _, kind, message, text = _judgement(attempt)
        what = "Error" if attempt.outcome is Outcome.ERROR else "Failure"
        yield _Again(f"{before}{what}", kind, message, text)


def _group(group: GroupResult, name: str) -> _Case:
    failing = [finding for finding in group.findings if finding.fails]
    mark = {
        Outcome.FAILED: _Mark.FAILURE,
        Outcome.ERROR: _Mark.ERROR,
        Outcome.SKIPPED: _Mark.SKIPPED,
    }.get(group.outcome)
    first = next(iter(failing), None) if mark is _Mark.FAILURE else None
    lines = [
        *(_group_finding(group, finding) for finding in failing),
        f"{group.file}:{group.line}: {rate(group)}",
    ]
    return _Case(
        name=name,
        file=group.file,
        line=next((finding.span.line for finding in failing if finding.span), group.line),
        mark=mark,
        kind=(first.kind if first else "group") if mark else "",
        message=one_line(first.message if first else rate(group)) if mark else "",
        text="\n".join(lines) if mark else "",
        output="\n".join([rate(group), *(f"{key}: {value}" for key, value in _times(group))]),
        properties=(
            ("outcome", group.outcome.value),
            ("target", group.target),
            ("protocol", group.protocol),
            ("clock", group.clock),
            ("runs", str(group.runs)),
            ("pass_rate", rate(group)),
            *_times(group),
        ),
    )


def _group_finding(group: GroupResult, finding: Finding) -> str:
    where = place(finding.span) or f"{group.file}:{group.line}"
    sides = f"expected: {one_line(finding.expected)}; actual: {one_line(finding.actual)}"
    return f"{where}: {headline(finding)}; {sides}"


def _times(group: GroupResult) -> Iterator[tuple[str, str]]:
    """Every percentile with its limit, and what it is taken of."""
    for distribution in group.distributions:
        where = f"{one_line(distribution.where)} " if distribution.where else ""
        for value in distribution.percentiles:
            yield f"{where}{value.name}", f"{_measurement_text(value)} ({value.why})"


def _judgement(call: CallResult) -> tuple[_Mark | None, str, str, str]:
    told = [_told(call, failure) for failure in failures(call)]
    match call.outcome:
        case Outcome.ERROR:
            trouble = call.error.strip() or sentence(call)
            text = "\n".join([f"{error_place(call)}: {trouble}", *told])
            return _Mark.ERROR, "harness", first_line(trouble), text
        case Outcome.FAILED:
            first = next(iter(failures(call)), None)
            kind, message = (first.kind, first.message) if first else ("failed", sentence(call))
            return (
                _Mark.FAILURE,
                kind,
                one_line(message),
                "\n".join(told or [f"{call.file}:{call.line}: {message}"]),
            )
        case Outcome.SKIPPED:
            return _Mark.SKIPPED, "skipped", sentence(call), ""
        case Outcome.PASSED | Outcome.FLAKY:
            return None, "", "", ""


def _told(call: CallResult, failure: Finding) -> str:
    """One failing check on one line, so that a reader that shows the text alone misses nothing."""
    where = place(failure.span) or f"{call.file}:{call.line}"
    turn = turn_title(call, failure.turn)
    sides = [("expected", failure.expected), ("actual", failure.actual), ("", "; ".join(failure.details))]
    added = "".join(f"; {name + ': ' if name else ''}{one_line(text)}" for name, text in sides if text)
    return f"{where}: {turn + ': ' if turn else ''}{headline(failure)}{added}"


def _line(call: CallResult) -> int:
    """The line to annotate: that of the first failing check, where it is in the scenario's own file."""
    if call.outcome is Outcome.ERROR:
        wrong = call.error_span  # else nothing is known to be wrong with what is written
        return wrong.line if wrong is not None and wrong.file == call.file else call.line
    spans = (failure.span for failure in failures(call))
    return next((span.line for span in spans if span is not None and span.file == call.file), call.line)


def _wrong_file(wrong: WrongFile) -> _Case:
    message = next(
        (first_line(problem) for problem in wrong.problems if problem.strip()), "the file is wrong"
    )
    text = "\n\n".join(wrong.problems)
    return _Case(one_line(wrong.file), wrong.file, 1, 0, _Mark.ERROR, "wrong-file", message, text)


def _never_greener(run: RunResult) -> Iterator[_Case]:
    """What makes the exit code other than 0 though no call shows it."""
    if run.interrupted:
        told = "The run was interrupted: calls may be missing here."
        yield _Case("the whole run", "", 1, 0, _Mark.ERROR, "interrupted", told, told)
    elif run.refused:
        told = first_line(run.refused)
        yield _Case("the whole run", "", 1, 0, _Mark.ERROR, "option-refused", told, run.refused)
    elif not run.calls and not run.wrong_files:
        yield _Case("the whole run", "", 1, 0, _Mark.ERROR, "nothing-selected", run.verdict, run.verdict)


def _properties(call: CallResult) -> Iterator[tuple[str, str]]:
    yield from {"outcome": call.outcome.value, "target": call.target, "protocol": call.protocol}.items()
    yield "clock", call.clock
    yield "lateness", lateness(call)
    if call.voice_activity:
        yield "voice_activity", call.voice_activity
    yield from (("tag", tag) for tag in call.tags)
    if call.folder:
        yield "evidence", call.folder
    for value in call.all_measurements:
        yield _measurement_name(value), _measurement_text(value)
    for figure in call.figures:
        yield figure.name, shown(figure)


def _measurement_name(value: Measurement) -> str:
    return value.name if value.turn is None else f"turn {value.turn + 1} {value.name}"


def _measurement_text(value: Measurement) -> str:
    limit = f", limit {length(value.limit_us)}" if value.limit_us is not None else ""
    state = state_word(value)
    said = measured(value)
    return f"{said}{limit}" if state in {said, "measured"} else f"{said}{limit}, {state}"


def _output(call: CallResult, attachments: str) -> Iterator[str]:
    """The call as text: turns with their words and functions, moments, times, the recording."""
    yield sentence(call)
    for turn in call.turns:
        how = turn.how or one_line(turn.why)
        yield f"{turn_title(call, turn.index)}: {turn.outcome.value}{', ' + how if how else ''}"
        said = [(line.began_us, _spoken(line.who, line.text, cut=line.cut)) for line in turn.lines]
        done = [(use.called_us, _used(use)) for use in turn.functions]
        yield from (f"  {clock(at_us)} {what}" for at_us, what in sorted(said + done))
    yield from (f"{clock(moment.at_us)} {moment.kind}: {one_line(moment.label)}" for moment in call.moments)
    yield from (f"{_measurement_name(value)}: {_measurement_text(value)}" for value in call.all_measurements)
    if call.process_output:
        yield from ("target's own output:", *call.process_output)
    if (recording := recording_path(call)) is not None:
        yield f"[[ATTACHMENT|{PurePosixPath(attachments, recording)}]]"


def _spoken(who: str, text: str, *, cut: bool) -> str:
    return f"{who}: {one_line(text)}{' [cut off]' if cut else ''}"


def _used(use: FunctionUse) -> str:
    returned = "nothing came back" if use.output is None else one_line(use.output)
    return f"{use.name}({one_line(use.arguments)}) -> {returned}"


def _through_junit_xml(cases: Sequence[_Case], info: RunInfo) -> str:
    """The one place that meets the untyped package."""
    from junit_xml import TestSuite, to_xml_report_string

    properties = {"turnspec.version": info.version, "turnspec.seed": str(info.seed)}
    suite = TestSuite(
        SUITE, [_test_case(case) for case in cases], timestamp=visible(info.started), properties=properties
    )
    # Its pretty printer takes twice the time, and indents the text of failures.
    return str(to_xml_report_string([suite], prettyprint=False))


def _test_case(case: _Case) -> object:
    from junit_xml import TestCase

    # What XML cannot carry has to go first: junit-xml removes some of it silently and dies of the rest.
    name, classname, output = visible(case.name), visible(case.classname), visible(case.output)
    made = TestCase(name, classname, stdout=output, file=visible(case.file), line=case.line)
    message, text = visible(case.message), visible(case.text)
    match case.mark:
        case _Mark.FAILURE:
            made.add_failure_info(message or "failed", text, case.kind)
        case _Mark.ERROR:
            made.add_error_info(message or "error", text, case.kind)
        case _Mark.SKIPPED:
            made.add_skipped_info(message or "skipped", text)
        case None:
            pass
    return made


def _mend(root: ET.Element, cases: Sequence[_Case], flavor: Flavor) -> None:
    """Add what junit-xml leaves out, drop what no schema knows."""
    suite = root[0]
    total = seconds(sum(case.duration_us for case in cases))
    for element in (root, suite):
        element.attrib.pop("disabled", None)
        element.set("time", total)
    if flavor is Flavor.DEFAULT:
        root.set("skipped", suite.get("skipped", "0"))
    for element, case in zip(suite.iter("testcase"), cases, strict=True):
        element.set("time", seconds(case.duration_us))
        for number, again in enumerate(case.again):
            element.insert(number, _again_element(again))
        if flavor is Flavor.STRICT:
            element.attrib.pop("file", None)
            element.attrib.pop("line", None)
        elif case.properties:
            element.insert(0, _properties_element(case.properties))


def _again_element(again: _Again) -> ET.Element:
    element = ET.Element(again.word, type=visible(again.kind) or "failed", message=visible(again.message))
    element.text = visible(again.text)
    return element


def _properties_element(properties: Iterable[tuple[str, str]]) -> ET.Element:
    element = ET.Element("properties")
    for name, value in properties:
        ET.SubElement(element, "property", name=visible(name), value=visible(value))
    return element
