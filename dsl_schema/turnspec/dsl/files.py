"""Files that documents name: are they there, and inside the project?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os.path import relpath, sep
from pathlib import Path

from turnspec.dsl.problems import Problem, nearest, problem_at
from turnspec.dsl.spans import Place
from turnspec.dsl.templates import is_template

AudioCheck = Callable[[Path], str | None]
"""What is wrong with an audio file, in words for testers; None where it can be played."""

Asking = Callable[[str, Path], None]
"""Is told which document asked for which file, whether or not it is there."""


def _playable(_: Path) -> str | None:
    return None


def _unheard(_: str, __: Path) -> None:
    pass


def _shown(written: str) -> str:
    """A path as it was read, with marks that cannot be seen made visible."""
    return f"'{written}'" if written.isprintable() else repr(written)


@dataclass(frozen=True, slots=True)
class Files:
    """The folder that paths stay inside of, how recordings are looked at, and who hears of each question."""

    root: Path
    allow_outside: bool = False
    check_audio: AudioCheck = _playable
    asking: Asking = _unheard

    def label(self, path: Path) -> str:
        """What a file is called in messages and reports: its path from the project folder."""
        resolved = path.resolve()
        root = self.root.resolve()
        return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else resolved.as_posix()

    def problems(self, written: str, place: Place, what: str, *, key: bool = False) -> Iterator[Problem]:
        """What is wrong with a path; `what` says what it should lead to ("a recording")."""
        if is_template(written):
            return
        path = place.table.folder / written
        self.asking(place.table.file, path)
        if not self.allow_outside and not path.resolve().is_relative_to(self.root.resolve()):
            hint = "put the file inside, or write `allow_outside: true` in turnspec.yaml"
            yield problem_at(
                place, "outside-project", "this leads out of the project folder", hint=hint, key=key
            )
        elif path.is_dir():
            hint = f"name {what} inside it"
            yield problem_at(
                place, "is-a-directory", f"'{written}' is a folder, not {what}", hint=hint, key=key
            )
        elif not path.is_file():
            yield self._missing(written, path, place, key=key)

    def audio_problems(self, written: str, place: Place, *, key: bool = False) -> Iterator[Problem]:
        """The same for a recording, which must also be one."""
        found = list(self.problems(written, place, "a recording", key=key))
        yield from found
        if found or is_template(written):
            return
        wrong = self.check_audio(place.table.folder / written)
        if wrong is not None:
            yield problem_at(place, "bad-audio", wrong, hint="record it again, or convert it to WAV", key=key)

    def _missing(self, written: str, path: Path, place: Place, *, key: bool) -> Problem:
        message = f"there is no file {_shown(written)}"
        if any(mark < " " for mark in written):
            hint = "inside double quotes a backslash begins an escape; write / between folders"
            return problem_at(place, "missing-file", message, hint=hint, key=key)
        if "\\" in written:
            hint = f"write / between folders: {written.replace(chr(92), '/')}"
            return problem_at(place, "missing-file", message, hint=hint, key=key)
        from_root = self.root / written
        if from_root.is_file():
            meant = relpath(from_root.resolve(), place.table.folder.resolve()).replace(sep, "/")
            hint = "paths begin at the folder of this file"
            return problem_at(place, "missing-file", message, suggestion=meant, hint=hint, key=key)
        beside = path.parent.iterdir() if path.parent.is_dir() else iter(())
        there = {each.stem: each.name for each in beside if each.suffix.lower() == path.suffix.lower()}
        stem = nearest(path.stem, there)
        near = there[stem] if stem else None
        folder = written.rpartition("/")[0]
        suggestion = (f"{folder}/{near}" if folder else near) if near else None
        hint = "" if near else f"paths begin at the folder of this file: {self.label(path)} is not there"
        return problem_at(place, "missing-file", message, suggestion=suggestion, hint=hint, key=key)
