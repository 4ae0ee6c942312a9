"""report.html: one page without network, made from a run's results and its recordings."""

from turnspec.reports.html.page import render_html
from turnspec.reports.html.view import Recordings

__all__ = ["Recordings", "render_html"]
