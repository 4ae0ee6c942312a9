"""What people and CI systems read about a run: HTML, JUnit XML, JSON and the last lines of the terminal."""

from turnspec.reports.console import summary
from turnspec.reports.html import Recordings, render_html
from turnspec.reports.json_report import render_json
from turnspec.reports.junit import Flavor, render_junit
from turnspec.reports.writing import Written, write_reports

__all__ = [
    "Flavor",
    "Recordings",
    "Written",
    "render_html",
    "render_json",
    "render_junit",
    "summary",
    "write_reports",
]
