"""A reply on its way to the caller."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from turnspec.audio.codecs import encode
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of
from turnspec.call import AudioFormat
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Reply

CHUNK_US: Final = 100_000
BURST_CHUNK_US: Final = 500_000


@dataclass(slots=True)
class Saying:
    """One reply on its way out; `reference_us` is the true end of what it answers."""

    reply: Reply
    response_id: str
    reference_us: int
    chunks: deque[bytes] = field(default_factory=deque)
    began_us: int = 0
    sent: int = 0
    ended: bool = False
    dropped: bool = False
    open_calls: int = 0
    results: dict[str, str] = field(default_factory=dict)


def chunks_of(audio: Track, format: AudioFormat, *, fast: bool) -> deque[bytes]:  # noqa: A002 - the word every caller uses
    """The audio in pieces; what is sent at once takes few, the first of them short to be early."""
    samples = resample(samples_of(audio), audio.rate_hz, format.rate_hz)
    data = encode(samples, format)
    first = format.size_of(CHUNK_US)
    size = format.size_of(BURST_CHUNK_US) if fast else first
    return deque([data[:first], *(data[start : start + size] for start in range(first, len(data), size))])
