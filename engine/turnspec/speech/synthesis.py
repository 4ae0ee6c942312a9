"""The seam for text-to-speech. No engine is built in yet: callers speak with recordings."""

from __future__ import annotations

from typing import Final, Protocol

from turnspec.call.evidence import Track

NO_SYNTHESIZER: Final = (
    "no speech synthesiser is installed (the extra `turnspec[tts]` is not available yet): "
    "record the line and use `audio:` instead of `say:`"
)


DEFAULT_VOICE: Final = "en-US"
"""Whose voice a caller has that nobody described."""


class SynthesisError(ValueError):
    """A text that no speech could be made of; the message says which, and why."""


class Synthesizer(Protocol):
    """Turns text into speech; the same text, voice and version give the same samples."""

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


def find_synthesizer() -> Synthesizer | None:
    """The best engine that is installed; None says `NO_SYNTHESIZER`."""
    return None
