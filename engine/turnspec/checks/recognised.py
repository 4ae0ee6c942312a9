"""Words that were made out of the sound of a call: which sound has to be looked at, and what came of it.

What a side of the call tells of its words goes before: only speech of which it has no words is recognised.
Answers are derived evidence of the kind `transcript`, one for each stretch of speech; a saved call has its
words from them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from turnspec.audio.edges import Segment
from turnspec.call.derived import Derived, DerivedState
from turnspec.call.events import CallerSpoke, PlaybackFlushed
from turnspec.checks.turns import EventsView
from turnspec.results import Line, TimedWord

TRANSCRIPT: Final = "transcript"
CALLER: Final = "caller"
AGENT: Final = "agent"
TOLD: Final = "told"
"""Speech of the agent whose words are told: they are made out only to be compared with those."""

PAUSE_US: Final = 500_000
"""Speech with a shorter pause in it is recognised as one: words are understood by those around them."""

LONGEST_US: Final = 25_000_000
"""More than that is not put together: Whisper listens to half a minute at once."""

CUT_NEAR_US: Final = 100_000
"""Speech that ends so close to a flush was broken off by it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech that somebody has to listen to, and the turn that it belongs to.

    `who` spoke: one of the sides where nobody tells the words, or `TOLD`.
    """

    who: str
    turn: int | None
    from_us: int
    to_us: int

    @property
    def given(self) -> dict[str, int]:
        """What goes with the question for its words."""
        return {"from_us": self.from_us, "to_us": self.to_us}


def stretches(
    segments: Iterable[tuple[Segment, int | None]],
    lines: Iterable[Line],
    written: Container[int | None] = (),
    derived: Iterable[Derived] = (),
) -> Iterator[Stretch]:
    """The agent's speech, each with its turn, that neither `lines` nor `derived` have words of.

    Of turns in `written` words are told without when they are heard: all of their speech is known. Where a
    reply goes on after somebody listened to it, only what is new of it is to be listened to.
    """
    told = [line for line in lines if line.who == AGENT]
    asked = _Asked(derived)
    yield from joined(
        AGENT,
        (
            (segment, turn)
            for segment, turn in segments
            if turn not in written
            and not any(_covers(line, segment) for line in told)
            and not asked.about(AGENT, segment.start_us, segment.end_us)
        ),
    )


def joined(who: str, segments: Iterable[tuple[Segment, int | None]]) -> Iterator[Stretch]:
    """Speech in stretches: what is parted by a short pause is one."""
    found: Stretch | None = None
    for segment, turn in segments:
        if found is not None and _goes_on(found, segment, turn):
            found = Stretch(who, turn, found.from_us, segment.end_us)
            continue
        if found is not None:
            yield found
        found = Stretch(who, turn, segment.start_us, segment.end_us)
    if found is not None:
        yield found


def caller_stretches(view: EventsView) -> Iterator[Stretch]:
    """What the caller said that is written nowhere."""
    for event in view.of(CallerSpoke):
        if event.text is None and event.speech_end_us > event.speech_start_us:
            yield Stretch(CALLER, event.turn, event.speech_start_us, event.speech_end_us)


def unanswered(wanted: Iterable[Stretch], derived: Iterable[Derived]) -> Iterator[Stretch]:
    """The stretches whose words nobody has been asked for yet."""
    asked = _Asked(derived)
    return (each for each in wanted if not asked.about(each.who, each.from_us, each.to_us))


class _Asked:
    """What somebody was asked to listen to: half of what is asked about counts as all of it."""

    def __init__(self, derived: Iterable[Derived]) -> None:
        self._spans = [(each.text, *span_of(each)) for each in derived if each.kind == TRANSCRIPT]

    def about(self, who: str, from_us: int, to_us: int) -> bool:
        """Whether somebody was asked what one side says between two moments."""
        overlaps = (
            min(end_us, to_us) - max(start_us, from_us)
            for whose, start_us, end_us in self._spans
            if whose == who
        )
        return 2 * max(overlaps, default=0) >= to_us - from_us


def recognised_lines(view: EventsView, derived: Iterable[Derived]) -> Iterator[Line]:
    """What was made out, as lines of a transcript."""
    for each in derived:
        text = each.answer.get("text")
        is_line = each.kind == TRANSCRIPT and each.text in (CALLER, AGENT)
        if is_line and each.state is DerivedState.OK and isinstance(text, str) and text:
            yield _line(view, each, text)


def unrecognised(derived: Iterable[Derived], turn: int) -> str:
    """Why the agent's words in a turn are not all known; empty if whoever was asked had an answer."""
    for each in derived:
        mine = each.kind == TRANSCRIPT and (each.turn, each.text) == (turn, AGENT)
        if mine and each.state is not DerivedState.OK:
            return f"{source_of(each)} failed: {each.reason}"
    return ""


def source_of(each: Derived) -> str:
    """Who made words out, as reports name it."""
    model = each.model.partition("@")[0]  # without the digest of its file
    return f"recognition ({' '.join(filter(None, (each.engine, model)))})"


def _line(view: EventsView, each: Derived, text: str) -> Line:
    from_us, to_us = span_of(each)
    flushed = (event.at_us for event in view.of(PlaybackFlushed) if event.unplayed_us)
    return Line(
        who=each.text,
        text=text,
        began_us=from_us,
        ended_us=to_us,
        source=source_of(each),
        turn=each.turn,
        cut=each.text == AGENT and any(abs(at_us - to_us) <= CUT_NEAR_US for at_us in flushed),
        words=tuple(_words(each.answer.get("words"))),
    )


def _words(written: Any) -> Iterator[TimedWord]:
    for word in written if isinstance(written, list | tuple) else ():
        match word:
            case {"text": str(text), "from_us": int(from_us), "to_us": int(to_us)}:
                yield TimedWord(text, from_us, to_us)


def span_of(each: Derived) -> tuple[int, int]:
    """From when to when the speech lasted that was listened to."""
    match each.given:
        case {"from_us": int(from_us), "to_us": int(to_us)}:
            return from_us, to_us
        case _:
            return 0, 0


def _covers(line: Line, segment: Segment) -> bool:
    ended_us = line.began_us if line.ended_us is None else line.ended_us
    return line.began_us < segment.end_us and segment.start_us < ended_us


def _goes_on(stretch: Stretch, segment: Segment, turn: int | None) -> bool:
    short = segment.end_us - stretch.from_us <= LONGEST_US
    return turn == stretch.turn and short and segment.start_us - stretch.to_us < PAUSE_US
