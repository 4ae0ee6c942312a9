"""Whether reports can be written where they are wanted: found out before anybody is called."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path


def unwritable(folder: Path, reports: Iterable[Path | None]) -> str:
    """Why the output folder or one of these files cannot be written; empty if all can.

    Folders that are missing are made.
    """
    for report in reports:
        if report is not None and report.is_dir():
            return f"{report} is a folder; name a file in it"
    for wanted in (folder, *(report.parent for report in reports if report is not None)):
        try:
            wanted.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=wanted):
                pass
        except OSError as error:
            return f"{wanted}: {error.strerror or error}; name another place with -o"
    return ""
