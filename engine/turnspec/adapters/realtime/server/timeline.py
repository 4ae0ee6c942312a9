"""What one response will do and when: its answer cut into steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from turnspec.adapters.realtime.server.mind import Answer, Call
from turnspec.audio.codecs import encode
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of
from turnspec.call import AudioFormat, Track

CHUNK_US: Final = 100_000  # of audio in one delta
BURST_CHUNK_US: Final = 200_000  # where all of it is sent at once
LEAD: Final = 1  # chunks sent ahead of real time, so that a late one leaves no gap in playback
WORD_US: Final = 200_000  # between text deltas in real time: about how fast people read aloud
_WORD: Final = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class BeginMessage:
    """Open the message item."""


@dataclass(frozen=True, slots=True)
class Words:
    """Some of the text or transcript."""

    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Some of the audio, encoded."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndMessage:
    """Close the message item."""


@dataclass(frozen=True, slots=True)
class MakeCall:
    """Call a function."""

    call: Call


@dataclass(frozen=True, slots=True)
class Finish:
    """The response is over; `code`: the error that it failed with."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class AwaitSound:
    """Wait until the audio is made, and go on from there."""

    making: Callable[[], Track | None] = field(repr=False)


Step: TypeAlias = BeginMessage | Words | Sound | EndMessage | MakeCall | Finish
Timed: TypeAlias = tuple[int, Step | AwaitSound]


@dataclass(frozen=True, slots=True)
class Voice:
    """How the model speaks: on which line, and how fast."""

    format: AudioFormat
    speed: float = 1.0


def timeline(answer: Answer, voice: Voice | None, start_us: int) -> Iterator[Timed]:
    """The steps of an answer from `start_us` on; `voice` None: text without audio."""
    if answer.fails_with:
        yield start_us, Finish(answer.fails_with)
        return
    end_us = start_us
    for at_us, step in _message(answer, voice, start_us):
        yield at_us, step
        end_us = at_us
    for call in answer.calls:
        yield end_us, MakeCall(call)
    yield end_us, Finish()


def _message(answer: Answer, voice: Voice | None, start_us: int) -> Iterator[Timed]:
    sound = answer.audio if voice is not None else None
    if not answer.text and sound is None:
        return
    yield start_us, BeginMessage()
    end_us = start_us
    words = _WORD.findall(answer.text or "")
    pace = answer.pace_percent
    if voice is None or sound is None:
        steps = _written(words)
    else:
        steps = _spoken(words, _encoded(sound, voice), voice.format, CHUNK_US if pace else BURST_CHUNK_US)
    for offset_us, step in steps:
        end_us = start_us + offset_us * 100 // pace if pace else start_us
        yield end_us, step
    yield end_us, EndMessage()


def _written(words: list[str]) -> Iterator[Timed]:
    for index, word in enumerate(words):
        yield index * WORD_US, Words(word)


def _encoded(sound: Track, voice: Voice) -> bytes:
    # Fewer samples played at the line's rate are faster speech; its pitch goes with it.
    rate_hz = round(voice.format.rate_hz / voice.speed)
    return encode(resample(samples_of(sound), sound.rate_hz, rate_hz), voice.format)


def _spoken(words: list[str], data: bytes, audio_format: AudioFormat, chunk_us: int) -> Iterator[Timed]:
    size = audio_format.size_of(chunk_us)
    chunks = -(-len(data) // size)
    said = 0
    for index in range(chunks):
        at_us = max(0, index - LEAD) * chunk_us
        # The transcript leads: the words of a chunk leave before its sound.
        until = -(-len(words) * (index + 1) // chunks)
        if until > said:
            yield at_us, Words("".join(words[said:until]))
        said = until
        yield at_us, Sound(data[index * size : (index + 1) * size])
    if not chunks and words:
        yield 0, Words("".join(words))
