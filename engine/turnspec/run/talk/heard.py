"""What the evidence of a free call tells of the conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from turnspec.audio.edges import speech_segments
from turnspec.audio.samples import samples_of
from turnspec.call import Snapshot
from turnspec.call.derived import Derived
from turnspec.call.events import AgentHungUp, CallerHeard, CallerSpoke, CallUp, PlaybackFlushed
from turnspec.checks.function_uses import function_uses
from turnspec.checks.words import CALLER, transcript
from turnspec.plan import CallPlan
from turnspec.results import Line
from turnspec.run.talk.exchanges import Conversation, Stretch


def conversation(plan: CallPlan, snapshot: Snapshot, derived: Iterable[Derived] = ()) -> Conversation | None:
    """Both sides of a call that is over; None if it never was up."""
    up = next(iter(snapshot.of(CallUp)), None)
    if up is None:
        return None
    lines = transcript(snapshot, plan.words, derived)
    agent = snapshot.agent
    return Conversation(
        up_us=up.at_us,
        stretches=tuple(_stretches(plan, snapshot, lines)),
        speech=() if agent is None else speech_segments(samples_of(agent), agent.rate_hz),
        lines=lines,
        functions=function_uses(snapshot, plan.calls, ()),
        flushes=tuple(each.at_us for each in snapshot.of(PlaybackFlushed) if _said_more(each)),
        hung_up_us=next((each.at_us for each in snapshot.of(AgentHungUp)), None),
    )


def _stretches(plan: CallPlan, snapshot: Snapshot, lines: Sequence[Line]) -> Iterable[Stretch]:
    spoken = list(snapshot.of(CallerSpoke))
    for each, after in zip_longest(spoken, spoken[1:]):
        until_us = after.speech_start_us if after else None
        heard = _heard(plan, snapshot, each.speech_start_us, until_us)
        words = heard or _recognised(lines, each.speech_start_us, each.speech_end_us)
        yield Stretch(each.speech_start_us, each.speech_end_us, words or None)


def _heard(plan: CallPlan, snapshot: Snapshot, from_us: int, until_us: int | None) -> str:
    """What the agent took a person to have said, told before they went on."""
    if plan.heard is None:
        return ""
    told = (each for each in snapshot.of(CallerHeard, plan.heard) if each.text)
    within = (each for each in told if from_us < each.at_us and (until_us is None or each.at_us <= until_us))
    return " ".join(each.text for each in within if each.text)


def _recognised(lines: Sequence[Line], from_us: int, to_us: int) -> str:
    made_out = (line for line in lines if line.who == CALLER and line.source.startswith("recognition"))
    return " ".join(line.text for line in made_out if from_us <= line.began_us < to_us)


def _said_more(flushed: PlaybackFlushed) -> bool:
    """Whether the agent broke off, and not just the silence at the end of what it had said."""
    return flushed.unplayed_us > 0 and not flushed.silent
