"""Reports are written where they are wanted, and cost nothing until then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support_disk import small_files
from support_results import PASSED_RUN, no_recording
from turnspec.reports import Written, write_reports


def test_reports_lie_in_the_output_folder(tmp_path: Path) -> None:
    """Without further wishes all three are written into the output folder, which is made."""
    written = write_reports(PASSED_RUN, tmp_path / "out", no_recording)

    assert written == Written(
        *(tmp_path / "out" / name for name in ("junit.xml", "report.html", "results.json"))
    )
    assert all(path.stat().st_size for path in (written.junit, written.html, written.json))
    assert 'src="calls/opening-hours-1/call.flac"' in written.html.read_text("utf-8")


def test_reports_elsewhere_still_find_the_recordings(tmp_path: Path) -> None:
    """A report written elsewhere leads to the recordings from where it lies."""
    written = write_reports(
        PASSED_RUN,
        tmp_path / "out",
        no_recording,
        flavor="strict",
        junit=tmp_path / "junit.xml",
        html=tmp_path / "pages" / "index.html",
    )

    assert "[[ATTACHMENT|out/calls/opening-hours-1/call.flac]]" in written.junit.read_text("utf-8")
    assert 'src="../out/calls/opening-hours-1/call.flac"' in written.html.read_text("utf-8")
    assert "<properties>" not in written.junit.read_text("utf-8").split("<testcase")[1]


def test_a_full_disk_costs_no_report_that_is_there(tmp_path: Path) -> None:
    """Results that were written before can still be read."""
    written = write_reports(PASSED_RUN, tmp_path, no_recording)
    before = written.json.read_bytes()
    with small_files(len(before) // 2), pytest.raises(OSError, match="File too large"):
        write_reports(PASSED_RUN, tmp_path, no_recording)

    assert written.json.read_bytes() == before


def test_nothing_heavy_is_imported_before_use() -> None:
    """Importing the reports imports neither Jinja2 nor junit-xml."""
    heavy = ("jinja2", "junit_xml", "numpy")
    program = f"import sys, turnspec.reports; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
