"""What goes wrong on our side of the line: never the agent's fault, always exit code 3."""

from __future__ import annotations

import logging
import signal
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from turnspec.dsl.problems import problem_at, render_problem
from turnspec.dsl.spans import Place, Span

log = logging.getLogger(__name__)


class HarnessError(Exception):
    """The engine, the line or a target's process failed, so nothing can be said about the agent.

    `kind` is the name that reports use; `output` holds the last lines that a process printed.
    """

    kind: ClassVar[str] = "harness"
    output: tuple[str, ...] = ()
    span: Span | None = None  # where that is written which could not be done

    @property
    def what(self) -> str:
        """One sentence: what happened, and where."""
        return self._what()

    @property
    def advice(self) -> str:
        """What the reader can do about it; empty where nothing is certain."""
        return self._advice()

    def _what(self) -> str:
        return str(self.args[0]) if self.args else "the harness failed"

    def _advice(self) -> str:
        return ""

    def __str__(self) -> str:
        lines = [self.what]
        if self.advice:
            lines.append(f"  help: {self.advice}")
        if self.output:
            lines.append("  last output:")
            lines.extend(f"  | {line}" for line in self.output)
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        # BaseException pickles its positional arguments only; these errors cross worker processes whole.
        return _revived, (type(self), self.args, vars(self))


def _revived(error: type[HarnessError], args: tuple[Any, ...], facts: dict[str, Any]) -> HarnessError:
    revived = error.__new__(error, *args)
    vars(revived).update(facts)
    return revived


@dataclass(eq=False)
class TargetNotStarted(HarnessError):  # noqa: N818 - named after the fact, as a report prints it
    """A target's command cannot be run at all."""

    kind: ClassVar[str] = "target-not-started"
    command: str
    reason: str
    suggestion: str = ""

    def _what(self) -> str:
        return f"the target's command cannot be run: {self.reason} (command: {self.command})"

    def _advice(self) -> str:
        return self.suggestion


@dataclass(eq=False)
class TargetNotReady(HarnessError):  # noqa: N818 - named after the fact
    """A target's process runs, but was not ready when its time was up."""

    kind: ClassVar[str] = "target-not-ready"
    command: str
    tried: str
    within_s: float
    output: tuple[str, ...] = ()

    def _what(self) -> str:
        return f"the target was not ready within {self.within_s:g} s: {self.tried} (command: {self.command})"

    def _advice(self) -> str:
        silent = "" if self.output else " it printed nothing;"
        return (
            f"{silent} check that `ready` names what the command really serves, or give it more time".strip()
        )


@dataclass(eq=False)
class TargetDied(HarnessError):  # noqa: N818 - named after the fact
    """A target's process ended although nobody asked it to."""

    kind: ClassVar[str] = "target-died"
    command: str
    exit_code: int
    during: str
    output: tuple[str, ...] = ()

    def _what(self) -> str:
        return f"the target's process ended {self.during}: {ending(self.exit_code)} (command: {self.command})"

    def _advice(self) -> str:
        return "" if self.output else "it printed nothing; run the command by hand in the project folder"


@dataclass(eq=False)
class AppNotLoaded(HarnessError):  # noqa: N818 - named after the fact
    """A target's application cannot be imported, or does not start."""

    kind: ClassVar[str] = "app-not-loaded"
    application: str
    reason: str
    suggestion: str = ""
    output: tuple[str, ...] = ()

    def _what(self) -> str:
        return f"the application cannot be run: {self.reason} (asgi: {self.application})"

    def _advice(self) -> str:
        return self.suggestion


@dataclass(eq=False)
class AppEnded(TargetDied):  # named after the fact
    """A target's application, which runs in our own process, ended that."""

    @classmethod
    def of(cls, application: str, left: SystemExit) -> AppEnded:
        """What an application's `sys.exit` comes to."""
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
        return cls(application, code, "while it was needed")

    def _what(self) -> str:
        return f"the application ended its process: {ending(self.exit_code)} (asgi: {self.command})"

    def _advice(self) -> str:
        return "it runs in turnspec's own process: let it raise an error, or close the line"


