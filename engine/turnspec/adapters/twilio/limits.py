"""How many streams a call may have beside one another, without I/O.

Facts: Twilio docs, "Media Streams Overview" (four tracks for one-way streams, both of one count twice) and
"TwiML Voice: Stream" (a name is one stream's).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnspec.adapters.frames import Fault
from turnspec.adapters.twilio.excerpts import short
from turnspec.adapters.twilio.one_way import TRACKS
from turnspec.adapters.twilio.twiml import Stream, TwimlError

MOST_TRACKS: Final = 4


def beside(stream: Stream, copies: Sequence[Stream], *, one_way: bool) -> tuple[Fault, ...]:
    """What is wrong with a stream beside the one-way streams that are open.

    Raises:
        TwimlError: There may not be another.
    """
    tracks = sum(len(TRACKS[each.track]) for each in [*copies, stream])
    if one_way and tracks > MOST_TRACKS:
        raise TwimlError(f"with it {tracks} tracks would be copied, and a call has {MOST_TRACKS} for copies")
    if not any(stream.name and stream.name == copy.name for copy in copies):
        return ()
    name = short(stream.name)
    detail = f"another Stream of this call is named {name}, too: <Stop> cannot tell them apart"
    return (Fault("twiml", detail, f"<Stream name={name}>"),)
