"""The seam between the server's protocol and what decides its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from turnspec.audio.ears import Ears
from turnspec.call import Track
from turnspec.call.events import Origin


@dataclass(frozen=True, slots=True)
class Said:
    """One user item: text, audio or both; `ended_us` is the true end of the caller's speech.

    `began_us` is when its audio began, if that was heard in this call.
    """

    ended_us: int
    text: str | None = None
    audio: Track | None = None
    began_us: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What the caller said; `text` None: that is not known. `failure`: why transcribing it fails.

    `making` gives it where it is not made out yet, at a time of the call; None: look again in a moment.
    """

    text: str | None = None
    failure: str | None = None
    making: Callable[[int], Transcript | None] | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A response is wanted. `context`, if given, is all that it may know; `apart`: it is out of band."""

    functions: frozenset[str]
    context: tuple[Said, ...] | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function to call, `arguments` being JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one response is made of: words and their audio, then calls, then perhaps the end.

    `making` gives audio that is not made yet, None: look again in a moment. `origin` is that of the audio.
    Nothing of it leaves before `not_before_us`. Audio is sent at `pace_percent` of real time; None: at once.
    """

    text: str | None = None
    audio: Track | None = field(default=None, repr=False)
    making: Callable[[], Track | None] | None = None
    origin: Origin | None = None
    calls: tuple[Call, ...] = ()
    not_before_us: int = 0
    pace_percent: int | None = None
    interruptible: bool = True
    hangs_up: bool = False
    fails_with: str = ""  # the code of an error: all that comes of it is a response that failed


class Mind(Protocol):
    """Who understands and answers behind one connection."""

    def hear(self, said: Said, now_us: int) -> Transcript:
        """Take one user item; answers what its audio says."""
        ...

    def goes_on(self, audio: Track) -> int:
        """How soon more is known to come after what was heard so far; 0: nothing is known to be missing."""
        ...

    def take_result(self, call_id: str, function: str, output: str) -> None:
        """Take the output of a call that an answer made."""
        ...

    def respond(self, ask: Ask, now_us: int) -> Answer:
        """The next response, given all that was heard and returned so far."""
        ...

    def cut_short(self, answer: Answer) -> None:
        """Take note that not all of an answer was given."""
        ...

    def idle_after_us(self) -> int | None:
        """How much silence makes it speak unprompted; None: never."""
        ...

    def idle(self, silent_us: int, now_us: int) -> Answer | None:
        """What it says after so much silence; None: nothing."""
        ...


@runtime_checkable
class HasEars(Protocol):
    """A mind that says what is speech to it; to one that does not, every sound is."""

    @property
    def ears(self) -> Ears:
        """By what it tells speech from other sound."""
        ...
