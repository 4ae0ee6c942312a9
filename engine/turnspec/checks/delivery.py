"""How the agent's audio came over the line, whatever was heard of it.

A *stretch* is audio that came for one reply: until a flush, or until the phone has had nothing to play for
longer than replies pause. Sending faster than audio plays is no fault, but all that is sent ahead lies in the
phone's buffer, where only a flush reaches it: a tail of seconds is seconds in which nobody can interrupt an
agent that cannot flush.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, TypeAlias

from turnspec.checks.playback import Piece, line_audio
from turnspec.checks.turns import EventsView
from turnspec.results import Figure, Unit

STALL_US: Final = 250_000
"""Longer than that between two pieces of one reply is no jitter of a network."""
NEW_REPLY_US: Final = 800_000
"""After so long with nothing to play, what comes is another reply."""
WHOLE_PPM: Final = 1_000_000

Stretch: TypeAlias = list[Piece]


def delivery(view: EventsView) -> Iterator[Figure]:
    """The figures of a call in which the agent sent audio."""
    found = list(_stretches(view))
    if not found:
        return
    yield _ratio(found)
    yield _tail(found)
    yield _stalls(found)


def _stretches(view: EventsView) -> Iterator[Stretch]:
    stretch: Stretch = []
    for piece in line_audio(view):
        if stretch and _begins_anew(stretch[-1], piece):
            yield stretch
            stretch = []
        stretch.append(piece)
    if stretch:
        yield stretch


def _begins_anew(last: Piece, piece: Piece) -> bool:
    flushed = last.heard_us < last.length_us
    return flushed or piece.arrived_us - (last.plays_us + last.length_us) >= NEW_REPLY_US


def _ratio(stretches: list[Stretch]) -> Figure:
    """How much audio came in the time that its coming took, the last piece counted as long as it plays."""
    audio = sum(piece.length_us for stretch in stretches for piece in stretch)
    took = sum(
        stretch[-1].arrived_us - stretch[0].arrived_us + stretch[-1].length_us for stretch in stretches
    )
    if not took:
        return Figure("delivery_ratio", Unit.SHARE, None, "no audio of any length came")
    return Figure("delivery_ratio", Unit.SHARE, audio * WHOLE_PPM // took, samples=len(stretches))


def _tail(stretches: list[Stretch]) -> Figure:
    """The most that was still to be played when the last piece of a reply had come."""
    last = max((stretch[-1] for stretch in stretches), key=_ahead)
    return Figure("playback_tail", Unit.TIME, _ahead(last), samples=len(stretches), at_us=last.arrived_us)


def _ahead(piece: Piece) -> int:
    return piece.plays_us + piece.length_us - piece.arrived_us


def _stalls(stretches: list[Stretch]) -> Figure:
    """How often nothing came for long in the middle of a reply, whether or not the phone ran dry."""
    pairs = [pair for stretch in stretches for pair in pairwise(stretch)]
    stalls = [pair for pair in pairs if _waited(*pair) > STALL_US]
    if not stalls:
        return Figure("stalls", Unit.COUNT, 0, samples=len(pairs))
    longest = max(stalls, key=lambda pair: _waited(*pair))
    heard = sum(piece.plays_us > last.plays_us + last.length_us for last, piece in stalls)
    why = f"the longest of {_waited(*longest) // 1_000:,} ms, {heard or 'none'} of them heard"
    return Figure("stalls", Unit.COUNT, len(stalls), why, len(pairs), longest[1].arrived_us)


def _waited(last: Piece, piece: Piece) -> int:
    return piece.arrived_us - last.arrived_us - last.length_us
