"""What a local agent sounds like: its recordings, else a synthesiser's speech, else silence in its place.

Speech that is not made yet is asked for and looked for again: whoever speaks waits, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from turnspec.audio.files import read_audio
from turnspec.audio.samples import silence, track_of
from turnspec.call.events import Origin
from turnspec.call.evidence import Track
from turnspec.dsl import Reply as Written
from turnspec.speech.text import natural_length_us

SILENCE_RATE_HZ: Final = 8_000
LOOK_AGAIN_US: Final = 20_000
"""How long to wait before looking again for speech that is being made: a frame."""

Making: TypeAlias = Callable[[], "Track | None"]
"""Gives the speech that is being made, None: not yet; asked for the first time, it begins.

Raises:
    SynthesisError: It cannot be said.
"""


class AgentVoice(Protocol):
    """Who speaks for a local agent what no recording has."""

    def say(self, text: str) -> Making:
        """The speech of a text, made as soon as it is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a reply, or the way to it, and where it comes from; `origin` None: from a recording."""

    audio: Track | None = None
    making: Making | None = None
    origin: Origin | None = None

    def changed(self, change: Callable[[Track | None], Track | None]) -> Sound:
        """The same with something done to it, now or once it is made."""
        if self.making is None:
            return replace(self, audio=change(self.audio))
        return replace(self, making=after(self.making, change))


def after(making: Making, change: Callable[[Track], Track | None]) -> Making:
    """What is being made, with something done to it once it is."""

    def made() -> Track | None:
        track = making()
        return None if track is None else change(track)

    return made


def sound_of(written: Written, text: str | None, voice: AgentVoice | None) -> Sound:
    """What a reply sounds like.

    Raises:
        AudioFileError: Its recording cannot be read.
    """
    if written.audio is not None:
        return Sound(_recording(written.file(written.audio)))
    if text is None:
        return Sound()
    if voice is None or not text.strip():
        return Sound(_silence(natural_length_us(text)), origin=Origin.SILENT)
    return Sound(making=voice.say(text), origin=Origin.SYNTHESISED)


def _silence(duration_us: int) -> Track:
    return track_of(silence(duration_us, SILENCE_RATE_HZ), SILENCE_RATE_HZ)


def _recording(path: Path) -> Track:
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=256)
def _read(path: Path, _modified_ns: int) -> Track:
    return read_audio(path)
