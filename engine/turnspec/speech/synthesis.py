"""Text-to-speech as the rest sees it: something that makes a track of a text, or says why it cannot."""

from __future__ import annotations

from typing import Final, Protocol

from turnspec.call.evidence import Track

BRINGS_A_VOICE: Final = "pip install 'turnspec[tts]'"
"""The line that brings the engine which is the same everywhere."""

DEFAULT_VOICE: Final = "en-US"
"""Whose voice a caller has that nobody described."""


class SynthesisError(ValueError):
    """A text that no speech could be made of; the message says which, and why."""


class Synthesizer(Protocol):
    """Turns text into speech; the same text, voice and version give the same samples.

    It may take long, and may be asked from several threads at once.
    """

    @property
    def name(self) -> str:
        """The engine, as reports name it."""
        ...

    @property
    def version(self) -> str:
        """The version of engine and voices."""
        ...

    def synthesize(self, text: str, voice: str) -> Track:
        """Speech at the engine's own rate; `voice` is a language tag or the engine's own name.

        Raises:
            SynthesisError: It cannot say this, or has no such voice.
        """
        ...
