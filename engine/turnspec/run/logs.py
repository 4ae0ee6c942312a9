"""What becomes of the log records of the engine and its libraries."""

from __future__ import annotations

import logging


def set_up_logs(*, debug: bool) -> None:
    """Print what went wrong inside, with tracebacks, when debugging; else print nothing of it.

    What matters to a user is in the evidence and the reports, and libraries log where nobody listens.
    """
    if debug:
        logging.basicConfig(level=logging.WARNING)
        logging.getLogger("turnspec").setLevel(logging.DEBUG)
    else:
        logging.getLogger().addHandler(logging.NullHandler())
