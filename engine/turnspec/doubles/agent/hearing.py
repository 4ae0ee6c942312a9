"""What a local agent makes of the caller's audio: the words of a known recording, or nothing.

It compares the audio that arrived with recordings whose words are known. Nothing tells it which of them
was played: noise in place of speech is not understood, and a swapped recording is heard as what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from turnspec.audio.activity import ActivityTracker, SpeechBegan, SpeechEnded
from turnspec.audio.files import load_clip
from turnspec.audio.match import RATE_HZ, ClipIndex
from turnspec.audio.noise import is_steady_noise
from turnspec.audio.resample import resample
from turnspec.audio.samples import samples_of, track_of
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Heard
from turnspec.dsl import AgentScript

KNOWN_CLIP: Final = "known clip"
NOTHING_KNOWS: Final = "none"
SETTLED_US: Final = 1_000_000  # silence after which nothing is pending


class KnownClips:
    """Recordings by the words that are said in them: (words, recording at any rate).

    What an agent knows of its own (`clips`) decides before what the running scenario says of its
    recordings (`told`). Noise holds no words, whatever is written beside it.
    """

    def __init__(self, clips: Iterable[tuple[str, Track]], told: Iterable[tuple[str, Track]] = ()) -> None:
        self._told = [*told]
        self._shelves = [_Shelf(clips), _Shelf(self._told)]

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

    def hear(self, speech: Track) -> Heard:
        """The words of the recording that `speech` is; no words if it is none of them."""
        at_rate = track_of(resample(samples_of(speech), speech.rate_hz, RATE_HZ), RATE_HZ)
        for shelf in self._shelves:
            if heard := shelf.hear(at_rate):
                return heard
        return Heard(None, NOTHING_KNOWS)


class _Shelf:
    """Recordings that are compared with one another."""

    def __init__(self, clips: Iterable[tuple[str, Track]]) -> None:
        known = [(words, track) for words, track in clips if _may_hold_words(track)]
        self._words = [words for words, _ in known]
        self._lengths_us = [_clip_voiced_us(track) for _, track in known]
        self._index = ClipIndex.from_tracks({str(number): track for number, (_, track) in enumerate(known)})

    def hear(self, speech: Track) -> Heard | None:
        if not self._words:
            return None
        match = self._index.best(samples_of(speech), speech.rate_hz)
        if match is None:
            return None
        number = int(match.key)
        # Most of a recording is enough to know it, so its length tells whether its last word has come.
        missing_us = max(0, self._lengths_us[number] - _voiced_us(speech))
        return Heard(self._words[number], KNOWN_CLIP, score=match.score, missing_us=missing_us)


@lru_cache(maxsize=512)
def _may_hold_words(track: Track) -> bool:
    return not is_steady_noise(samples_of(track), track.rate_hz)


@lru_cache(maxsize=512)
def _clip_voiced_us(clip: Track) -> int:
    return _voiced_us(clip)


def _voiced_us(track: Track) -> int:
    """From the first to the last speech, by the same measure for recordings and live audio."""
    activity = ActivityTracker(track.rate_hz)
    noticed = [*activity.feed(0, samples_of(track)), *activity.advance(track.duration_us + SETTLED_US)]
    begins = [edge.began_us for edge in noticed if isinstance(edge, SpeechBegan)]
    ends = [edge.ended_us for edge in noticed if isinstance(edge, SpeechEnded)]
    return ends[-1] - begins[0] if ends else 0
