"""The page itself: templates filled with what `view` worked out, style and script written into it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from turnspec.reports.html.budget import BAR_WIDTH
from turnspec.reports.html.group import HEIGHT as STRIP_HEIGHT
from turnspec.reports.html.group import STRIP_WIDTH
from turnspec.reports.html.picture import GUTTER
from turnspec.reports.html.view import Recordings, page_view
from turnspec.reports.text import visible
from turnspec.results import RunResult

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES: Final = Path(__file__).parents[1] / "templates"


def render_html(run: RunResult, recordings: Recordings, way: str = "") -> bytes:
    """The run as one UTF-8 page that needs no network, and no script to be read.

    `way` leads from the page's folder to the output folder; recordings that are not embedded are
    linked to through it.
    """
    page = page_view(run, recordings, way)
    return visible(_template().render(page=page)).encode()


@cache
def _template() -> Template:
    """The compiled template; compiling takes longer than filling it for one call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from turnspec.reports.html.compiled import CompiledTemplates

    environment = Environment(
        loader=PackageLoader("turnspec.reports"),
        bytecode_cache=CompiledTemplates("autoescape trim_blocks lstrip_blocks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _resource("report.css"), _resource("report.js")
    environment.globals.update(
        # Both are ours; nothing of a run gets into them.
        style=Markup(style),  # noqa: S704 # a file of this package
        script=Markup(script),  # noqa: S704 # a file of this package
        style_hash=_hash(style),
        script_hash=_hash(script),
        gutter=GUTTER,
        bar_width=BAR_WIDTH,
        strip_width=STRIP_WIDTH,
        strip_height=STRIP_HEIGHT,
    )
    return environment.get_template("report.html.j2")


def _resource(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a content security policy calls an inline style or script by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
