"""Why a connection failed, in the words of the system."""

from __future__ import annotations

import os
import re

_ASYNCIO = re.compile(r"\[Errno (\d+)\] Connect call failed")


def system_reason(error: OSError) -> str:
    """What the system says; asyncio's own text is a list of addresses, one for each that it tried."""
    tried = _ASYNCIO.search(str(error))
    return os.strerror(int(tried[1])) if tried else error.strerror or str(error)
