"""What is said in the calls of a run, made before the first of them, several lines at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from turnspec.plan.model import CallPlan
from turnspec.run.case import Case
from turnspec.run.voices.agents import texts_of_agent, voice_of
from turnspec.run.voices.child import end_all
from turnspec.run.voices.speaking import EngineSpeech
from turnspec.speech.synthesis import SynthesisError

Line = tuple[str, str]
"""A text, and the voice that says it."""


def make_ready(cases: Iterable[Case]) -> None:
    """Make all lines that are known; what cannot be said is told in the call in which it is to be."""
    by_speech: dict[EngineSpeech, dict[Line, None]] = {}
    for case in cases:
        if isinstance(case.synthesizer, EngineSpeech):
            by_speech.setdefault(case.synthesizer, {}).update(dict.fromkeys(_lines(case, case.synthesizer)))
    try:
        for speech, lines in by_speech.items():
            speech.make_ready(lines)
    except KeyboardInterrupt:
        end_all()
        raise


def _lines(case: Case, speech: EngineSpeech) -> Iterator[Line]:
    if case.plan.capabilities.caller_format is None:
        return
    voice = case.plan.scenario.caller.voice or case.voice
    yield from ((text, voice) for text in _texts_of_caller(case.plan))
    if case.script is None:
        return
    try:
        voice = voice_of(case.script, speech, case.voice)
    except SynthesisError:
        return
    yield from ((text, voice) for text in texts_of_agent(case.script))


def _texts_of_caller(plan: CallPlan) -> Iterator[str]:
    for utterance in plan.utterances:
        if not utterance.waits:
            yield from (part for part in utterance.parts if isinstance(part, str))
