"""How much of what the agent said was heard, from the line's own record.

Behind a bridge the model's words and the audio on the line are two accounts of one thing, the second
later than the first. A stretch of line audio belongs to the item that was begun last, until all of
that item's audio has come through; only what was cut short leaves the rest of its share unclaimed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from turnspec.call.events import (
    AgentAudio,
    AgentMessaged,
    AgentSaid,
    AgentTruncated,
    Event,
    PlaybackFlushed,
    ResponseEnded,
    Side,
)
from turnspec.checks.turns import ENDINGS, EventsView

SLACK_US: Final = 60_000
"""Audio that a bridge's framing and resampling may add or lose: three frames of 20 ms."""
CUTS = PlaybackFlushed | ENDINGS
SHORTEST_SPELL_US: Final = 1_000
"""Less than that between two pieces is what whole samples of two rates leave."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one item; `share` is (heard, whole) in microseconds, None: all of it."""

    item: AgentSaid
    from_us: int
    to_us: int
    share: tuple[int, int] | None = None
    event: Event | None = None  # what told of it, if not the item itself

    @property
    def told_by(self) -> Event:
        """The event that told of it."""
        return self.event or self.item


@dataclass(frozen=True, slots=True)
class Piece:
    """One arrival of line audio: `heard_us` of its `length_us` were played before a flush."""

    arrived_us: int
    plays_us: int
    length_us: int
    heard_us: int
    stream: str


def heard_items(view: EventsView, side: Side) -> tuple[Heard, ...]:
    """Every item that the agent said by one side's account, in order, with what was heard of it."""
    pieces = line_audio(view)
    messages = _messages(view, side, pieces)
    written = (item for item, _ in messages)
    items = sorted([*view.of(AgentSaid, side), *written], key=lambda item: item.began_us)
    streams = _by_stream(pieces)
    named = {item.item_id for item in items}
    shared = deque(piece for piece in pieces if piece.stream not in named)
    stopped = _stopped(view, side)
    told = {event.item_id: event.heard_us for event in view.of(AgentTruncated, side)}
    heard = []
    for item, following in zip(items, [*items[1:], None][: len(items)], strict=True):
        if item.item_id in streams:
            mine = streams[item.item_id]
        else:
            mine = _claim(shared, item, following, stopped.get(item.item_id))
        share = _share(item, mine, cut_short=item.item_id in stopped) if pieces else _told(item, told)
        heard.append(_heard(item, mine, share))
    tellers = {id(item): message for item, message in messages}
    return tuple(replace(one, event=tellers.get(id(one.item))) for one in heard)


def _messages(view: EventsView, side: Side, pieces: list[Piece]) -> list[tuple[AgentSaid, AgentMessaged]]:
    """What the agent wrote, as items: that of a play stream is heard as long as the stream's audio is."""
    found = []
    streams = _by_stream(pieces)
    for number, message in enumerate(view.of(AgentMessaged, side)):
        lengths = [piece.length_us for piece in streams.get(message.stream, ()) if message.stream]
        item = AgentSaid(
            at_us=message.at_us,
            side=side,
            response_id="",
            item_id=message.stream or f"message {number}",
            text=message.text,
            began_us=message.at_us,
            audio_us=sum(lengths) or None,
        )
        found.append((item, message))
    return found


def _by_stream(pieces: list[Piece]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.stream, []).append(piece)
    return found


def line_audio(view: EventsView) -> list[Piece]:
    """The agent's audio on the line in order; the next flush, or the call's end, cuts what is pending."""
    pieces: list[Piece] = []
    cut_us: int | None = None
    for event in reversed(view.events):
        if type(event) is AgentAudio:
            if event.side is Side.LINE:
                pieces.append(_piece(event, cut_us))
        elif isinstance(event, CUTS):
            cut_us = event.at_us
    return pieces[::-1]


def dry_spells(view: EventsView, shortest_us: int = SHORTEST_SPELL_US) -> tuple[tuple[int, int], ...]:
    """From when to when nothing was left to play: after audio that was played out, until the next came."""
    spells = []
    until_us: int | None = None
    for piece in line_audio(view):
        if until_us is not None and piece.plays_us - until_us >= shortest_us:
            spells.append((until_us, piece.plays_us))
        # After a flush the agent is silent on purpose.
        flushed = piece.heard_us < piece.length_us
        until_us = None if flushed else max(until_us or 0, piece.plays_us + piece.heard_us)
    return tuple(spells)


def _piece(event: AgentAudio, cut_us: int | None) -> Piece:
    plays = event.at_us if event.plays_at_us is None else event.plays_at_us
    length = event.format.duration_us(event.size)
    heard = length if cut_us is None else min(length, max(0, cut_us - plays))
    return Piece(event.at_us, plays, length, heard, event.stream)


def _stopped(view: EventsView, side: Side) -> dict[str, int]:
    """When an item's making was cut short by its own side: its response cancelled, or truncated."""
    cancelled = {
        event.response_id: event.at_us
        for event in view.of(ResponseEnded, side)
        if event.status in {"cancelled", "incomplete"}
    }
    stopped = {event.item_id: event.at_us for event in view.of(AgentTruncated, side)}
    for item in view.of(AgentSaid, side):
        if item.response_id in cancelled:
            stopped.setdefault(item.item_id, cancelled[item.response_id])
    return stopped


def _claim(
    shared: deque[Piece], item: AgentSaid, following: AgentSaid | None, stopped_us: int | None
) -> list[Piece]:
    """Take this item's pieces off the front of what is left of the line's audio."""
    if not item.audio_us:
        return []
    while shared and shared[0].arrived_us < item.began_us:
        shared.popleft()
    next_us = None if following is None else following.began_us
    mine: list[Piece] = []
    left_us, flushed = item.audio_us, False
    while shared and left_us > 0:
        if next_us is not None and shared[0].arrived_us >= next_us:
            # Audio that lags is still this item's, unless this one was cut short or is as good as complete.
            stopped = stopped_us is not None and stopped_us <= shared[0].arrived_us
            if flushed or stopped or left_us <= SLACK_US:
                break
        piece = shared.popleft()
        mine.append(piece)
        left_us -= piece.length_us
        flushed = flushed or piece.heard_us < piece.length_us
    return mine


def _share(item: AgentSaid, mine: list[Piece], *, cut_short: bool) -> tuple[int, int] | None:
    """By what the line played; an item whose audio never reached the line was not heard at all."""
    if not item.audio_us:
        return None
    heard = sum(piece.heard_us for piece in mine)
    dropped = cut_short or not mine or any(piece.heard_us < piece.length_us for piece in mine)
    return (heard, item.audio_us) if dropped and heard + SLACK_US < item.audio_us else None


def _told(item: AgentSaid, told: dict[str, int]) -> tuple[int, int] | None:
    """By what the agent's side was told, where the line's audio was not seen."""
    heard = told.get(item.item_id)
    if heard is None or not item.audio_us or heard + SLACK_US >= item.audio_us:
        return None
    return heard, item.audio_us


def _heard(item: AgentSaid, mine: list[Piece], share: tuple[int, int] | None) -> Heard:
    if not mine:
        return Heard(item, item.began_us, max(item.began_us, item.at_us), share)
    begin = mine[0].plays_us
    end = max((piece.plays_us + piece.heard_us for piece in mine if piece.heard_us), default=begin)
    return Heard(item, begin, end, share)
