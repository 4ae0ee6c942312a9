"""Golden files: what a report looked like when somebody last read it and found it right."""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """`text` equals the golden file; UPDATE_GOLDEN=1 makes it the golden file, to be read in the diff."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.exists(), f"{path} is missing; UPDATE_GOLDEN=1 writes it"
    assert text == path.read_text("utf-8"), (
        f"{path} differs; if the new text is right, UPDATE_GOLDEN=1 keeps it"
    )
