"""Answers of models kept on disk by what was asked: the same question is paid for once."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(".turnspec") / "cache"
KEPT_FORMAT: Final = 1
_IGNORE: Final = "# Made by turnspec; all of it can be deleted at any time.\n*\n"


def key_of(*parts: Any) -> str:
    """The name of an answer: a digest of everything that it depends on."""
    text = json.dumps([KEPT_FORMAT, *parts], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class KeptAnswers:
    """Answers below a folder, which git is told to ignore; `folder` None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of_project(cls, root: Path) -> KeptAnswers:
        """The answers that a project keeps."""
        return cls(root / FOLDER / "answers")

    def get(self, key: str) -> dict[str, Any] | None:
        """An answer that was kept; None where there is none, or what is there cannot be read."""
        if self._folder is None:
            return None
        try:
            document = json.loads(self._path(key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def keep(self, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer; where nothing can be written, it is asked for again next time."""
        if self._folder is None:
            return
        path = self._path(key)
        # Other processes may keep the same answer at the same time: each writes its own file and moves it.
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            ignored_by_git(self._folder.parent)
            temporary.write_text(
                json.dumps(answer, ensure_ascii=True, separators=(",", ":")), encoding="utf-8"
            )
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self._folder is not None, "there is somewhere to keep it"
        return self._folder / key[:2] / f"{key}.json"


def ignored_by_git(folder: Path) -> None:
    """Have git leave out all that is kept below a folder."""
    note = folder / ".gitignore"
    if not note.exists():
        note.write_text(_IGNORE, encoding="utf-8")
