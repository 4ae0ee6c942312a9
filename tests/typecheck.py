"""Run mypy over every Python file, and fail when it looked at fewer than there are.

mypy reports success for what it did not find: a stray `turnspec/__init__.py` makes it check three files.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOMS = ("dsl_schema", "engine", "reports", "scenarios", "tests")


def main() -> int:
    """Exit with mypy's code, or 1 when files were left out."""
    root = Path(__file__).parents[1]
    expected = sum(
        1 for room in ROOMS for path in (root / room).rglob("*.py") if "__pycache__" not in path.parts
    )
    run = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=root, capture_output=True, text=True, check=False
    )
    print(run.stdout + run.stderr, end="")
    if run.returncode:
        return run.returncode
    found = re.search(r"in (\d+) source files", run.stdout)
    checked = int(found[1]) if found else 0
    if checked < expected:
        print(
            f"mypy checked {checked} files of {expected}: is there an __init__.py directly below turnspec/?"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
