"""What libraries print while devices are turned on."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from turnspec.audio.overheard import MOST_LINES, overheard


def test_what_is_printed_below_python_is_caught(capfd: pytest.CaptureFixture[str]) -> None:
    """By a library and by a child alike; what comes after it is printed as ever."""
    with overheard() as found:
        os.write(2, b"ALSA lib pcm.c:1: Unknown PCM\n\n")
        subprocess.run([sys.executable, "-c", "import sys; print('of a child', file=sys.stderr)"], check=True)
    os.write(2, b"afterwards\n")

    assert found.lines == ("ALSA lib pcm.c:1: Unknown PCM", "of a child")
    assert capfd.readouterr().err == "afterwards\n"


def test_standard_error_comes_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """What was printed before it is known, and the last lines of it are few."""
    with suppress(ZeroDivisionError), overheard() as found:
        os.write(2, "".join(f"line {number}\n" for number in range(20)).encode())
        raise ZeroDivisionError
    os.write(2, b"afterwards\n")

    assert found.last == tuple(f"line {number}" for number in range(20 - MOST_LINES, 20))
    assert capfd.readouterr().err == "afterwards\n"


def test_who_debugs_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    """It is in the debug log."""
    with caplog.at_level("DEBUG", "turnspec"), overheard():
        os.write(2, b"ALSA lib pcm.c:1: Unknown PCM\n")

    assert caplog.messages == ["ALSA lib pcm.c:1: Unknown PCM"]
