"""How often a process of turnspec is looked through for cycles of values that nobody needs any more."""

from __future__ import annotations

import atexit
import gc


def looked_for_seldom() -> None:
    """Look now and then, and not at the end.

    What is made while starting up stays: looking it through again and again takes 50 ms. What is left at the
    end goes with the process: looking it through once more takes 100 ms.
    """
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
