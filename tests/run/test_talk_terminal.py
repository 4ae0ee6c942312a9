"""A talk in a terminal: keys, and the meter."""

from __future__ import annotations

import asyncio
import os
import termios

import pytest

from turnspec.cli.talking import line_of
from turnspec.run.talk.driver import Levels
from turnspec.run.talk.keyboard import keys


def test_keys_do_what_they_are_for() -> None:
    """Each at once, without a line break; others do nothing. Afterwards the terminal is as it was."""
    master, slave = os.openpty()
    pressed: list[str] = []

    async def talk() -> None:
        over = asyncio.Event()
        does = {"m": lambda: pressed.append("m"), "q": over.set}
        with keys(asyncio.get_running_loop(), does, terminal):
            os.write(master, b"mxmq")
            async with asyncio.timeout(60):
                await over.wait()

    with os.fdopen(slave, "r") as terminal:
        before = termios.tcgetattr(slave)
        asyncio.run(talk())

        assert termios.tcgetattr(slave) == before
    os.close(master)

    assert pressed == ["m", "m"]


def test_without_a_terminal_there_are_no_keys() -> None:
    """What is piped in ends nothing."""
    read, write = os.pipe()
    os.write(write, b"q")
    os.close(write)

    async def talk() -> None:
        with keys(asyncio.get_running_loop(), {"q": pytest.fail}, pipe):
            await asyncio.sleep(0)

    with os.fdopen(read, "r") as pipe:
        asyncio.run(talk())

        assert pipe.read() == "q"


@pytest.mark.parametrize(
    ("levels", "line"),
    [
        (
            Levels(0, said=1.0, heard=0.0, speaking=True, answering=False, muted=False, turns=2),
            f"you {'|' * 20}  agent {' ' * 20}  turns 2  you speak",
        ),
        (
            Levels(0, said=0.5, heard=0.0316, speaking=False, answering=True, muted=True, turns=0),
            f"you muted{' ' * 15}  agent {'|' * 10}{' ' * 10}  turns 0  agent speaks",
        ),
    ],
)
def test_the_meter_shows_how_loud_both_are(levels: Levels, line: str) -> None:
    """In decibels, each side as wide as the other, with who speaks; there is room for it in any terminal."""
    assert line_of(levels) == line
    assert len(line) < 79
