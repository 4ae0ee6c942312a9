"""What an application prints and logs while it runs in our own process, told from what anybody else does.

The code of an application runs in a context of its own, which every task that it begins inherits. What is
printed or logged there, and in threads that have no context, is its output; all else goes where it went.
"""

from __future__ import annotations

import contextvars
import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TextIO

from turnspec.run.output import KeptOutput

_output: contextvars.ContextVar[KeptOutput | None] = contextvars.ContextVar("turnspec_output", default=None)


def context_of(output: KeptOutput) -> contextvars.Context:
    """A context in which everything printed and logged goes to `output`, inside `prints_told_apart`."""
    context = contextvars.copy_context()
    context.run(_output.set, output)
    return context


@contextmanager
def prints_told_apart(output: KeptOutput) -> Iterator[None]:
    """For the length of the block, what an application prints goes to `output`; logging ends with it, too."""
    whose = _Whose(output)
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(_Stream(sys.stdout, whose)))
        stack.enter_context(redirect_stderr(_Stream(sys.stderr, whose)))
        stack.enter_context(_logs_told_apart(whose))
        yield


class _Whose:
    """Tells whose output it is: an application's in its context, and in threads that it has begun."""

    def __init__(self, output: KeptOutput) -> None:
        self._output = output
        self._elders = frozenset(thread.ident for thread in threading.enumerate())

    def now(self) -> KeptOutput | None:
        """What takes what is printed now; None: it is not the application's."""
        young = threading.get_ident() not in self._elders and not _is_pooled(threading.current_thread())
        return self._output if young else _output.get()


def _is_pooled(thread: threading.Thread) -> bool:
    """Whether the engine has work in this thread, too, so that only a context can tell."""
    return thread.name.startswith("asyncio_")


class _Stream(io.TextIOBase):
    """Standard output or error."""

    def __init__(self, outside: TextIO, whose: _Whose) -> None:
        self._outside = outside
        self._whose = whose

    @property
    def encoding(self) -> str:  # type: ignore[override] # typeshed has an attribute of it
        return "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._whose.now() is None and self._outside.isatty()

    def fileno(self) -> int:
        return self._outside.fileno()

    def write(self, text: str) -> int:
        output = self._whose.now()
        if output is None:
            return self._outside.write(text)
        output.feed(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def flush(self) -> None:
        if self._whose.now() is None:
            self._outside.flush()


class _Log(logging.Handler):
    """What an application logs and nobody else prints; the engine's own records are not its output."""

    def __init__(self, whose: _Whose) -> None:
        super().__init__(logging.WARNING)
        self._whose = whose

    def emit(self, record: logging.LogRecord) -> None:
        output = self._whose.now()
        if output is not None:
            output.feed(f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))


@contextmanager
def _logs_told_apart(whose: _Whose) -> Iterator[None]:
    """Log as in a fresh process: an application may set up its own logging, which ends with it."""
    last_resort, handler = logging.lastResort, _Log(whose)
    loggers = [logging.root, *_loggers()]
    before = [_Setup.of(logger) for logger in loggers]
    logging.lastResort = handler
    # `basicConfig` sets up nothing where there is a handler; ours must be there if somebody else's stays.
    stay = [each for each in logging.root.handlers if not isinstance(each, logging.NullHandler)]
    logging.root.handlers = [*stay, handler] if stay else []
    for logger in loggers[1:]:
        if not logger.name.startswith("turnspec"):
            _Setup().apply(logger)
    try:
        yield
    finally:
        for logger in set(_loggers()) - set(loggers):
            _Setup().apply(logger)
        for logger, setup in zip(loggers, before, strict=True):
            setup.apply(logger)
        logging.lastResort = last_resort


@dataclass(frozen=True, slots=True)
class _Setup:
    """How a logger is set up; by default as nobody has set it up."""

    handlers: tuple[logging.Handler, ...] = ()
    level: int = logging.NOTSET
    propagate: bool = True
    disabled: bool = False

    @classmethod
    def of(cls, logger: logging.Logger) -> _Setup:
        return cls(tuple(logger.handlers), logger.level, logger.propagate, logger.disabled)

    def apply(self, logger: logging.Logger) -> None:
        logger.handlers = list(self.handlers)
        logger.setLevel(self.level)
        logger.propagate, logger.disabled = self.propagate, self.disabled


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logger for logger in known if isinstance(logger, logging.Logger)]
