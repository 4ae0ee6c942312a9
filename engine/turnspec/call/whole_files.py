"""Files that are whole, or as they were before, whatever the disk takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Put a file into its place once all of it is written.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    if path.exists() and not path.is_file():  # a pipe takes what it gets
        path.write_bytes(data)
        return
    path = path.resolve()  # a link stays one
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
