"""Speech by programs that are installed: flite, espeak-ng and piper, each across a process boundary."""

from __future__ import annotations

import json
import re
import shutil
from functools import cached_property
from pathlib import Path
from typing import Final

from turnspec.audio.files import NotAudio, decoded
from turnspec.call import Track
from turnspec.run.voices.base import CannotSay
from turnspec.run.voices.child import ChildFailed, Made, Stopped, TimedOut, run_child
from turnspec.speech.voices import Voice

TIMEOUT_S: Final = 30.0
PIPER_TIMEOUT_S: Final = 120.0  # it loads a model of a hundred megabytes for every line
QUESTION_TIMEOUT_S: Final = 10.0
OUT: Final = "out.wav"
# What the voices speak that come with flite; it says of none.
_FLITE_LANGUAGES: Final = {"awb": "en-GB"}
_FLITE_ORDER: Final = ("rms", "slt", "awb", "kal16", "kal")
_READABLE: Final = re.compile(r"[A-Za-z0-9]")
_TELLS_THE_TIME: Final = "awb_time"  # and nothing else


class Flite:
    """Carnegie Mellon's small engine: English, by voices of its own names."""

    name = "flite"

    def __init__(self, program: str = "flite") -> None:
        self._program = program

    @cached_property
    def version(self) -> str:
        """The version that it tells, and what the file is like: its voices are compiled in."""
        told = re.search(rb"version: *(\S+)", _asked(self._program, "--version").printed)
        return f"{told[1].decode('ascii', 'replace') if told else 'unknown'} {_stamp(self._program)}"

    def voices(self) -> tuple[Voice, ...]:
        """Those that it lists, in an order of clarity over a telephone."""
        told = _asked(self._program, "-lv").printed.decode("utf-8", "replace")
        names = told.partition(":")[2].split()
        known = [name for name in _FLITE_ORDER if name in names]
        others = sorted(name for name in names if name not in (*known, _TELLS_THE_TIME))
        return tuple(Voice(name, _FLITE_LANGUAGES.get(name, "en-US")) for name in (*known, *others))

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text, which it reads from its standard input."""
        if not _READABLE.search(text):
            raise CannotSay("it has no letter or figure that this engine can read")
        command = [_program(self._program), "-voice", voice.name, "-f", "-", "-o", OUT]
        return _sound(_run(command, text, TIMEOUT_S, OUT).files.get(OUT, b""))


class EspeakNg:
    """Over a hundred languages, hard to mistake for a person."""

    name = "espeak-ng"

    def __init__(self, program: str = "espeak-ng") -> None:
        self._program = program

    @cached_property
    def version(self) -> str:
        """The version that it tells."""
        told = re.search(rb"text-to-speech: *(\S+)", _asked(self._program, "--version").printed)
        return told[1].decode("ascii", "replace") if told else f"unknown {_stamp(self._program)}"

    @cached_property
    def _files(self) -> dict[str, tuple[str, Voice]]:
        """Its voices by name: the file that each is chosen by, and the voice."""
        table = _asked(self._program, "--voices").printed.decode("utf-8", "replace")
        rows = [line.split(maxsplit=5) for line in table.splitlines()[1:]]
        return dict(_espeak_voice(row) for row in rows if len(row) >= 5)

    def voices(self) -> tuple[Voice, ...]:
        """Those that it lists."""
        return tuple(voice for _, voice in self._files.values())

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text, which it reads from its standard input."""
        if voice.name not in self._files:  # it lists none at all
            raise CannotSay("it does not tell its voices")
        file, _ = self._files[voice.name]
        command = [_program(self._program), "-v", file, "-b", "1", "--stdin", "--stdout"]
        return _sound(_run(command, text, TIMEOUT_S).printed)


def _espeak_voice(row: list[str]) -> tuple[str, tuple[str, Voice]]:
    """A row of its table: priority, tag, age and gender, name, file, and the priority for other tags."""
    name = row[4].rpartition("/")[2]
    ranks = re.findall(r"\([a-z]{2,3} (\d+)\)", row[5] if len(row) > 5 else "")
    return name, (row[4], Voice(name, row[1], int(ranks[0]) if ranks else 5))


class Piper:
    """Neural voices, each a file of its own: `model` is one of them, or the folder that they lie in."""

    name = "piper"

    def __init__(self, model: Path, program: str = "piper") -> None:
        self._model, self._program = model, program

    @cached_property
    def version(self) -> str:
        """What the program and its voices are like: it tells no version."""
        voices = " ".join(_stamp(str(path)) for path in self._paths().values())
        return f"{_stamp(self._program)} {voices}"

    def voices(self) -> tuple[Voice, ...]:
        """The voices that lie there."""
        return tuple(Voice(name, _language_of(path)) for name, path in self._paths().items())

    def speak(self, text: str, voice: Voice) -> Track:
        """The speech of a text, without the chance that it otherwise puts into it."""
        model = str(self._paths()[voice.name].resolve())
        chance = ["--noise_scale", "0", "--noise_w", "0"]
        command = [_program(self._program), "--model", model, "--output_file", OUT, *chance]
        # It says each line by itself, and keeps the last one.
        said = " ".join(text.split())
        return _sound(_run(command, f"{said}\n", PIPER_TIMEOUT_S, OUT).files.get(OUT, b""))

    def _paths(self) -> dict[str, Path]:
        found = sorted(self._model.glob("*.onnx")) if self._model.is_dir() else [self._model]
        if not found:
            raise CannotSay(f"no voice of piper (a file .onnx) lies in {self._model}", gone=True)
        return {path.stem: path for path in found}


def _language_of(model: Path) -> str:
    """The tag of a voice of piper, by the description beside it, else by its name: `en_GB-alan-low`."""
    try:
        about = json.loads(model.with_name(f"{model.name}.json").read_bytes())
        return str(about["language"]["code"]).replace("_", "-")
    except (OSError, ValueError, KeyError, TypeError):
        return model.stem.partition("-")[0].replace("_", "-")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CannotSay(f"{name} is not installed", gone=True)
    return found


def _asked(name: str, option: str) -> Made:
    """What a program says of itself."""
    try:
        # Flite's exit code is 1 when it told its version.
        return run_child([_program(name), option], timeout_s=QUESTION_TIMEOUT_S, may_fail=True)
    except ChildFailed as failed:
        raise CannotSay(str(failed), gone=True) from failed


def _run(command: list[str], text: str, timeout_s: float, *leaves: str) -> Made:
    try:
        return run_child(command, text.replace("\0", " "), timeout_s, leaves)
    except ChildFailed as failed:
        raise CannotSay(str(failed), gone=isinstance(failed, (TimedOut, Stopped))) from failed


def _sound(data: bytes) -> Track:
    if not data:
        raise CannotSay("it made no sound")
    try:
        return decoded(data)
    except NotAudio as error:
        raise CannotSay(f"what it made is no sound that can be read ({error})") from error


def _stamp(name: str) -> str:
    """What tells one build of a file from another."""
    path = shutil.which(name) or name
    try:
        about = Path(path).stat()
    except OSError:
        return "lacking"
    return f"{about.st_size}-{about.st_mtime_ns}"
