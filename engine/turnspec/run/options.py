"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from turnspec.speech.synthesis import Synthesizer
    from turnspec.speech.transcription import Transcriber

DEFAULT_OUTPUT = Path("turnspec-report")


@dataclass(frozen=True, slots=True)
class Devices:
    """By which devices a person takes part in calls (None: the system's own).

    `listens`: they hear them; `talks`: they speak in all of them, and whenever they like.
    """

    listens: bool = False
    microphone: str | None = None
    speaker: str | None = None
    talks: bool = False


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What to call and how. `match` is a part of a case's name.

    `clock` None: virtual for local agents and applications; `virtual,wall` calls those on each clock. All
    else is called on the wall clock.
    """

    paths: tuple[Path, ...] = (Path("scenarios"),)
    output: Path = DEFAULT_OUTPUT
    target: str | None = None
    protocol: str | None = None
    clock: str | None = None
    tags: tuple[str, ...] = field(default=())
    match: str = ""
    workers: int = 1
    seed: int = 0
    fail_fast: bool = False
    debug: bool = False
    force: bool = False  # make runs that would all be the same
    fail_on_flaky: bool = False
    again: bool = False  # judge calls that were held before
    cache: bool = True  # take answers of models that are known from before
    at_once: int = 20  # wall-clock calls at the same time
    devices: Devices = field(default_factory=Devices)
    speech: str | None = None  # an engine that speaks; None: the project's
    synthesizer: Synthesizer | None = None  # an engine of one's own, whatever is named elsewhere
    transcription: str | None = None  # an engine that makes out words; None: the project's
    transcriber: Transcriber | None = None  # an engine of one's own, whatever is named elsewhere
    voice_activity: str | None = None  # an engine that finds speech; None: the target's, or the project's

    @property
    def clocks(self) -> tuple[str, ...]:
        """The clocks that were asked for, each once."""
        written = self.clock.split(",") if self.clock else []
        return tuple(dict.fromkeys(word.strip() for word in written))
