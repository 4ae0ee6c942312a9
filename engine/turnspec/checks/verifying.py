"""Whether what was heard is what is told of it: the agent's words against those made out of its sound.

Recognition was asked after the call, and its answers are derived evidence. As with a judge, a difference only
advises unless a gate is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from turnspec.call.derived import Derived, DerivedState
from turnspec.checks import shown
from turnspec.checks.context import Stage
from turnspec.checks.judging import advised, weight
from turnspec.checks.language import language_of
from turnspec.checks.recognised import TOLD, TRANSCRIPT, source_of, span_of
from turnspec.checks.told import Passage
from turnspec.checks.words import SOURCES
from turnspec.dsl.models import Verification
from turnspec.results import Finding, Status
from turnspec.speech.agreement import SECRET, Agreement, agreement

VERIFY: Final = "verify"
NOT_COMPARED: Final = "not compared"
SHOWN_DIFFERENCES: Final = 8


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was made out of a passage, by whom; `why_not` it could not be."""

    text: str = ""
    by: str = ""
    why_not: str = ""


def verify(stage: Stage) -> Iterator[Finding]:
    """What was heard in the turn is what is told of it; nothing is said of that while the call is up."""
    settings = stage.scene.plan.verifies
    if settings is None or (stage.context.derived is None and stage.scene.ended_us is None):
        return
    for passage in stage.scene.told:
        if passage.turn == stage.turn.index:
            yield from _verified(stage, passage, settings)


def _verified(stage: Stage, passage: Passage, settings: Verification) -> Iterator[Finding]:
    heard = _heard(stage, passage)
    if passage.voiceless or heard.why_not:
        why = "the local agent had no voice to say it with" if passage.voiceless else heard.why_not
        yield _uncompared(stage, passage, settings, why, heard)
    elif passage.stretches:
        yield _compared(stage, passage, settings, heard)
    elif passage.sounded and passage.words:
        yield _unspoken(stage, passage, settings)


def _heard(stage: Stage, passage: Passage) -> _Heard:
    mine = (TRANSCRIPT, passage.turn, TOLD)
    answers = [each for each in stage.scene.derived if (each.kind, each.turn, each.text) == mine]
    by = source_of(answers[0]) if answers else ""
    for each in answers:
        if each.state is not DerivedState.OK:
            return _Heard(by=by, why_not=f"{by} failed: {each.reason}")
        if not isinstance(each.answer.get("text"), str):
            return _Heard(by=by, why_not=f"the record of {by} has no words")
    if passage.stretches and not answers:
        return _Heard(why_not="nobody listened to the recording")
    return _Heard(_text(answers), by)


def _text(answers: list[Derived]) -> str:
    return " ".join(filter(None, (each.answer["text"] for each in sorted(answers, key=span_of))))


def _compared(stage: Stage, passage: Passage, settings: Verification, heard: _Heard) -> Finding:
    found = agreement(passage.told, heard.text, language_of(stage.scene.plan))
    held = found.rate * 100 <= settings.at_most.of_hundred
    rate = f"a word error rate of {found.rate * 100:.1f} % over {shown.many(found.wanted, 'word')}"
    if not heard.text:
        message = f"What {_source(stage)} says was not heard: no words could be made out."
    elif not held:
        message = (
            f"What was heard is not what {_source(stage)} says: {rate}, "
            f"and at most {settings.at_most} is allowed."
        )
    else:
        differ = f", but for {rate}" if found.wrong else ""
        message = f"What was heard is what {_source(stage)} says{differ}."
    failed = Status.FAILED if settings.gate else Status.NOTE
    actual = shown.quoted(_shown(passage, found, heard)) if heard.text else "no words"
    details = (f"word error rate: {found.rate * 100:.1f} %, at most {settings.at_most}", *_listed(found))
    return _told(
        stage, passage, settings, Status.PASSED if held else failed, message, actual, (*details, heard.by)
    )


def _unspoken(stage: Stage, passage: Passage, settings: Verification) -> Finding:
    message = f"What {_source(stage)} says was not heard: there is no speech in the recording."
    failed = Status.FAILED if settings.gate else Status.NOTE
    return _told(stage, passage, settings, failed, message, "no speech")


def _uncompared(stage: Stage, passage: Passage, settings: Verification, why: str, heard: _Heard) -> Finding:
    message = f"Whether what was heard is what {_source(stage)} says could not be seen: {why}."
    status = Status.NOT_EXERCISED if settings.gate else Status.NOTE
    return _told(stage, passage, settings, status, message, NOT_COMPARED, (heard.by,))


def _told(
    stage: Stage,
    passage: Passage,
    settings: Verification,
    status: Status,
    message: str,
    actual: str,
    details: tuple[str, ...] = (),
) -> Finding:
    between = f"from {shown.seconds(passage.from_us)} to {shown.seconds(passage.to_us)}"
    return stage.found(
        VERIFY,
        status,
        message if status is Status.PASSED else advised(message, gates=settings.gate),
        expected=shown.quoted(passage.words) if passage.words else "no words",
        actual=actual,
        at_us=passage.from_us,
        details=(weight(gates=settings.gate), between, *filter(None, details)),
    )


def _source(stage: Stage) -> str:
    side = stage.scene.plan.words
    assert side is not None, "somebody tells words"
    return f"the {SOURCES[side]}"


def _shown(passage: Passage, found: Agreement, heard: _Heard) -> str:
    """What was heard; where a secret is among the words that are told, without all that may have been it."""
    if not any(SECRET in told.text for told in passage.told):
        return heard.text
    return " ".join(step.said for step in found.steps if step.said is not None)


def _listed(found: Agreement) -> Iterator[str]:
    differences = list(found.differences())
    yield from islice(differences, SHOWN_DIFFERENCES)
    if len(differences) > SHOWN_DIFFERENCES:
        yield f"and {len(differences) - SHOWN_DIFFERENCES} more"
