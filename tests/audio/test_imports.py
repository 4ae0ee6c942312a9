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


def test_known_clips_are_compared_without_masked_arrays() -> None:
    """They take 20 ms to load, which some functions of numpy do, and every run with a local agent would."""
    script = """
import sys, numpy as np
from turnspec.audio import ClipIndex
from turnspec.audio.samples import median
noise = np.random.default_rng(1).normal(size=16_000)
sound = (noise * np.repeat([3_000, 300], 8_000)).astype(np.int16)
it = ClipIndex({"it": sound}).best(sound, 8_000)
print(it.key, median([3.0, 1.0, 2.0, 4.0]), "numpy.ma" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["it", "2.5", "False"]
