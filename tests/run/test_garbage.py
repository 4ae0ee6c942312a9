"""Garbage is looked for seldom, and not at the end of a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

# At the end a cycle is only collected, and so tells its end, where what is left is looked through.
LEFT = """
import gc, os
from turnspec.run.garbage import looked_for_seldom

class Left:
    def __del__(self):
        os.write(1, b"collected ")

if {seldom}:
    looked_for_seldom()
    print(gc.get_threshold()[0], flush=True)

def cycle():
    one, other = Left(), Left()
    one.other, other.one = other, one

cycle()
"""


@pytest.mark.parametrize(("seldom", "told"), [(True, "50000\n"), (False, "collected collected ")])
def test_what_is_left_goes_with_the_process(*, seldom: bool, told: str) -> None:
    """Values in a cycle are left alone at the end; in any other process they are collected."""
    script = LEFT.format(seldom=seldom)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == told
