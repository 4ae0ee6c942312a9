"""What a local agent makes of the caller's audio: the words of a known recording, or nothing.

It compares the audio that arrived with recordings whose words are known. Nothing tells it which of them
was played: noise in place of speech is not understood, and a swapped recording is heard as what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from turnspec.audio.codecs import decode, encode
from turnspec.audio.edges import voiced_span
from turnspec.audio.files import load_clip
from turnspec.audio.match import ClipIndex, Utterance
from turnspec.audio.noise import is_steady_noise
from turnspec.audio.overlay import RATE_HZ
from turnspec.audio.resample import resample
from turnspec.audio.samples import Samples, samples_of, time_of
from turnspec.call.evidence import Track
from turnspec.call.formats import ALAW_8K, MULAW_8K, AudioFormat
from turnspec.doubles.agent.reply import Heard
from turnspec.dsl import AgentScript

KNOWN_CLIP: Final = "known clip"
NOTHING_KNOWS: Final = "none"


class KnownClips:
    """Recordings by the words that are said in them: (words, recording at any rate).

    What an agent knows of its own (`clips`) decides before what the running scenario says of its
    recordings (`told`). Noise holds no words, whatever is written beside it.
    """

    def __init__(self, clips: Iterable[tuple[str, Track]], told: Iterable[tuple[str, Track]] = ()) -> None:
        self._told = [*told]
        self._shelves = [_Shelf(clips), _Shelf(self._told)]
        self._last: tuple[Track, Heard] | None = None  # whether it goes on, and what it is, are asked of one

    @classmethod
    def of(
        cls,
        script: AgentScript,
        utterances: Iterable[tuple[Path, str]] = (),
        synthesised: Iterable[tuple[str, Track]] = (),
    ) -> KnownClips:
        """What a script's `heard:` lists, and the caller's utterances of the running scenario.

        Raises:
            AudioFileError: A recording cannot be read.
        """
        listed = [(script.file(file), words) for file, words in script.heard.items()]
        return cls(
            [(words, load_clip(file, RATE_HZ)) for file, words in listed],
            [*((words, load_clip(file, RATE_HZ)) for file, words in utterances), *synthesised],
        )

    def learn(self, words: str, track: Track) -> None:
        """Take in what the running scenario says besides, which was not known when it began."""
        if (words, track) not in self._told:
            self._told.append((words, track))
            self._shelves[1] = _Shelf(self._told)
            self._last = None

    def hear(self, speech: Track) -> Heard:
        """The words of the recording that `speech` is; no words if it is none, or not enough of one."""
        if self._last is None or self._last[0] != speech:
            self._last = speech, self._compared(speech)
        return self._last[1]

    def _compared(self, speech: Track) -> Heard:
        at_rate = resample(samples_of(speech), speech.rate_hz, RATE_HZ)
        coding = _coding_of(speech)
        utterances = [shelf.listen(at_rate) for shelf in self._shelves]
        shelves = zip(self._shelves, utterances, strict=True)
        heard = next(
            (found for shelf, said in shelves if (found := shelf.hear(said, len(at_rate), coding))), None
        )
        if heard is None:
            return Heard(None, NOTHING_KNOWS, goes_on_us=_goes_on_us(utterances))
        if heard.goes_on_us is None:  # one recording to its end may be the beginning of another
            return replace(heard, goes_on_us=_goes_on_us(utterances))
        return heard


def _goes_on_us(utterances: Iterable[Utterance]) -> int | None:
    """How soon a recording goes on that begins with this; None: none is known to."""
    openings = (opening for said in utterances if (opening := said.opening()) is not None)
    return next((opening.goes_on_us for opening in openings if opening.goes_on_us is not None), None)


class _Shelf:
    """Recordings that are compared with one another."""

    def __init__(self, clips: Iterable[tuple[str, Track]]) -> None:
        known = [(words, track) for words, track in clips if _may_hold_words(track)]
        self._known = known
        self._index = ClipIndex.from_tracks({str(number): track for number, (_, track) in enumerate(known)})

    def listen(self, speech: Samples) -> Utterance:
        return self._index.listen(speech, RATE_HZ)

    def hear(self, said: Utterance, length: int, coding: AudioFormat | None) -> Heard | None:
        match = said.best()
        if match is None:
            return None
        # Most of a recording is enough to know it, so where it lies tells whether its last word has come.
        words, track = self._known[int(match.key)]
        return Heard(
            words,
            KNOWN_CLIP,
            score=match.score,
            missing_us=max(0, match.ends_us - time_of(length, RATE_HZ)),
            ended_us=match.ends_us,
            faded_us=match.fades_us + (0 if coding is None else _lengthened_us(track, coding)),
            goes_on_us=match.goes_on_us,
            in_noise=match.in_noise,
        )


@lru_cache(maxsize=512)
def _may_hold_words(track: Track) -> bool:
    return not is_steady_noise(samples_of(track), track.rate_hz)


def _coding_of(speech: Track) -> AudioFormat | None:
    """The telephone codec that the audio has come through last; None: none."""
    samples = samples_of(speech)
    codings = (MULAW_8K, ALAW_8K) if speech.rate_hz == RATE_HZ else ()
    same = (each for each in codings if np.array_equal(decode(encode(samples, each), each), samples))
    return next(same, None)


@lru_cache(maxsize=512)
def _lengthened_us(track: Track, coding: AudioFormat) -> int:
    """By how much later a recording fades on a line of a codec, which lifts or drops the faintest sounds."""
    samples = resample(samples_of(track), track.rate_hz, RATE_HZ)
    spans = voiced_span(samples, RATE_HZ), voiced_span(decode(encode(samples, coding), coding), RATE_HZ)
    return 0 if spans[0] is None or spans[1] is None else spans[1][1] - spans[0][1]
