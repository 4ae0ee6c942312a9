"""Which Whisper model is taken where several are there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from turnspec.run.transcription.models import CARRIED, PARTS, find_model

EVERY = ("tiny", "tiny.en")


def lay_out(folder: Path) -> Path:
    """A model of no use, whole."""
    folder.mkdir(parents=True)
    for part in PARTS:
        (folder / part.replace("*", "txt")).write_text("", "utf-8")
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A cache of the hub with a model of every language, and one of English."""
    for name in EVERY:
        lay_out(tmp_path / "hub" / f"models--Systran--faster-whisper-{name}" / "snapshots" / "main")
    return tmp_path / "hub"


@pytest.mark.parametrize(
    ("language", "name"), [(None, "tiny.en"), ("en", "tiny.en"), ("de", "tiny"), ("fr", "tiny")]
)
def test_a_model_of_english_hears_no_other_language(
    tmp_path: Path, hub: Path, language: str | None, name: str
) -> None:
    """For another language one that knows it is taken, or none."""
    found = find_model(None, tmp_path, language, {"HF_HUB_CACHE": str(hub)})

    assert found is not None
    assert found.name == name


def test_a_model_that_a_package_carries_comes_before_a_fetched_one(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is pinned with all else; what lies in a cache is whatever somebody fetched."""
    package, inside = CARRIED["tiny.en"]
    carried = lay_out(tmp_path / "site" / package / inside)
    (tmp_path / "site" / package / "__init__.py").write_text("", "utf-8")
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = find_model("tiny.en", tmp_path, "en", {"HF_HUB_CACHE": str(hub)})

    assert found is not None
    assert found.folder == carried
