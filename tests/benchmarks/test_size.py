"""What an install brings: packages and megabytes."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support_bench import ROOT, environment, report

DISTRIBUTIONS = 27
MEGABYTES = 110


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the base install in it."""
    folder = tmp_path_factory.mktemp("size")
    venv.create(folder / "venv", with_pip=True)
    _quiet([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)])
    wheel = next(folder.glob("*.whl"))
    pip = [
        str(folder / "venv" / "bin" / "python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-q",
    ]
    _quiet([*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)])
    return next((folder / "venv" / "lib").glob("python3*")) / "site-packages"


def _quiet(command: list[str]) -> None:
    subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)


def _tools(site_packages: Path) -> set[Path]:
    """What the empty environment had."""
    return {path for path in site_packages.iterdir() if path.name.split("-")[0] in {"pip", "setuptools"}}


def test_few_distributions(installed: Path) -> None:
    """The base install is at most 27 distributions, turnspec itself among them."""
    found = set(installed.glob("*.dist-info")) - _tools(installed)
    report("distributions of the base install", len(found), DISTRIBUTIONS, "")
    assert len(found) <= DISTRIBUTIONS


def test_small_on_disk(installed: Path) -> None:
    """The base install is at most 110 MB (of 2 to the 20 bytes), compiled byte code included."""
    tools = _tools(installed)
    files = (
        file
        for path in installed.iterdir()
        if path not in tools
        for file in (path.rglob("*") if path.is_dir() else [path])
    )
    megabytes = sum(file.stat().st_size for file in files if file.is_file()) / 2**20
    report("megabytes of the base install", megabytes, MEGABYTES, " MB")
    assert megabytes <= MEGABYTES
