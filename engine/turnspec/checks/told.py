"""What is told of the agent's words in each turn, and the speech that they were said in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from turnspec.audio.edges import Segment
from turnspec.call.events import Origin, Side
from turnspec.checks.playback import Heard
from turnspec.checks.recognised import TOLD, Stretch, joined
from turnspec.checks.turns import EventsView, numbers, windows
from turnspec.checks.words import heard_words, told_items
from turnspec.speech.agreement import Told


@dataclass(frozen=True, slots=True)
class Passage:
    """All that is told of one turn: `words` as far as they were heard, and the speech that belongs to them.

    `sounded`: audio of it came over the line. `voiceless`: a local agent that had no voice told of it.
    """

    turn: int
    told: tuple[Told, ...]
    words: str
    from_us: int
    to_us: int
    sounded: bool
    voiceless: bool
    stretches: tuple[Stretch, ...] = ()


def passages(
    view: EventsView, side: Side, segments: Iterable[tuple[Segment, int | None]]
) -> tuple[Passage, ...]:
    """What one side tells, turn by turn; `segments` is the agent's speech, each with its owner."""
    items = [
        (heard, turn)
        for heard, turn in told_items(view, side, windows(view), numbers(view))
        if turn is not None and heard.item.text.strip()
    ]
    mine = [(segment, _turn_of(segment, turn, items)) for segment, turn in segments]
    speech = tuple(joined(TOLD, ((segment, turn) for segment, turn in mine if turn is not None)))
    turns = dict.fromkeys(turn for _, turn in items)
    return tuple(
        _passage(turn, [heard for heard, of in items if of == turn], speech) for turn in sorted(turns)
    )


def _passage(turn: int, items: Sequence[Heard], speech: Iterable[Stretch]) -> Passage:
    voiced = [heard for heard in items if heard.item.origin is not Origin.SILENT]
    return Passage(
        turn=turn,
        told=tuple(Told(heard.item.text, heard.share) for heard in voiced),
        words=" ".join(filter(None, map(_words, voiced))),
        from_us=min(heard.from_us for heard in items),
        to_us=max(heard.to_us for heard in items),
        sounded=any(heard.item.audio_us for heard in voiced),
        voiceless=not voiced,
        stretches=tuple(stretch for stretch in speech if stretch.turn == turn),
    )


def _words(heard: Heard) -> str:
    return heard.item.text if heard.share is None else heard_words(heard.item.text, *heard.share)


def _turn_of(segment: Segment, turn: int | None, items: Iterable[tuple[Heard, int]]) -> int | None:
    """The turn whose words a stretch of speech has: of what is heard meanwhile, or was only written."""
    shared, best = max(
        ((_overlap(heard, segment), of) for heard, of in items), default=(0, -1), key=lambda each: each[0]
    )
    if shared > 0:
        return best
    return turn if any(of == turn and _is_written(heard) for heard, of in items) else None


def _overlap(heard: Heard, segment: Segment) -> int:
    return min(heard.to_us, segment.end_us) - max(heard.from_us, segment.start_us)


def written_turns(view: EventsView, side: Side | None) -> frozenset[int | None]:
    """The turns in which one side told words without saying when they are heard."""
    if side is None:
        return frozenset()
    items = told_items(view, side, windows(view), numbers(view))
    return frozenset(turn for heard, turn in items if _is_written(heard))


def _is_written(heard: Heard) -> bool:
    return heard.item.audio_us is None and bool(heard.item.text.strip())


def stretches_of(told: Iterable[Passage]) -> Iterator[Stretch]:
    """The speech that has to be listened to before words that are told can be compared."""
    for passage in told:
        yield from passage.stretches
