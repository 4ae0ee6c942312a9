"""SVOX Pico by py-nanotts: the extra `tts`, the same voices on every machine."""

from __future__ import annotations

import importlib.util
import sys
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from turnspec.call import Track
from turnspec.run.voices.base import CannotSay
from turnspec.run.voices.child import ChildFailed, Stopped, TimedOut, run_child
from turnspec.speech.voices import Voice

RATE_HZ: Final = 16_000
TIMEOUT_S: Final = 30.0
_PROGRAM: Final = Path(__file__).with_name("pico_child.py")
_PREFERRED: Final = ("en-US", "en-GB")
# A `<` begins markup, which changes the voice or swallows words. It has no form that is only said.
_UNSAID: Final = str.maketrans({"<": " ", **{chr(code): " " for code in (*range(32), 127)}})


class Pico:
    """Six languages, a voice each, named by its tag."""

    name = "nanotts"

    @cached_property
    def version(self) -> str:
        """That of the package, which brings its voices."""
        try:
            return version("py-nanotts")
        except PackageNotFoundError:
            return "unknown"

    def voices(self) -> tuple[Voice, ...]:
        """Those of which the package has the data."""
        tags = sorted(path.name.partition("_ta.bin")[0] for path in _language_files())
        first = [tag for tag in _PREFERRED if tag in tags]
        return tuple(Voice(tag, tag) for tag in dict.fromkeys([*first, *tags]))

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text, made by a process that has said nothing before."""
        command = [sys.executable, "-P", str(_PROGRAM), voice.name]
        try:
            made = run_child(command, text.translate(_UNSAID), TIMEOUT_S)
        except ChildFailed as failed:
            raise CannotSay(str(failed), gone=isinstance(failed, (TimedOut, Stopped))) from failed
        if not made.printed:
            raise CannotSay("it has no letter or figure that this voice can read")
        return Track(RATE_HZ, made.printed[: len(made.printed) // 2 * 2])


def is_installed() -> bool:
    """Whether the package is there; nothing of it is loaded."""
    return importlib.util.find_spec("py_nanotts") is not None


def _language_files() -> list[Path]:
    found = importlib.util.find_spec("py_nanotts")
    folders = (found.submodule_search_locations or ()) if found is not None else ()
    return [path for folder in folders for path in Path(folder, "lang").glob("*_ta.bin")]
