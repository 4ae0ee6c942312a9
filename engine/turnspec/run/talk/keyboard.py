"""Keys that are pressed in a terminal, one by one, while a loop runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO


@contextmanager
def keys(
    loop: asyncio.AbstractEventLoop, does: Mapping[str, Callable[[], None]], stdin: IO[str]
) -> Iterator[None]:
    """Do what each key is for; where `stdin` is no terminal there are none."""
    try:
        import termios
        import tty
    except ImportError:  # not a Unix terminal: Ctrl-C ends a talk there
        yield
        return
    if not stdin.isatty():
        yield
        return
    descriptor = stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def pressed() -> None:
        for key in os.read(descriptor, 64).decode(errors="replace"):
            does.get(key, lambda: None)()

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, pressed)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
