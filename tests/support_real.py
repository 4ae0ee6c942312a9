"""Other people's programs, run unmodified with a Python that has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support_examples import copied_examples

REAL = Path(__file__).parent / "real"
PROGRAMS = REAL / "programs"
HEAVY = os.environ.get("TURNSPEC_HEAVY_PYTHON", "")
WITHIN_S = 120

needs_heavy = pytest.mark.skipif(
    not HEAVY, reason="needs pipecat, openai 2.x and Whisper: run `make heavy`, then `make test`"
)


def project(folder: Path) -> Path:
    """The example project, with the dealer that other people's clients talk to."""
    copied = copied_examples(folder / "project")
    shutil.copy(REAL / "dealer.yaml", copied / "agents" / "dealer-of-others.yaml")
    return copied


@contextmanager
def served(project: Path, log: Path) -> Iterator[str]:
    """`turnspec serve realtime` with the dealer, as a process of its own that writes a log; its base URL."""
    agent = str(project / "agents" / "dealer-of-others.yaml")
    command = [sys.executable, "-m", "turnspec", "serve", "realtime", "--agent", agent, "--port", "0"]
    command += ["--log", str(log)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        try:
            yield _url(process)
        finally:
            process.terminate()
            process.communicate(timeout=WITHIN_S)


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", line)
        if found:
            return found[0]
    raise AssertionError(f"turnspec serve told no address; it printed:\n{printed}")
