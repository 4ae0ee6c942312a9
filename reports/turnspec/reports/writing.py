"""Writing a run's reports beside its evidence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from turnspec.call.whole_files import write_whole
from turnspec.reports.html import Recordings, render_html
from turnspec.reports.json_report import render_json
from turnspec.reports.junit import render_junit
from turnspec.results import RunResult


@dataclass(frozen=True, slots=True)
class Written:
    """Where the reports of a run are."""

    junit: Path
    html: Path
    json: Path


def write_reports(
    run: RunResult,
    folder: Path,
    recordings: Recordings,
    flavor: str = "default",
    junit: Path | None = None,
    html: Path | None = None,
    json: Path | None = None,
) -> Written:
    """Write junit.xml, report.html and results.json into `folder`, or where each is wanted instead.

    `folder` is the output folder, which the evidence of the calls is relative to. `recordings` gives
    the audio to embed for a call (MP3 plays everywhere), or None: the page then links to the file.
    """
    written = Written(
        junit or folder / "junit.xml", html or folder / "report.html", json or folder / "results.json"
    )
    _write(written.json, render_json(run))
    _write(written.junit, render_junit(run, flavor, _way(written.junit, folder)))
    _write(written.html, render_html(run, recordings, _way(written.html, folder)))
    return written


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def _way(report: Path, folder: Path) -> str:
    """The relative way from a report's folder to the output folder; "" where they are one."""
    way = Path(os.path.relpath(folder, report.parent)).as_posix()
    return "" if way == "." else way
