"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from support_disk import small_files
from turnspec.call.whole_files import write_whole


def test_what_a_disk_does_not_take_leaves_nothing(tmp_path: Path) -> None:
    """What was there before stays, and no part of what was to replace it."""
    path = tmp_path / "results.json"
    write_whole(path, b"before")
    with small_files(100), pytest.raises(OSError, match="File too large"):
        write_whole(path, bytes(200))
    with small_files(100), pytest.raises(OSError, match="File too large"):
        write_whole(tmp_path / "other.json", bytes(200))

    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"results.json": b"before"}


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    """The link stays one."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    write_whole(link, b"whole")

    assert link.is_symlink()
    assert (tmp_path / "file").read_bytes() == b"whole"


def test_what_is_no_file_takes_what_it_gets() -> None:
    """Nothing is put in the place of a device."""
    write_whole(Path("/dev/null"), b"whole")

    assert not Path("/dev/null").is_file()
