"""What was said in a conversation that nobody had planned, cut up into turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from turnspec.audio.edges import Segment
from turnspec.results import FunctionUse, Line

AGENT: Final = "agent"
NEXT_REPLY_US: Final = 2_500_000
"""After so much silence the agent speaks on its own: that is no part of its reply."""

OVER_US: Final = 200_000
"""Who begins to speak so shortly before the other has ended did not talk over them."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a person said in one go. `understood` is what the agent, or whoever listened, made of it."""

    start_us: int
    end_us: int
    understood: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Both sides of a call on one time axis. `flushes` are when the agent broke off."""

    up_us: int
    stretches: tuple[Stretch, ...]
    speech: tuple[Segment, ...]
    lines: tuple[Line, ...] = ()
    functions: tuple[FunctionUse, ...] = ()
    flushes: tuple[int, ...] = ()
    hung_up_us: int | None = None  # by the agent


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn: what the caller said (None: nothing yet), and the reply to it.

    `after_us`: it was said over the agent, once so much of its speech had been heard; `stopped` tells whether
    the agent then broke off.
    """

    said: Stretch | None
    reply: tuple[Segment, ...] = ()
    text: str = ""
    functions: tuple[FunctionUse, ...] = ()
    after_us: int | None = None
    stopped: bool = False
    interrupted: bool = False
    hung_up: bool = False

    @property
    def response_us(self) -> int | None:
        """From the end of what was said to the reply; None where that was not seen."""
        if self.said is None or not self.reply:
            return None
        return self.reply[0].start_us - self.said.end_us


def exchanges(talk: Conversation) -> tuple[Exchange, ...]:
    """The turns, in order; the first one may be the agent's greeting."""
    said = _joined(talk)
    begins = [each.start_us for each in said]
    found = []
    if greeting := _speech_between(talk, talk.up_us, begins[0] if begins else None):
        found.append(_greeting(talk, greeting, said))
    for number, each in enumerate(said):
        following = said[number + 1] if number + 1 < len(said) else None
        found.append(_exchange(talk, each, following))
    if found and talk.hung_up_us is not None:
        found[-1] = _ended(found[-1])
    return tuple(found)


def _joined(talk: Conversation) -> list[Stretch]:
    """Stretches between which the agent did not begin to speak are one."""
    found: list[Stretch] = []
    for stretch in talk.stretches:
        last = found[-1] if found else None
        if last is not None and not _begun_between(talk, last.start_us, stretch.start_us):
            words = " ".join(filter(None, (last.understood, stretch.understood)))
            found[-1] = Stretch(last.start_us, stretch.end_us, words or None)
        else:
            found.append(stretch)
    return found


def _begun_between(talk: Conversation, from_us: int, to_us: int) -> bool:
    return any(from_us <= segment.start_us < to_us for segment in talk.speech)


def _speech_between(talk: Conversation, from_us: int, to_us: int | None) -> tuple[Segment, ...]:
    """What the agent began to say between two moments, up to its first long silence."""
    found: list[Segment] = []
    for segment in talk.speech:
        if segment.start_us < from_us or (to_us is not None and segment.start_us >= to_us):
            continue
        if found and segment.start_us - found[-1].end_us > NEXT_REPLY_US:
            break
        found.append(segment)
    return tuple(found)


def _greeting(talk: Conversation, speech: tuple[Segment, ...], said: Sequence[Stretch]) -> Exchange:
    over = bool(said) and _talks_over(talk, said[0]) is not None
    until_us = said[0].start_us if said else None
    functions = _functions(talk, talk.up_us, until_us)
    return Exchange(None, speech, _words(talk, speech), functions, interrupted=over)


def _exchange(talk: Conversation, said: Stretch, following: Stretch | None) -> Exchange:
    until_us = None if following is None else following.start_us
    over = _talks_over(talk, said)
    from_us = said.start_us if over is None else max(said.start_us, over.end_us)
    reply = _speech_between(talk, from_us, until_us)
    return Exchange(
        said,
        reply,
        _words(talk, reply),
        _functions(talk, said.start_us, until_us),
        after_us=None if over is None else _heard_before(talk, over, said.start_us),
        stopped=over is not None and _broke_off(talk, said),
        interrupted=following is not None and _talks_over(talk, following) is not None,
    )


def _talks_over(talk: Conversation, said: Stretch) -> Segment | None:
    """What the agent was saying when somebody began to speak; it may just have paused."""
    before = [each for each in talk.speech if each.start_us <= said.start_us]
    if not before or said.start_us - before[-1].end_us > NEXT_REPLY_US:
        return None
    goes_on = said.start_us < before[-1].end_us - OVER_US
    return before[-1] if goes_on or _broke_off(talk, said) else None


def _heard_before(talk: Conversation, over: Segment, at_us: int) -> int:
    """How much of a reply was heard before somebody spoke over it."""
    heard_us, begins_us = min(at_us, over.end_us) - over.start_us, over.start_us
    for segment in reversed(talk.speech):
        if segment.end_us <= begins_us and begins_us - segment.end_us <= NEXT_REPLY_US:
            if any(each.end_us > segment.end_us and each.start_us < begins_us for each in talk.stretches):
                break
            heard_us, begins_us = heard_us + segment.end_us - segment.start_us, segment.start_us
    return heard_us


def _broke_off(talk: Conversation, said: Stretch) -> bool:
    return any(said.start_us <= at_us <= said.end_us for at_us in talk.flushes)


def _words(talk: Conversation, speech: tuple[Segment, ...]) -> str:
    if not speech:
        return ""
    from_us, to_us = speech[0].start_us, speech[-1].end_us
    told = (line for line in talk.lines if line.who == AGENT and line.text)
    return " ".join(line.text for line in told if _overlaps(line, from_us, to_us))


def _overlaps(line: Line, from_us: int, to_us: int) -> bool:
    ended_us = line.began_us if line.ended_us is None else line.ended_us
    middle_us = (line.began_us + ended_us) // 2
    return from_us <= middle_us <= to_us


def _functions(talk: Conversation, from_us: int, to_us: int | None) -> tuple[FunctionUse, ...]:
    return tuple(
        use for use in talk.functions if from_us <= use.called_us and (to_us is None or use.called_us < to_us)
    )


def _ended(last: Exchange) -> Exchange:
    return replace(last, hung_up=True)
