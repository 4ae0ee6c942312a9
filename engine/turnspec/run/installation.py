"""What is installed here, as one word that changes with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from turnspec.run.variables import ENGINES, engine_asked_for, hub_of


@cache
def installation() -> str:
    """The digest of Python, turnspec's own source, its plug-ins, its engines, and what stands beside it."""
    made = hashlib.sha256(sys.version.encode())
    for line in (*_folders(), *_own_source(), *_plugins(), *_engines_asked_for(), *_models()):
        made.update(line.encode())
    return made.hexdigest()


def _folders() -> Iterator[str]:
    # Whatever is installed, updated or taken out changes the folder it stands in.
    for name in sys.path:
        folder = Path(name or ".")
        if folder.name in ("site-packages", "dist-packages") and folder.is_dir():
            yield f"{folder} {folder.stat().st_mtime_ns}\n"


def _own_source() -> Iterator[str]:
    import turnspec

    for room in sorted(turnspec.__path__):
        for path in sorted(Path(room).rglob("*.py")):
            yield f"{path.relative_to(room)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _engines_asked_for() -> Iterator[str]:
    # What can be said and understood without a call being made depends on them.
    for name in ENGINES:
        yield f"{name} {engine_asked_for(name)}\n"
    for program in ("flite", "espeak-ng", "piper"):
        path = shutil.which(program)
        yield f"{path} {Path(path).stat().st_mtime_ns if path else 0}\n"


def _models() -> Iterator[str]:
    hub = hub_of(os.environ)
    yield f"{hub} {hub.stat().st_mtime_ns if hub.is_dir() else 0}\n"


def _plugins() -> Iterator[str]:
    from importlib.metadata import entry_points

    groups = sorted(group for group in entry_points().groups if group.startswith("turnspec."))
    for point in (each for group in groups for each in entry_points(group=group)):
        if not point.module.startswith("turnspec."):
            yield f"{point.group} {point.name} {point.value}\n"
            yield from _source_of(point.module.partition(".")[0])


def _source_of(package: str) -> Iterator[str]:
    """A plug-in may be worked on where it stands, without being installed anew."""
    from importlib.util import find_spec

    found = find_spec(package)
    if found is None or found.origin is None:
        return
    origin = Path(found.origin)
    for path in sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]:
        about = path.stat()
        yield f"{path} {about.st_size} {about.st_mtime_ns}\n"
