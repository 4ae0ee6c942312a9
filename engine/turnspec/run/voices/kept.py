"""What was once said is kept: in memory for the run, and on disk below `.turnspec/cache` for the next one.

Several processes may say the same at once: each writes a file of its own and moves it into its place.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from turnspec.call import Track
from turnspec.run.answers_kept import FOLDER, ignored_by_git, key_of

MOST_ON_DISK: Final = 256 << 20
MOST_IN_MEMORY: Final = 64 << 20
LOOK_AFTER_EVERY: Final = 64
"""How many tracks are kept until it is looked whether they are too many."""

_MAGIC: Final = b"turnspec voice 1 "
_TRACK: Final = "*/*.voice"


class KeptTracks:
    """Tracks by key, the least lately used of which go first; `folder` None keeps them in memory alone."""

    def __init__(self, folder: Path | None, most_on_disk: int = MOST_ON_DISK) -> None:
        self._folder, self._most_on_disk = folder, most_on_disk
        self._memory: OrderedDict[str, Track] = OrderedDict()
        self._bytes = 0
        self._written = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> Track | None:
        """A track that was kept; None where there is none, or what is there is not whole."""
        with self._lock:
            track = self._memory.get(key)
            if track is not None:
                self._memory.move_to_end(key)
                return track
        track = self._read(key)
        if track is not None:
            self._remember(key, track)
        return track

    def keep(self, key: str, track: Track) -> None:
        """Keep a track; where nothing can be written, it is made again next time."""
        self._remember(key, track)
        if self._folder is None:
            return
        path = self._path(key)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            ignored_by_git(self._folder.parent)
            temporary.write_bytes(_packed(track))
            temporary.replace(path)
            self._look_after()
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _remember(self, key: str, track: Track) -> None:
        with self._lock:
            before = self._memory.pop(key, None)
            self._memory[key] = track
            self._bytes += len(track.pcm) - (len(before.pcm) if before is not None else 0)
            while self._bytes > MOST_IN_MEMORY and len(self._memory) > 1:
                self._bytes -= len(self._memory.popitem(last=False)[1].pcm)

    def _read(self, key: str) -> Track | None:
        if self._folder is None:
            return None
        path = self._path(key)
        try:
            track = _unpacked(path.read_bytes())
            if track is not None:
                os.utime(path)  # it was of use: others go before it
        except OSError:
            return None
        return track

    def _look_after(self) -> None:
        """Let go of what was not of use for longest, where all of it is too much."""
        with self._lock:
            due = self._written % LOOK_AFTER_EVERY == 0
            self._written += 1
        if due:
            assert self._folder is not None, "something was written"
            _shrink(self._folder.glob(_TRACK), self._most_on_disk)

    def _path(self, key: str) -> Path:
        assert self._folder is not None, "there is somewhere to keep it"
        return self._folder / key[:2] / f"{key}.voice"


def _shrink(paths: Iterable[Path], most: int) -> None:
    found = []
    for path in paths:
        with suppress(OSError):  # another process was quicker
            about = path.stat()
            found.append((about.st_mtime_ns, about.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        path.unlink(missing_ok=True)
        total -= size


def _packed(track: Track) -> bytes:
    digest = hashlib.sha256(track.pcm).hexdigest()
    return _MAGIC + f"{track.rate_hz} {digest}\n".encode() + track.pcm


def _unpacked(data: bytes) -> Track | None:
    """The track; None where anything of it is not as it was written."""
    head, _, pcm = data.partition(b"\n")
    words = head.removeprefix(_MAGIC).split()
    if not data.startswith(_MAGIC) or len(words) != 2 or not words[0].isdigit():
        return None
    whole = words[1] == hashlib.sha256(pcm).hexdigest().encode()
    return Track(int(words[0]), pcm) if whole and pcm else None


def folder_of(root: Path) -> Path:
    """Where the tracks of a project are kept."""
    return root / FOLDER / "voices"


__all__ = ["KeptTracks", "folder_of", "key_of"]
