"""A program of its own: reads the id of a process group, and ends the group once its input ends.

It is run by its path, so that nothing of turnspec has to be imported first.
"""

import os
import signal
import sys
import time
from contextlib import suppress

if __name__ == "__main__":
    group = int(sys.stdin.readline() or 0)
    sys.stdin.read()
    if group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGTERM)
            # Nobody is told of the end of a process that is not a child of his: it has this long.
            time.sleep(float(sys.argv[1]))
            os.killpg(group, signal.SIGKILL)