def ending(exit_code: int) -> str:
    """Say how a process ended; negative codes are signals, as asyncio reports them."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    known = {number.value: number.name for number in signal.Signals}
    return f"killed by {known.get(-exit_code, f'signal {-exit_code}')}"


@dataclass(eq=False)
class NothingListens(HarnessError):  # noqa: N818 - named after the fact
    """Nobody answers where a target's URL points; `reason` names it."""

    kind: ClassVar[str] = "nothing-listens"
    reason: str

    def _what(self) -> str:
        return self.reason

    def _advice(self) -> str:
        return "start the agent first, let `start:` do it, or correct the target's `url`"


@dataclass(eq=False)
class Unsaid(HarnessError):  # noqa: N818 - named after the fact
    """No speech can be made of a line of the caller; `source` is that line of the file, carets below it."""

    kind: ClassVar[str] = "unsaid"
    reason: str
    span: Span | None
    source: tuple[str, ...] = ()

    @classmethod
    def at(cls, place: Place, reason: str) -> Unsaid:
        """The same for a line that is written at a place."""
        _, _, *source = render_problem(problem_at(place, cls.kind, reason)).splitlines()
        return cls(reason, place.span, tuple(source))

    def _what(self) -> str:
        return self.reason

    def _advice(self) -> str:
        return "record it and write audio: FILE, or let another engine or voice say it (`turnspec voices`)"

    def __str__(self) -> str:
        return "\n".join([self.what, *self.source, f"  help: {self.advice}"])


@dataclass(eq=False)
class OwnFault(HarnessError):  # noqa: N818 - named after the fact
    """The engine itself failed in a way that nobody foresaw."""

    kind: ClassVar[str] = "own-fault"
    reason: str

    def _what(self) -> str:
        return f"turnspec itself failed{self.reason}"

    def _advice(self) -> str:
        return "run it again with --debug and report what it prints"


def own_fault(error: BaseException) -> OwnFault:
    """What an unforeseen error says, with where it came from; the traceback is in the debug log."""
    log.debug("a call broke", exc_info=error)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return OwnFault(f"{where}: {type(error).__name__}: {error}")


@dataclass(eq=False)
class ForeignWork(HarnessError):  # noqa: N818 - named after the fact
    """Virtual time met work that it cannot see the end of: a thread, a process, an outside connection."""

    kind: ClassVar[str] = "foreign-work"
    work: str
    suggestion: str = "run it on the wall clock (`--clock wall`)"

    def _what(self) -> str:
        return f"virtual time cannot include {self.work}"

    def _advice(self) -> str:
        return f"virtual time only knows what runs in its own event loop; {self.suggestion}"


def is_refusal(error: object) -> bool:
    """Whether an error is `ForeignWork`, or a group of nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_refusal(inner) for inner in error.exceptions)
    return isinstance(error, ForeignWork)


@dataclass(eq=False)
class VirtualDeadlock(HarnessError):  # noqa: N818 - named after the fact
    """In virtual time everything waits and nothing can ever happen again."""

    kind: ClassVar[str] = "virtual-deadlock"
    at_us: int
    waiting: tuple[str, ...]
    threads: tuple[str, ...] = ()

    def _what(self) -> str:
        tasks = "; ".join(self.waiting) or "no task at all"
        return f"everything waits and nothing is scheduled, {self.at_us} us into virtual time: {tasks}"

    def _advice(self) -> str:
        if self.threads:
            return f"other threads are alive ({', '.join(self.threads)}); virtual time cannot wait for them"
        return "one of these waits for something that nobody will do"


@dataclass(eq=False)
class VirtualStandstill(HarnessError):  # noqa: N818 - named after the fact
    """Virtual time stands still because something is always ready to run."""

    kind: ClassVar[str] = "virtual-standstill"
    at_us: int
    turns: int
    running: tuple[str, ...]

    def _what(self) -> str:
        tasks = "; ".join(self.running) or "no task at all"
        return f"{self.turns} turns of the event loop passed at {self.at_us} us of virtual time: {tasks}"

    def _advice(self) -> str:
        return "something polls with `sleep(0)` or the system's clock: await an event, or the loop's time"
