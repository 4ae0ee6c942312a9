"""What the room costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("room", ["turnspec.audio", "turnspec.speech"])
def test_importing_loads_no_audio_library(room: str) -> None:
    """soundfile, soxr and sounddevice are loaded only where they are used."""
    script = f"import sys, {room}; print([m for m in ('soundfile','soxr','sounddevice') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_speech_does_without_numpy() -> None:
    """Words need no samples."""
    script = "import sys, turnspec.speech; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
