"""What a local agent makes of the caller's audio: the words of a known recording, or nothing.

It compares the audio that arrived with recordings whose words are known. Nothing tells it which of them
was played: noise in place of speech is not understood, and a swapped recording is heard as what it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from turnspec.audio.files import load_clip
from turnspec.audio.match import RATE_HZ, ClipIndex
from turnspec.audio.samples import samples_of
from turnspec.call.evidence import Track
from turnspec.doubles.agent.reply import Heard
from turnspec.dsl import AgentScript

KNOWN_CLIP: Final = "known clip"
NOTHING_KNOWS: Final = "none"


class KnownClips:
    """Recordings by the words that are said in them: (words, recording at any rate)."""

    def __init__(self, clips: Iterable[tuple[str, Track]]) -> None:
        known = list(clips)
        self._words = [words for words, _ in known]
        self._index = ClipIndex.from_tracks({str(number): track for number, (_, track) in enumerate(known)})

    @classmethod
    def of(cls, script: AgentScript, utterances: Iterable[tuple[Path, str]] = ()) -> KnownClips:
        """What a script's `heard:` lists, and the caller's utterances of the running scenario.

        Raises:
            AudioFileError: A recording cannot be read.
        """
        listed = [(script.file(file), words) for file, words in script.heard.items()]
        return cls((words, load_clip(file, RATE_HZ)) for file, words in (*listed, *utterances))

    def hear(self, speech: Track) -> Heard:
        """The words of the recording that `speech` is; no words if it is none of them."""
        match = self._index.best(samples_of(speech), speech.rate_hz)
        if match is None:
            return Heard(None, NOTHING_KNOWS)
        return Heard(self._words[int(match.key)], KNOWN_CLIP, score=match.score)
