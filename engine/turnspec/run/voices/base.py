"""What an engine that speaks has to do; the rest - keeping, voices by name - is done once for all of them."""

from __future__ import annotations

from typing import Protocol

from turnspec.call import Track
from turnspec.speech.voices import Voice


class CannotSay(Exception):  # noqa: N818 # named after the fact
    """An engine made nothing of a text; `gone`: it will not make anything of others either."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class VoiceEngine(Protocol):
    """One way to make speech; it may be asked from several threads at once."""

    @property
    def name(self) -> str:
        """The engine, as it is chosen."""
        ...

    @property
    def version(self) -> str:
        """All that its speech depends on beside text and voice."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """The voices that it has; none: nobody can say, and it is asked for any.

        Raises:
            CannotSay: It does not say.
        """
        ...

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text; the same again gives the same.

        Raises:
            CannotSay: It made none.
        """
        ...
